/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bmc/redfish/redfish.h"
#include "journal-reader.h"
#include "read-back.h"

void read_back_done(struct read_back *b) {
        free(b->location);
        free(b->stage);
        json_decref(b->records);
        *b = (struct read_back){};
}

int read_back_expect(struct read_back *b, const struct journal_batch *batch, const char *location) {
        _cleanup_(read_back_done) struct read_back expected = {
                .has_inventory = batch->has_inventory,
                .ends_run = batch->ends_run,
        };
        _cleanup_free_ char *text = NULL;
        int r;

        read_back_done(b);
        if (!batch->has_inventory && !batch->ends_run)
                return 0;

        text = strprintf("[%s]", batch->records);
        expected.stage = strdup(batch->stage);
        if (!text || !expected.stage)
                return -ENOMEM;

        if (location) {
                expected.location = strdup(location);
                if (!expected.location)
                        return -ENOMEM;
        }

        r = json_parse(text, strlen(text), &expected.records);
        if (r < 0)
                return r;

        *b = TAKE(expected, (struct read_back){});
        return 0;
}

/* As json_equal(), but for how a number is spelled, which is the BMC's own affair (PROTOCOL.md). The records
 * are ours: no deeper than we have made them. */
static bool same(const json_t *a, const json_t *b) {
        const char *key;
        json_t *value;
        size_t i;

        if (json_is_number(a) && json_is_number(b))
                return json_is_integer(a) && json_is_integer(b)
                               ? json_integer_value(a) == json_integer_value(b)
                               : json_number_value(a) == json_number_value(b);

        if (json_is_array(a) && json_is_array(b)) {
                if (json_array_size(a) != json_array_size(b))
                        return false;
                json_array_foreach(a, i, value) if (!same(value, json_array_get(b, i))) return false;
                return true;
        }

        if (json_is_object(a) && json_is_object(b)) {
                if (json_object_size(a) != json_object_size(b))
                        return false;
                json_object_foreach((json_t *) a, key, value) {
                        const json_t *other = json_object_get(b, key);

                        if (!other || !same(value, other))
                                return false;
                }
                return true;
        }

        return json_equal(a, b);
}

static bool holds(const json_t *entry, const json_t *records) {
        const json_t *held =
                json_object_get(json_object_get(json_object_get(entry, "Oem"), "Seatrial"), "Records");
        size_t n = json_array_size(records), n_held = json_array_size(held);

        if (n_held == 0 || n_held > n)
                return false;

        for (size_t i = 0; i < n_held; i++)
                if (!same(json_array_get(records, n - n_held + i), json_array_get(held, i)))
                        return false;

        return true;
}

enum item_state read_back_check(const struct read_back *b, struct redfish *redfish, char **ret_detail) {
        _cleanup_json_ json_t *entry = NULL;
        int r;

        *ret_detail = NULL;
        if (!b->location) {
                *ret_detail = strdup("the BMC does not say where it is");
                return ITEM_ACCEPTED;
        }

        r = redfish_get(redfish, b->location, &entry);
        if (r < 0) {
                *ret_detail = strdup(redfish_problem(redfish));
                return ITEM_ACCEPTED;
        }

        if (holds(entry, b->records))
                return ITEM_VERIFIED;

        *ret_detail = strprintf("%s does not hold what was sent", b->location);
        return ITEM_ACCEPTED;
}
