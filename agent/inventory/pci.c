/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <pci/pci.h>
#include <stdarg.h>
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

#define WANTED                                                                                               \
        (PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_CLASS_EXT | PCI_FILL_SUBSYS | PCI_FILL_PHYS_SLOT |       \
         PCI_FILL_NUMA_NODE)

static void pci_cleanupp(struct pci_access **access) {
        if (*access)
                pci_cleanup(*access);
}

/* PCI Code and ID Assignment Specification: base class and sub-class, or the base class alone (sub-class
 * FFFFh). Kept here, since pci.ids, which has them too, is not in flash. */
static const struct {
        uint16_t class;
        const char *name;
} class_names[] = {
        {0x0100, "SCSI controller"},
        {0x0101, "IDE controller"},
        {0x0104, "RAID controller"},
        {0x0106, "SATA controller"},
        {0x0107, "SAS controller"},
        {0x0108, "NVMe controller"},
        {0x0200, "Ethernet controller"},
        {0x0207, "InfiniBand controller"},
        {0x0300, "VGA controller"},
        {0x0302, "3D controller"},
        {0x0500, "RAM memory"},
        {0x0502, "CXL memory"},
        {0x0600, "host bridge"},
        {0x0601, "ISA bridge"},
        {0x0604, "PCI bridge"},
        {0x0700, "serial controller"},
        {0x0800, "interrupt controller"},
        {0x0806, "IOMMU"},
        {0x0880, "system peripheral"},
        {0x0c03, "USB controller"},
        {0x0c05, "SMBus"},
        {0x0c07, "IPMI interface"},
        {0x1080, "encryption controller"},
        {0x1180, "signal processing controller"},
        {0x1200, "processing accelerator"},
};

static const char *const base_class_names[] = {
        [0x01] = "storage controller",
        [0x02] = "network controller",
        [0x03] = "display controller",
        [0x04] = "multimedia controller",
        [0x05] = "memory controller",
        [0x06] = "bridge",
        [0x07] = "communication controller",
        [0x08] = "system peripheral",
        [0x09] = "input device",
        [0x0a] = "docking station",
        [0x0b] = "processor",
        [0x0c] = "serial bus controller",
        [0x0d] = "wireless controller",
        [0x0e] = "intelligent controller",
        [0x0f] = "satellite controller",
        [0x10] = "encryption controller",
        [0x11] = "signal processing controller",
        [0x12] = "processing accelerator",
        [0x13] = "instrumentation",
};

static const char *class_name(uint16_t class) {
        for (size_t i = 0; i < ELEMENTSOF(class_names); i++)
                if (class_names[i].class == class)
                        return class_names[i].name;

        return class >> 8 < (int) ELEMENTSOF(base_class_names) ? base_class_names[class >> 8] : NULL;
}

/* libpci must not come back from here. The collector runs in a process of its own, whose end with this text
 * becomes the failure's record. */
static void _noreturn_ _printf_(1, 2) on_error(char *format, ...) {
        va_list ap;

        va_start(ap, format);
        vdprintf(STDERR_FILENO, format, ap);
        va_end(ap);
        dprintf(STDERR_FILENO, "\n");
        _exit(EIO);
}

static int set_hex(json_t *object, const char *name, unsigned value, int digits) {
        char text[16];

        snprintf(text, sizeof(text), "0x%0*x", digits, value);
        return json_set_string(object, name, text);
}

/* "8.0 GT/s PCIe"; "Unknown" */
static int set_transfers(json_t *object, const char *name, const char *value) {
        double speed;
        int end = -1;

        if (!value || sscanf(value, "%lf GT/s%n", &speed, &end) != 1 || end < 0)
                return json_set_string(object, name, NULL);

        return json_set(object, name, json_real(speed));
}

/* 0 or 255: there is no link. */
static int set_width(json_t *object, const char *name, const char *value) {
        uint64_t width;

        if (!value || parse_u64(value, &width) < 0 || width == 0 || width > 32)
                return json_set_string(object, name, NULL);

        return field_set_number(object, name, width);
}

static const struct sysfs_field link_fields[] = {
        {"speed_gts", "current_link_speed", set_transfers},
        {"width", "current_link_width", set_width},
        {"maximum_speed_gts", "max_link_speed", set_transfers},
        {"maximum_width", "max_link_width", set_width},
        {},
};

