/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text.h: numbers, sizes and times as a person writes and reads them. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "macro.h"

#define USEC_PER_MSEC ((uint64_t) 1000)
#define USEC_PER_SEC  ((uint64_t) 1000000)
#define USEC_INFINITY UINT64_MAX

static inline bool streq(const char *a, const char *b) {
        return __builtin_strcmp(a, b) == 0;
}

/* What follows prefix in s, or NULL when s does not start with it. */
const char *startswith(const char *s, const char *prefix);

/* Cuts white space off both ends, in place. Returns the first character that stays. */
char *strstrip(char *s);

/* printf into a new string, NULL when memory is short. */
char *strprintf(const char *format, ...) _printf_(1, 2);
char *vstrprintf(const char *format, va_list ap) _printf_(1, 0);

/* How many bytes of text fit into so many columns, a byte a column: up to a blank where there is one in the
 * second half of them, but not one before a percent sign. */
size_t text_fitting(const char *text, size_t columns);

/* For functions that say in words why they fail: replaces *problem by that text (NULL when memory is short).
 * Returns error. */
int explain_error(char **problem, int error, const char *format, ...) _printf_(3, 4);

/* Decimal or 0x, nothing before or behind it. Returns 0, -EINVAL, -ERANGE. */
int parse_u64(const char *s, uint64_t *ret);

/* Bytes: a number, perhaps with a fraction, and K, M, G or T (powers of 1024; "KiB", "GB" as well). Returns
 * 0, -EINVAL, -ERANGE. */
int parse_size(const char *s, uint64_t *ret);

/* A time: a number, perhaps with a fraction, and us, ms, s, min or h; seconds when bare. In microseconds.
 * Returns 0, -EINVAL, -ERANGE. */
int parse_duration(const char *s, uint64_t *ret_usec);

/* "1.50 GiB", "512 MiB", "17 B". Returns buffer. */
#define FORMAT_BYTES_MAX 16
char *format_bytes(char buffer[static FORMAT_BYTES_MAX], uint64_t bytes);
#define FORMAT_BYTES(b) format_bytes((char[FORMAT_BYTES_MAX]){}, b)

/* "0.3 s", "12.4 s", "2 min 05 s", "1 h 10 min". Returns buffer. */
#define FORMAT_DURATION_MAX 24
char *format_duration(char buffer[static FORMAT_DURATION_MAX], uint64_t usec);
#define FORMAT_DURATION(u) format_duration((char[FORMAT_DURATION_MAX]){}, u)

/* The time now as RFC 3339 in UTC with microseconds. Returns buffer. */
#define FORMAT_TIMESTAMP_MAX 32
char *format_timestamp_now(char buffer[static FORMAT_TIMESTAMP_MAX]);

/* RFC 3339 in UTC ("Z") into microseconds since 1970. Returns 0, -EINVAL. */
int parse_timestamp(const char *s, uint64_t *ret_usec);

/* Microseconds since some point in the past, never going back. */
uint64_t now_usec(void);

/* "0a1b..." for size bytes; hex has room for 2 * size + 1. */
void hex_encode(const void *data, size_t size, char *hex);

/* Exactly size bytes out of 2 * size digits, either case. Returns 0, -EINVAL. */
int hex_decode(const char *hex, void *data, size_t size);

/* A copy of at most size bytes in which every byte that is no printable ASCII stands as '?', trailing white
 * space cut off: for text that firmware or a device has written. Returns NULL when memory is short. */
char *text_sanitize(const void *data, size_t size);
