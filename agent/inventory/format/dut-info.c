/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "inventory/inventory.h"

/* The lists that grow while the inventory is gone through. */
struct dut {
        json_t *hardware, *software;
        json_t *ids; /* those given out: firmware may call two slots the same */
};

struct hardware {
        const char *kind; /* of which the id is made, together with */
        const char *key;  /* the part's name in the inventory */
        const char *name, *type, *location, *manufacturer, *part_number, *serial_number, *version;
};

static int set_known(json_t *object, const char *key, const char *value) {
        return value ? json_set_string(object, key, value) : 0;
}

/* Ids turn up in file names, command lines and URLs: blanks and the like become '_'. Takes a second part of
 * the same name as NAME-2. */
static char *make_id(struct dut *dut, const char *kind, const char *key) {
        _cleanup_free_ char *id = NULL;
        size_t length;

        id = strprintf("%s-%s", kind, key);
        if (!id)
                return NULL;

        for (char *p = id; *p; p++)
                if (!isalnum((unsigned char) *p) && !strchr("-_.:", *p))
                        *p = '_';

        length = strlen(id);
        for (unsigned n = 2; json_object_get(dut->ids, id); n++) {
                char *next = strprintf("%.*s-%u", (int) length, id, n);

                if (!next)
                        return NULL;
                free(id);
                id = next;
        }

        return json_set(dut->ids, id, json_true()) < 0 ? NULL : TAKE_PTR(id);
}

/* Returns 0, and sets *ret_id (may be NULL) to the new part's id, which belongs to the list; -ENOMEM. */
static int add_hardware(struct dut *dut, const struct hardware *hardware, const char **ret_id) {
        _cleanup_json_ json_t *object = json_object();
        _cleanup_free_ char *id = NULL;
        const struct {
                const char *key, *value;
        } members[] = {
                {"partType", hardware->type},
                {"location", hardware->location},
                {"manufacturer", hardware->manufacturer},
                {"partNumber", hardware->part_number},
                {"serialNumber", hardware->serial_number},
                {"version", hardware->version},
        };
        int r;

        id = make_id(dut, hardware->kind, hardware->key);
        if (!id || !object)
                return -ENOMEM;

        r = json_set_string(object, "hardwareInfoId", id);
        if (r < 0)
                return r;

        r = json_set_string(object, "name", hardware->name ?: hardware->key);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                r = set_known(object, members[i].key, members[i].value);
                if (r < 0)
                        return r;
        }

        if (ret_id)
                *ret_id = json_get_string(object, "hardwareInfoId");

        return json_append(dut->hardware, TAKE_PTR(object));
}

/* Firmware of the part with that id; nothing when its version is unknown. */
static int add_software(struct dut *dut, const char *kind, const char *hardware_id, const char *name,
                        const char *version) {
        _cleanup_json_ json_t *object = NULL;
        _cleanup_free_ char *id = NULL;
        int r;

        if (!version)
                return 0;

        id = make_id(dut, kind, hardware_id);
        if (!id)
                return -ENOMEM;

        object = json_pack("{s:s, s:s, s:s}", "softwareInfoId", id, "name", name, "softwareType", "FIRMWARE");
        if (!object)
                return -ENOMEM;

        r = json_set_string(object, "version", version);
        if (r < 0)
                return r;

        return json_append(dut->software, TAKE_PTR(object));
}

