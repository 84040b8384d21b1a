/* SPDX-License-Identifier: GPL-3.0-or-later */
/* newc.h: writes the "newc" archive that Linux unpacks at boot, Documentation/driver-api/early-userspace/
 * buffer-format.rst. All that could differ from one build to the next has one value: owner root, time 0,
 * inode numbers in order. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct newc {
        FILE *stream;
        uint32_t n_entries;
        uint64_t written;
};

struct newc_entry {
        const char *path; /* absolute */
        mode_t mode;      /* type and permissions */
        unsigned major, minor;
        const void *data; /* a link's target, a file's content */
        size_t size;
};

/* Appends one entry. Returns 0, -EFBIG when the format's 32 bits do not hold its size, -ENAMETOOLONG, -EIO.
 */
int newc_add(struct newc *newc, const struct newc_entry *entry);

/* Ends the archive. Returns 0, -EIO. */
int newc_finish(struct newc *newc);
