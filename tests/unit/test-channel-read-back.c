/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the BMC has taken is read again, and told by what shows. */

#include "bmc/channel-report.h"
#include "tests/unit/test-channel-fixture.h"

/* What the status that a run leaves has of an item; detail in *ret_detail when it is not NULL. */
static char *item_state(struct fixture *f, const char *item, char **ret_detail) {
        _cleanup_json_ json_t *status = NULL;
        const json_t *state;
        char *found = NULL;
        size_t i;

        assert_int_equal(channel_status_read(f->journal_path, &status), 0);
        json_array_foreach(json_object_get(status, "items"), i, state) {
                if (!streq(json_get_string(state, "item"), item))
                        continue;

                assert_null(found);
                assert_string_equal(json_get_string(state, "way"), "Redfish LogEntry");
                found = strdup(json_get_string(state, "state"));
                if (ret_detail)
                        *ret_detail = strdup(json_get_string(state, "detail") ?: "");
        }

        return found;
}

static void inventory_and_reports_are_read_back(void **state) {
        struct fixture *f = start(state);
        _cleanup_free_ char *inventory = NULL, *discovery = NULL, *trial = NULL, *production = NULL;

        journal_stage(f, "discovery");
        journal_inventory(f);
        deliver(f);
        journal_logs(f, 3);
        journal_end(f);
        deliver(f);
        journal_stage(f, "trial");
        journal_logs(f, 3);
        journal_end(f);
        finish(f);

        inventory = item_state(f, "inventory", NULL);
        discovery = item_state(f, "report of discovery", NULL);
        trial = item_state(f, "report of trial", NULL);
        production = item_state(f, "report of production", NULL);
        assert_string_equal(inventory, "verified");
        assert_string_equal(discovery, "verified");
        assert_string_equal(trial, "verified");
        assert_null(production);
}

/* action, and more of it: what befalls the reading. */
static void reading_back_fails(void **state, json_t *fault, const char *detail) {
        struct fixture *f = start(state);
        _cleanup_free_ char *trial = NULL, *said = NULL;

        assert_int_equal(settle(f), CHANNEL_OPEN);
        assert_int_equal(
                json_object_update_new(fault, json_pack("{ssss}", "method", "GET", "path", "*/Entries/*")),
                0);
        bmc_fault(&f->bmc, fault);
        journal_stage(f, "trial");
        journal_end(f);
        deliver(f);
        journal_logs(f, 3);
        finish(f);

        trial = item_state(f, "report of trial", &said);
        assert_string_equal(trial, "accepted");
        assert_non_null(strstr(said, detail));
}

static void entry_that_cannot_be_read_is_accepted(void **state) {
        reading_back_fails(state, json_pack("{sssi}", "action", "status", "status", 405), ": 405");
}

static void entry_that_is_none_is_accepted(void **state) {
        reading_back_fails(state, json_pack("{ss}", "action", "garbage"), "no JSON object");
}

static void entry_whose_reading_is_cut_off_is_accepted_and_delivery_goes_on(void **state) {
        reading_back_fails(state, json_pack("{ssss}", "action", "cut", "when", "middle"), "GET ");
}

int main(void) {
        static const struct CMUnitTest all[] = {
                TEST(inventory_and_reports_are_read_back),
                TEST(entry_that_cannot_be_read_is_accepted),
                TEST(entry_that_is_none_is_accepted),
                TEST(entry_whose_reading_is_cut_off_is_accepted_and_delivery_goes_on),
        };

        return cmocka_run_group_tests(all, enter, leave);
}