static int add_system(struct dut *dut, const json_t *system) {
        const json_t *chassis = json_object_get(system, "chassis"),
                     *firmware = json_object_get(system, "firmware"), *board;
        size_t i;
        int r;

        json_array_foreach(json_object_get(system, "boards"), i, board) {
                char number[24];

                snprintf(number, sizeof(number), "%zu", i);
                r = add_hardware(dut,
                                 &(struct hardware){
                                         .kind = "board",
                                         .key = number,
                                         .name = json_get_string(board, "product") ?: "system board",
                                         .type = "board",
                                         .location = json_get_string(board, "location"),
                                         .manufacturer = json_get_string(board, "manufacturer"),
                                         .serial_number = json_get_string(board, "serial_number"),
                                         .version = json_get_string(board, "version"),
                                 },
                                 NULL);
                if (r < 0)
                        return r;
        }

        if (json_get_string(chassis, "type")) {
                r = add_hardware(dut,
                                 &(struct hardware){
                                         .kind = "chassis",
                                         .key = "0",
                                         .name = json_get_string(chassis, "type"),
                                         .type = "chassis",
                                         .manufacturer = json_get_string(chassis, "manufacturer"),
                                         .part_number = json_get_string(chassis, "sku"),
                                         .serial_number = json_get_string(chassis, "serial_number"),
                                         .version = json_get_string(chassis, "version"),
                                 },
                                 NULL);
                if (r < 0)
                        return r;
        }

        return add_software(dut, "firmware", "system",
                            json_get_string(firmware, "vendor") ?: "system firmware",
                            json_get_string(firmware, "version"));
}

static int add_processors(struct dut *dut, const json_t *processors) {
        const json_t *socket;
        size_t i;
        int r;

        json_array_foreach(json_object_get(processors, "sockets"), i, socket) {
                int64_t package = json_get_integer(socket, "package", -1);
                const char *location = json_get_string(socket, "socket"), *id;
                char number[24];

                if (json_is_false(json_object_get(socket, "populated")))
                        continue;

                /* One that does not run has no number. */
                snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, (json_int_t) package);
                r = add_hardware(dut,
                                 &(struct hardware){
                                         .kind = package >= 0 ? "cpu" : "socket",
                                         .key = package >= 0 ? number : location ?: "unnamed",
                                         .name = json_get_string(socket, "model") ?:
                                                 json_get_string(socket, "version") ?: "processor",
                                         .type = "processor",
                                         .location = location,
                                         .manufacturer = json_get_string(socket, "manufacturer") ?:
                                                         json_get_string(socket, "vendor_id"),
                                         .part_number = json_get_string(socket, "part_number"),
                                         .serial_number = json_get_string(socket, "serial_number"),
                                 },
                                 &id);
                if (r < 0)
                        return r;

                r = add_software(dut, "microcode", id, "microcode", json_get_string(socket, "microcode"));
                if (r < 0)
                        return r;
        }

        return 0;
}

