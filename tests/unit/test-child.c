/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/event.h"
#include "base/fd.h"
#include "base/text.h"
#include "tests/unit/unit.h"

struct fixture {
        struct event *event;
        json_t *messages;
        json_t *texts;
};

static void on_message(struct child *child _unused_, const json_t *message, void *userdata) {
        struct fixture *f = userdata;

        json_array_append(f->messages, (json_t *) message);
}

static void on_text(struct child *child _unused_, const char *line, void *userdata) {
        struct fixture *f = userdata;

        json_array_append_new(f->texts, json_string(line));
}

static const struct child_handler handler = {.message = on_message, .text = on_text};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        *state = f;
        f->messages = json_array();
        f->texts = json_array();
        return event_new(&f->event);
}

static int teardown(void **state) {
        struct fixture *f = *state;

        json_decref(f->messages);
        json_decref(f->texts);
        event_free(f->event);
        free(f);
        return 0;
}

static void run(struct fixture *f, uint64_t limit, child_main_t function, struct child_result *ret,
                char **ret_words) {
        _cleanup_(child_freep) struct child *child = NULL;

        assert_int_equal(child_start(f->event, "test", limit, function, NULL, &handler, f, &child), 0);
        assert_int_equal(child_wait(child, ret), 0);
        *ret_words = child_result_describe(child);
}

static int leaves_a_process_behind(int report_fd, void *userdata _unused_) {
        if (fork() == 0) {
                /* Unlike what it stands for, it has an end: nobody else would give it one. */
                sleep(20);
                _exit(0);
        }

        return child_report(report_fd, json_pack("{s:i}", "a", 1));
}

static void process_that_the_child_leaves_behind_is_not_waited_for(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *words = NULL;
        struct child_result result;
        uint64_t start = now_usec();

        run(f, USEC_INFINITY, leaves_a_process_behind, &result, &words);
        assert_int_equal(result.state, CHILD_EXITED);
        assert_int_equal(json_get_integer(json_array_get(f->messages, 0), "a", 0), 1);
        assert_true(now_usec() - start < 15 * USEC_PER_SEC);
}

static int reports_twice(int report_fd, void *userdata _unused_) {
        child_report(report_fd, json_pack("{s:i}", "a", 1));
        return child_report(report_fd, json_pack("{s:s}", "b", "two\nlines"));
}

static void messages_arrive_whole_and_in_order(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *words = NULL;
        struct child_result result;

        run(f, USEC_INFINITY, reports_twice, &result, &words);
        assert_int_equal(result.state, CHILD_EXITED);
        assert_int_equal(result.error, 0);
        assert_int_equal(json_array_size(f->messages), 2);
        assert_int_equal(json_get_integer(json_array_get(f->messages, 0), "a", 0), 1);
        assert_string_equal(json_get_string(json_array_get(f->messages, 1), "b"), "two\nlines");
}

static int returns_an_errno(int report_fd _unused_, void *userdata _unused_) {
        return -ENODEV;
}

static void returned_errno_arrives(void **state) {
        _cleanup_free_ char *words = NULL;
        struct child_result result;

        run(*state, USEC_INFINITY, returns_an_errno, &result, &words);
        assert_int_equal(result.state, CHILD_EXITED);
        assert_int_equal(result.error, -ENODEV);
        assert_string_equal(words, "failed: No such device");
}

static int dies_of_sigbus(int report_fd _unused_, void *userdata _unused_) {
        raise(SIGBUS);
        return 0;
}

static void signal_is_told(void **state) {
        _cleanup_free_ char *words = NULL;
        struct child_result result;

        run(*state, USEC_INFINITY, dies_of_sigbus, &result, &words);
        assert_int_equal(result.state, CHILD_KILLED);
        assert_int_equal(result.signal, SIGBUS);
        assert_string_equal(words, "was killed by signal 7 (Bus error)");
}

static int hangs(int report_fd _unused_, void *userdata _unused_) {
        pause();
        return 0;
}

static void time_limit_ends_a_hang(void **state) {
        _cleanup_free_ char *words = NULL;
        struct child_result result;

        run(*state, 50 * USEC_PER_MSEC, hangs, &result, &words);
        assert_int_equal(result.state, CHILD_TIMED_OUT);
        assert_string_equal(words, "ran longer than its limit of 0.1 s");
}

static int reports_garbage(int report_fd, void *userdata _unused_) {
        child_report(report_fd, json_pack("{s:i}", "a", 1));
        write_all(report_fd, "\1\0\0\0?", 5);
        return hangs(report_fd, NULL);
}

static void garbage_ends_it_and_keeps_what_came_before(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *words = NULL;
        struct child_result result;

        run(f, USEC_INFINITY, reports_garbage, &result, &words);
        assert_int_equal(result.state, CHILD_BROKEN);
        assert_int_equal(json_array_size(f->messages), 1);
}

static int prints(int report_fd _unused_, void *userdata _unused_) {
        printf("to standard output\n");
        fflush(stdout);
        fprintf(stderr, "\033[31mto standard error");
        return 0;
}

static void printed_text_arrives_printable(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *words = NULL;
        struct child_result result;

        run(f, USEC_INFINITY, prints, &result, &words);
        assert_int_equal(json_array_size(f->texts), 2);
        assert_string_equal(json_string_value(json_array_get(f->texts, 0)), "to standard output");
        assert_string_equal(json_string_value(json_array_get(f->texts, 1)), "?[31mto standard error");
}

static int reports_a_mebibyte(int report_fd, void *userdata _unused_) {
        _cleanup_free_ char *big = malloc((1 << 20) + 1);

        memset(big, 'x', 1 << 20);
        big[1 << 20] = 0;
        return child_report(report_fd, json_pack("{s:s}", "big", big));
}

static void message_larger_than_a_pipe_arrives(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *words = NULL;
        struct child_result result;

        run(f, USEC_INFINITY, reports_a_mebibyte, &result, &words);
        assert_int_equal(json_array_size(f->messages), 1);
        assert_int_equal(strlen(json_get_string(json_array_get(f->messages, 0), "big")), 1 << 20);
}

static void children_run_side_by_side(void **state) {
        struct fixture *f = *state;
        _cleanup_(child_freep) struct child *hanging = NULL, *quick = NULL;
        struct child_result result;

        assert_int_equal(child_start(f->event, "hanging", USEC_INFINITY, hangs, NULL, &handler, f, &hanging),
                         0);
        assert_int_equal(
                child_start(f->event, "quick", USEC_INFINITY, reports_twice, NULL, &handler, f, &quick), 0);
        assert_int_equal(child_wait(quick, &result), 0);
        assert_int_equal(result.state, CHILD_EXITED);
        assert_false(child_done(hanging));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(messages_arrive_whole_and_in_order),
                TEST(process_that_the_child_leaves_behind_is_not_waited_for),
                TEST(returned_errno_arrives),
                TEST(signal_is_told),
                TEST(time_limit_ends_a_hang),
                TEST(garbage_ends_it_and_keeps_what_came_before),
                TEST(printed_text_arrives_printable),
                TEST(message_larger_than_a_pipe_arrives),
                TEST(children_run_side_by_side),
        };

        return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
