/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf-reader.h"

/* The length of the UTF-8 character at p, 0 when what stands there is none, or is a control character other
 * than the tab: text goes on to consoles, which must not obey it. */
static size_t character_length(const unsigned char *p, size_t size) {
        static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000}; /* by length */
        uint32_t code;
        size_t length;

        if (p[0] < 0x80)
                return p[0] == '\t' || (p[0] >= 0x20 && p[0] != 0x7f);

        if ((p[0] & 0xe0) == 0xc0)
                length = 2;
        else if ((p[0] & 0xf0) == 0xe0)
                length = 3;
        else if ((p[0] & 0xf8) == 0xf0)
                length = 4;
        else
                return 0;

        if (length > size)
                return 0;

        code = p[0] & (0x7fU >> length);
        for (size_t i = 1; i < length; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (p[i] & 0x3f);
        }

        if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || code < 0xa0)
                return 0;

        return length;
}

static bool text_is_clean(const char *text, size_t size) {
        for (size_t i = 0, length; i < size; i += length) {
                length = character_length((const unsigned char *) text + i, size - i);
                if (length == 0)
                        return false;
        }

        return true;
}

int conf_reader_next(struct conf_reader *r, char **ret_key, char **ret_value, char **ret_reason) {
        while (r->p < r->end) {
                const char *start = r->p, *newline = memchr(start, '\n', (size_t) (r->end - start));
                size_t size = (size_t) ((newline ?: r->end) - start);
                char *key, *value;

                r->p = newline ? newline + 1 : r->end;
                r->line++;

                if (size > 0 && start[size - 1] == '\r')
                        size--;
                if (size > CONF_LINE_MAX)
                        return explain_error(ret_reason, -EBADMSG, "line %u is longer than %u bytes", r->line,
                                             CONF_LINE_MAX);

                if (size > 0 && start[0] == '#')
                        continue;
                if (!text_is_clean(start, size))
                        return explain_error(ret_reason, -EBADMSG,
                                             "line %u has a byte that is no text in UTF-8", r->line);

                memcpy(r->buffer, start, size);
                r->buffer[size] = 0;
                key = strstrip(r->buffer);
                if (!*key || *key == '#')
                        continue;

                value = key + strcspn(key, " \t");
                if (*value) {
                        *value++ = 0;
                        value += strspn(value, " \t");
                }

                *ret_key = key;
                *ret_value = value;
                return 1;
        }

        return 0;
}

int conf_replace(char **field, const char *value) {
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;

        free(*field);
        *field = copy;
        return 0;
}
