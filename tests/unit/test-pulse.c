/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fd.h"
#include "base/heartbeat.h"
#include "base/text.h"
#include "plan/plan.h"
#include "stages/pulse.h"
#include "tests/unit/unit.h"

#define INTERVAL (50 * USEC_PER_MSEC)

/* The test is PID 1. */
struct fixture {
        struct event *event;
        struct plan *plan;
        int init_fd, agent_fd;
        struct pulse *pulse;
        struct heartbeat_report report;
};

static void on_report(const struct heartbeat_report *report, void *userdata) {
        struct fixture *f = userdata;

        f->report = *report;
}

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        *state = f;
        if (event_new(&f->event) < 0 || plan_new(&f->plan) < 0 ||
            heartbeat_pair(&f->init_fd, &f->agent_fd) < 0)
                return -1;

        f->plan->watchdog_timeout = 4 * INTERVAL;
        f->plan->watchdog_production = 7;
        return pulse_start(f->event, f->agent_fd, on_report, f, &f->pulse) < 0 ||
               pulse_follow(f->pulse, f->plan) < 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        pulse_free(f->pulse);
        safe_close(f->init_fd);
        safe_close(f->agent_fd);
        plan_free(f->plan);
        event_free(f->event);
        free(f);
        return 0;
}

static void run_for(struct fixture *f, uint64_t usec) {
        uint64_t until = now_usec() + usec, now;

        while ((now = now_usec()) < until)
                assert_true(event_iterate(f->event, until - now) >= 0);
}

/* How many beats have come. */
static unsigned take_beats(struct fixture *f) {
        struct heartbeat beat;
        unsigned n = 0;

        while (heartbeat_receive(f->init_fd, &beat, sizeof(beat)) > 0)
                n += beat.kind == HEARTBEAT_BEAT;

        return n;
}

static void begins_with_what_the_plan_wants(void **state) {
        struct fixture *f = *state;
        struct heartbeat beat;

        assert_int_equal(heartbeat_receive(f->init_fd, &beat, sizeof(beat)), 1);
        assert_int_equal(beat.kind, HEARTBEAT_ARM);
        assert_int_equal(beat.timeout, 4 * INTERVAL);
        assert_int_equal(beat.production_timeout, 7);
        assert_int_equal(heartbeat_receive(f->init_fd, &beat, sizeof(beat)), 0);
}

static void plan_that_changes_is_told_and_one_that_does_not_is_not(void **state) {
        struct fixture *f = *state;
        struct heartbeat beat;

        assert_int_equal(heartbeat_receive(f->init_fd, &beat, sizeof(beat)), 1);
        assert_int_equal(pulse_follow(f->pulse, f->plan), 0);
        assert_int_equal(heartbeat_receive(f->init_fd, &beat, sizeof(beat)), 0);

        f->plan->watchdog_timeout = 0;
        assert_int_equal(pulse_follow(f->pulse, f->plan), 0);
        assert_int_equal(heartbeat_receive(f->init_fd, &beat, sizeof(beat)), 1);
        assert_int_equal(beat.kind, HEARTBEAT_ARM);
        assert_int_equal(beat.timeout, 0);
        run_for(f, 5 * INTERVAL);
        assert_int_equal(take_beats(f), 0);
}

static void beats_as_long_as_the_loop_turns(void **state) {
        struct fixture *f = *state;

        run_for(f, 10 * INTERVAL);
        assert_in_range(take_beats(f), 2, 10);

        usleep(5 * INTERVAL);
        assert_int_equal(take_beats(f), 0);
}

static pid_t start_work(void) {
        pid_t pid = fork();

        if (pid == 0)
                for (;;)
                        ;

        assert_true(pid > 0);
        return pid;
}

static void trial_that_stands_still_is_no_progress(void **state) {
        struct fixture *f = *state;
        pid_t pid = start_work();
        int status;

        pulse_set_trial(f->pulse, pid);
        run_for(f, 10 * INTERVAL);
        assert_true(take_beats(f) >= 2);

        assert_int_equal(kill(pid, SIGSTOP), 0);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        run_for(f, 2 * INTERVAL); /* what it did until then */
        take_beats(f);
        run_for(f, 10 * INTERVAL);
        assert_int_equal(take_beats(f), 0);

        assert_int_equal(kill(pid, SIGCONT), 0);
        run_for(f, 10 * INTERVAL);
        assert_true(take_beats(f) >= 1);

        /* Its end is the runner's matter, and no reason to reset the machine. */
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        take_beats(f);
        run_for(f, 10 * INTERVAL);
        assert_true(take_beats(f) >= 2);
}

static void what_pid_1_reports_is_handed_on(void **state) {
        struct fixture *f = *state;
        const struct heartbeat_report report = {.armed = true, .expired = true, .text = "by the BMC"};

        assert_int_equal(heartbeat_send(f->init_fd, &report, sizeof(report)), 0);
        assert_int_equal(event_iterate(f->event, USEC_PER_SEC), 1);
        assert_true(f->report.armed);
        assert_true(f->report.expired);
        assert_string_equal(f->report.text, "by the BMC");
}

static void message_of_another_size_is_refused(void **state) {
        struct fixture *f = *state;
        struct heartbeat beat;
        char larger[sizeof(beat) + 1] = {};

        take_beats(f);
        assert_int_equal(heartbeat_send(f->agent_fd, larger, sizeof(larger)), 0);
        assert_int_equal(heartbeat_receive(f->init_fd, &beat, sizeof(beat)), -EBADMSG);
        assert_int_equal(heartbeat_send(f->agent_fd, larger, 1), 0);
        assert_int_equal(heartbeat_receive(f->init_fd, &beat, sizeof(beat)), -EBADMSG);
}

static void end_of_pid_1s_side_is_no_end_of_the_agent(void **state) {
        struct fixture *f = *state;
        struct heartbeat beat;

        f->init_fd = safe_close(f->init_fd);
        run_for(f, 5 * INTERVAL);
        assert_int_equal(heartbeat_receive(f->agent_fd, &beat, sizeof(beat)), -EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(begins_with_what_the_plan_wants),
                TEST(plan_that_changes_is_told_and_one_that_does_not_is_not),
                TEST(beats_as_long_as_the_loop_turns),
                TEST(trial_that_stands_still_is_no_progress),
                TEST(what_pid_1_reports_is_handed_on),
                TEST(message_of_another_size_is_refused),
                TEST(end_of_pid_1s_side_is_no_end_of_the_agent),
        };

        return cmocka_run_group_tests_name("pulse", tests, NULL, NULL);
}
