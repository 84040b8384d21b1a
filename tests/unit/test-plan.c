/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"

struct fixture {
        struct plan *plan;
        struct plan_problems problems;
};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        *state = f;
        return f ? plan_new(&f->plan) : -ENOMEM;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        plan_free(f->plan);
        plan_problems_done(&f->problems);
        free(f);
        return 0;
}

static int apply(struct fixture *f, const char *text) {
        return plan_apply_file(f->plan, text, strlen(text), "plan", &f->problems);
}

static void assert_problem(const struct fixture *f, size_t i, const char *where, const char *message) {
        assert_true(i < f->problems.n_items);
        assert_string_equal(f->problems.items[i].where, where);
        assert_string_equal(f->problems.items[i].message, message);
}

static void built_in_plan_tries_memory_and_processor(void **state) {
        struct fixture *f = *state;

        assert_string_equal(f->plan->trials[0], "memory");
        assert_string_equal(f->plan->trials[1], "processor");
        assert_null(f->plan->trials[2]);
        assert_int_equal(f->plan->production, AFTER_BOOT);
        assert_int_equal(f->plan->trial_failed, AFTER_RESCUE);
        assert_null(f->plan->production_entry);
}

static void file_sets_what_it_names_and_no_more(void **state) {
        struct fixture *f = *state;

        assert_int_equal(apply(f, "# a comment\n"
                                  "\n"
                                  "  trial.memory.size = 1.5G   # half\n"
                                  "production.options=quiet splash\r\n"),
                         1);
        assert_int_equal(f->problems.n_items, 0);
        assert_int_equal(f->plan->trial_memory_size.bytes, 3ULL << 29);
        assert_string_equal(f->plan->production_options, "quiet splash");
        assert_int_equal(f->plan->trial_memory_passes, 1);
}

static void unknown_key_is_named_with_its_line(void **state) {
        struct fixture *f = *state;

        assert_int_equal(apply(f, "\ntrial.memroy.size = 1G\n"), 0);
        assert_int_equal(f->problems.n_items, 1);
        assert_problem(f, 0, "plan:2",
                       "there is no setting \"trial.memroy.size\"; \"seatrial plan\" lists all");
}

static void bad_value_is_named_with_what_is_expected(void **state) {
        struct fixture *f = *state;

        assert_int_equal(apply(f, "trial.memory.size = lots\n"
                                  "bmc.channel = maybe\n"
                                  "production.failed = boot\n"),
                         0);
        assert_int_equal(f->problems.n_items, 3);
        assert_problem(f, 0, "plan:1",
                       "trial.memory.size: \"lots\" is not a size such as 512M or a share such as 90%");
        assert_problem(f, 1, "plan:2", "bmc.channel: \"maybe\" is not off, auto or required");
        assert_problem(f, 2, "plan:3", "production.failed: \"boot\" is not rescue, poweroff or reboot");
}

static void file_with_one_error_changes_nothing(void **state) {
        struct fixture *f = *state;

        assert_int_equal(apply(f, "trial.run = none\nno equals sign\n"), 0);
        assert_problem(f, 0, "plan:2", "\"no equals sign\" is not of the form \"key = value\"");
        assert_string_equal(f->plan->trials[0], "memory");
}

static void file_that_is_no_text_is_refused(void **state) {
        struct fixture *f = *state;

        assert_int_equal(plan_apply_file(f->plan, "trial.run\0= none\n", 17, "plan", &f->problems), 0);
        assert_problem(f, 0, "plan", "the file holds a NUL byte and is no text");
}

static void file_over_64_kib_is_refused(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *big = calloc(1, 65537);

        memset(big, '\n', 65537);
        assert_int_equal(plan_apply_file(f->plan, big, 65537, "plan", &f->problems), 0);
        assert_problem(f, 0, "plan", "the file is larger than 65536 bytes");
}

static void command_line_takes_its_own_words_only(void **state) {
        struct fixture *f = *state;

        assert_int_equal(plan_apply_command_line(f->plan,
                                                 "console=ttyS0 seatrial.trial.run=processor quiet "
                                                 "seatrial.production.options=\"a b\" root=seatrial.x",
                                                 &f->problems),
                         0);
        assert_int_equal(f->problems.n_items, 0);
        assert_string_equal(f->plan->trials[0], "processor");
        assert_null(f->plan->trials[1]);
        assert_string_equal(f->plan->production_options, "a b");
}

static void bad_word_on_the_command_line_costs_only_itself(void **state) {
        struct fixture *f = *state;

        assert_int_equal(plan_apply_command_line(
                                 f->plan,
                                 "seatrial.trial.memory.passes=0 seatrial.bmc.channel=off seatrial.nope "
                                 "seatrial.x=1",
                                 &f->problems),
                         0);
        assert_int_equal(f->problems.n_items, 3);
        assert_problem(f, 0, "kernel command line",
                       "trial.memory.passes: \"0\" is not a whole number from 1");
        assert_problem(f, 1, "kernel command line", "\"seatrial.nope\" has no value");
        assert_problem(f, 2, "kernel command line", "there is no setting \"x\"; \"seatrial plan\" lists all");
        assert_int_equal(f->plan->bmc_channel, CHANNEL_OFF);
        assert_int_equal(f->plan->trial_memory_passes, 1);
}

