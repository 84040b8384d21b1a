/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "content.h"
#include "filesystem.h"
#include "inventory/answer.h"
#include "inventory/field.h"
#include "inventory/inventory.h"
#include "inventory/sysfs.h"

#define CAPTURED_SIZE_MAX (1U << 20)

static const char *const members[] = {"partition_table", "partition_table_uuid", "filesystem", "partitions"};

int content_set_unknown(json_t *object) {
        int r;

        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                r = json_set_string(object, members[i], NULL);
                if (r < 0)
                        return r;
        }

        r = json_set(object, "partitions", json_array());
        return r < 0 ? r : json_set_string(object, "read_error", NULL);
}

int content_open(const struct inventory_roots *roots, const char *name, int *ret) {
        _cleanup_free_ char *path = NULL, *captured = NULL;
        int fd;

        path = strprintf("%s/%s", roots->dev, name);
        captured = strprintf("%s/%s.content", roots->dev, name);
        if (!path || !captured)
                return -ENOMEM;

        /* Without O_NONBLOCK an optical drive would wait for a medium. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 && (errno != ENOENT || inventory_roots_are_live(roots) ||
                       faccessat(AT_FDCWD, captured, F_OK, 0) < 0))
                return -errno;

        *ret = fd < 0 ? -EBADF : fd;
        return 0;
}

/* "nvme0n1" and 2 as "nvme0n1p2", "sda" and 2 as "sda2": the kernel's rule. */
static char *partition_name(const char *drive, int64_t number) {
        bool digit = *drive && strchr("0123456789", drive[strlen(drive) - 1]);

        return strprintf("%s%s%" PRId64, drive, digit ? "p" : "", number);
}

/* libblkid looks at some sixty places, a sector or two at each, and waits for each: those near to each other
 * come with one request, and all of them at once. Below 0: before the end, where RAID controllers have their
 * metadata. A place that is missing here costs time, and nothing else. */
static void read_ahead(int fd) {
        static const struct {
                int start, size; /* KiB */
        } places[] = {
                {0, 36},   {60, 8},    {128, 4},   {256, 4},  {512, 4},  {1024, 4}, {2048, 4},
                {4096, 4}, {-1544, 4}, {-496, 12}, {-476, 4}, {-456, 4}, {-368, 4}, {-340, 4},
                {-296, 4}, {-200, 4},  {-132, 8},  {-64, 4},  {-32, 4},  {-8, 8},
        };
        off_t end = lseek(fd, 0, SEEK_END);

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                off_t start = (off_t) places[i].start * 1024 + (places[i].start < 0 ? end : 0);

                if (start >= 0 && start < end)
                        (void) posix_fadvise(fd, start, (off_t) places[i].size * 1024, POSIX_FADV_WILLNEED);
        }
}

static int read_device(int fd, const char *name, json_t *content) {
        _cleanup_json_ json_t *partitions = json_array();
        json_t *partition;
        size_t i;
        int r;

        if (!partitions)
                return -ENOMEM;

        read_ahead(fd);
        r = filesystem_probe(fd, 0, 0, content, partitions);
        if (r < 0)
                return r;

        json_array_foreach(partitions, i, partition) {
                _cleanup_free_ char *text = partition_name(name, json_get_integer(partition, "number", 0));

                r = text ? field_set_text(partition, "name", text) : -ENOMEM;
                if (r < 0)
                        return r;
        }

        return json_set(content, "partitions", TAKE_PTR(partitions));
}

static int keep(const struct inventory_roots *roots, const char *name, const json_t *content) {
        _cleanup_free_ char *path = NULL, *text = NULL;

        path = strprintf("%s/%s.content", roots->record, name);
        text = json_dumps(content, JSON_INDENT(1));
        return path && text ? write_file_atomic(path, text, strlen(text), 0644) : -ENOMEM;
}

static int take_kept(const struct inventory_roots *roots, const char *name, json_t **ret) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;
        int r;

        path = strprintf("%s/%s.content", roots->dev, name);
        if (!path)
                return -ENOMEM;

        r = read_file(path, CAPTURED_SIZE_MAX, &text, &size);
        if (r < 0)
                return r;

        return json_parse(text, size, ret);
}

int content_read(const struct inventory_roots *roots, int fd, json_t *object) {
        const char *name = json_get_string(object, "name") ?: "";
        _cleanup_json_ json_t *content = NULL;
        struct fields f = fields_of(object);
        int r;

        if (fd < 0) {
                r = take_kept(roots, name, &content);
                if (r < 0)
                        return r;
        } else {
                content = json_object();
                r = content ? read_device(fd, name, content) : -ENOMEM;
                if (r >= 0 && roots->record)
                        r = keep(roots, name, content);
                if (r < 0)
                        return r;
        }

        fields_source(&f, "libblkid on /dev/%s", name);
        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                json_t *value = json_object_get(content, members[i]);

                fields_take(&f, members[i], value ? json_incref(value) : json_null());
        }
        return f.error;
}