static int add_link(json_t *object, int device_fd) {
        _cleanup_json_ json_t *link = NULL;
        int r;

        if (faccessat(device_fd, "max_link_width", F_OK, 0) < 0)
                return json_set_string(object, "link", NULL);

        link = json_object();
        r = link ? sysfs_fields_set(link, device_fd, link_fields) : -ENOMEM;
        if (r < 0)
                return r;

        /* Devices inside the root complex speak PCI Express without one. */
        if (json_is_null(json_object_get(link, "maximum_width")))
                return json_set_string(object, "link", NULL);

        return json_set(object, "link", TAKE_PTR(link));
}

/* Names out of pci.ids, where the machine has one. */
static int add_names(json_t *object, struct pci_access *access, const struct pci_dev *device) {
        char vendor[256], name[256];
        int r;

        r = field_set_text(object, "vendor",
                           pci_lookup_name(access, vendor, sizeof(vendor),
                                           PCI_LOOKUP_VENDOR | PCI_LOOKUP_NO_NUMBERS, device->vendor_id));
        if (r < 0)
                return r;

        return field_set_text(object, "device",
                              pci_lookup_name(access, name, sizeof(name),
                                              PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS, device->vendor_id,
                                              device->device_id));
}

static int add_identity(json_t *object, const struct pci_dev *device, int known) {
        bool has_subsystem = (known & PCI_FILL_SUBSYS) && device->subsys_vendor_id != 0 &&
                             device->subsys_vendor_id != 0xffff;
        int r;

        r = set_hex(object, "class", (unsigned) device->device_class << 8 | device->prog_if, 6);
        if (r < 0)
                return r;

        r = json_set_string(object, "class_name", class_name(device->device_class));
        if (r < 0)
                return r;

        r = set_hex(object, "vendor_id", device->vendor_id, 4);
        if (r < 0)
                return r;

        r = set_hex(object, "device_id", device->device_id, 4);
        if (r < 0)
                return r;

        r = set_hex(object, "revision", device->rev_id, 2);
        if (r < 0)
                return r;

        r = has_subsystem ? set_hex(object, "subsystem_vendor_id", device->subsys_vendor_id, 4)
                          : json_set_string(object, "subsystem_vendor_id", NULL);
        if (r < 0)
                return r;

        return has_subsystem ? set_hex(object, "subsystem_device_id", device->subsys_id, 4)
                             : json_set_string(object, "subsystem_device_id", NULL);
}

/* Where it sits: under which bridge, near which memory, in which slot. */
static int add_place(json_t *object, const char *path, const struct pci_dev *device, int known) {
        _cleanup_free_ char *real = NULL, *parent = NULL;
        int r;

        real = realpath(path, NULL);
        if (real) {
                r = sysfs_find_parent(real, "pci", &parent);
                if (r < 0)
                        return r;
        }

        r = field_set_text(object, "parent", parent ? sysfs_name(parent) : NULL);
        if (r < 0)
                return r;

        r = (known & PCI_FILL_NUMA_NODE) && device->numa_node >= 0
                    ? field_set_number(object, "numa_node", (uint64_t) device->numa_node)
                    : json_set_string(object, "numa_node", NULL);
        if (r < 0)
                return r;

        return field_set_text(object, "slot", device->phy_slot);
}

static int describe(const struct inventory_roots *roots, struct pci_access *access, struct pci_dev *device,
                    json_t **ret) {
        _cleanup_free_ char *address = NULL, *path = NULL, *driver = NULL;
        _cleanup_json_ json_t *object = json_object();
        _cleanup_close_ int fd = -EBADF;
        int known, r;

        address = strprintf("%04x:%02x:%02x.%d", (unsigned) device->domain, device->bus, device->dev,
                            device->func);
        if (!address || !object)
                return -ENOMEM;

        path = strprintf("%s/bus/pci/devices/%s", roots->sys, address);
        if (!path)
                return -ENOMEM;

        fd = sysfs_open(path);
        if (fd < 0)
                return fd;

        known = pci_fill_info(device, WANTED);

        r = json_set_string(object, "address", address);
        if (r < 0)
                return r;

        r = add_identity(object, device, known);
        if (r < 0)
                return r;

        r = add_names(object, access, device);
        if (r < 0)
                return r;

        r = sysfs_link_name(fd, "driver", &driver);
        if (r < 0)
                return r;

        r = field_set_text(object, "driver", driver);
        if (r < 0)
                return r;

        r = add_place(object, path, device, known);
        if (r < 0)
                return r;

        r = add_link(object, fd);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(object);
        return 0;
}

