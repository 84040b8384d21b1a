/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "journal/journal.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"

static const char boot[] = "5f3c1c1e-0000-4000-8000-000000000000";

struct fixture {
        struct plan *plan;
        struct journal *journal;
        char path[32];
};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        struct journal_options options;

        *state = f;
        strcpy(f->path, "/tmp/journal-XXXXXX");
        close(mkstemp(f->path));

        options = (struct journal_options){.boot = boot, .path = f->path};
        return plan_new(&f->plan) < 0 || journal_new(f->plan, &options, &f->journal) < 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        journal_free(f->journal);
        plan_free(f->plan);
        unlink(f->path);
        free(f);
        return 0;
}

/* The file's lines as a JSON array. */
static json_t *lines(const struct fixture *f) {
        _cleanup_free_ char *text = NULL;
        json_t *array = json_array();
        char *rest, *line;

        assert_int_equal(read_file(f->path, 1 << 20, &text, NULL), 0);
        for (rest = text; (line = strsep(&rest, "\n")) && *line;) {
                json_t *json;

                assert_int_equal(json_parse(line, strlen(line), &json), 0);
                json_array_append_new(array, json);
        }

        return array;
}

static const json_t *run_artifact(const json_t *array, size_t i, const char *kind) {
        return json_object_get(json_object_get(json_array_get(array, i), "testRunArtifact"), kind);
}

static void run_begins_with_schema_and_start_and_counts_from_zero(void **state) {
        struct fixture *f = *state;
        _cleanup_json_ json_t *array = NULL;
        const json_t *start;

        assert_int_equal(journal_run_start(f->journal, "discovery", json_object(),
                                           json_pack("{s:s}", "dutInfoId", "x")),
                         0);
        assert_int_equal(journal_run_end(f->journal, OCP_COMPLETE, OCP_PASS), 0);

        array = lines(f);
        assert_int_equal(json_array_size(array), 3);
        assert_int_equal(
                json_get_integer(json_object_get(json_array_get(array, 0), "schemaVersion"), "major", 0), 2);
        start = run_artifact(array, 1, "testRunStart");
        assert_string_equal(json_get_string(start, "name"), "discovery");
        assert_string_equal(json_get_string(json_object_get(start, "metadata"), "boot"), boot);
        assert_string_equal(json_get_string(json_object_get(start, "metadata"), "stage"), "discovery");
        assert_string_equal(json_get_string(run_artifact(array, 2, "testRunEnd"), "result"), "PASS");
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(json_get_integer(json_array_get(array, i), "sequenceNumber", -1), i);
}

static void next_run_counts_from_zero_again(void **state) {
        struct fixture *f = *state;
        _cleanup_json_ json_t *array = NULL;

        for (int i = 0; i < 2; i++) {
                assert_int_equal(journal_run_start(f->journal, "trial", json_object(), json_object()), 0);
                assert_int_equal(journal_run_end(f->journal, OCP_SKIP, OCP_NOT_APPLICABLE), 0);
        }

        array = lines(f);
        assert_int_equal(json_array_size(array), 6);
        assert_int_equal(json_get_integer(json_array_get(array, 3), "sequenceNumber", -1), 0);
}

static void log_between_runs_becomes_part_of_the_next(void **state) {
        struct fixture *f = *state;
        _cleanup_json_ json_t *array = NULL;
        const json_t *log;

        assert_int_equal(journal_log(f->journal, "WARNING", "plan:%d is odd", 3), 0);
        assert_int_equal(journal_run_start(f->journal, "discovery", json_object(), json_object()), 0);

        array = lines(f);
        log = run_artifact(array, 2, "log");
        assert_string_equal(json_get_string(log, "severity"), "WARNING");
        assert_string_equal(json_get_string(log, "message"), "plan:3 is odd");
}

static void steps_side_by_side_keep_their_ids(void **state) {
        struct fixture *f = *state;
        _cleanup_json_ json_t *array = NULL;
        const json_t *artifact;
        unsigned a, b;

        assert_int_equal(journal_run_start(f->journal, "discovery", json_object(), json_object()), 0);
        assert_int_equal(journal_step_start(f->journal, "pci", &a), 0);
        assert_int_equal(journal_step_start(f->journal, "usb", &b), 0);
        assert_int_not_equal(a, b);
        assert_int_equal(journal_step_end(f->journal, a, OCP_ERROR), 0);

        array = lines(f);
        artifact = json_object_get(json_array_get(array, 4), "testStepArtifact");
        assert_string_equal(json_get_string(artifact, "testStepId"), "0");
        assert_string_equal(json_get_string(json_object_get(artifact, "testStepEnd"), "status"), "ERROR");
}

static void second_start_without_an_end_is_refused(void **state) {
        struct fixture *f = *state;

        assert_int_equal(journal_run_start(f->journal, "discovery", json_object(), json_object()), 0);
        assert_int_equal(journal_run_start(f->journal, "trial", json_object(), json_object()), -EBUSY);
}

static void message_that_is_no_utf8_is_kept(void **state) {
        struct fixture *f = *state;
        _cleanup_json_ json_t *array = NULL;

        assert_int_equal(journal_run_start(f->journal, "discovery", json_object(), json_object()), 0);
        assert_int_equal(journal_log(f->journal, "INFO", "disk \xff\xfe"), 0);

        array = lines(f);
        assert_string_equal(json_get_string(run_artifact(array, 2, "log"), "message"), "disk ??");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(run_begins_with_schema_and_start_and_counts_from_zero),
                TEST(next_run_counts_from_zero_again),
                TEST(log_between_runs_becomes_part_of_the_next),
                TEST(steps_side_by_side_keep_their_ids),
                TEST(second_start_without_an_end_is_refused),
                TEST(message_that_is_no_utf8_is_kept),
        };

        return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
