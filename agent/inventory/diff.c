/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "diff.h"

/* What tells the things of a list apart: the first that they have. */
static const char *const keys[] = {
        "locator",     "designation", "address", "serial_number", "permanent_mac_address",
        "mac_address", "socket",      "label",   "location",      "name",
        "id",          "sensor",      "number",  "channel",       "level",
        "part",
};

/* Other the next time, with nothing changed. */
static const char *const restless[] = {
        "schema_version",
        "sources",
        "health",
        "sensors",
        "problems",
        "state",
        "usable_bytes",
        "variable_bytes",
        "carrier",
        "speed_mbps",
        "duplex",
        "aer_correctable_count",
        "speed_gts",
        "variable_count",
        "boot_current",
        "device_number",
        "nodes",
        "firmware_map",
        "firmware_ram_bytes",
        "boot_speed_mhz",
        "corrected_error_count",
};

static bool is_restless(const char *member) {
        for (size_t i = 0; i < ELEMENTSOF(restless); i++)
                if (streq(member, restless[i]))
                        return true;

        return false;
}

#define KEY_MAX 256U

/* Returns false, and an empty key, for what has no name. */
static bool key_of(const json_t *element, char key[static KEY_MAX]) {
        int64_t namespace = json_get_integer(element, "namespace_id", 1);

        key[0] = 0;
        for (size_t i = 0; i < ELEMENTSOF(keys) && !key[0]; i++)
                snprintf(key, KEY_MAX, "%s", json_get_string(element, keys[i]) ?: "");

        /* The namespaces of one drive share its serial number. */
        if (key[0] && namespace != 1)
                snprintf(key + strlen(key), KEY_MAX - strlen(key), "/%d", (int) namespace);

        return key[0];
}

static bool has_key(const json_t *element, const char *key) {
        char other[KEY_MAX];

        return key_of(element, other) && streq(other, key);
}

/* The element of the same name, the nth of those that share it; by place when elements have no names. */
static const json_t *find_same(const json_t *list, const char *key, size_t nth, size_t place) {
        const json_t *element;
        size_t i;

        if (!*key)
                return json_array_get(list, place);

        json_array_foreach(list, i, element) {
                if (has_key(element, key) && nth-- == 0)
                        return element;
        }

        return NULL;
}

static size_t count_before(const json_t *list, const char *key, size_t end) {
        size_t n = 0;

        for (size_t i = 0; *key && i < end; i++)
                n += has_key(json_array_get(list, i), key);

        return n;
}

static int add(json_t *changes, const char *path, const json_t *old, const json_t *new) {
        return json_append(changes, json_pack("{s:s, s:o, s:o}", "path", path, "old",
                                              old ? json_incref((json_t *) old) : json_null(), "new",
                                              new ? json_incref((json_t *) new) : json_null()));
}

static int compare(json_t *changes, const char *path, const json_t *old, const json_t *new);

static int compare_element(json_t *changes, const char *path, const char *key, size_t place, size_t nth,
                           const json_t *old, const json_t *new) {
        _cleanup_free_ char *below = NULL;

        if (!*key)
                below = strprintf("%s[%zu]", path, place);
        else if (nth > 0)
                below = strprintf("%s[%s #%zu]", path, key, nth + 1);
        else
                below = strprintf("%s[%s]", path, key);

        return below ? compare(changes, below, old, new) : -ENOMEM;
}

static int compare_lists(json_t *changes, const char *path, const json_t *old, const json_t *new) {
        const json_t *element;
        size_t i;
        int r;

        json_array_foreach(old, i, element) {
                char key[KEY_MAX];
                size_t nth;

                key_of(element, key);
                nth = count_before(old, key, i);

                r = compare_element(changes, path, key, i, nth, element, find_same(new, key, nth, i));
                if (r < 0)
                        return r;
        }

        json_array_foreach(new, i, element) {
                char key[KEY_MAX];
                size_t nth;

                key_of(element, key);
                nth = count_before(new, key, i);
                if (find_same(old, key, nth, i))
                        continue;

                r = compare_element(changes, path, key, i, nth, NULL, element);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int compare_members(json_t *changes, const char *path, const json_t *old, const json_t *new) {
        const char *name;
        json_t *member;

        /* A member that only one of them has is of another version of the schema, and no change of the
         * machine. */
        json_object_foreach((json_t *) old, name, member) {
                const json_t *other = json_object_get(new, name);
                _cleanup_free_ char *below = NULL;
                int r;

                if (!other || is_restless(name))
                        continue;

                below = *path ? strprintf("%s.%s", path, name) : strdup(name);
                r = below ? compare(changes, below, member, other) : -ENOMEM;
                if (r < 0)
                        return r;
        }

        return 0;
}

static int compare(json_t *changes, const char *path, const json_t *old, const json_t *new) {
        if (json_is_object(old) && json_is_object(new))
                return compare_members(changes, path, old, new);
        if (json_is_array(old) && json_is_array(new))
                return compare_lists(changes, path, old, new);
        if (old && new &&json_equal(old, new))
                return 0;

        return add(changes, path, old, new);
}

int inventory_diff(const json_t *old, const json_t *new, json_t **ret) {
        _cleanup_json_ json_t *changes = json_array();
        int r;

        r = changes ? compare(changes, "", old, new) : -ENOMEM;
        if (r < 0)
                return r;

        *ret = TAKE_PTR(changes);
        return 0;
}
