/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "condition.h"
#include "manifest.h"

/* Goes through the dots of a path. Returns a borrowed reference, NULL when there is nothing. */
static const json_t *look_up(const json_t *object, const char *path) {
        while (object && *path) {
                _cleanup_free_ char *name = strndup(path, strcspn(path, "."));

                if (!name)
                        return NULL;

                object = json_object_get(object, name);
                path += strlen(name);
                path += *path == '.';
        }

        return object;
}

static bool conditions_are_valid(const json_t *conditions) {
        const json_t *condition;
        const char *member;

        if (!conditions)
                return true;

        json_object_foreach((json_t *) conditions, member, condition) {
                if (!*member || !condition_is_valid(condition))
                        return false;
        }

        return json_is_object(conditions);
}

/* Returns NULL when the rule has the form, else what is wrong. */
static const char *rule_problem(const json_t *rule) {
        static const char *const members[] = {"name", "part", "where", "expect", "count", "severity"};
        const json_t *count = json_object_get(rule, "count"), *severity = json_object_get(rule, "severity");
        size_t known = 0;

        if (!json_get_string(rule, "part") || !*json_get_string(rule, "part"))
                return "has no part";
        if (!conditions_are_valid(json_object_get(rule, "where")))
                return "has a where that is no object of conditions";
        if (!conditions_are_valid(json_object_get(rule, "expect")))
                return "has an expect that is no object of conditions";
        if (count && !condition_is_valid(count))
                return "has a count that is no condition";
        if (severity && !streq(json_string_value(severity) ?: "", "critical") &&
            !streq(json_string_value(severity) ?: "", "warning"))
                return "has a severity that is neither critical nor warning";

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                known += !!json_object_get(rule, members[i]);

        /* One that was misspelt would never be held against anything. */
        return known == json_object_size(rule) ? NULL : "has a member that rules do not have";
}

int manifest_parse(const char *text, size_t size, json_t **ret, char **ret_error) {
        _cleanup_json_ json_t *manifest = NULL;
        const json_t *rules, *rule;
        size_t i;

        if (json_parse(text, size, &manifest) < 0) {
                *ret_error = strdup("is no JSON");
                return *ret_error ? -EBADMSG : -ENOMEM;
        }

        rules = json_object_get(manifest, "rules");
        if (json_get_integer(manifest, "schema_version", 0) != MANIFEST_SCHEMA_VERSION ||
            !json_is_array(rules)) {
                *ret_error = strprintf("is no manifest of schema_version %d", MANIFEST_SCHEMA_VERSION);
                return *ret_error ? -EBADMSG : -ENOMEM;
        }

        json_array_foreach(rules, i, rule) {
                const char *problem = rule_problem(rule);

                if (!problem)
                        continue;

                *ret_error = strprintf("rule %zu %s", i + 1, problem);
                return *ret_error ? -EBADMSG : -ENOMEM;
        }

        *ret = TAKE_PTR(manifest);
        return 0;
}

struct check {
        const json_t *rule;
        json_t *deviations;
};

/* What a person calls the thing. */
static const char *name_of(const json_t *thing) {
        static const char *const members[] = {"locator", "address",     "socket",
                                              "name",    "designation", "location"};

        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                const char *name = json_get_string(thing, members[i]);

                if (name)
                        return name;
        }

        return NULL;
}

static const char *rule_name(const json_t *rule) {
        return json_get_string(rule, "name") ?: json_get_string(rule, "part");
}

static int add(const struct check *c, const char *where, const char *member, const char *expected,
               const char *found, const char *message) {
        return json_append(c->deviations,
                           json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:s}", "rule", rule_name(c->rule),
                                     "severity", json_get_string(c->rule, "severity") ?: "critical", "where",
                                     where, "member", member, "expected", expected, "found", found, "message",
                                     message));
}

/* The rated speed and width of a link that is held back by its own device or port are worth telling with it.
 */
static char *describe_surroundings(const json_t *thing, const char *member) {
        const json_t *link = json_object_get(thing, "link");

        if (!startswith(member, "link.") || json_get_integer(link, "port_maximum_width", 0) <= 0)
                return strdup("");

        return strprintf(", device can x%d, port above can x%d",
                         (int) json_get_integer(link, "maximum_width", 0),
                         (int) json_get_integer(link, "port_maximum_width", 0));
}

