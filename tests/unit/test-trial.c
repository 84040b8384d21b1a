/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/event.h"
#include "base/text.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"
#include "trial/runner.h"

struct fixture {
        struct event *event;
        struct plan *plan;
        json_t *artifacts; /* {kind: content}, in their order */
        json_t *progress;
};

static void on_artifact(const char *kind, const json_t *content, void *userdata) {
        struct fixture *f = userdata;

        json_array_append_new(f->artifacts, json_pack("{s:O}", kind, content));
}

static void on_progress(double fraction, const char *text, void *userdata) {
        struct fixture *f = userdata;

        json_array_append_new(f->progress, json_pack("[f, s]", fraction, text));
}

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        *state = f;
        f->artifacts = json_array();
        f->progress = json_array();
        return plan_new(&f->plan) < 0 || event_new(&f->event) < 0 ? -1 : 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        json_decref(f->artifacts);
        json_decref(f->progress);
        event_free(f->event);
        plan_free(f->plan);
        free(f);
        return 0;
}

static uint64_t a_minute(const struct plan *plan _unused_) {
        return 60 * USEC_PER_SEC;
}

static uint64_t a_moment(const struct plan *plan _unused_) {
        return 50 * USEC_PER_MSEC;
}

static enum trial_outcome outcome_of(struct fixture *f, int (*run)(const struct trial_context *),
                                     uint64_t (*time_limit)(const struct plan *)) {
        static const struct trial_observer observer = {.artifact = on_artifact, .progress = on_progress};
        const struct trial trial = {.name = "test", .time_limit = time_limit, .run = run};
        enum trial_outcome outcome;

        assert_int_equal(trial_run(f->event, &trial, f->plan, NULL, &observer, f, &outcome), 0);
        return outcome;
}

static const json_t *artifact(const struct fixture *f, size_t i, const char *kind) {
        return json_object_get(json_array_get(f->artifacts, i), kind);
}

static int passes(const struct trial_context *context) {
        trial_report_log(context, "INFO", "%d %s", 3, "words");
        trial_report_measurement(context, "size", 0x1p40, "B", NULL);
        trial_report_measurement(context, "rate", 2.5, NULL, "cpu-0");
        trial_report_progress(context, 0.25, "%d s left", 7);
        return trial_report_diagnosis(context, TRIAL_PASS, "all-well", NULL, "%s", "Nothing wrong");
}

static void reports_arrive_as_artifacts(void **state) {
        struct fixture *f = *state;
        const json_t *a;

        assert_int_equal(outcome_of(f, passes, a_minute), TRIAL_PASSED);
        assert_int_equal(json_array_size(f->artifacts), 4);

        a = artifact(f, 0, "log");
        assert_string_equal(json_get_string(a, "severity"), "INFO");
        assert_string_equal(json_get_string(a, "message"), "3 words");

        a = artifact(f, 1, "measurement");
        assert_string_equal(json_get_string(a, "name"), "size");
        assert_string_equal(json_get_string(a, "unit"), "B");
        assert_int_equal(json_get_integer(a, "value", 0), INT64_C(1) << 40);
        assert_null(json_object_get(a, "hardwareInfoId"));

        a = artifact(f, 2, "measurement");
        assert_true(json_real_value(json_object_get(a, "value")) == 2.5);
        assert_string_equal(json_get_string(a, "hardwareInfoId"), "cpu-0");
        assert_null(json_object_get(a, "unit"));

        a = artifact(f, 3, "diagnosis");
        assert_string_equal(json_get_string(a, "type"), "PASS");
        assert_string_equal(json_get_string(a, "verdict"), "all-well");
        assert_string_equal(json_get_string(a, "message"), "Nothing wrong");

        assert_int_equal(json_array_size(f->progress), 1);
        a = json_array_get(f->progress, 0);
        assert_true(json_real_value(json_array_get(a, 0)) == 0.25);
        assert_string_equal(json_string_value(json_array_get(a, 1)), "7 s left");
}

static int fails_among_passes(const struct trial_context *context) {
        trial_report_diagnosis(context, TRIAL_PASS, "one-well", NULL, "First");
        trial_report_diagnosis(context, TRIAL_FAIL, "one-ill", "dimm-A1", "Second");
        return trial_report_diagnosis(context, TRIAL_PASS, "one-well", NULL, "Third");
}

static void one_failure_fails_the_trial(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, fails_among_passes, a_minute), TRIAL_FAILED);
        assert_int_equal(json_array_size(f->artifacts), 3);
        assert_string_equal(json_get_string(artifact(f, 1, "diagnosis"), "hardwareInfoId"), "dimm-A1");
}

