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

/* "46f4" as "0x46f4" */
static int set_hex(json_t *object, const char *name, const char *value) {
        _cleanup_free_ char *text = NULL;

        if (!value)
                return json_set_string(object, name, NULL);

        text = strprintf("0x%s", value);
        return text ? field_set_text(object, name, text) : -ENOMEM;
}

/* Low-speed devices have 1.5 */
static int set_speed(json_t *object, const char *name, const char *value) {
        double speed;
        int end = -1;

        if (!value || sscanf(value, "%lf%n", &speed, &end) != 1 || value[end])
                return json_set_string(object, name, NULL);

        return json_set(object, name, json_real(speed));
}

static const struct sysfs_field device_fields[] = {
        {"bus_number", "busnum", sysfs_set_number},
        {"device_number", "devnum", sysfs_set_number},
        {"vendor_id", "idVendor", set_hex},
        {"product_id", "idProduct", set_hex},
        {"revision", "bcdDevice", sysfs_set_text},
        {"class", "bDeviceClass", set_hex},
        {"manufacturer", "manufacturer", sysfs_set_text},
        {"product", "product", sysfs_set_text},
        {"serial_number", "serial", sysfs_set_text},
        {"usb_version", "version", sysfs_set_text},
        {"speed_mbps", "speed", set_speed},
        {},
};

static const struct sysfs_field interface_fields[] = {
        {"class", "bInterfaceClass", set_hex},
        {"subclass", "bInterfaceSubClass", set_hex},
        {"protocol", "bInterfaceProtocol", set_hex},
        {},
};

/* "usb1" for the hub inside a controller, "1-4.2" for what is plugged in. The interfaces of "1-4.2" are
 * directories "1-4.2:1.0" in its own, those of "usb1" are called "1-0:1.0". */
static bool is_interface_of(const char *interface, const char *device) {
        const char *slash = strrchr(interface, '/');

        return strchr(sysfs_name(interface), ':') && slash &&
               (size_t) (slash - interface) == strlen(device) &&
               strncmp(interface, device, strlen(device)) == 0;
}

static int add_interface(json_t *interfaces, const char *path) {
        _cleanup_json_ json_t *object = json_object();
        _cleanup_free_ char *driver = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!object)
                return -ENOMEM;

        fd = sysfs_open(path);
        if (fd < 0)
                return fd;

        r = sysfs_fields_set(object, fd, interface_fields);
        if (r < 0)
                return r;

        r = sysfs_link_name(fd, "driver", &driver);
        if (r < 0)
                return r;

        r = field_set_text(object, "driver", driver);
        if (r < 0)
                return r;

        return json_append(interfaces, TAKE_PTR(object));
}

static int describe(const struct sysfs_devices *devices, const char *path, json_t **ret) {
        _cleanup_json_ json_t *object = json_object(), *interfaces = json_array();
        _cleanup_free_ char *parent = NULL, *pci = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!object || !interfaces)
                return -ENOMEM;

        fd = sysfs_open(path);
        if (fd < 0)
                return fd;

        r = field_set_text(object, "name", sysfs_name(path));
        if (r < 0)
                return r;

        r = sysfs_find_parent(path, "usb", &parent);
        if (r < 0)
                return r;

        r = field_set_text(object, "parent", r > 0 ? sysfs_name(parent) : NULL);
        if (r < 0)
                return r;

        r = sysfs_find_parent(path, "pci", &pci);
        if (r < 0)
                return r;

        r = field_set_text(object, "pci_address", r > 0 ? sysfs_name(pci) : NULL);
        if (r < 0)
                return r;

        r = sysfs_fields_set(object, fd, device_fields);
        if (r < 0)
                return r;

        for (size_t i = 0; i < devices->n_paths; i++) {
                if (!is_interface_of(devices->paths[i], path))
                        continue;

                r = add_interface(interfaces, devices->paths[i]);
                if (r < 0 && r != -ENOENT)
                        return r;
        }

        r = json_set(object, "interfaces", TAKE_PTR(interfaces));
        if (r < 0)
                return r;

        *ret = TAKE_PTR(object);
        return 0;
}

/* By path, so that each device stands behind the hub that it is plugged into. */
static int compare_paths(const void *a, const void *b) {
        return strverscmp(*(char *const *) a, *(char *const *) b);
}

static int usb_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices devices = {};
        _cleanup_json_ json_t *part = json_array();
        int r;

        if (!part)
                return -ENOMEM;

        r = sysfs_enumerate(roots, "usb", &devices);
        if (r < 0)
                return r;

        if (devices.n_paths > 0)
                qsort(devices.paths, devices.n_paths, sizeof(*devices.paths), compare_paths);

        for (size_t i = 0; i < devices.n_paths; i++) {
                json_t *object = NULL;

                if (strchr(sysfs_name(devices.paths[i]), ':'))
                        continue;

                r = describe(&devices, devices.paths[i], &object);
                if (r == -ENOENT) /* unplugged in the meantime */
                        continue;
                if (r < 0)
                        return r;

                r = json_append(part, object);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(part);
        return 0;
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
