/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/text.h"
#include "redfish-message.h"

#define PATH_SIZE_MAX  2048U
#define ERROR_TEXT_MAX 500U

/* Brackets outside of strings; whether they pair up is for the parser. */
static bool nested_too_deep(const char *text, size_t size) {
        bool in_string = false;
        unsigned depth = 0;

        for (size_t i = 0; i < size; i++) {
                if (in_string) {
                        if (text[i] == '\\')
                                i++;
                        else if (text[i] == '"')
                                in_string = false;
                } else if (text[i] == '"')
                        in_string = true;
                else if (text[i] == '{' || text[i] == '[') {
                        if (++depth > REDFISH_DEPTH_MAX)
                                return true;
                } else if ((text[i] == '}' || text[i] == ']') && depth > 0)
                        depth--;
        }

        return false;
}

int redfish_parse(const char *text, size_t size, json_t **ret) {
        _cleanup_json_ json_t *value = NULL;
        int r;

        if (nested_too_deep(text, size))
                return -EBADMSG;

        r = json_parse(text, size, &value);
        if (r < 0)
                return r;
        if (!json_is_object(value))
                return -EBADMSG;

        *ret = TAKE_PTR(value);
        return 0;
}

const char *redfish_path(const char *uri) {
        const char *path = uri, *authority;

        authority = startswith(uri, "https://");
        if (authority) {
                path = strchr(authority, '/');
                if (!path)
                        return NULL;
        }

        if (path[0] != '/' || path[1] == '/')
                return NULL;

        /* It becomes part of a request line: no space, no control character, nothing but ASCII. */
        for (size_t i = 0; path[i]; i++)
                if (path[i] <= ' ' || path[i] >= 0x7f || i >= PATH_SIZE_MAX)
                        return NULL;

        return path;
}

const char *redfish_path_of(const json_t *resource) {
        const char *uri = json_get_string(resource, "@odata.id");

        return uri ? redfish_path(uri) : NULL;
}

const char *redfish_link(const json_t *object, const char *name) {
        return redfish_path_of(json_object_get(object, name));
}

static const json_t *extended_info(const json_t *object) {
        return json_object_get(json_object_get(object, "error"), "@Message.ExtendedInfo");
}

char *redfish_error_text(const json_t *object) {
        const json_t *info = extended_info(object), *entry;
        char text[ERROR_TEXT_MAX] = "";
        size_t i, length = 0;

        json_array_foreach(info, i, entry) {
                const char *message =
                        json_get_string(entry, "Message") ?: json_get_string(entry, "MessageId");

                if (!message)
                        continue;

                length += (size_t) snprintf(text + length, sizeof(text) - length, "%s%s",
                                            length > 0 ? " " : "", message);
                if (length >= sizeof(text))
                        break;
        }

        if (!*text) {
                const char *message = json_get_string(json_object_get(object, "error"), "message");

                snprintf(text, sizeof(text), "%s", message ?: "");
        }

        return *text ? text_sanitize(text, strlen(text)) : NULL;
}

/* "Registry.major.minor.Name", of which the minor version may be any. */
static bool is_sequence_gap(const char *id) {
        const char *p = startswith(id, "Seatrial.1.");

        if (!p)
                return false;

        p += strspn(p, "0123456789");
        return streq(p, ".SequenceGap");
}

bool redfish_sequence_gap(const json_t *object, uint64_t *ret_expected) {
        const json_t *info = extended_info(object), *entry;
        size_t i;

        json_array_foreach(info, i, entry) {
                const char *id = json_get_string(entry, "MessageId");
                const char *expected;

                if (!id || !is_sequence_gap(id))
                        continue;

                expected = json_string_value(json_array_get(json_object_get(entry, "MessageArgs"), 2));
                if (expected && parse_u64(expected, ret_expected) >= 0)
                        return true;
        }

        return false;
}

int redfish_parse_date(const char *text, uint64_t *ret_usec) {
        struct tm tm = {};
        const char *end;
        time_t seconds;

        end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        if (!end || *end)
                return -EINVAL;

        seconds = timegm(&tm);
        if (seconds < 0)
                return -EINVAL;

        *ret_usec = (uint64_t) seconds * USEC_PER_SEC;
        return 0;
}

bool redfish_same_uuid(const char *a, const char *b) {
        return strcasecmp(a, b) == 0;
}
