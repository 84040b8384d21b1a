/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "format.h"

#define MIB ((int64_t) 1 << 20)

/* The member of object, null when it is missing; a new reference. */
static json_t *copy(const json_t *object, const char *member) {
        json_t *value = json_object_get(object, member);

        return value ? json_incref(value) : json_null();
}

static json_t *convert_disk(const json_t *drive) {
        const char *name = json_get_string(drive, "name") ?: "", *wwn = json_get_string(drive, "wwn"),
                   *eui = json_get_string(drive, "eui64"), *nguid = json_get_string(drive, "nguid"),
                   *id = wwn ?: nguid ?: eui;
        const char *prefix = wwn ? "0x" : "eui.";

        return json_pack(
                "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_sprintf("/dev/%s", name),
                "model", copy(drive, "model"), "size", copy(drive, "size_bytes"), "rotational",
                copy(drive, "rotational"), "wwn", id ? json_sprintf("%s%s", prefix, id) : json_null(),
                "serial", copy(drive, "serial_number"), "vendor", copy(drive, "vendor"), "logical_sectors",
                copy(drive, "logical_block_bytes"), "physical_sectors", copy(drive, "physical_block_bytes"));
}

static json_t *find_pci(const json_t *inventory, const char *address) {
        json_t *device;
        size_t i;

        json_array_foreach(json_object_get(inventory, "pci"), i, device) {
                if (address && streq(json_get_string(device, "address") ?: "", address))
                        return device;
        }

        return NULL;
}

static json_t *convert_interface(const json_t *inventory, const json_t *interface) {
        const json_t *device = find_pci(inventory, json_get_string(interface, "pci_address"));

        return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:n, s:n, s:n, s:n}", "name",
                         copy(interface, "name"), "mac_address", copy(interface, "mac_address"),
                         "has_carrier", json_is_true(json_object_get(interface, "carrier")), "vendor",
                         copy(device, "vendor_id"), "product", copy(device, "device_id"), "pci_address",
                         copy(interface, "pci_address"), "speed_mbps", copy(interface, "speed_mbps"),
                         "ipv4_address", "ipv6_address", "client_id", "biosdevname");
}

static json_t *convert_cpu(const json_t *processors) {
        const json_t *socket = json_array_get(json_object_get(processors, "sockets"), 0);
        int64_t mhz = json_get_integer(socket, "maximum_speed_mhz", 0);
        char frequency[24];

        /* In MHz, as text with a fraction. */
        snprintf(frequency, sizeof(frequency), "%" JSON_INTEGER_FORMAT ".0000", (json_int_t) mhz);
        return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "model_name", copy(socket, "model"), "frequency",
                         mhz > 0 ? json_string(frequency) : json_null(), "count",
                         copy(processors, "thread_count"), "architecture", "x86_64", "flags",
                         copy(processors, "flags"), "socket_count", copy(processors, "package_count"));
}

static json_t *convert_memory(const json_t *memory) {
        int64_t installed = json_get_integer(memory, "installed_bytes", -1);

        return json_pack("{s:o, s:o}", "total", copy(memory, "usable_bytes"), "physical_mb",
                         installed >= 0 ? json_integer(installed / MIB) : json_null());
}

static json_t *convert_vendor(const json_t *system) {
        const json_t *firmware = json_object_get(system, "firmware");

        return json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "product_name", copy(system, "product"),
                         "serial_number", copy(system, "serial_number"), "manufacturer",
                         copy(system, "manufacturer"), "firmware", "vendor", copy(firmware, "vendor"),
                         "version", copy(firmware, "version"), "build_date", copy(firmware, "release_date"));
}

int inventory_ironic(const json_t *inventory, json_t **ret) {
        const json_t *management = json_object_get(inventory, "management"),
                     *lan = json_array_get(json_object_get(management, "lan_channels"), 0),
                     *system = json_object_get(inventory, "system"), *item;
        _cleanup_json_ json_t *disks = json_array(), *interfaces = json_array();
        json_t *result;
        size_t i;
        int r;

        json_array_foreach(json_object_get(inventory, "storage"), i, item) {
                r = json_append(disks, convert_disk(item));
                if (r < 0)
                        return r;
        }

        json_array_foreach(json_object_get(inventory, "network"), i, item) {
                r = json_append(interfaces, convert_interface(inventory, item));
                if (r < 0)
                        return r;
        }

        result = json_pack(
                "{s:O, s:o, s:O, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:n}, s:n}", "interfaces", interfaces,
                "cpu", convert_cpu(json_object_get(inventory, "processors")), "disks", disks, "memory",
                convert_memory(json_object_get(inventory, "memory")), "bmc_address",
                copy(lan, "ipv4_address"), "bmc_v6address",
                json_incref(json_array_get(json_object_get(lan, "ipv6_addresses"), 0)) ?: json_null(),
                "bmc_mac", copy(lan, "mac_address"), "system_vendor", convert_vendor(system), "boot",
                "current_boot_mode", copy(system, "boot_mode"), "pxe_interface", "hostname");
        if (!result)
                return -ENOMEM;

        *ret = result;
        return 0;
}
