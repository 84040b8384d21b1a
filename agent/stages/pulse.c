/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/event.h"
#include "base/heartbeat.h"
#include "base/text.h"
#include "plan/plan.h"
#include "pulse.h"

#define INTERVAL_MAX (30 * USEC_PER_SEC)

struct pulse {
        struct event_source *reports, *timer;
        int fd;
        uint64_t timeout, production_timeout; /* as PID 1 was told */
        uint64_t interval;
        void (*report)(const struct heartbeat_report *report, void *userdata);
        void *userdata;

        pid_t trial; /* 0: none runs */
        struct timespec trial_time;
};

/* Whether the trial has had processor time since it was asked last. */
static bool trial_moves(struct pulse *pulse) {
        struct timespec before = pulse->trial_time;
        clockid_t clock;

        /* One that has ended is the runner's matter. */
        if (clock_getcpuclockid(pulse->trial, &clock) != 0 || clock_gettime(clock, &pulse->trial_time) < 0)
                return true;

        return pulse->trial_time.tv_sec != before.tv_sec || pulse->trial_time.tv_nsec != before.tv_nsec;
}

static int on_timer(struct event_source *source, int fd _unused_, uint32_t revents _unused_, void *userdata) {
        const struct heartbeat beat = {.kind = HEARTBEAT_BEAT};
        struct pulse *pulse = userdata;

        /* PID 1 can be behind, but not gone. */
        if (pulse->trial == 0 || trial_moves(pulse))
                (void) heartbeat_send(pulse->fd, &beat, sizeof(beat));

        return event_source_set_timer(source, pulse->interval);
}

static int on_report(struct event_source *source _unused_, int fd, uint32_t revents _unused_,
                     void *userdata) {
        struct pulse *pulse = userdata;
        struct heartbeat_report report;
        int r;

        r = heartbeat_receive(fd, &report, sizeof(report));
        if (r > 0)
                pulse->report(&report, pulse->userdata);
        if (r < 0)
                pulse->reports = event_source_free(pulse->reports);

        return 0;
}

int pulse_start(struct event *e, int fd,
                void (*report)(const struct heartbeat_report *report, void *userdata), void *userdata,
                struct pulse **ret) {
        _cleanup_(pulse_freep) struct pulse *pulse = NULL;
        int r;

        pulse = malloc(sizeof(*pulse));
        if (!pulse)
                return -ENOMEM;

        *pulse = (struct pulse){.fd = fd, .report = report, .userdata = userdata};

        r = event_add_io(e, fd, EPOLLIN, on_report, pulse, &pulse->reports);
        if (r < 0)
                return r;

        r = event_add_timer(e, USEC_INFINITY, on_timer, pulse, &pulse->timer);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(pulse);
        return 0;
}

int pulse_follow(struct pulse *pulse, const struct plan *plan) {
        const struct heartbeat arm = {
                .kind = HEARTBEAT_ARM,
                .timeout = plan->watchdog_timeout,
                .production_timeout = plan->watchdog_production,
        };
        int r;

        if (arm.timeout == pulse->timeout && arm.production_timeout == pulse->production_timeout)
                return 0;

        r = heartbeat_send(pulse->fd, &arm, sizeof(arm));
        if (r < 0)
                return r;

        pulse->timeout = arm.timeout;
        pulse->production_timeout = arm.production_timeout;
        pulse->interval = arm.timeout > 0 ? MIN(arm.timeout / 4, INTERVAL_MAX) : USEC_INFINITY;
        return event_source_set_timer(pulse->timer, pulse->interval);
}

void pulse_set_trial(struct pulse *pulse, pid_t pid) {
        pulse->trial = pid;
        pulse->trial_time = (struct timespec){};
}

struct pulse *pulse_free(struct pulse *pulse) {
        if (!pulse)
                return NULL;

        event_source_free(pulse->reports);
        event_source_free(pulse->timer);
        free(pulse);
        return NULL;
}
