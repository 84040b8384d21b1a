/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "answer.h"
#include "base/fd.h"
#include "base/text.h"
#include "inventory.h"
#include "sysfs.h"

static ssize_t read_captured(const char *path, void *buffer, size_t size) {
        _cleanup_free_ char *bytes = NULL;
        size_t n;
        int r;

        r = read_file(path, size, &bytes, &n);
        if (r < 0)
                return r == -ENOENT ? -ENODATA : r;

        memcpy(buffer, bytes, n);
        return (ssize_t) n;
}

ssize_t answer_read(const struct inventory_roots *roots, const char *device, const char *question,
                    answer_ask_t ask, void *userdata, void *buffer, size_t size) {
        bool live = inventory_roots_are_live(roots);
        _cleanup_free_ char *path = NULL;
        ssize_t n;
        int r;

        if (!roots->dev)
                return -ENODATA;

        path = strprintf("%s/%s.%s", live ? roots->record ?: "" : roots->dev, device, question);
        if (!path)
                return -ENOMEM;

        if (!live)
                return read_captured(path, buffer, size);

        n = ask(userdata, buffer, size);
        if (n < 0 || !roots->record)
                return n;

        r = write_file_atomic(path, buffer, (size_t) n, 0644);
        return r < 0 ? r : n;
}