/* Returns 1 when it deviates, 0, -ENOMEM. */
static int check_member(const struct check *c, const json_t *thing, const char *member,
                        const json_t *condition) {
        _cleanup_free_ char *expected = NULL, *found = NULL, *message = NULL, *around = NULL;
        const char *where = name_of(thing) ?: rule_name(c->rule);
        const json_t *value = look_up(thing, member);
        int r;

        if (condition_holds(condition, value))
                return 0;

        expected = condition_describe(condition, member);
        found = json_is_false(json_object_get(thing, "populated")) && !json_is_boolean(value)
                        ? strdup(json_is_true(json_object_get(thing, "mapped_out")) ? "slot mapped out"
                                                                                    : "slot empty")
                        : value_describe(value, member);
        around = describe_surroundings(thing, member);
        if (!expected || !found || !around)
                return -ENOMEM;

        message = strprintf("%s: %s: %s expected, %s%s", where, member, expected, found, around);
        r = message ? add(c, where, member, expected, found, message) : -ENOMEM;
        return r < 0 ? r : 1;
}

static int check_thing(const struct check *c, const json_t *thing) {
        bool empty = json_is_false(json_object_get(thing, "populated"));
        const json_t *condition;
        const char *member;

        json_object_foreach(json_object_get(c->rule, "expect"), member, condition) {
                int r = check_member(c, thing, member, condition);

                if (r < 0)
                        return r;

                /* That nothing is there need not be said of each of its members. */
                if (r > 0 && empty)
                        break;
        }

        return 0;
}

static bool is_chosen(const json_t *rule, const json_t *thing) {
        const json_t *condition;
        const char *member;

        json_object_foreach(json_object_get(rule, "where"), member, condition) {
                if (!condition_holds(condition, look_up(thing, member)))
                        return false;
        }

        return true;
}

static char *describe_where(const json_t *rule) {
        _cleanup_free_ char *text = strdup("");
        const json_t *condition;
        const char *member;

        json_object_foreach(json_object_get(rule, "where"), member, condition) {
                _cleanup_free_ char *before = TAKE_PTR(text), *one = condition_describe(condition, member);

                text = before && one ? strprintf("%s%s%s %s", before, *before ? ", " : "", member, one)
                                     : NULL;
        }

        return TAKE_PTR(text);
}

static int check_count(const struct check *c, size_t n) {
        _cleanup_json_ json_t *found = json_integer((json_int_t) n), *one = json_pack("{s:i}", "at_least", 1);
        const json_t *count = json_object_get(c->rule, "count") ?: one;
        _cleanup_free_ char *expected = NULL, *message = NULL, *where = NULL;
        char number[24];

        if (!found || !one)
                return -ENOMEM;
        if (condition_holds(count, found))
                return 0;

        expected = condition_describe(count, "count");
        where = describe_where(c->rule);
        if (!expected || !where)
                return -ENOMEM;

        snprintf(number, sizeof(number), "%zu", n);
        message = strprintf("%s%s%s: %s expected, %s there", json_get_string(c->rule, "part"),
                            *where ? " with " : "", where, expected, number);
        return message ? add(c, rule_name(c->rule), NULL, expected, number, message) : -ENOMEM;
}

static int check_rule(const struct check *c, const json_t *inventory) {
        const json_t *part = look_up(inventory, json_get_string(c->rule, "part")), *thing;
        size_t n = 0, i;
        int r;

        if (json_is_object(part)) {
                n = 1;
                r = check_thing(c, part);
                if (r < 0)
                        return r;
        }

        json_array_foreach(part, i, thing) {
                if (!is_chosen(c->rule, thing))
                        continue;

                n++;
                r = check_thing(c, thing);
                if (r < 0)
                        return r;
        }

        return check_count(c, n);
}

int manifest_check(const json_t *manifest, const json_t *inventory, json_t **ret) {
        _cleanup_json_ json_t *deviations = json_array();
        const json_t *rule;
        size_t i;

        if (!deviations)
                return -ENOMEM;

        json_array_foreach(json_object_get(manifest, "rules"), i, rule) {
                int r = check_rule(&(struct check){.rule = rule, .deviations = deviations}, inventory);

                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(deviations);
        return 0;
}