/* The artifact that the runner adds, the last one. */
static void assert_error(const struct fixture *f, const char *symptom, const char *message) {
        const json_t *error = artifact(f, json_array_size(f->artifacts) - 1, "error");

        assert_non_null(error);
        assert_string_equal(json_get_string(error, "symptom"), symptom);
        assert_string_equal(json_get_string(error, "message"), message);
}

static int dies_of_bad_memory(const struct trial_context *context) {
        trial_report_diagnosis(context, TRIAL_PASS, "one-well", NULL, "Before");
        return raise(SIGBUS);
}

static void a_crash_is_an_error_and_no_pass(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, dies_of_bad_memory, a_minute), TRIAL_NOT_RUN);
        assert_int_equal(json_array_size(f->artifacts), 2);
        assert_error(f, "trial-crashed", "The test trial was killed by signal 7 (Bus error).");
}

static int fails_and_dies(const struct trial_context *context) {
        trial_report_diagnosis(context, TRIAL_FAIL, "one-ill", NULL, "Before");
        return raise(SIGKILL);
}

static void a_failure_before_a_crash_counts(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, fails_and_dies, a_minute), TRIAL_FAILED);
        assert_error(f, "trial-crashed", "The test trial was killed by signal 9 (Killed).");
}

static int hangs(const struct trial_context *context _unused_) {
        return pause();
}

static void a_hang_ends_at_the_time_limit(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, hangs, a_moment), TRIAL_NOT_RUN);
        assert_error(f, "trial-timed-out", "The test trial ran longer than its limit of 0.1 s.");
}

static int cannot_run(const struct trial_context *context _unused_) {
        return -ENODEV;
}

static void an_errno_is_told_in_words(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, cannot_run, a_minute), TRIAL_NOT_RUN);
        assert_int_equal(json_array_size(f->artifacts), 1);
        assert_error(f, "trial-could-not-run", "The test trial could not run: No such device.");
}

static int cannot_run_and_says_why(const struct trial_context *context) {
        trial_report_error(context, "no-such-thing", "There is no thing %d", 5);
        return -ENODEV;
}

static void an_error_already_told_is_not_told_twice(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, cannot_run_and_says_why, a_minute), TRIAL_NOT_RUN);
        assert_int_equal(json_array_size(f->artifacts), 1);
        assert_error(f, "no-such-thing", "There is no thing 5");
}

static int says_nothing(const struct trial_context *context _unused_) {
        return 0;
}

static int is_not_sure(const struct trial_context *context) {
        return trial_report_diagnosis(context, TRIAL_UNKNOWN, "who-knows", NULL, "Perhaps");
}

static void no_verdict_is_no_pass(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, says_nothing, a_minute), TRIAL_NOT_RUN);
        assert_error(f, "trial-without-verdict", "The test trial ended without a verdict.");
        assert_int_equal(outcome_of(f, is_not_sure, a_minute), TRIAL_NOT_RUN);
        assert_error(f, "trial-without-verdict", "The test trial ended without a verdict.");
}

static int reports_an_unknown_kind(const struct trial_context *context) {
        trial_report(context, json_pack("{s:{s:s}}", "opinion", "text", "fine"));
        return trial_report_diagnosis(context, TRIAL_PASS, "all-well", NULL, "Nothing wrong");
}

static void an_unknown_kind_is_an_error_and_not_handed_on(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, reports_an_unknown_kind, a_minute), TRIAL_NOT_RUN);
        assert_int_equal(json_array_size(f->artifacts), 2);
        assert_string_equal(json_get_string(artifact(f, 0, "error"), "message"),
                            "The test trial sent an artifact of unknown kind \"opinion\".");
        assert_non_null(artifact(f, 1, "diagnosis"));
}

static int reports_malformed_artifacts(const struct trial_context *context) {
        trial_report(context, json_pack("{s:{s:s, s:s}}", "diagnosis", "type", "MAYBE", "verdict", "x"));
        trial_report(context, json_pack("{s:{s:s}}", "measurement", "name", "x"));
        trial_report(context, json_pack("{s:{s:i}}", "error", "symptom", 5));
        trial_report(context, json_pack("{s:{s:s, s:s}}", "log", "severity", "LOUD", "message", "x"));
        return trial_report(context, json_pack("{s:s}", "diagnosis", "PASS"));
}