static int add_memory(struct dut *dut, const json_t *memory) {
        const json_t *module;
        size_t i;
        int r;

        json_array_foreach(json_object_get(memory, "modules"), i, module) {
                _cleanup_free_ char *name = NULL;
                const char *locator = json_get_string(module, "locator"),
                           *type = json_get_string(module, "type");
                int64_t size = json_get_integer(module, "size_bytes", -1);

                if (!json_is_true(json_object_get(module, "populated")))
                        continue;

                name = strprintf("%s%s%s", type ?: "memory module", size > 0 ? " " : "",
                                 size > 0 ? FORMAT_BYTES((uint64_t) size) : "");
                if (!name)
                        return -ENOMEM;

                r = add_hardware(dut,
                                 &(struct hardware){
                                         .kind = "dimm",
                                         .key = locator ?: "unnamed",
                                         .name = name,
                                         .type = "DIMM",
                                         .location = locator,
                                         .manufacturer = json_get_string(module, "manufacturer"),
                                         .part_number = json_get_string(module, "part_number"),
                                         .serial_number = json_get_string(module, "serial_number"),
                                 },
                                 NULL);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int add_storage(struct dut *dut, const json_t *storage) {
        const json_t *drive;
        size_t i;
        int r;

        json_array_foreach(storage, i, drive) {
                const char *name = json_get_string(drive, "name"), *id;

                if (!name)
                        continue;

                r = add_hardware(dut,
                                 &(struct hardware){
                                         .kind = "drive",
                                         .key = name,
                                         .name = json_get_string(drive, "model"),
                                         .type = "drive",
                                         .location = json_get_string(drive, "pci_address"),
                                         .manufacturer = json_get_string(drive, "vendor"),
                                         .serial_number = json_get_string(drive, "serial_number"),
                                 },
                                 &id);
                if (r < 0)
                        return r;

                r = add_software(dut, "firmware", id, "drive firmware",
                                 json_get_string(drive, "firmware_version"));
                if (r < 0)
                        return r;
        }

        return 0;
}

static int add_network(struct dut *dut, const json_t *network) {
        const json_t *interface;
        size_t i;
        int r;

        json_array_foreach(network, i, interface) {
                const char *name = json_get_string(interface, "name");

                if (!name)
                        continue;

                /* What an adapter's port has by way of serial number is its address. */
                r = add_hardware(dut,
                                 &(struct hardware){
                                         .kind = "nic",
                                         .key = name,
                                         .name = name,
                                         .type = "NIC",
                                         .location = json_get_string(interface, "usb_device")
                                                             ?: json_get_string(interface, "pci_address"),
                                         .serial_number = json_get_string(interface, "permanent_mac_address"),
                                 },
                                 NULL);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Somebody may want to replace it: controllers, adapters and accelerators, but none of the hundred devices
 * that belong to the processor and the chipset. */
static bool is_replaceable(const json_t *device) {
        static const char *const base_classes[] = {"0x01", "0x02", "0x03", "0x0b", "0x0d", "0x10", "0x12"};
        const char *class = json_get_string(device, "class");

        for (size_t i = 0; class && i < ELEMENTSOF(base_classes); i++)
                if (startswith(class, base_classes[i]))
                        return true;

        return false;
}

static int add_pci(struct dut *dut, const json_t *pci) {
        const json_t *device;
        size_t i;

        json_array_foreach(pci, i, device) {
                _cleanup_free_ char *part_number = NULL;
                const char *address = json_get_string(device, "address"),
                           *vendor_id = json_get_string(device, "vendor_id"),
                           *device_id = json_get_string(device, "device_id"),
                           *slot = json_get_string(device, "slot");
                int r;

                if (!address || !vendor_id || !device_id || !is_replaceable(device))
                        continue;

                part_number = strprintf("%s:%s", vendor_id + 2, device_id + 2);
                if (!part_number)
                        return -ENOMEM;

                r = add_hardware(dut,
                                 &(struct hardware){
                                         .kind = "pci",
                                         .key = address,
                                         .name = json_get_string(device, "device")
                                                         ?: json_get_string(device, "class_name"),
                                         .type = "PCI device",
                                         .location = slot ?: address,
                                         .manufacturer = json_get_string(device, "vendor"),
                                         .part_number = part_number,
                                 },
                                 NULL);
                if (r < 0)
                        return r;
        }

        return 0;
}

int inventory_dut_info(const json_t *inventory, json_t **ret) {
        static const struct {
                const char *part;
                int (*add)(struct dut *dut, const json_t *part);
        } parts[] = {
                {"system", add_system},   {"processors", add_processors}, {"memory", add_memory},
                {"storage", add_storage}, {"network", add_network},       {"pci", add_pci},
        };
        _cleanup_json_ json_t *hardware = json_array(), *software = json_array(), *ids = json_object(),
                              *info = NULL;
        const json_t *system = json_object_get(inventory, "system");
        const char *manufacturer = json_get_string(system, "manufacturer"),
                   *product = json_get_string(system, "product"), *id;
        struct dut dut = {.hardware = hardware, .software = software, .ids = ids};
        _cleanup_free_ char *name = NULL;
        int r;

        if (!hardware || !software || !ids)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                r = parts[i].add(&dut, json_object_get(inventory, parts[i].part));
                if (r < 0)
                        return r;
        }

        name = strprintf("%s%s%s", manufacturer ?: "", manufacturer && product ? " " : "", product ?: "");
        if (!name)
                return -ENOMEM;

        /* The format wants an id; a machine without one is told from others by nothing. */
        id = json_get_string(system, "uuid") ?: json_get_string(system, "serial_number") ?: "unidentified";
        info = json_pack("{s:s, s:O, s:O}", "dutInfoId", id, "hardwareInfos", hardware, "softwareInfos",
                         software);
        if (!info)
                return -ENOMEM;

        if (*name) {
                r = json_set_string(info, "name", name);
                if (r < 0)
                        return r;

                r = json_set(info, "platformInfos", json_pack("[{s:s}]", "info", name));
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(info);
        return 0;
}
