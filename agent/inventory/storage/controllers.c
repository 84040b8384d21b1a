/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/screen.h"
#include "base/text.h"
#include "inventory/collectors.h"
#include "inventory/field.h"
#include "inventory/sysfs.h"
#include "inventory/table.h"

static const struct sysfs_field nvme_fields[] = {
        {"model", "model", sysfs_set_text},
        {"serial_number", "serial", sysfs_set_text},
        {"firmware_version", "firmware_rev", sysfs_set_text},
        {"state", "state", sysfs_set_text},
        {"transport", "transport", sysfs_set_text},
        {"subsystem_nqn", "subsysnqn", sysfs_set_text},
        {"numa_node", "numa_node", sysfs_set_number},
        {},
};

/* Each driver of a host adapter has its own name for its firmware's version. */
static const struct sysfs_field host_fields[] = {
        {"model", "board_name", sysfs_set_text},
        {"serial_number", "board_tracer", sysfs_set_text},
        {"firmware_version", "version_fw", sysfs_set_text},
        {"state", "state", sysfs_set_text},
        {"transport", "proc_name", sysfs_set_text},
        {"subsystem_nqn", "", sysfs_set_text},
        {"numa_node", "device/numa_node", sysfs_set_number},
        {},
};

static int describe(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                    json_t *object, void *userdata) {
        const struct sysfs_field *fields = userdata;
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

static int controllers_collect(const struct inventory_roots *roots, json_t **ret) {
        static const struct sysfs_walk nvme = {.subsystem = "nvme", .describe = describe},
                                       hosts = {.subsystem = "scsi_host", .describe = describe};
        _cleanup_json_ json_t *part = json_array();
        int r;

        if (!part)
                return -ENOMEM;

        r = sysfs_collect(roots, &nvme, (void *) nvme_fields, part);
        if (r < 0)
                return r;

        r = sysfs_collect(roots, &hosts, (void *) host_fields, part);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static char *controllers_summarize(const json_t *part) {
        size_t n = json_array_size(part);

        return n == 0 ? strdup("none") : strprintf("%zu controller%s", n, n == 1 ? "" : "s");
}

/* A SATA controller has a host for each port, whether something is plugged in or not: one row for all of
 * them. */
static bool is_same_controller(const json_t *a, const json_t *b) {
        static const char *const members[] = {"transport", "state", "model", "firmware_version",
                                              "pci_address"};

        if (!startswith(json_get_string(a, "name") ?: "", "host"))
                return false;

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (!json_equal(json_object_get(a, members[i]), json_object_get(b, members[i])))
                        return false;

        return true;
}

static int controllers_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"NAME", TABLE_LEFT},
                {"BY", TABLE_LEFT},
                {"STATE", TABLE_LEFT},
                {"MODEL", TABLE_FLEXIBLE},
                {"FIRMWARE", TABLE_LEFT},
                {"PCI", TABLE_LEFT},
                {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        size_t end;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        for (size_t i = 0; i < json_array_size(part); i = end) {
                const json_t *first = json_array_get(part, i);
                _cleanup_free_ char *name = NULL;

                for (end = i + 1; end < json_array_size(part); end++)
                        if (!is_same_controller(first, json_array_get(part, end)))
                                break;

                name = end == i + 1 ? strprintf("%s", json_get_string(first, "name"))
                                    : strprintf("%s to %s", json_get_string(first, "name"),
                                                json_get_string(json_array_get(part, end - 1), "name"));
                table_add(table, name, json_get_string(first, "transport"), json_get_string(first, "state"),
                          json_get_string(first, "model"), json_get_string(first, "firmware_version"),
                          json_get_string(first, "pci_address"));
        }

        return table_print(table, screen);
}

const struct collector collector_controllers = {
        .name = "controllers",
        .description = "Controllers that drives hang on",
        .collect = controllers_collect,
        .summarize = controllers_summarize,
        .print = controllers_print,
};
