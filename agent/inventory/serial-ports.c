/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "sysfs.h"
#include "table.h"

/* The kernel's console list: "Y" or "N". */
static int set_yes(json_t *object, const char *name, const char *value) {
        if (!value)
                return json_set_string(object, name, NULL);

        return json_set_bool(object, name, streq(value, "Y"));
}

static int set_address(json_t *object, const char *name, const char *value) {
        uint64_t address;

        return sysfs_set_text(object, name,
                              value && parse_u64(value, &address) >= 0 && address > 0 ? value : NULL);
}

static const struct sysfs_field fields[] = {
        {"io_port", "port", set_address}, {"memory_address", "iomem_base", set_address},
        {"irq", "irq", sysfs_set_number}, {"clock_hz", "uartclk", sysfs_set_number},
        {"console", "console", set_yes},  {},
};

/* The kernel keeps places for ports that no machine fills: their type is 0. */
static int is_port(const struct sysfs_device *device) {
        uint64_t type;

        return read_u64_file_at(device->fd, "type", &type) == 0 && type != 0;
}

static int describe(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                    json_t *object, void *userdata _unused_) {
        _cleanup_free_ char *pci = NULL;
        struct fields f = fields_of(object);
        int r;

        r = sysfs_find_parent(device->path, "pci", &pci);
        if (r < 0)
                return r;

        fields_source_sysfs(&f, device, "");
        fields_text(&f, "name", sysfs_name(device->path));
        fields_text(&f, "pci_address", pci ? sysfs_name(pci) : NULL);
        return f.error < 0 ? f.error : sysfs_fields_set(object, device, fields);
}

static const struct sysfs_walk walk = {
        .subsystem = "tty", .named = "ttyS", .wanted = is_port, .describe = describe};

static int serial_ports_collect(const struct inventory_roots *roots, json_t **ret) {
        return sysfs_collect_part(roots, &walk, ret);
}

static char *serial_ports_summarize(const json_t *part) {
        size_t n = json_array_size(part);

        return n == 0 ? strdup("none") : strprintf("%zu port%s", n, n == 1 ? "" : "s");
}

static int serial_ports_print(const json_t *part, struct screen *screen) {
        static const struct table_member members[] = {
                {"NAME", TABLE_LEFT, "name"},       {"I/O PORT", TABLE_LEFT, "io_port"},
                {"IRQ", TABLE_RIGHT, "irq"},        {"CONSOLE", TABLE_LEFT, "console"},
                {"PCI", TABLE_LEFT, "pci_address"}, {},
        };

        return table_print_objects(part, members, screen);
}

const struct collector collector_serial = {
        .name = "serial",
        .description = "Serial ports",
        .collect = serial_ports_collect,
        .summarize = serial_ports_summarize,
        .print = serial_ports_print,
};
