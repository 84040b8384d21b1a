/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person reads: the journal's console, at the 80 columns of something that is no terminal. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "journal/journal.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"

struct fixture {
        struct plan *plan;
        struct journal *journal;
        char path[32];
        int stdout_fd; /* where standard output went before */
};

static int setup(void **state) {
        static const struct journal_options options = {.boot = "b", .console = true};
        struct fixture *f = calloc(1, sizeof(*f));
        int fd;

        *state = f;
        strcpy(f->path, "/tmp/console-XXXXXX");
        fd = mkstemp(f->path);
        fflush(stdout);
        f->stdout_fd = dup(STDOUT_FILENO);
        if (fd < 0 || f->stdout_fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
                return -1;
        close(fd);

        return plan_new(&f->plan) < 0 || journal_new(f->plan, &options, &f->journal) < 0 ||
               journal_run_start(f->journal, "discovery", json_object(), json_object()) < 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        journal_free(f->journal);
        plan_free(f->plan);
        fflush(stdout);
        dup2(f->stdout_fd, STDOUT_FILENO);
        close(f->stdout_fd);
        unlink(f->path);
        free(f);
        return 0;
}

static void step(struct fixture *f, const char *name, const char *text, enum ocp_status status) {
        unsigned id;

        assert_int_equal(journal_step_start(f->journal, name, &id), 0);
        if (text)
                assert_int_equal(journal_step_log(f->journal, id, "INFO", "%s", text), 0);
        assert_int_equal(journal_step_end(f->journal, id, status), 0);
}

/* What has been shown below the heading of the stage. */
static char *shown(struct fixture *f) {
        _cleanup_free_ char *text = NULL;
        char *below;

        assert_int_equal(read_file(f->path, 1 << 16, &text, NULL), 0);
        below = strstr(text, "what this machine is\n");
        assert_non_null(below);
        return strdup(below + STRLEN("what this machine is\n"));
}

static void step_is_a_row_with_its_time_at_the_right(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *text = NULL;

        step(f, "storage", "1 drive, 998 MiB in all", OCP_COMPLETE);

        text = shown(f);
        assert_memory_equal(text, "  ok    storage     1 drive, 998 MiB in all ", 44);
        assert_string_equal(text + strlen(text) - 3, " s\n");
        assert_int_equal(strlen(text), 80);
}

static void long_text_leaves_room_for_the_time_in_its_first_line_alone(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *text = NULL;
        char *second;

        step(f, "processor",
             "2 processors, each alone and all together, in 5.0 s, no difference; a short pass is weak "
             "evidence",
             OCP_COMPLETE);

        text = shown(f);
        assert_memory_equal(text, "  ok    processor   2 processors, each alone and all together, in ", 66);
        second = strchr(text, '\n') + 1;
        assert_string_equal(second,
                            "                    5.0 s, no difference; a short pass is weak evidence\n");
}

static void percent_sign_stays_with_its_number(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *text = NULL;

        step(f, "memory", "64 MiB of the kernel's 16 GiB, that is now 0.39 % of it", OCP_COMPLETE);

        text = shown(f);
        assert_memory_equal(text, "  ok    memory      64 MiB of the kernel's 16 GiB, that is now  ", 64);
        assert_string_equal(strchr(text, '\n') + 1, "                    0.39 % of it\n");
}

static void control_characters_do_not_reach_the_terminal(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *text = NULL;

        step(f, "memory", "\033[2Jgone\r\n", OCP_COMPLETE);

        text = shown(f);
        assert_memory_equal(text, "  ok    memory      ?[2Jgone??  ", 32);
}

static void what_the_machine_does_not_have_is_one_row_in_all(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *text = NULL;

        step(f, "tpm", NULL, OCP_SKIP);
        step(f, "volumes", NULL, OCP_SKIP);
        assert_int_equal(journal_run_end(f->journal, OCP_COMPLETE, OCP_PASS), 0);

        text = shown(f);
        assert_string_equal(text, "  skip  none of     tpm, volumes\n");
}

static void step_that_says_why_it_was_skipped_keeps_its_row(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *text = NULL;

        step(f, "manifest", "nothing was ordered", OCP_SKIP);
        assert_int_equal(journal_run_end(f->journal, OCP_COMPLETE, OCP_PASS), 0);

        text = shown(f);
        assert_memory_equal(text, "  skip  manifest    nothing was ordered ", 40);
        assert_null(strstr(text, "none of"));
}

static void worst_word_is_the_headline_and_no_warning_is_lost(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *text = NULL;
        unsigned id;

        assert_int_equal(journal_step_start(f->journal, "memory", &id), 0);
        assert_int_equal(journal_step_log(f->journal, id, "WARNING", "one slot is not known"), 0);
        assert_int_equal(journal_step_log(f->journal, id, "ERROR", "DIMM_A2 does not answer"), 0);
        assert_int_equal(journal_step_log(f->journal, id, "INFO", "3 of 4 slots filled"), 0);
        assert_int_equal(journal_step_end(f->journal, id, OCP_COMPLETE), 0);

        text = shown(f);
        assert_memory_equal(text, "  FAIL  memory      DIMM_A2 does not answer ", 44);
        assert_string_equal(strchr(text, '\n') + 1, "                    one slot is not known\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void step_that_has_not_ended_is_told_at_the_end(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *text = NULL;
        unsigned first, second;

        assert_int_equal(journal_step_start(f->journal, "storage", &first), 0);
        assert_int_equal(journal_step_start(f->journal, "memory", &second), 0);
        assert_int_equal(journal_step_log(f->journal, second, "INFO", "half of it tested"), 0);
        assert_int_equal(journal_close(f->journal, 0), 0);

        text = shown(f);
        assert_memory_equal(text, "  FAIL  storage     has not ended  ", 34);
        assert_memory_equal(strchr(text, '\n') + 1, "  FAIL  memory      has not ended: half of it tested  ",
                            53);
        assert_non_null(strstr(text, "  FAIL  discovery   not ended in 2 steps  "));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(step_is_a_row_with_its_time_at_the_right),
                TEST(long_text_leaves_room_for_the_time_in_its_first_line_alone),
                TEST(percent_sign_stays_with_its_number),
                TEST(control_characters_do_not_reach_the_terminal),
                TEST(what_the_machine_does_not_have_is_one_row_in_all),
                TEST(step_that_says_why_it_was_skipped_keeps_its_row),
                TEST(worst_word_is_the_headline_and_no_warning_is_lost),
                TEST(step_that_has_not_ended_is_told_at_the_end),
        };

        return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
