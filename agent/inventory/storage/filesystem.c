/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <blkid/blkid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "filesystem.h"
#include "inventory/field.h"

#define SECTOR_SIZE 512U

static void free_probep(blkid_probe *probe) {
        blkid_free_probe(*probe);
}

static int set_value(json_t *object, const char *name, blkid_probe probe, const char *key) {
        const char *value = NULL;

        if (blkid_probe_lookup_value(probe, key, &value, NULL) < 0)
                value = NULL;

        return field_set_text(object, name, value);
}

static int add_filesystem(json_t *object, blkid_probe probe) {
        _cleanup_json_ json_t *filesystem = NULL;
        int r;

        if (!blkid_probe_has_value(probe, "TYPE"))
                return json_set_string(object, "filesystem", NULL);

        filesystem = json_object();
        if (!filesystem)
                return -ENOMEM;

        r = set_value(filesystem, "type", probe, "TYPE");
        if (r < 0)
                return r;

        r = set_value(filesystem, "usage", probe, "USAGE");
        if (r < 0)
                return r;

        r = set_value(filesystem, "label", probe, "LABEL");
        if (r < 0)
                return r;

        r = set_value(filesystem, "uuid", probe, "UUID");
        if (r < 0)
                return r;

        return json_set(object, "filesystem", TAKE_PTR(filesystem));
}

/* A GPT has GUIDs for the types, a DOS table has bytes. */
static int set_type(json_t *object, blkid_partition partition) {
        const char *guid = blkid_partition_get_type_string(partition);
        char code[8];

        if (guid)
                return field_set_text(object, "type", guid);

        snprintf(code, sizeof(code), "0x%02x", (unsigned) blkid_partition_get_type(partition) & 0xff);
        return json_set_string(object, "type", code);
}

static int add_partition(int fd, blkid_partition partition, json_t *partitions) {
        _cleanup_json_ json_t *object = json_object();
        blkid_loff_t start = blkid_partition_get_start(partition), size = blkid_partition_get_size(partition);
        int number = blkid_partition_get_partno(partition), r;

        if (!object)
                return -ENOMEM;
        if (number < 0 || start < 0 || size < 0 || start > INT64_MAX / SECTOR_SIZE ||
            size > INT64_MAX / SECTOR_SIZE)
                return 0;

        r = field_set_number(object, "number", (uint64_t) number);
        if (r < 0)
                return r;

        r = field_set_number(object, "start_bytes", (uint64_t) start * SECTOR_SIZE);
        if (r < 0)
                return r;

        r = field_set_number(object, "size_bytes", (uint64_t) size * SECTOR_SIZE);
        if (r < 0)
                return r;

        r = field_set_text(object, "uuid", blkid_partition_get_uuid(partition));
        if (r < 0)
                return r;

        r = field_set_text(object, "label", blkid_partition_get_name(partition));
        if (r < 0)
                return r;

        r = set_type(object, partition);
        if (r < 0)
                return r;

        /* An extended partition of a DOS table holds others; the first sectors of it are no file system. */
        if (blkid_partition_is_extended(partition) || size == 0)
                r = json_set_string(object, "filesystem", NULL);
        else
                r = filesystem_probe(fd, (uint64_t) start * SECTOR_SIZE, (uint64_t) size * SECTOR_SIZE,
                                     object, NULL);
        if (r == -ENOMEM)
                return r;

        return json_append(partitions, TAKE_PTR(object));
}

static int add_partitions(int fd, blkid_probe probe, json_t *object, json_t *partitions) {
        blkid_partlist list = NULL;
        int n, r;

        r = set_value(object, "partition_table", probe, "PTTYPE");
        if (r < 0)
                return r;

        r = set_value(object, "partition_table_uuid", probe, "PTUUID");
        if (r < 0)
                return r;

        if (blkid_probe_has_value(probe, "PTTYPE"))
                list = blkid_probe_get_partitions(probe);

        n = list ? blkid_partlist_numof_partitions(list) : 0;
        for (int i = 0; i < n; i++) {
                r = add_partition(fd, blkid_partlist_get_partition(list, i), partitions);
                if (r < 0)
                        return r;
        }

        return 0;
}

int filesystem_probe(int fd, uint64_t offset, uint64_t size, json_t *object, json_t *partitions) {
        _cleanup_(free_probep) blkid_probe probe = NULL;
        int r;

        r = json_set_string(object, "filesystem", NULL);
        if (r >= 0 && partitions)
                r = json_set_string(object, "partition_table", NULL);
        if (r >= 0 && partitions)
                r = json_set_string(object, "partition_table_uuid", NULL);
        if (r < 0)
                return r;

        probe = blkid_new_probe();
        if (!probe)
                return -ENOMEM;

        errno = 0;
        if (blkid_probe_set_device(probe, fd, (blkid_loff_t) offset, (blkid_loff_t) size) < 0)
                return errno > 0 ? -errno : -EIO;

        if (blkid_probe_enable_superblocks(probe, 1) < 0 ||
            blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID |
                                                             BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE) < 0 ||
            blkid_probe_enable_partitions(probe, !!partitions) < 0)
                return -ENOMEM;

        errno = 0;
        r = blkid_do_safeprobe(probe);
        if (r == -2 || r == 1) /* ambivalent, or nothing there that it knows */
                return 0;
        if (r < 0)
                return errno > 0 ? -errno : -EIO;

        r = add_filesystem(object, probe);
        if (r < 0)
                return r;

        return partitions ? add_partitions(fd, probe, object, partitions) : 0;
}
