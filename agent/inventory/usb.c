/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "sysfs.h"
#include "table.h"

static const struct sysfs_field device_fields[] = {
        {"bus_number", "busnum", sysfs_set_number},       {"device_number", "devnum", sysfs_set_number},
        {"vendor_id", "idVendor", sysfs_set_hex},         {"product_id", "idProduct", sysfs_set_hex},
        {"revision", "bcdDevice", sysfs_set_text},        {"class", "bDeviceClass", sysfs_set_hex},
        {"manufacturer", "manufacturer", sysfs_set_text}, {"product", "product", sysfs_set_text},
        {"serial_number", "serial", sysfs_set_text},      {"usb_version", "version", sysfs_set_text},
        {"speed_mbps", "speed", sysfs_set_real},          {},
};

static const struct sysfs_field interface_fields[] = {
        {"class", "bInterfaceClass", sysfs_set_hex},
        {"subclass", "bInterfaceSubClass", sysfs_set_hex},
        {"protocol", "bInterfaceProtocol", sysfs_set_hex},
        {},
};

static int describe_interface(const struct sysfs_device *interface, json_t *object) {
        _cleanup_free_ char *driver = NULL;
        struct fields f = fields_of(object);
        int r;

        r = sysfs_fields_set(object, interface, interface_fields);
        if (r < 0)
                return r;

        r = sysfs_link_name(interface->fd, "driver", &driver);
        if (r < 0)
                return r;

        fields_source_sysfs(&f, interface, "driver");
        fields_text(&f, "driver", driver);
        return f.error;
}

/* "usb1" is the hub inside a controller, "1-4.2" what is plugged in. The interfaces of both are directories
 * of theirs, "1-0:1.0" and "1-4.2:1.0". */
static int add_interfaces(const struct sysfs_device *device, json_t *object) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices children = {};
        _cleanup_json_ json_t *interfaces = json_array();
        int r;

        if (!interfaces)
                return -ENOMEM;

        r = sysfs_children(device, ":", &children);
        if (r < 0)
                return r;

        for (size_t i = 0; i < children.n_paths; i++) {
                struct sysfs_device interface = {.path = children.paths[i]};
                _cleanup_json_ json_t *described = json_object();
                _cleanup_close_ int fd = -EBADF;

                fd = interface.fd = sysfs_open(interface.path);
                if (fd < 0)
                        continue;

                r = described ? describe_interface(&interface, described) : -ENOMEM;
                if (r < 0)
                        return r;

                r = json_append(interfaces, TAKE_PTR(described));
                if (r < 0)
                        return r;
        }

        return json_set(object, "interfaces", TAKE_PTR(interfaces));
}

static int describe(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                    json_t *object, void *userdata _unused_) {
        _cleanup_free_ char *parent = NULL, *pci = NULL;
        struct fields f = fields_of(object);
        int r;

        r = sysfs_find_parent(device->path, "usb", &parent);
        if (r < 0)
                return r;

        r = sysfs_find_parent(device->path, "pci", &pci);
        if (r < 0)
                return r;

        fields_source_sysfs(&f, device, "");
        fields_text(&f, "name", sysfs_name(device->path));
        fields_text(&f, "parent", parent ? sysfs_name(parent) : NULL);
        fields_text(&f, "pci_address", pci ? sysfs_name(pci) : NULL);
        if (f.error < 0)
                return f.error;

        r = sysfs_fields_set(object, device, device_fields);
        return r < 0 ? r : add_interfaces(device, object);
}

static int is_device(const struct sysfs_device *device) {
        return !strchr(sysfs_name(device->path), ':');
}

/* By path, so that each device stands behind the hub that it is plugged into. */
static const struct sysfs_walk walk = {
        .subsystem = "usb", .order = strverscmp, .wanted = is_device, .describe = describe};

static int usb_collect(const struct inventory_roots *roots, json_t **ret) {
        return sysfs_collect_part(roots, &walk, ret);
}

static bool is_root_hub(const json_t *device) {
        return json_is_null(json_object_get(device, "parent"));
}

static char *usb_summarize(const json_t *part) {
        size_t n = json_array_size(part), n_hubs = 0, i;
        const json_t *device;

        json_array_foreach(part, i, device) n_hubs += is_root_hub(device);

        return strprintf("%zu device%s on %zu bus%s", n - n_hubs, n - n_hubs == 1 ? "" : "s", n_hubs,
                         n_hubs == 1 ? "" : "es");
}

static const json_t *find_device(const json_t *part, const char *name) {
        const json_t *device;
        size_t i;

        json_array_foreach(part, i,
                           device) if (name && streq(json_get_string(device, "name"), name)) return device;

        return NULL;
}

/* How many devices stand above it. The walk is bounded: the parents come out of a file. */
static unsigned depth(const json_t *part, const json_t *device) {
        unsigned n = 0;

        while (n < 7 && (device = find_device(part, json_get_string(device, "parent"))))
                n++;

        return n;
}

static int usb_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"DEVICE", TABLE_LEFT},
                {"ID", TABLE_LEFT},
                {"Mbit/s", TABLE_RIGHT},
                {"DRIVERS", TABLE_FLEXIBLE},
                {"PRODUCT", TABLE_FLEXIBLE},
                {"SERIAL", TABLE_FLEXIBLE},
                {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *device;
        size_t i;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach(part, i, device) {
                const json_t *interfaces = json_object_get(device, "interfaces"), *interface;
                const char *vendor = json_get_string(device, "vendor_id"),
                           *product = json_get_string(device, "product_id");
                char id[16], speed[16] = "", drivers[64] = "";
                _cleanup_free_ char *name = NULL;
                size_t j;

                name = strprintf("%*s%s", (int) (2 * depth(part, device)), "",
                                 json_get_string(device, "name"));
                snprintf(id, sizeof(id), "%s:%s", vendor ? vendor + 2 : "", product ? product + 2 : "");
                if (json_is_number(json_object_get(device, "speed_mbps")))
                        snprintf(speed, sizeof(speed), "%g",
                                 json_number_value(json_object_get(device, "speed_mbps")));

                json_array_foreach(interfaces, j, interface) {
                        const char *driver = json_get_string(interface, "driver");
                        size_t length = strlen(drivers);

                        if (driver && !strstr(drivers, driver))
                                snprintf(drivers + length, sizeof(drivers) - length, "%s%s",
                                         length > 0 ? " " : "", driver);
                }

                table_add(table, name, id, speed, drivers, json_get_string(device, "product"),
                          json_get_string(device, "serial_number"));
        }

        return table_print(table, screen);
}

const struct collector collector_usb = {
        .name = "usb",
        .description = "USB devices",
        .collect = usb_collect,
        .summarize = usb_summarize,
        .print = usb_print,
};
