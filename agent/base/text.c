/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text.h"

const char *startswith(const char *s, const char *prefix) {
        size_t length = strlen(prefix);

        return strncmp(s, prefix, length) == 0 ? s + length : NULL;
}

char *strstrip(char *s) {
        size_t length;

        while (isspace((unsigned char) *s))
                s++;

        length = strlen(s);
        while (length > 0 && isspace((unsigned char) s[length - 1]))
                length--;
        s[length] = 0;

        return s;
}

char *vstrprintf(const char *format, va_list ap) {
        char *s;

        return vasprintf(&s, format, ap) < 0 ? NULL : s;
}

char *strprintf(const char *format, ...) {
        va_list ap;
        char *s;

        va_start(ap, format);
        s = vstrprintf(format, ap);
        va_end(ap);

        return s;
}

size_t text_fitting(const char *text, size_t columns) {
        size_t length = strlen(text);

        if (length <= columns)
                return length;

        for (size_t cut = columns; cut > columns / 2; cut--)
                if (text[cut] == ' ' && text[cut + 1] != '%')
                        return cut;

        return columns;
}

int explain_error(char **problem, int error, const char *format, ...) {
        char *text;
        va_list ap;

        va_start(ap, format);
        text = vstrprintf(format, ap);
        va_end(ap);

        /* Only now: the old text may be a part of the new one. */
        free(*problem);
        *problem = text;
        return error;
}

int parse_u64(const char *s, uint64_t *ret) {
        bool hexadecimal = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
        unsigned long long value;
        char *end;

        /* strtoull() would take blanks, signs and an empty string. */
        if (hexadecimal ? !isxdigit((unsigned char) s[2]) : !isdigit((unsigned char) s[0]))
                return -EINVAL;

        errno = 0;
        value = strtoull(s, &end, hexadecimal ? 16 : 10);
        if (errno != 0)
                return -errno;
        if (*end)
                return -EINVAL;

        *ret = value;
        return 0;
}

struct unit {
        const char *name;
        uint64_t factor;
};

/* A non-negative number with an optional fraction and one of the units; the first unit is meant when none
 * stands. */
static int parse_with_unit(const char *s, const struct unit *units, size_t n_units, uint64_t *ret) {
        uint64_t factor = units[0].factor;
        size_t digits;
        double value;
        char *end;

        digits = strspn(s, "0123456789");
        if (digits == 0)
                return -EINVAL;
        if (s[digits] == '.')
                digits += 1 + strspn(s + digits + 1, "0123456789");

        errno = 0;
        value = strtod(s, &end);
        if (errno != 0)
                return -ERANGE;
        if (end != s + digits)
                return -EINVAL;

        while (*end == ' ')
                end++;

        if (*end) {
                size_t i = 0;

                while (i < n_units && strcasecmp(end, units[i].name) != 0)
                        i++;
                if (i == n_units)
                        return -EINVAL;
                factor = units[i].factor;
        }

        value *= (double) factor;
        if (value >= 0x1p63)
                return -ERANGE;

        /* Rounded without libm, which would cost the image a quarter of a megabyte. */
        *ret = (uint64_t) (value + 0.5);
        return 0;
}

int parse_size(const char *s, uint64_t *ret) {
        /* clang-format off */
        static const struct unit units[] = {
                {"B", 1},
                {"K", 1ULL << 10}, {"KiB", 1ULL << 10}, {"KB", 1ULL << 10},
                {"M", 1ULL << 20}, {"MiB", 1ULL << 20}, {"MB", 1ULL << 20},
                {"G", 1ULL << 30}, {"GiB", 1ULL << 30}, {"GB", 1ULL << 30},
                {"T", 1ULL << 40}, {"TiB", 1ULL << 40}, {"TB", 1ULL << 40},
        };
        /* clang-format on */

        return parse_with_unit(s, units, ELEMENTSOF(units), ret);
}

int parse_duration(const char *s, uint64_t *ret_usec) {
        /* clang-format off */
        static const struct unit units[] = {
                {"s", USEC_PER_SEC}, {"us", 1}, {"ms", USEC_PER_MSEC},
                {"min", 60 * USEC_PER_SEC}, {"m", 60 * USEC_PER_SEC}, {"h", 3600 * USEC_PER_SEC},
        };
        /* clang-format on */

        return parse_with_unit(s, units, ELEMENTSOF(units), ret_usec);
}

