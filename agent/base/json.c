/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "json.h"

/* jansson looks at each byte whether it goes on as UTF-8. Nearly all text is ASCII, of which eight bytes at a
 * time can be told. */
static bool is_ascii(const char *s, size_t size) {
        for (; size >= sizeof(uint64_t); s += sizeof(uint64_t), size -= sizeof(uint64_t)) {
                uint64_t bytes;

                memcpy(&bytes, s, sizeof(bytes));
                if (bytes & 0x8080808080808080U)
                        return false;
        }

        for (; size > 0; s++, size--)
                if (*s & 0x80)
                        return false;

        return true;
}

json_t *json_string_of(const char *text, size_t size) {
        return is_ascii(text, size) ? json_stringn_nocheck(text, size) : json_stringn(text, size);
}

int json_set_member(json_t *object, const char *key, size_t size, json_t *value) {
        int r = is_ascii(key, size) ? json_object_setn_new_nocheck(object, key, size, value)
                                    : json_object_setn_new(object, key, size, value);

        return r < 0 ? -ENOMEM : 0;
}

int json_set(json_t *object, const char *key, json_t *value) {
        return json_set_member(object, key, strlen(key), value);
}

int json_append(json_t *array, json_t *value) {
        return json_array_append_new(array, value) < 0 ? -ENOMEM : 0;
}

int json_set_string(json_t *object, const char *key, const char *value) {
        return json_set(object, key, value ? json_string_of(value, strlen(value)) : json_null());
}

int json_set_u64(json_t *object, const char *key, uint64_t value) {
        if (value > INT64_MAX)
                return -ERANGE;

        return json_set(object, key, json_integer((json_int_t) value));
}

int json_set_bool(json_t *object, const char *key, bool value) {
        return json_set(object, key, json_boolean(value));
}

const char *json_get_string(const json_t *object, const char *key) {
        return json_string_value(json_object_get(object, key));
}

int64_t json_get_integer(const json_t *object, const char *key, int64_t otherwise) {
        const json_t *value = json_object_get(object, key);

        return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

int json_parse(const char *text, size_t size, json_t **ret) {
        json_error_t error;
        json_t *value;

        value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
        if (!value)
                return -EBADMSG;

        *ret = value;
        return 0;
}
