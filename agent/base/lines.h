/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lines.h: cuts what comes out of a file descriptor into lines. */
#pragma once

#include <stddef.h>

#include "macro.h"

/* A zeroed one is ready for use. */
struct lines {
        char *buffer;
        size_t size, allocated;
};

/* Called with one line, NUL in place of its newline. A negative return ends lines_read() with that error. */
typedef int (*line_callback_t)(char *line, size_t size, void *userdata);

/* Reads once from fd and calls back for every line that is complete then; at the end of the file also for a
 * last one without newline. Returns 1 when more may come, 0 at the end of the file, -EMSGSIZE when a line is
 * longer than max, -EAGAIN when a non-blocking fd has nothing, a negative errno. */
int lines_read(struct lines *lines, int fd, size_t max, line_callback_t callback, void *userdata);

void lines_done(struct lines *lines);
