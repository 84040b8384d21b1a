/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <fnmatch.h>
#include <string.h>

#include "base/text.h"
#include "condition.h"

static bool is_scalar(const json_t *value) {
        return json_is_string(value) || json_is_number(value) || json_is_boolean(value) ||
               json_is_null(value);
}

static bool equal(const json_t *a, const json_t *b) {
        if (json_is_number(a) && json_is_number(b))
                return json_number_value(a) == json_number_value(b);

        return json_equal(a, b);
}

static bool is_list_of_values(const json_t *list) {
        const json_t *value;
        size_t i;

        json_array_foreach(list, i, value) {
                if (!is_scalar(value))
                        return false;
        }

        return json_array_size(list) > 0;
}

static bool holds_at_least(const json_t *wanted, const json_t *value) {
        return json_is_number(value) && json_number_value(value) >= json_number_value(wanted);
}

static bool holds_at_most(const json_t *wanted, const json_t *value) {
        return json_is_number(value) && json_number_value(value) <= json_number_value(wanted);
}

static bool holds_one_of(const json_t *wanted, const json_t *value) {
        const json_t *choice;
        size_t i;

        json_array_foreach(wanted, i, choice) {
                if (value && equal(choice, value))
                        return true;
        }

        return false;
}

static bool holds_matches(const json_t *wanted, const json_t *value) {
        return json_is_string(value) && fnmatch(json_string_value(wanted), json_string_value(value), 0) == 0;
}

static bool is_number(const json_t *value) {
        return json_is_number(value);
}

static bool is_string(const json_t *value) {
        return json_is_string(value);
}

static const struct {
        const char *name, *words;
        bool (*valid)(const json_t *wanted);
        bool (*holds)(const json_t *wanted, const json_t *value);
} kinds[] = {
        {"at_least", "at least", is_number, holds_at_least},
        {"at_most", "at most", is_number, holds_at_most},
        {"one_of", "one of", is_list_of_values, holds_one_of},
        {"matches", "like", is_string, holds_matches},
};

bool condition_is_valid(const json_t *condition) {
        size_t n = 0;

        if (!json_is_object(condition))
                return condition && is_scalar(condition);

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                const json_t *wanted = json_object_get(condition, kinds[i].name);

                if (wanted && !kinds[i].valid(wanted))
                        return false;
                n += !!wanted;
        }

        return n > 0 && n == json_object_size(condition);
}

bool condition_holds(const json_t *condition, const json_t *value) {
        if (!json_is_object(condition))
                return value ? equal(condition, value) : json_is_null(condition);

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                const json_t *wanted = json_object_get(condition, kinds[i].name);

                if (wanted && !kinds[i].holds(wanted, value))
                        return false;
        }

        return true;
}

static char *list_describe(const json_t *list, const char *member) {
        _cleanup_free_ char *text = NULL;
        const json_t *value;
        size_t i;

        json_array_foreach(list, i, value) {
                _cleanup_free_ char *before = TAKE_PTR(text), *one = value_describe(value, member);

                text = one ? strprintf("%s%s%s", before ?: "", before ? ", " : "", one) : NULL;
                if (!text)
                        return NULL;
        }

        return text ? TAKE_PTR(text) : strdup("nothing");
}

static bool counts_bytes(const char *member) {
        size_t length = strlen(member);

        return length >= STRLEN("_bytes") && streq(member + length - STRLEN("_bytes"), "_bytes");
}

char *value_describe(const json_t *value, const char *member) {
        if (!value || json_is_null(value))
                return strdup("unknown");
        if (json_is_string(value))
                return strdup(json_string_value(value));
        if (json_is_boolean(value))
                return strdup(json_is_true(value) ? "yes" : "no");
        if (json_is_array(value))
                return list_describe(value, member);
        if (json_is_integer(value) && json_integer_value(value) >= 0 && counts_bytes(member))
                return strdup(FORMAT_BYTES((uint64_t) json_integer_value(value)));
        if (json_is_number(value))
                return strprintf("%.15g", json_number_value(value));

        return strdup("something else");
}

char *condition_describe(const json_t *condition, const char *member) {
        _cleanup_free_ char *text = NULL;

        if (!json_is_object(condition))
                return value_describe(condition, member);

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                const json_t *wanted = json_object_get(condition, kinds[i].name);
                _cleanup_free_ char *before = NULL, *one = NULL;

                if (!wanted)
                        continue;

                before = TAKE_PTR(text);
                one = value_describe(wanted, member);
                text = one ? strprintf("%s%s%s %s", before ?: "", before ? " and " : "", kinds[i].words, one)
                           : NULL;
                if (!text)
                        return NULL;
        }

        return text ? TAKE_PTR(text) : strdup("anything");
}
