/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "manifest.h"

/* What a machine is ordered by, part by part. Where a thing has a place of its own, the place chooses it;
 * where it is one of many alike, what it is, with a count. Serial numbers are nobody's order. */
static const struct {
        const char *part;
        const char *chooses[4];
        const char *expects[8];  /* exactly */
        const char *at_least[4]; /* numbers that may be better */
} orders[] = {
        {"system", {}, {"manufacturer", "product", "sku"}, {}},
        {"system.firmware", {}, {"vendor", "version"}, {}},
        {"management", {}, {"manufacturer_iana", "product_number", "firmware_version"}, {}},
        {"processors.sockets",
         {"socket"},
         {"model", "populated", "status", "microcode"},
         {"running_core_count", "running_thread_count"}},
        {"memory.modules",
         {"locator", "bank_locator"},
         {"size_bytes", "populated", "type", "part_number"},
         {"speed_mts", "configured_speed_mts"}},
        {"pci",
         {"address"},
         {"vendor_id", "device_id", "subsystem_vendor_id", "subsystem_device_id"},
         {"link.width", "link.speed_gts"}},
        {"storage", {"model", "size_bytes", "transport"}, {"firmware_version", "read_error"}, {}},
        {"network", {"pci_address", "usb_device"}, {"driver", "firmware_version"}, {}},
        {"power", {"location"}, {"present", "status", "maximum_power_w"}, {}},
        {"tpm", {"name"}, {"version_major", "manufacturer", "firmware_version"}, {}},
};

static const json_t *member_of(const json_t *object, const char *path) {
        const char *dot = strchr(path, '.');
        _cleanup_free_ char *name = NULL;

        if (!dot)
                return json_object_get(object, path);

        name = strprintf("%.*s", (int) (dot - path), path);
        return name ? member_of(json_object_get(object, name), dot + 1) : NULL;
}

static int copy_members(json_t *to, const json_t *thing, const char *const *members, size_t n,
                        bool at_least) {
        for (size_t i = 0; i < n && members[i]; i++) {
                const json_t *value = member_of(thing, members[i]);
                int r;

                /* That something is unknown is nobody's order; that a drive has no error is. */
                if (!value || (json_is_null(value) && !streq(members[i], "read_error")))
                        continue;

                r = json_set(to, members[i],
                             at_least ? json_pack("{s:O}", "at_least", value)
                                      : json_incref((json_t *) value));
                if (r < 0)
                        return r;
        }

        return 0;
}

static json_t *find_rule(const json_t *rules, const json_t *where, const char *part) {
        json_t *rule;
        size_t i;

        json_array_foreach(rules, i, rule) {
                if (streq(json_get_string(rule, "part"), part) &&
                    json_equal(json_object_get(rule, "where"), where))
                        return rule;
        }

        return NULL;
}

static int add_rule(json_t *rules, size_t order, const json_t *thing) {
        _cleanup_json_ json_t *where = json_object(), *expect = json_object();
        json_t *same;
        int r;

        r = where && expect ? copy_members(where, thing, orders[order].chooses,
                                           ELEMENTSOF(orders[order].chooses), false)
                            : -ENOMEM;
        if (r < 0)
                return r;

        same = find_rule(rules, where, orders[order].part);
        if (same)
                return json_set_u64(same, "count", (uint64_t) json_get_integer(same, "count", 1) + 1);

        r = copy_members(expect, thing, orders[order].expects, ELEMENTSOF(orders[order].expects), false);
        if (r < 0)
                return r;

        r = copy_members(expect, thing, orders[order].at_least, ELEMENTSOF(orders[order].at_least), true);
        if (r < 0)
                return r;

        return json_append(rules, json_pack("{s:s, s:O, s:i, s:O}", "part", orders[order].part, "where",
                                            where, "count", 1, "expect", expect));
}

int manifest_make(const json_t *inventory, json_t **ret) {
        _cleanup_json_ json_t *rules = json_array();

        if (!rules)
                return -ENOMEM;

        for (size_t order = 0; order < ELEMENTSOF(orders); order++) {
                const json_t *part = member_of(inventory, orders[order].part), *thing;
                size_t i;
                int r;

                if (json_is_object(part)) {
                        r = add_rule(rules, order, part);
                        if (r < 0)
                                return r;
                }

                json_array_foreach(part, i, thing) {
                        r = add_rule(rules, order, thing);
                        if (r < 0)
                                return r;
                }
        }

        *ret = json_pack("{s:i, s:O}", "schema_version", MANIFEST_SCHEMA_VERSION, "rules", rules);
        return *ret ? 0 : -ENOMEM;
}
