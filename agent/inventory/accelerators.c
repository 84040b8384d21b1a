/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "pci-class.h"
#include "sysfs.h"
#include "table.h"

#define IORESOURCE_PREFETCH 0x2000U /* include/linux/ioport.h */
#define N_BARS              6

/* Base class, and sub-class unless all of the base class are meant: display controllers without VGA, which is
 * the BMC's picture; coprocessors; processing accelerators. */
static const struct {
        uint8_t base, sub;
        bool any_sub;
} classes[] = {{0x03, 0x02, false}, {0x03, 0x80, false}, {0x0b, 0x40, false}, {0x12, 0x00, true}};

static bool is_gpu_with_connectors(const struct sysfs_device *device, uint64_t class) {
        _cleanup_free_ char *vendor = NULL;

        /* A GPU with connectors is a VGA controller as well: one of a maker of GPUs. */
        if (class >> 8 != 0x0300 || read_line_file_at(device->fd, "vendor", &vendor) < 0)
                return false;

        return streq(vendor, "0x10de") || streq(vendor, "0x1002");
}

static int is_accelerator(const struct sysfs_device *device) {
        uint64_t class;

        if (read_u64_file_at(device->fd, "class", &class) < 0)
                return 0;

        for (size_t i = 0; i < ELEMENTSOF(classes); i++)
                if ((class >> 16 & 0xff) == classes[i].base &&
                    (classes[i].any_sub || (class >> 8 & 0xff) == classes[i].sub))
                        return 1;

        return is_gpu_with_connectors(device, class);
}

/* The largest prefetchable BAR is the window to the device's own memory. */
static int add_window(const struct sysfs_device *device, struct fields *f) {
        _cleanup_free_ char *text = NULL;
        unsigned long long start, end, flags, largest = 0;
        const char *line;
        int r;

        r = read_file_at(device->fd, "resource", 4096, &text, NULL);
        if (r == -ENOMEM)
                return r;

        line = r < 0 ? NULL : text;
        for (unsigned i = 0; line && i < N_BARS; i++) {
                if (sscanf(line, "%llx %llx %llx", &start, &end, &flags) == 3 &&
                    (flags & IORESOURCE_PREFETCH) && end > start)
                        largest = MAX(largest, end - start + 1);
                line = strchr(line, '\n');
                line = line ? line + 1 : NULL;
        }

        fields_source_sysfs(f, device, "resource");
        if (largest > 0)
                fields_number(f, "memory_window_bytes", largest);
        else
                fields_null(f, "memory_window_bytes");
        return f->error;
}

static int set_class_name(json_t *object, const char *name, const char *value) {
        uint64_t class;

        return json_set_string(
                object, name,
                value && parse_u64(value, &class) >= 0 ? pci_class_name((uint16_t) (class >> 8)) : NULL);
}

static int set_node(json_t *object, const char *name, const char *value) {
        return sysfs_set_number(object, name, value && *value == '-' ? NULL : value);
}

static const struct sysfs_field fields[] = {
        {"class_name", "class", set_class_name},
        {"vendor_id", "vendor", sysfs_set_hex},
        {"device_id", "device", sysfs_set_hex},
        {"subsystem_vendor_id", "subsystem_vendor", sysfs_set_hex},
        {"subsystem_device_id", "subsystem_device", sysfs_set_hex},
        {"numa_node", "numa_node", set_node},
        {},
};

static int describe(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                    json_t *object, void *userdata _unused_) {
        struct fields f = fields_of(object);
        int r;

        fields_source_sysfs(&f, device, "");
        fields_text(&f, "pci_address", sysfs_name(device->path));
        if (f.error < 0)
                return f.error;

        r = sysfs_fields_set(object, device, fields);
        return r < 0 ? r : add_window(device, &f);
}

static const struct sysfs_walk walk = {.subsystem = "pci", .wanted = is_accelerator, .describe = describe};

static int accelerators_collect(const struct inventory_roots *roots, json_t **ret) {
        return sysfs_collect_part(roots, &walk, ret);
}

static char *accelerators_summarize(const json_t *part) {
        size_t n = json_array_size(part);

        return n == 0 ? strdup("none") : strprintf("%zu device%s", n, n == 1 ? "" : "s");
}

static int accelerators_print(const json_t *part, struct screen *screen) {
        static const struct table_member members[] = {
                {"ADDRESS", TABLE_LEFT, "pci_address"}, {"KIND", TABLE_FLEXIBLE, "class_name"},
                {"VENDOR", TABLE_LEFT, "vendor_id"},    {"DEVICE", TABLE_LEFT, "device_id"},
                {"NODE", TABLE_RIGHT, "numa_node"},     {},
        };

        return table_print_objects(part, members, screen);
}

const struct collector collector_accelerators = {
        .name = "accelerators",
        .description = "GPUs and other accelerators",
        .collect = accelerators_collect,
        .summarize = accelerators_summarize,
        .print = accelerators_print,
};
