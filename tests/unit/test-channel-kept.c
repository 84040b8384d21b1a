/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One account a boot: what the channel keeps of its way into the BMC, for the second leg of the memory trial
 * and for an agent that is begun over again. */

#include "bmc/kept.h"
#include "tests/unit/test-channel-fixture.h"

#define NEXT "7f2d9a52-40d4-4d0d-9a5f-7f1b3a0c1d2e"

static char kept_path[PATH_MAX];

/* PID 1 has made the file. */
static struct fixture *start_keeping(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        snprintf(kept_path, sizeof(kept_path), "%s/kept", f->bmc.directory);
        assert_int_equal(kept_make(kept_path, "/nowhere"), 0);
        f->environment.kept = kept_path;
        return start(state);
}

static void journal_run(struct fixture *f, const char *stage) {
        journal_stage(f, stage);
        if (streq(stage, "discovery")) {
                journal_inventory(f);
                deliver(f);
        }
        journal_end(f);
        deliver(f);
}

/* As the first leg's agent does, with the second leg loaded. */
static void hand_on(char text[static KEPT_TEXT_MAX], size_t *ret_size) {
        assert_int_equal(kept_read_text(kept_path, text, ret_size), 0);
        assert_int_equal(kept_forget(kept_path), 0);
}

static void go_on(struct fixture *f, const char *text, size_t size) {
        _cleanup_free_ char *handed_on = strprintf("%s-handed-on", kept_path);

        assert_int_equal(write_file_atomic(handed_on, text, size, 0600), 0);
        assert_int_equal(kept_make(kept_path, handed_on), 0);
        boot_again(f, NEXT);
}

static int others(struct fixture *f) {
        return bmc_count(&f->bmc, "requests") - bmc_count(&f->bmc, "entries");
}

static bool bootstrapping_is_on(struct fixture *f) {
        _cleanup_json_ json_t *status = bmc_ask(&f->bmc, json_pack("{ss}", "command", "status"));

        return streq(json_get_string(status, "bootstrapping"), "enabled");
}

static void first_leg(struct fixture *f, char text[static KEPT_TEXT_MAX], size_t *ret_size) {
        journal_run(f, "discovery");
        journal_run(f, "trial");
        assert_false(bootstrapping_is_on(f));
        hand_on(text, ret_size);
        journal_run(f, "production");
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), 0);
        assert_non_null(strstr(f->summary, "session handed on"));
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 1);
}

static void second_leg(struct fixture *f) {
        journal_run(f, "discovery");
        journal_run(f, "trial");
        journal_run(f, "production");
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), 0);
        assert_non_null(strstr(f->summary, "session closed"));
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 0);
        assert_false(bootstrapping_is_on(f));
}

static void two_legs_need_fewer_than_twelve_requests_beside_the_batches(void **state) {
        struct fixture *f = start_keeping(state);
        char text[KEPT_TEXT_MAX];
        size_t size;

        first_leg(f, text, &size);
        assert_int_equal(others(f), 7);
        go_on(f, text, size);
        second_leg(f);
        assert_int_equal(others(f), 11);
        assert_int_equal(bmc_count(&f->bmc, "connections"), 2);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 1);
}

/* Nothing was read back in the first leg, since the service does not show its entries there. */
static void what_the_first_leg_could_not_read_back_the_second_does(void **state) {
        struct fixture *f = *state;
        char text[KEPT_TEXT_MAX];
        size_t size;

        if (!loopback)
                skip();

        bmc_fault(&f->bmc, json_pack("{sssssssisi}", "method", "GET", "path", "*/Entries/*", "action",
                                     "status", "status", 404, "count", 1));
        f = start_keeping(state);
        first_leg(f, text, &size);
        go_on(f, text, size);
        second_leg(f);
        assert_int_equal(others(f), 13);
}

static void session_that_the_bmc_has_ended_is_opened_anew(void **state) {
        struct fixture *f = start_keeping(state);
        char text[KEPT_TEXT_MAX];
        size_t size;

        first_leg(f, text, &size);
        bmc_fault(&f->bmc, json_pack("{sssssssi}", "method", "GET", "path", "*", "action", "drop-session",
                                     "count", 1));
        go_on(f, text, size);
        second_leg(f);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 1);
}

static void account_that_a_restart_of_the_bmc_has_ended_is_asked_for_anew(void **state) {
        struct fixture *f = start_keeping(state);
        char text[KEPT_TEXT_MAX];
        struct kept before, after;
        size_t size;

        first_leg(f, text, &size);
        assert_int_equal(kept_parse(text, size, &before), 0);
        bmc_stop(&f->bmc);
        bmc_start(&f->bmc);
        go_on(f, text, size);
        second_leg(f);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 1);
        assert_int_equal(kept_read(kept_path, &after), 0);
        assert_string_not_equal(before.account.user_name, after.account.user_name);
}

/* The second leg could not be loaded, or the plan does not want one: all is ended as ever, and a person who
 * leaves the rescue shell has the agent begin with the account that there is. */
static void agent_that_is_begun_over_again_has_the_account_of_the_one_before(void **state) {
        struct fixture *f = start_keeping(state);
        struct kept kept;

        journal_run(f, "discovery");
        finish(f);
        assert_false(bootstrapping_is_on(f));
        assert_int_equal(kept_read(kept_path, &kept), 0);
        assert_int_equal(kept.token[0], 0);

        boot_again(f, NEXT);
        journal_run(f, "discovery");
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), 0);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 0);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 1);
        assert_false(told(f, "WARNING", "") || told(f, "ERROR", ""));
}

static void session_of_an_agent_that_was_killed_is_taken_over_and_ended(void **state) {
        struct fixture *f = start_keeping(state);

        journal_run(f, "discovery");
        f->channel = channel_free(f->channel);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 1);
        boot_again(f, NEXT);
        journal_run(f, "discovery");
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), 0);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 0);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 1);
}

static void nothing_is_kept_unless_somebody_wipes_it(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        snprintf(kept_path, sizeof(kept_path), "%s/kept", f->bmc.directory);
        f->environment.kept = kept_path;
        f = start(state);
        journal_run(f, "discovery");
        finish(f);
        assert_int_equal(access(kept_path, F_OK), -1);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(two_legs_need_fewer_than_twelve_requests_beside_the_batches),
                TEST(what_the_first_leg_could_not_read_back_the_second_does),
                TEST(session_that_the_bmc_has_ended_is_opened_anew),
                TEST(account_that_a_restart_of_the_bmc_has_ended_is_asked_for_anew),
                TEST(agent_that_is_begun_over_again_has_the_account_of_the_one_before),
                TEST(session_of_an_agent_that_was_killed_is_taken_over_and_ended),
                TEST(nothing_is_kept_unless_somebody_wipes_it),
        };

        return cmocka_run_group_tests_name("channel-kept", tests, enter, leave);
}
