/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "base/event.h"
#include "base/fd.h"
#include "base/heartbeat.h"
#include "base/text.h"
#include "bmc/ipmi/ipmi-message.h"
#include "guard.h"
#include "watchdog.h"

#define ANSWER_TIME   (5 * USEC_PER_SEC)
#define FAREWELL_TIME (2 * USEC_PER_SEC)

struct guard {
        struct event *event;

        int agent_fd;
        struct event_source *agent_source;
        uint64_t production_timeout;

        struct watchdog watchdog;
        char device[24]; /* "/dev/ipmi0" */
        int device_fd;
        struct event_source *device_source, *timer;
        long request; /* the number of the last one */
};

static void device_close(struct guard *guard) {
        guard->device_source = event_source_free(guard->device_source);
        guard->timer = event_source_free(guard->timer);
        guard->device_fd = safe_close(guard->device_fd);
}

static int on_silence(struct event_source *source _unused_, int fd _unused_, uint32_t revents _unused_,
                      void *userdata) {
        struct guard *guard = userdata;

        watchdog_silent(&guard->watchdog);
        return 0;
}

static int on_device(struct event_source *source _unused_, int fd, uint32_t revents _unused_,
                     void *userdata) {
        struct guard *guard = userdata;
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;
        int r;

        r = ipmi_message_receive(fd, guard->request, response, &size);
        if (r < 0) {
                device_close(guard);
                watchdog_silent(&guard->watchdog);
        }
        if (r <= 0)
                return 0;

        (void) event_source_set_timer(guard->timer, USEC_INFINITY);
        watchdog_answer(&guard->watchdog, response, size);
        return 0;
}

static int way_open(unsigned number, const char **ret_name, void *userdata) {
        struct guard *guard = userdata;
        int r;

        device_close(guard);
        snprintf(guard->device, sizeof(guard->device), "/dev/ipmi%u", number);
        guard->device_fd = open(guard->device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (guard->device_fd < 0)
                return -errno;

        r = event_add_io(guard->event, guard->device_fd, EPOLLIN, on_device, guard, &guard->device_source);
        if (r >= 0)
                r = event_add_timer(guard->event, USEC_INFINITY, on_silence, guard, &guard->timer);
        if (r < 0) {
                device_close(guard);
                return r;
        }

        *ret_name = guard->device;
        return 0;
}

/* The kernel queues it: this does not wait for the BMC. */
static int way_send(uint8_t command, const void *data, size_t size, void *userdata) {
        struct guard *guard = userdata;
        int r;

        r = ipmi_message_send(guard->device_fd, ++guard->request, IPMI_NETFN_APP, command, data, size);
        return r < 0 ? r : event_source_set_timer(guard->timer, ANSWER_TIME);
}

/* An agent that does not listen, or has gone, needs no report. */
static void report(const struct heartbeat_report *report, void *userdata) {
        struct guard *guard = userdata;

        (void) heartbeat_send(guard->agent_fd, report, sizeof(*report));
}

static const struct watchdog_operations operations = {.open = way_open, .send = way_send, .report = report};

static void agent_close(struct guard *guard) {
        guard->agent_source = event_source_free(guard->agent_source);
        guard->agent_fd = safe_close(guard->agent_fd);
}

static int on_agent(struct event_source *source _unused_, int fd, uint32_t revents _unused_, void *userdata) {
        struct guard *guard = userdata;
        struct heartbeat beat;
        int r;

        r = heartbeat_receive(fd, &beat, sizeof(beat));
        if (r < 0)
                agent_close(guard);
        else if (r > 0 && beat.kind == HEARTBEAT_ARM) {
                guard->production_timeout = beat.production_timeout;
                if (beat.timeout > 0)
                        watchdog_arm(&guard->watchdog, beat.timeout);
                else
                        watchdog_leave(&guard->watchdog, 0);
        } else if (r > 0)
                watchdog_beat(&guard->watchdog);

        return 0;
}

int guard_new(struct event *e, struct guard **ret) {
        struct guard *guard = malloc(sizeof(*guard));

        if (!guard)
                return -ENOMEM;

        *guard = (struct guard){
                .event = e,
                .agent_fd = -EBADF,
                .device_fd = -EBADF,
        };
        guard->watchdog = (struct watchdog){.operations = &operations, .userdata = guard};
        *ret = guard;
        return 0;
}

int guard_begin(struct guard *guard, int *ret_fd) {
        int agent_fd, r;

        agent_close(guard);
        r = heartbeat_pair(&guard->agent_fd, &agent_fd);
        if (r < 0)
                return r;

        r = event_add_io(guard->event, guard->agent_fd, EPOLLIN, on_agent, guard, &guard->agent_source);
        if (r < 0) {
                agent_close(guard);
                safe_close(agent_fd);
                return r;
        }

        *ret_fd = agent_fd;
        return 0;
}

static int guard_leave(struct guard *guard, uint64_t production_timeout) {
        uint64_t until = now_usec() + FAREWELL_TIME, now;
        int r = 0;

        agent_close(guard);
        watchdog_leave(&guard->watchdog, production_timeout);

        while (watchdog_is_leaving(&guard->watchdog) && (now = now_usec()) < until) {
                struct pollfd answer = {.fd = guard->device_fd, .events = POLLIN};

                if (poll(&answer, 1, (int) ((until - now) / USEC_PER_MSEC + 1)) > 0)
                        (void) on_device(NULL, guard->device_fd, 0, guard);
        }

        if (watchdog_is_leaving(&guard->watchdog))
                r = -ETIMEDOUT;
        else if (guard->watchdog.state == WATCHDOG_FAILED)
                r = -EIO;

        guard->watchdog.state = WATCHDOG_OFF;
        device_close(guard);
        return r;
}

int guard_end(struct guard *guard) {
        return guard_leave(guard, 0);
}

int guard_hand_over(struct guard *guard) {
        return guard_leave(guard, guard->production_timeout);
}
