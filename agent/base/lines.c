/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "lines.h"

static int lines_reserve(struct lines *lines, size_t more) {
        size_t want = lines->allocated;
        char *larger;

        if (lines->size + more + 1 <= lines->allocated)
                return 0;

        while (want < lines->size + more + 1)
                want = want ? want * 2 : 4096;

        larger = realloc(lines->buffer, want);
        if (!larger)
                return -ENOMEM;

        lines->buffer = larger;
        lines->allocated = want;
        return 0;
}

int lines_read(struct lines *lines, int fd, size_t max, line_callback_t callback, void *userdata) {
        size_t start = 0, scan = lines->size;
        ssize_t n;
        int r;

        r = lines_reserve(lines, 4096);
        if (r < 0)
                return r;

        do
                n = read(fd, lines->buffer + lines->size, lines->allocated - lines->size - 1);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        if (n == 0) {
                if (lines->size > 0) {
                        size_t size = lines->size;

                        lines->buffer[size] = 0;
                        lines->size = 0;
                        r = callback(lines->buffer, size, userdata);
                        if (r < 0)
                                return r;
                }
                return 0;
        }

        lines->size += (size_t) n;
        for (char *end; (end = memchr(lines->buffer + scan, '\n', lines->size - scan)); scan = start) {
                *end = 0;
                r = callback(lines->buffer + start, (size_t) (end - lines->buffer) - start, userdata);
                if (r < 0)
                        return r;
                start = (size_t) (end - lines->buffer) + 1;
        }

        lines->size -= start;
        memmove(lines->buffer, lines->buffer + start, lines->size);
        return lines->size > max ? -EMSGSIZE : 1;
}

void lines_done(struct lines *lines) {
        free(lines->buffer);
        *lines = (struct lines){};
}
