/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/efi-variable.h"
#include "base/text.h"
#include "journal/journal.h"
#include "journal/mark.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"

static const char boot[] = "5f3c1c1e-0000-4000-8000-000000000000";

struct fixture {
        char root[32];
        struct plan *plan;
        struct journal *journal;
};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        struct journal_options options;

        *state = f;
        strcpy(f->root, "/tmp/test-mark-XXXXXX");
        if (!mkdtemp(f->root))
                return -1;

        options = (struct journal_options){.boot = boot, .mark_root = f->root};
        return plan_new(&f->plan) < 0 || journal_new(f->plan, &options, &f->journal) < 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;
        int r;

        journal_free(f->journal);
        plan_free(f->plan);
        r = mark_remove(f->root) < 0 || rmdir(f->root) < 0;
        free(f);
        return r;
}

static void start(const struct fixture *f, const char *stage) {
        assert_int_equal(journal_run_start(f->journal, stage, json_object(), json_object()), 0);
}

static unsigned step(const struct fixture *f, const char *name) {
        unsigned number;

        assert_int_equal(journal_step_start(f->journal, name, &number), 0);
        return number;
}

static void assert_mark(const struct fixture *f, const char *where) {
        _cleanup_free_ char *description = NULL;
        struct mark mark;
        uint64_t time;

        assert_int_equal(mark_read(f->root, &mark), 0);
        assert_string_equal(mark.boot, boot);
        assert_int_equal(parse_timestamp(mark.time, &time), 0);
        description = mark_describe(&mark);
        assert_string_equal(description, where);
}

static void stage_is_marked_when_it_begins(void **state) {
        struct fixture *f = *state;
        struct mark mark;

        assert_int_equal(mark_read(f->root, &mark), -ENOENT);
        start(f, "discovery");
        assert_mark(f, "in stage discovery");
}

static void steps_of_discovery_are_not_marked(void **state) {
        struct fixture *f = *state;

        start(f, "discovery");
        step(f, "memory");
        assert_mark(f, "in stage discovery");
}

static void trial_is_marked_before_it_begins_and_the_next_stage_replaces_it(void **state) {
        struct fixture *f = *state;
        unsigned number;

        start(f, "trial");
        assert_mark(f, "in stage trial");
        number = step(f, "memory");
        assert_mark(f, "in stage trial, step memory");
        assert_int_equal(journal_step_end(f->journal, number, OCP_COMPLETE), 0);
        step(f, "processor");
        assert_mark(f, "in stage trial, step processor");
        assert_int_equal(journal_run_end(f->journal, OCP_COMPLETE, OCP_PASS), 0);
        start(f, "production");
        assert_mark(f, "in stage production");
}

static void progress_soon_after_the_last_write_spares_the_flash(void **state) {
        struct fixture *f = *state;
        unsigned number;

        start(f, "trial");
        number = step(f, "memory");
        journal_progress(f->journal, number, 0.5, "");
        assert_mark(f, "in stage trial, step memory");
}

static void mark_that_is_removed_is_gone(void **state) {
        struct fixture *f = *state;
        struct mark mark;

        start(f, "trial");
        assert_int_equal(mark_remove(f->root), 0);
        assert_int_equal(mark_read(f->root, &mark), -ENOENT);
        assert_int_equal(mark_remove(f->root), 0);
}

static void progress_is_part_of_what_is_read_back(void **state) {
        struct fixture *f = *state;
        const struct mark written = {
                .boot = "5f3c1c1e-0000-4000-8000-000000000000",
                .stage = "trial",
                .step = "memory",
                .percent = 40,
                .time = "2026-01-01T00:00:00Z",
        };

        assert_int_equal(mark_write(f->root, &written), 0);
        assert_mark(f, "in stage trial, step memory, 40 % done");
}

static void firmware_without_variables_costs_nothing_but_the_mark(void **state) {
        const struct journal_options options = {.boot = boot, .mark_root = "/nonexistent"};
        struct fixture *f = *state;
        _cleanup_(journal_freep) struct journal *journal = NULL;

        assert_int_equal(journal_new(f->plan, &options, &journal), 0);
        assert_int_equal(journal_run_start(journal, "trial", json_object(), json_object()), 0);
        assert_int_equal(journal_run_end(journal, OCP_COMPLETE, OCP_PASS), 0);
}

static void what_is_no_mark_is_refused(void **state _unused_) {
        static const char *const texts[] = {
                "",
                "{}",
                "[]",
                "{\"boot\":\"b\",\"stage\":\"trial\",\"step\":\"memory\",\"percent\":40}",
                "{\"boot\":\"b\",\"stage\":\"trial\",\"step\":\"memory\",\"percent\":101,\"time\":\"t\"}",
                "{\"boot\":\"b\",\"stage\":\"trial\",\"step\":\"memory\",\"percent\":-1,\"time\":\"t\"}",
                "{\"boot\":\"b\",\"stage\":\"trial\",\"step\":\"memory\",\"percent\":\"4\",\"time\":\"t\"}",
                "{\"boot\":\"b\",\"stage\":\"\",\"step\":\"memory\",\"percent\":40,\"time\":\"t\"}",
                "{\"boot\":\"b\",\"stage\":\"tr\\u001b[2Jial\",\"step\":\"\",\"percent\":40,\"time\":\"t\"}",
                "{\"boot\":\"a boot id that is longer than any that a kernel makes\",\"stage\":\"trial\","
                "\"step\":\"\",\"percent\":40,\"time\":\"t\"}",
        };
        struct mark mark;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_int_equal(mark_decode(texts[i], strlen(texts[i]), &mark), -EBADMSG);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(stage_is_marked_when_it_begins, setup, teardown),
                cmocka_unit_test_setup_teardown(steps_of_discovery_are_not_marked, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        trial_is_marked_before_it_begins_and_the_next_stage_replaces_it, setup, teardown),
                cmocka_unit_test_setup_teardown(progress_soon_after_the_last_write_spares_the_flash, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(mark_that_is_removed_is_gone, setup, teardown),
                cmocka_unit_test_setup_teardown(progress_is_part_of_what_is_read_back, setup, teardown),
                cmocka_unit_test_setup_teardown(firmware_without_variables_costs_nothing_but_the_mark, setup,
                                                teardown),
                cmocka_unit_test(what_is_no_mark_is_refused),
        };

        return cmocka_run_group_tests_name("mark", tests, NULL, NULL);
}
