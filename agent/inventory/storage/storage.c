/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/text.h"
#include "content.h"
#include "drive.h"
#include "inventory/collectors.h"
#include "inventory/probes.h"
#include "inventory/sysfs.h"
#include "inventory/table.h"
#include "multipath.h"

/* 1 for a whole drive that is hardware. */
static int is_drive(const struct sysfs_device *device) {
        uint64_t hidden;

        /* The kernel makes ram, loop, zram and device-mapper devices up; they hang on nothing, and neither
         * does a partition. So does a namespace with several paths, but it names its subsystem as its device.
         * Floppy drives are asked nothing: each answer takes them seconds. */
        if (faccessat(device->fd, "device", F_OK, 0) < 0 || startswith(sysfs_name(device->path), "fd"))
                return 0;

        /* The single paths below an NVMe namespace that has several. */
        return read_u64_file_at(device->fd, "hidden", &hidden) < 0 || !hidden;
}

static int describe(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                    json_t *object, void *userdata _unused_) {
        int r;

        r = drive_describe(device, object);
        return r < 0 ? r : content_set_unknown(object);
}

static const struct sysfs_walk walk = {
        .subsystem = "block", .through_udev = true, .wanted = is_drive, .describe = describe};

/* What only the drive itself can tell. */
static int probe(const struct inventory_roots *roots, json_t *object) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = content_open(roots, json_get_string(object, "name"), &fd);
        if (r < 0)
                return r;

        r = drive_ask(roots, fd, object);
        return r < 0 ? r : content_read(roots, fd, object);
}

static int storage_collect(const struct inventory_roots *roots, json_t **ret) {
        static const char *const given[] = {"name", "transport", NULL};
        _cleanup_json_ json_t *part = json_array(), *asked = json_array();
        json_t *object;
        size_t i;
        int r;

        if (!part || !asked)
                return -ENOMEM;

        r = sysfs_collect(roots, &walk, NULL, part);
        if (r < 0)
                return r;

        json_array_foreach(part, i, object) {
                /* A card reader without a card has a size of 0. */
                if (!roots->dev || json_get_integer(object, "size_bytes", 0) <= 0)
                        continue;

                r = json_append(asked, json_incref(object));
                if (r < 0)
                        return r;
        }

        r = probes_run(roots, asked, given, probe);
        if (r < 0)
                return r;

        r = multipath_join(part);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static char *storage_summarize(const json_t *part) {
        size_t n = json_array_size(part), i;
        const json_t *drive;
        uint64_t total = 0;

        if (n == 0)
                return strdup("no drive");

        json_array_foreach(part, i, drive) total += (uint64_t) json_get_integer(drive, "size_bytes", 0);

        return strprintf("%zu drive%s, %s in all", n, n == 1 ? "" : "s", FORMAT_BYTES(total));
}

/* The drive's verdict on itself, and how warm it is: "ok 31 C". */
static char *describe_health(const json_t *drive) {
        const json_t *health = json_object_get(drive, "health");
        const char *status = json_get_string(health, "status");

        if (!status)
                return strdup("");
        if (!json_is_integer(json_object_get(health, "temperature_c")))
                return strdup(status);

        return strprintf("%s %d C", status, (int) json_get_integer(health, "temperature_c", 0));
}

static void add_row(struct table *table, const json_t *object, const char *indent, const char *what) {
        const json_t *filesystem = json_object_get(object, "filesystem");
        const char *label = json_get_string(filesystem, "label"),
                   *type = json_get_string(filesystem, "type") ?: json_get_string(object, "partition_table");
        _cleanup_free_ char *name = NULL, *content = NULL, *health = describe_health(object);
        size_t n_paths = json_array_size(json_object_get(object, "paths"));
        const char *transport = json_get_string(object, "transport");
        char by[32];

        name = strprintf("%s%s", indent, json_get_string(object, "name"));
        content = strprintf("%s%s%s", type ?: "", label ? " " : "", label ?: "");
        if (n_paths > 1)
                snprintf(by, sizeof(by), "%s x%zu", transport ?: "", n_paths);
        else
                snprintf(by, sizeof(by), "%s", transport ?: "");
        table_add(table, name, TABLE_BYTES(object, "size_bytes"), by, what,
                  json_get_string(object, "serial_number"), json_get_string(object, "firmware_version"),
                  health, json_get_string(object, "read_error") ?: content);
}

static int storage_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"DRIVE", TABLE_LEFT},     {"SIZE", TABLE_RIGHT},       {"BY", TABLE_LEFT},
                {"MODEL", TABLE_FLEXIBLE}, {"SERIAL", TABLE_LEFT},      {"FIRMWARE", TABLE_LEFT},
                {"HEALTH", TABLE_LEFT},    {"CONTENT", TABLE_FLEXIBLE}, {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *drive, *partition;
        size_t i, j;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach(part, i, drive) {
                add_row(table, drive, "", json_get_string(drive, "model"));
                json_array_foreach(json_object_get(drive, "partitions"), j, partition)
                        add_row(table, partition, "  ", json_get_string(partition, "label"));
        }

        return table_print(table, screen);
}

const struct collector collector_storage = {
        .waits_for = "class/block/*",
        .name = "storage",
        .description = "Drives, their partitions and file systems",
        .collect = storage_collect,
        .summarize = storage_summarize,
        .print = storage_print,
};
