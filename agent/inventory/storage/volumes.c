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
#include "inventory/collectors.h"
#include "inventory/field.h"
#include "inventory/probes.h"
#include "inventory/sysfs.h"
#include "inventory/table.h"

static int is_volume(const struct sysfs_device *device) {
        return faccessat(device->fd, "md", F_OK, 0) >= 0 || faccessat(device->fd, "dm", F_OK, 0) >= 0;
}

/* Whoever makes a device puts its name before the device's UUID. */
static const char *mapper_kind(const char *uuid) {
        static const struct {
                const char *prefix, *kind;
        } kinds[] = {
                {"LVM-", "lvm"},     {"mpath-", "multipath"}, {"CRYPT-", "crypt"},
                {"DMRAID-", "raid"}, {"part", "partition"},
        };

        for (size_t i = 0; uuid && i < ELEMENTSOF(kinds); i++)
                if (startswith(uuid, kinds[i].prefix))
                        return kinds[i].kind;

        return "device-mapper";
}

static int add_members(const struct sysfs_device *device, struct fields *f) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices slaves = {};
        _cleanup_json_ json_t *members = json_array();
        _cleanup_free_ char *path = NULL;
        int r;

        path = strprintf("%s/slaves", device->path);
        if (!path || !members)
                return -ENOMEM;

        r = sysfs_children(&(struct sysfs_device){.path = path}, "", &slaves);
        if (r < 0)
                return r;

        for (size_t i = 0; i < slaves.n_paths; i++) {
                r = json_append(members, json_string(sysfs_name(slaves.paths[i])));
                if (r < 0)
                        return r;
        }

        fields_source_sysfs(f, device, "slaves");
        fields_take(f, "members", TAKE_PTR(members));
        return f->error;
}

static const struct sysfs_field common_fields[] = {
        {"size_bytes", "size", sysfs_set_sectors}, {"read_only", "ro", sysfs_set_boolean}, {}};

static const struct sysfs_field mapper_fields[] = {{"label", "dm/name", sysfs_set_text},
                                                   {"uuid", "dm/uuid", sysfs_set_text},
                                                   {"suspended", "dm/suspended", sysfs_set_boolean},
                                                   {}};

/* Sets kind and what the kernel's metadata tell, the same members for both sorts. */
static int add_kind(const struct sysfs_device *device, struct fields *f) {
        bool is_md = faccessat(device->fd, "md", F_OK, 0) >= 0;
        int r;

        r = sysfs_fields_set(f->object, device, mapper_fields); /* all null for the other sort */
        if (r < 0)
                return r;

        fields_source_sysfs(f, device, is_md ? "md" : "dm");
        fields_word(f, "kind", is_md ? "md" : mapper_kind(json_get_string(f->object, "uuid")));
        return f->error;
}

static int describe(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                    json_t *object, void *userdata _unused_) {
        static const char *const of_arrays[] = {"level", "state", "member_count", "degraded_count"};
        struct fields f = fields_of(object);
        int r;

        fields_source_sysfs(&f, device, "");
        fields_text(&f, "name", sysfs_name(device->path));
        if (f.error < 0)
                return f.error;

        r = add_kind(device, &f);
        if (r < 0)
                return r;

        r = sysfs_fields_set(object, device, common_fields);
        if (r < 0)
                return r;

        r = add_members(device, &f);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(of_arrays); i++)
                fields_null(&f, of_arrays[i]);
        return f.error < 0 ? f.error : content_set_unknown(object);
}

static const struct sysfs_walk walk = {.subsystem = "block", .wanted = is_volume, .describe = describe};

static const struct sysfs_field array_fields[] = {
        {"level", "md/level", sysfs_set_text},
        {"state", "md/array_state", sysfs_set_text},
        {"member_count", "md/raid_disks", sysfs_set_number},
        {"degraded_count", "md/degraded", sysfs_set_number},
        {"uuid", "md/uuid", sysfs_set_text},
        {},
};

/* An array's own attributes wait for whoever is changing it; a volume that is suspended answers no read. */
static int probe(const struct inventory_roots *roots, json_t *object) {
        const char *name = json_get_string(object, "name") ?: "";
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int directory = -EBADF, fd = -EBADF;
        struct sysfs_device device;
        int r;

        path = strprintf("%s/class/block/%s", roots->sys, name);
        if (!path)
                return -ENOMEM;

        directory = sysfs_open(path);
        if (directory < 0)
                return directory;
        device = (struct sysfs_device){.path = path, .fd = directory};

        if (faccessat(directory, "md", F_OK, 0) >= 0) {
                r = sysfs_fields_set(object, &device, array_fields);
                if (r < 0)
                        return r;
        }

        if (!roots->dev || json_get_integer(object, "size_bytes", 0) <= 0)
                return 0;
        r = content_open(roots, name, &fd);
        return r < 0 ? r : content_read(roots, fd, object);
}

static int volumes_collect(const struct inventory_roots *roots, json_t **ret) {
        static const char *const given[] = {"name", "size_bytes", NULL};
        _cleanup_json_ json_t *part = NULL;
        int r;

        r = sysfs_collect_part(roots, &walk, &part);
        if (r < 0)
                return r;

        r = probes_run(roots, part, given, probe);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static char *volumes_summarize(const json_t *part) {
        size_t n = json_array_size(part);

        return n == 0 ? strdup("none") : strprintf("%zu volume%s", n, n == 1 ? "" : "s");
}

static int volumes_print(const json_t *part, struct screen *screen) {
        static const struct table_member members[] = {
                {"NAME", TABLE_LEFT, "name"},
                {"KIND", TABLE_LEFT, "kind"},
                {"LEVEL", TABLE_LEFT, "level"},
                {"LABEL", TABLE_LEFT, "label"},
                {"STATE", TABLE_LEFT, "state"},
                {"MISSING", TABLE_RIGHT, "degraded_count"},
                {"PROBLEM", TABLE_FLEXIBLE, "read_error"},
                {},
        };

        return table_print_objects(part, members, screen);
}

const struct collector collector_volumes = {
        .waits_for = "class/block/[dm][md]*",
        .name = "volumes",
        .description = "Volumes made of drives: RAID arrays, LVM, multipath",
        .collect = volumes_collect,
        .summarize = volumes_summarize,
        .print = volumes_print,
};
