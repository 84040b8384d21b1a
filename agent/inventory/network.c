/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <linux/netdevice.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/text.h"
#include "collectors.h"
#include "ethtool.h"
#include "field.h"
#include "lldp.h"
#include "sysfs.h"
#include "table.h"

/* Mbit/s; the kernel says -1, or refuses, where there is no link. */
static int set_speed(json_t *object, const char *name, const char *value) {
        return sysfs_set_number(object, name, value && streq(value, "4294967295") ? NULL : value);
}

static const struct sysfs_field interface_fields[] = {
        {"mac_address", "address", sysfs_set_text},
        {"state", "operstate", sysfs_set_text},
        {"carrier", "carrier", sysfs_set_boolean},
        {"speed_mbps", "speed", set_speed},
        {"duplex", "duplex", sysfs_set_text},
        {"mtu_bytes", "mtu", sysfs_set_number},
        {"port_name", "phys_port_name", sysfs_set_text},
        {"numa_node", "device/numa_node", sysfs_set_number},
        {},
};

static int describe(const struct inventory_roots *roots, const struct sysfs_device *device, json_t *object,
                    void *userdata _unused_) {
        _cleanup_free_ char *driver = NULL, *pci = NULL, *usb = NULL;
        const char *name = sysfs_name(device->path);
        struct fields f = fields_of(object);
        uint64_t assigned = UINT64_MAX;
        int r;

        fields_source_sysfs(&f, device, "");
        fields_text(&f, "name", name);
        if (f.error < 0)
                return f.error;

        r = sysfs_fields_set(object, device, interface_fields);
        if (r < 0)
                return r;

        (void) read_u64_file_at(device->fd, "addr_assign_type", &assigned);
        r = ethtool_describe(roots, name, assigned == NET_ADDR_PERM, object);
        if (r < 0)
                return r;

        r = sysfs_link_name(device->fd, "device/driver", &driver);
        if (r < 0)
                return r;

        r = sysfs_find_parent(device->path, "pci", &pci);
        if (r < 0)
                return r;

        r = sysfs_find_usb_device(device->path, &usb);
        if (r < 0)
                return r;

        fields_text(&f, "pci_address", pci ? sysfs_name(pci) : NULL);
        fields_text(&f, "usb_device", usb ? sysfs_name(usb) : NULL);
        fields_source_sysfs(&f, device, "device/driver");
        fields_text(&f, "driver", driver);
        return f.error;
}

/* Loopback, tunnels and bridges are no hardware. */
static int is_hardware(const struct sysfs_device *device) {
        return !sysfs_is_below(device->path, "virtual");
}

static const struct sysfs_walk walk = {.subsystem = "net", .wanted = is_hardware, .describe = describe};

static int network_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_json_ json_t *part = NULL;
        int r;

        r = sysfs_collect_part(roots, &walk, &part);
        if (r < 0)
                return r;

        r = lldp_add_neighbours(roots, part);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static char *network_summarize(const json_t *part) {
        size_t n = json_array_size(part), n_links = 0, i;
        const json_t *interface;

        if (n == 0)
                return strdup("no interface");

        json_array_foreach(part, i, interface) n_links += json_is_true(json_object_get(interface, "carrier"));

        return strprintf("%zu interface%s, %zu with a link", n, n == 1 ? "" : "s", n_links);
}

static int network_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"NAME", TABLE_LEFT},          {"MAC ADDRESS", TABLE_LEFT},
                {"LINK", TABLE_LEFT},          {"Mbit/s", TABLE_RIGHT},
                {"DRIVER", TABLE_FLEXIBLE},    {"AT", TABLE_LEFT},
                {"NEIGHBOUR", TABLE_FLEXIBLE}, {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *interface;
        size_t i;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach(part, i, interface) {
                const json_t *carrier = json_object_get(interface, "carrier");
                const char *usb = json_get_string(interface, "usb_device");
                const json_t *heard = json_object_get(interface, "neighbour");
                _cleanup_free_ char *at = NULL, *neighbour = NULL;

                /* The kernel does not tell of a link while the interface is down. */
                at = usb ? strprintf("usb %s", usb)
                         : strprintf("%s", json_get_string(interface, "pci_address") ?: "");
                neighbour =
                        strprintf("%s%s%s", json_get_string(heard, "system_name") ?: "",
                                  json_is_object(heard) ? " " : "", json_get_string(heard, "port_id") ?: "");
                table_add(table, json_get_string(interface, "name"),
                          json_get_string(interface, "permanent_mac_address")
                                  ?: json_get_string(interface, "mac_address"),
                          json_is_boolean(carrier) ? (json_is_true(carrier) ? "yes" : "no") : "unknown",
                          TABLE_NUMBER(interface, "speed_mbps"), json_get_string(interface, "driver"), at,
                          neighbour);
        }

        return table_print(table, screen);
}

const struct collector collector_network = {
        .waits_for = "class/net/*",
        .name = "network",
        .description = "Network interfaces",
        .collect = network_collect,
        .summarize = network_summarize,
        .print = network_print,
};