static int compare_devices(const void *a, const void *b) {
        const struct pci_dev *x = *(struct pci_dev *const *) a, *y = *(struct pci_dev *const *) b;

        if (x->domain != y->domain)
                return x->domain < y->domain ? -1 : 1;
        if (x->bus != y->bus)
                return x->bus - y->bus;
        return x->dev != y->dev ? x->dev - y->dev : x->func - y->func;
}

static int pci_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(pci_cleanupp) struct pci_access *access = NULL;
        _cleanup_free_ char *bus = NULL, *devices_path = NULL;
        _cleanup_free_ struct pci_dev **devices = NULL;
        _cleanup_json_ json_t *part = json_array();
        char method[] = "sysfs.path";
        size_t n = 0;
        int r;

        bus = strprintf("%s/bus/pci", roots->sys);
        devices_path = strprintf("%s/bus/pci/devices", roots->sys);
        if (!bus || !devices_path || !part)
                return -ENOMEM;

        if (faccessat(AT_FDCWD, devices_path, F_OK, 0) < 0)
                return -ENODEV;

        access = pci_alloc();
        if (!access)
                return -ENOMEM;

        access->method = PCI_ACCESS_SYS_BUS_PCI;
        access->error = on_error;
        if (pci_set_param(access, method, bus) < 0)
                return -EINVAL;

        pci_init(access);
        pci_scan_bus(access);

        for (const struct pci_dev *d = access->devices; d; d = d->next)
                n++;
        if (n > 0) {
                devices = calloc(n, sizeof(*devices));
                if (!devices)
                        return -ENOMEM;

                n = 0;
                for (struct pci_dev *d = access->devices; d; d = d->next)
                        devices[n++] = d;
                qsort(devices, n, sizeof(*devices), compare_devices);
        }

        for (size_t i = 0; i < n; i++) {
                json_t *object = NULL;

                r = describe(roots, access, devices[i], &object);
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

static bool is_bridge(const json_t *device) {
        const char *class = json_get_string(device, "class");

        return class && startswith(class, "0x06");
}

/* "x4 16", and what the device could do where it is less: "x2 8 (x4 16)". */
static char *describe_link(const json_t *link) {
        double speed = json_number_value(json_object_get(link, "speed_gts")),
               maximum_speed = json_number_value(json_object_get(link, "maximum_speed_gts"));
        int64_t width = json_get_integer(link, "width", 0),
                maximum_width = json_get_integer(link, "maximum_width", 0);

        if (width <= 0 || speed <= 0)
                return strdup("");
        if (width >= maximum_width && speed >= maximum_speed)
                return strprintf("x%d %g", (int) width, speed);

        return strprintf("x%d %g (x%d %g)", (int) width, speed, (int) maximum_width, maximum_speed);
}

static char *pci_summarize(const json_t *part) {
        size_t n = json_array_size(part), n_bridges = 0, i;
        const json_t *device;

        json_array_foreach(part, i, device) n_bridges += is_bridge(device);

        return strprintf("%zu device%s and %zu bridge%s", n - n_bridges, n - n_bridges == 1 ? "" : "s",
                         n_bridges, n_bridges == 1 ? "" : "s");
}

static int pci_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"ADDRESS", TABLE_LEFT},
                {"ID", TABLE_LEFT},
                {"DEVICE", TABLE_FLEXIBLE},
                {"DRIVER", TABLE_FLEXIBLE},
                {"SLOT", TABLE_LEFT},
                {"LINK GT/s", TABLE_LEFT},
                {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *device;
        size_t i;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach(part, i, device) {
                const char *vendor_id = json_get_string(device, "vendor_id"),
                           *device_id = json_get_string(device, "device_id");
                _cleanup_free_ char *link = describe_link(json_object_get(device, "link"));
                char id[16];

                /* lspci's way: without 0x */
                snprintf(id, sizeof(id), "%s:%s", vendor_id ? vendor_id + 2 : "",
                         device_id ? device_id + 2 : "");
                table_add(table, json_get_string(device, "address"), id,
                          json_get_string(device, "device") ?: json_get_string(device, "class_name") ?:
                                  json_get_string(device, "class"),
                          json_get_string(device, "driver"), json_get_string(device, "slot"), link);
        }

        return table_print(table, screen);
}

const struct collector collector_pci = {
        .name = "pci",
        .description = "PCI devices and their links",
        .collect = pci_collect,
        .summarize = pci_summarize,
        .print = pci_print,
};
