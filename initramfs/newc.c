/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "newc.h"

#define TRAILER "TRAILER!!!"

static int newc_write(struct newc *newc, const void *data, size_t size) {
        if (size > 0 && fwrite(data, 1, size, newc->stream) != size)
                return -EIO;

        newc->written += size;
        return 0;
}

static int newc_align(struct newc *newc) {
        static const uint8_t zeros[4] = {};

        return newc_write(newc, zeros, (4 - newc->written % 4) % 4);
}

static int newc_write_entry(struct newc *newc, const char *name, uint32_t inode,
                            const struct newc_entry *entry) {
        unsigned links = S_ISDIR(entry->mode) ? 2 : 1;
        char header[6 + 13 * 8 + 1];
        int r;

        if (entry->size > UINT32_MAX)
                return -EFBIG;
        if (strlen(name) >= PATH_MAX)
                return -ENAMETOOLONG;

        /* magic, inode, mode, uid, gid, links, mtime, size, device's major and minor, node's major and minor,
         * name's size, checksum (newc has none) */
        snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", inode,
                 entry->mode, 0U, 0U, links, 0U, (unsigned) entry->size, 0U, 0U, entry->major, entry->minor,
                 (unsigned) strlen(name) + 1, 0U);

        r = newc_write(newc, header, sizeof(header) - 1);
        if (r >= 0)
                r = newc_write(newc, name, strlen(name) + 1);
        if (r >= 0)
                r = newc_align(newc);
        if (r >= 0)
                r = newc_write(newc, entry->data, entry->size);
        if (r >= 0)
                r = newc_align(newc);

        return r;
}

int newc_add(struct newc *newc, const struct newc_entry *entry) {
        return newc_write_entry(newc, entry->path + strspn(entry->path, "/"), ++newc->n_entries, entry);
}

int newc_finish(struct newc *newc) {
        int r = newc_write_entry(newc, TRAILER, 0, &(struct newc_entry){});

        if (r < 0)
                return r;

        return fflush(newc->stream) == 0 ? 0 : -EIO;
}