char *format_bytes(char buffer[static FORMAT_BYTES_MAX], uint64_t bytes) {
        static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        double value = (double) bytes;
        size_t i = 0;

        if (bytes < 1024) {
                snprintf(buffer, FORMAT_BYTES_MAX, "%" PRIu64 " B", bytes);
                return buffer;
        }

        for (value /= 1024; value >= 1024 && i + 1 < ELEMENTSOF(units); i++)
                value /= 1024;

        if (value >= 100 || value == (double) (uint64_t) value)
                snprintf(buffer, FORMAT_BYTES_MAX, "%.0f %s", value, units[i]);
        else
                snprintf(buffer, FORMAT_BYTES_MAX, "%.2f %s", value, units[i]);

        return buffer;
}

char *format_duration(char buffer[static FORMAT_DURATION_MAX], uint64_t usec) {
        uint64_t seconds = usec / USEC_PER_SEC;

        if (usec < 100 * USEC_PER_SEC)
                snprintf(buffer, FORMAT_DURATION_MAX, "%.1f s", (double) usec / (double) USEC_PER_SEC);
        else if (seconds < 3600)
                snprintf(buffer, FORMAT_DURATION_MAX, "%" PRIu64 " min %02" PRIu64 " s", seconds / 60,
                         seconds % 60);
        else
                snprintf(buffer, FORMAT_DURATION_MAX, "%" PRIu64 " h %02" PRIu64 " min",
                         MIN(seconds / 3600, (uint64_t) 99999999), seconds / 60 % 60);

        return buffer;
}

char *format_timestamp_now(char buffer[static FORMAT_TIMESTAMP_MAX]) {
        struct timespec ts;
        struct tm tm;
        size_t n;

        clock_gettime(CLOCK_REALTIME, &ts);
        gmtime_r(&ts.tv_sec, &tm);
        n = strftime(buffer, FORMAT_TIMESTAMP_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(buffer + n, FORMAT_TIMESTAMP_MAX - n, ".%06uZ", (unsigned) (ts.tv_nsec / 1000) % 1000000U);

        return buffer;
}

int parse_timestamp(const char *s, uint64_t *ret_usec) {
        uint64_t usec = 0, scale = USEC_PER_SEC;
        struct tm tm = {};
        time_t seconds;
        const char *p;

        p = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
        if (!p)
                return -EINVAL;

        if (*p == '.')
                for (p++; isdigit((unsigned char) *p); p++)
                        if (scale > 1) {
                                scale /= 10;
                                usec += (uint64_t) (*p - '0') * scale;
                        }
        if (!streq(p, "Z"))
                return -EINVAL;

        seconds = timegm(&tm);
        if (seconds < 0)
                return -EINVAL;

        *ret_usec = (uint64_t) seconds * USEC_PER_SEC + usec;
        return 0;
}

uint64_t now_usec(void) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

void hex_encode(const void *data, size_t size, char *hex) {
        const unsigned char *p = data;

        for (size_t i = 0; i < size; i++) {
                hex[2 * i] = "0123456789abcdef"[p[i] >> 4];
                hex[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
        }
        hex[2 * size] = 0;
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char) tolower((unsigned char) c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -EINVAL;
}

int hex_decode(const char *hex, void *data, size_t size) {
        unsigned char *p = data;

        if (strlen(hex) != 2 * size)
                return -EINVAL;

        for (size_t i = 0; i < size; i++)
                if (hex_digit(hex[2 * i]) < 0 || hex_digit(hex[2 * i + 1]) < 0)
                        return -EINVAL;

        for (size_t i = 0; i < size; i++)
                p[i] = (unsigned char) (hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));

        return 0;
}

char *text_sanitize(const void *data, size_t size) {
        const unsigned char *p = data;
        char *s;

        s = malloc(size + 1);
        if (!s)
                return NULL;

        for (size_t i = 0; i < size; i++)
                s[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char) p[i] : '?';

        while (size > 0 && s[size - 1] == ' ')
                size--;
        s[size] = 0;

        return s;
}
