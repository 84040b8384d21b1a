/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf-reader.h: goes through the configuration of a boot loader line by line: a key, blanks, a value. It
 * comes from disks and networks and goes on to consoles, which must not obey it: only clean UTF-8 is let
 * through. */
#pragma once

#include <stddef.h>

#define CONF_LINE_MAX 4096U

struct conf_reader {
        const char *p, *end;
        unsigned line;
        char buffer[CONF_LINE_MAX + 1]; /* the line that key and value are in */
};

#define CONF_READER(text, size) ((struct conf_reader){.p = (text), .end = (text) + (size)})

/* The next line that is neither blank nor a comment ("#"), as key and value (perhaps empty), which stay good
 * until the next call. Returns 1, 0 at the end, -EBADMSG with *ret_reason telling why, -ENOMEM. */
int conf_reader_next(struct conf_reader *reader, char **ret_key, char **ret_value, char **ret_reason);

/* Puts a copy of value in the place of *field. Returns 0, -ENOMEM. */
int conf_replace(char **field, const char *value);
