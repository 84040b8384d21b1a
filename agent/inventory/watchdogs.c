/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/screen.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "sysfs.h"
#include "table.h"

static const struct sysfs_field fields[] = {
        {"identity", "identity", sysfs_set_text},
        {"state", "state", sysfs_set_text},
        {"timeout_s", "timeout", sysfs_set_number},
        {"boot_status", "bootstatus", sysfs_set_number},
        {},
};

static int describe(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                    json_t *object, void *userdata _unused_) {
        struct fields f = fields_of(object);

        fields_source_sysfs(&f, device, "");
        fields_text(&f, "name", sysfs_name(device->path));
        return f.error < 0 ? f.error : sysfs_fields_set(object, device, fields);
}

static const struct sysfs_walk walk = {.subsystem = "watchdog", .describe = describe};

static int watchdogs_collect(const struct inventory_roots *roots, json_t **ret) {
        return sysfs_collect_part(roots, &walk, ret);
}

static char *watchdogs_summarize(const json_t *part) {
        const char *identity = json_get_string(json_array_get(part, 0), "identity");
        size_t n = json_array_size(part);

        if (n == 0)
                return strdup("none");

        return strprintf("%zu: %s%s", n, identity ?: "unnamed", n > 1 ? ", ..." : "");
}

static int watchdogs_print(const json_t *part, struct screen *screen) {
        static const struct table_member members[] = {
                {"NAME", TABLE_LEFT, "name"},
                {"IDENTITY", TABLE_FLEXIBLE, "identity"},
                {"STATE", TABLE_LEFT, "state"},
                {"TIMEOUT s", TABLE_RIGHT, "timeout_s"},
                {},
        };

        return table_print_objects(part, members, screen);
}

const struct collector collector_watchdogs = {
        .name = "watchdogs",
        .description = "Watchdog timers",
        .collect = watchdogs_collect,
        .summarize = watchdogs_summarize,
        .print = watchdogs_print,
};