static void malformed_artifacts_are_errors(void **state) {
        static const char *const messages[] = {
                "The test trial sent an artifact (diagnosis) without a proper \"type\".",
                "The test trial sent an artifact (measurement) without a proper \"value\".",
                "The test trial sent an artifact (error) without a proper \"symptom\".",
                "The test trial sent an artifact (log) without a proper \"severity\".",
                "The test trial sent an artifact (diagnosis) without a proper \"type\".",
        };
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, reports_malformed_artifacts, a_minute), TRIAL_NOT_RUN);
        assert_int_equal(json_array_size(f->artifacts), ELEMENTSOF(messages));
        for (size_t i = 0; i < ELEMENTSOF(messages); i++)
                assert_string_equal(json_get_string(artifact(f, i, "error"), "message"), messages[i]);
}

static int writes_no_json(const struct trial_context *context) {
        return write(context->report_fd, "hello\n", 6) == 6 ? pause() : -EIO;
}

static void a_broken_report_ends_the_trial(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, writes_no_json, a_minute), TRIAL_NOT_RUN);
        assert_error(f, "malformed-report", "The test trial sent a report that is no JSON object.");
}

static int prints(const struct trial_context *context) {
        puts("*** corrupted ***");
        return trial_report_diagnosis(context, TRIAL_PASS, "all-well", NULL, "Nothing wrong");
}

static void what_is_printed_becomes_a_warning(void **state) {
        struct fixture *f = *state;
        const json_t *log;

        assert_int_equal(outcome_of(f, prints, a_minute), TRIAL_PASSED);
        assert_int_equal(json_array_size(f->artifacts), 2);
        log = artifact(f, 0, "log") ?: artifact(f, 1, "log");
        assert_string_equal(json_get_string(log, "severity"), "WARNING");
        assert_string_equal(json_get_string(log, "message"), "*** corrupted ***");
}

static int overdoes_progress(const struct trial_context *context) {
        trial_report_progress(context, 7, "far");
        trial_report_progress(context, -1, "back");
        trial_report(context, json_pack("{s:{s:s}}", "progress", "fraction", "half"));
        return trial_report_diagnosis(context, TRIAL_PASS, "all-well", NULL, "Nothing wrong");
}

static void progress_stays_between_0_and_1(void **state) {
        struct fixture *f = *state;

        assert_int_equal(outcome_of(f, overdoes_progress, a_minute), TRIAL_PASSED);
        assert_int_equal(json_array_size(f->progress), 3);
        assert_true(json_number_value(json_array_get(json_array_get(f->progress, 0), 0)) == 1);
        assert_true(json_number_value(json_array_get(json_array_get(f->progress, 1), 0)) == 0);
        assert_true(json_number_value(json_array_get(json_array_get(f->progress, 2), 0)) == 0);
}

static void trials_are_found_by_name_and_their_options_are_settings(void **state) {
        struct fixture *f = *state;

        assert_ptr_equal(trial_find("memory"), &trial_memory);
        assert_ptr_equal(trial_find("processor"), &trial_processor);
        assert_null(trial_find("mem"));

        for (size_t i = 0; trials[i]; i++)
                for (const struct trial_option *option = trials[i]->options; option->name; option++) {
                        _cleanup_(plan_problems_done) struct plan_problems problems = {};

                        /* A key that is not there would give -ENOKEY. */
                        assert_in_set((unsigned) -plan_set(f->plan, option->key, "", "test", &problems),
                                      ((const uintmax_t[]){0, EINVAL}), 2);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(reports_arrive_as_artifacts, setup, teardown),
                cmocka_unit_test_setup_teardown(one_failure_fails_the_trial, setup, teardown),
                cmocka_unit_test_setup_teardown(a_crash_is_an_error_and_no_pass, setup, teardown),
                cmocka_unit_test_setup_teardown(a_failure_before_a_crash_counts, setup, teardown),
                cmocka_unit_test_setup_teardown(a_hang_ends_at_the_time_limit, setup, teardown),
                cmocka_unit_test_setup_teardown(an_errno_is_told_in_words, setup, teardown),
                cmocka_unit_test_setup_teardown(an_error_already_told_is_not_told_twice, setup, teardown),
                cmocka_unit_test_setup_teardown(no_verdict_is_no_pass, setup, teardown),
                cmocka_unit_test_setup_teardown(an_unknown_kind_is_an_error_and_not_handed_on, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(malformed_artifacts_are_errors, setup, teardown),
                cmocka_unit_test_setup_teardown(a_broken_report_ends_the_trial, setup, teardown),
                cmocka_unit_test_setup_teardown(what_is_printed_becomes_a_warning, setup, teardown),
                cmocka_unit_test_setup_teardown(progress_stays_between_0_and_1, setup, teardown),
                cmocka_unit_test_setup_teardown(trials_are_found_by_name_and_their_options_are_settings,
                                                setup, teardown),
        };

        return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