static void later_layer_wins(void **state) {
        struct fixture *f = *state;

        assert_int_equal(apply(f, "trial.memory.size = 10%\nbmc.patience = 1min\n"), 1);
        assert_int_equal(plan_apply_command_line(f->plan, "seatrial.trial.memory.size=64M", &f->problems), 0);
        assert_int_equal(f->plan->trial_memory_size.bytes, 64ULL << 20);
        assert_true(f->plan->trial_memory_size.percent == 0);
        assert_int_equal(f->plan->bmc_patience, 60 * USEC_PER_SEC);
}

static void amount_over_the_whole_is_refused(void **state) {
        static const char *const bad[] = {"101%", "0%", "0", "%", "-5%", "5%%", "1.2.3%"};
        struct fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(plan_set(f->plan, "trial.memory.size", bad[i], "test", &f->problems),
                                 -EINVAL);
        assert_true(f->plan->trial_memory_size.percent == 100);
}

static void empty_name_in_a_list_is_refused(void **state) {
        struct fixture *f = *state;

        assert_int_equal(plan_set(f->plan, "trial.run", "memory,,processor", "test", &f->problems), -EINVAL);
        assert_int_equal(plan_set(f->plan, "trial.run", "none", "test", &f->problems), 0);
        assert_null(f->plan->trials[0]);
}

static int apply_bmc(struct fixture *f, const char *json) {
        _cleanup_json_ json_t *settings = NULL;

        assert_int_equal(json_parse(json, strlen(json), &settings), 0);
        return plan_apply_bmc(f->plan, settings, &f->problems);
}

static void bmc_has_its_say_between_file_and_command_line(void **state) {
        struct fixture *f = *state;

        assert_int_equal(apply(f, "trial.run = none\nproduction.then = reboot\n"), 1);
        assert_int_equal(plan_apply_command_line(f->plan, "seatrial.production.then=poweroff", &f->problems),
                         0);
        assert_int_equal(apply_bmc(f, "{\"trial.run\":\"memory\",\"production.then\":\"rescue\"}"), 1);
        assert_int_equal(f->problems.n_items, 0);
        assert_string_equal(f->plan->trials[0], "memory");
        assert_int_equal(f->plan->production, AFTER_POWEROFF);
}

static void bmc_does_not_say_who_is_trusted(void **state) {
        struct fixture *f = *state;

        assert_int_equal(apply_bmc(f, "{\"bmc.trust\":\"first-use\",\"trial.run\":\"none\"}"), 0);
        assert_problem(f, 0, "BMC", "bmc.trust is not for the BMC to say");
        assert_int_equal(apply_bmc(f, "{\"production.trust\":\"any\"}"), 0);
        assert_problem(f, 1, "BMC", "production.trust is not for the BMC to say");
        assert_string_equal(f->plan->bmc_trust[0], "fingerprint");
        assert_string_equal(f->plan->trials[0], "memory");
}

static void mistake_of_the_bmc_is_named_and_its_whole_share_left_out(void **state) {
        struct fixture *f = *state;

        assert_int_equal(apply_bmc(f, "{\"trial.run\":\"none\",\"no.such\":\"1\",\"trial.memory.passes\":2}"),
                         0);
        assert_problem(f, 0, "BMC", "there is no setting \"no.such\"; \"seatrial plan\" lists all");
        assert_problem(f, 1, "BMC", "trial.memory.passes: the value is no text");
        assert_string_equal(f->plan->trials[0], "memory");
}

static void long_trial_is_words_as_on_a_command_line(void **state) {
        struct fixture *f = *state;

        assert_int_equal(plan_apply_words(f->plan, "trial.memory.passes=7 trial.processor.time=2min",
                                          "trial.long", &f->problems),
                         0);
        assert_int_equal(f->plan->trial_memory_passes, 7);
        assert_int_equal(f->plan->trial_processor_time, 120 * USEC_PER_SEC);
}

static void way_that_nobody_knows_makes_nobody_trusted(void **state) {
        struct fixture *f = *state;

        assert_int_equal(plan_set(f->plan, "bmc.trust", "fingerprint,anybody", "test", &f->problems),
                         -EINVAL);
        assert_problem(f, 0, "test",
                       "bmc.trust: \"fingerprint,anybody\" is not a list, with commas between, of "
                       "fingerprint, ca or first-use");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(built_in_plan_tries_memory_and_processor),
                TEST(file_sets_what_it_names_and_no_more),
                TEST(unknown_key_is_named_with_its_line),
                TEST(bad_value_is_named_with_what_is_expected),
                TEST(file_with_one_error_changes_nothing),
                TEST(file_that_is_no_text_is_refused),
                TEST(file_over_64_kib_is_refused),
                TEST(command_line_takes_its_own_words_only),
                TEST(bad_word_on_the_command_line_costs_only_itself),
                TEST(later_layer_wins),
                TEST(amount_over_the_whole_is_refused),
                TEST(empty_name_in_a_list_is_refused),
                TEST(bmc_has_its_say_between_file_and_command_line),
                TEST(bmc_does_not_say_who_is_trusted),
                TEST(mistake_of_the_bmc_is_named_and_its_whole_share_left_out),
                TEST(long_trial_is_words_as_on_a_command_line),
                TEST(way_that_nobody_knows_makes_nobody_trusted),
        };

        return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
