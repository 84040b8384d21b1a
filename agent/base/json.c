/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "json.h"

int json_set(json_t *object, const char *key, json_t *value) {
        return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}

int json_append(json_t *array, json_t *value) {
        return json_array_append_new(array, value) < 0 ? -ENOMEM : 0;
}

int json_set_string(json_t *object, const char *key, const char *value) {
        return json_set(object, key, value ? json_string(value) : json_null());
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
