/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/child.h"
#include "base/event.h"
#include "base/fd.h"
#include "base/text.h"
#include "channel-process.h"
#include "channel.h"
#include "contact.h"
#include "plan/plan.h"

struct channel {
        struct event *event;
        const struct channel_handler *handler;
        void *userdata;

        char *journal_path, *boot;
        struct channel_job job;
        struct child *child;
        enum channel_state state;
        char *summary;
        uint64_t notified, acknowledged;
};

static void channel_set_state(struct channel *channel, enum channel_state state, const char *summary) {
        channel->state = state;
        free(channel->summary);
        channel->summary = strdup(summary);
        channel->handler->state(state, summary, channel->userdata);
}

static bool channel_has_ended(const struct channel *channel) {
        return channel->state == CHANNEL_FAILED || channel->state == CHANNEL_CLOSED;
}

static enum channel_state parse_state(const char *state) {
        if (streq(state, "open"))
                return CHANNEL_OPEN;
        if (streq(state, "limited"))
                return CHANNEL_LIMITED;

        return streq(state, "closed") ? CHANNEL_CLOSED : CHANNEL_FAILED;
}

static void channel_pass_on(struct channel *channel, const json_t *override, const json_t *plan) {
        const struct channel_handler *handler = channel->handler;

        if (override && handler->boot_override)
                handler->boot_override(json_get_string(override, "target") ?: "",
                                       json_get_string(override, "from") ?: "",
                                       json_get_string(override, "uri"), channel->userdata);
        if (plan && handler->plan)
                handler->plan(plan, channel->userdata);
}

static void on_message(struct child *child _unused_, const json_t *message, void *userdata) {
        struct channel *channel = userdata;
        const json_t *log = json_object_get(message, "log");
        const json_t *override = json_object_get(message, "boot-override"),
                     *plan = json_object_get(message, "plan");
        const char *state = json_get_string(message, "state"), *summary = json_get_string(message, "summary");

        if (log)
                channel->handler->log(json_get_string(log, "severity") ?: "ERROR",
                                      json_get_string(log, "message") ?: "", channel->userdata);
        else if (state)
                channel_set_state(channel, parse_state(state), summary ?: "");
        else if (override || plan)
                channel_pass_on(channel, override, plan);
        else
                channel->acknowledged =
                        (uint64_t) json_get_integer(message, "acknowledged", (int64_t) channel->acknowledged);
}

static void on_text(struct child *child _unused_, const char *line, void *userdata) {
        struct channel *channel = userdata;

        channel->handler->log("WARNING", line, channel->userdata);
}

static const struct child_handler child_handler = {.message = on_message, .text = on_text};

/* A process that ends without having said why has crashed. */
static void channel_check(struct channel *channel) {
        _cleanup_free_ char *how = NULL, *summary = NULL;

        if (channel_has_ended(channel) || !child_done(channel->child))
                return;

        how = child_result_describe(channel->child);
        summary = strprintf("the channel's process %s", how ?: "has ended");
        channel_set_state(channel, CHANNEL_FAILED, summary ?: "out of memory");
}

int channel_start_in(const struct contact_environment *environment, struct event *e, const struct plan *plan,
                     const char *journal_path, const char *boot, const struct channel_handler *handler,
                     void *userdata, struct channel **ret) {
        _cleanup_(channel_freep) struct channel *channel = NULL;
        int r;

        channel = malloc(sizeof(*channel));
        if (!channel)
                return -ENOMEM;
        *channel = (struct channel){
                .event = e,
                .handler = handler,
                .userdata = userdata,
        };
        channel->job = (struct channel_job){
                .environment = environment,
                .plan = plan,
                .patience = plan->bmc_patience,
                .records_fd = -EBADF,
                .close_fd = -EBADF,
        };

        channel->journal_path = strdup(journal_path);
        channel->boot = strdup(boot);
        if (!channel->journal_path || !channel->boot)
                return -ENOMEM;
        channel->job.journal_path = channel->journal_path;
        channel->job.boot = channel->boot;

        channel->job.records_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (channel->job.records_fd < 0)
                return -errno;

        channel->job.close_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (channel->job.close_fd < 0)
                return -errno;

        r = child_start(e, "channel", USEC_INFINITY, channel_process, &channel->job, &child_handler, channel,
                        &channel->child);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(channel);
        return 0;
}

int channel_start(struct event *e, const struct plan *plan, const char *journal_path, const char *boot,
                  const struct channel_handler *handler, void *userdata, struct channel **ret) {
        return channel_start_in(&contact_live_environment, e, plan, journal_path, boot, handler, userdata,
                                ret);
}

enum channel_state channel_get_state(const struct channel *channel) {
        return !channel_has_ended(channel) && child_done(channel->child) ? CHANNEL_FAILED : channel->state;
}

const char *channel_summary(const struct channel *channel) {
        return channel->summary ?: "";
}

uint64_t channel_acknowledged(const struct channel *channel) {
        return channel->acknowledged;
}

void channel_notify(struct channel *channel, uint64_t n_records) {
        channel_check(channel);
        if (n_records <= channel->notified)
                return;

        /* The counter has room for more than there can be: this never blocks, and cannot fail. */
        (void) eventfd_write(channel->job.records_fd, n_records - channel->notified);
        channel->notified = n_records;
}

/* Runs the loop until condition says something other than 0, or the time has come. Returns what it says,
 * -ETIMEDOUT, a negative errno. */
static int channel_wait(struct channel *channel, int (*condition)(const struct channel *channel, uint64_t n),
                        uint64_t n, uint64_t timeout_usec) {
        uint64_t start = now_usec();

        for (;;) {
                uint64_t passed;
                int r;

                channel_check(channel);
                r = condition(channel, n);
                if (r != 0)
                        return r;

                passed = now_usec() - start;
                if (passed >= timeout_usec)
                        return -ETIMEDOUT;

                r = event_iterate(channel->event,
                                  timeout_usec == USEC_INFINITY ? USEC_INFINITY : timeout_usec - passed);
                if (r < 0)
                        return r;
        }
}

static int has_acknowledged(const struct channel *channel, uint64_t n) {
        if (channel->acknowledged >= n)
                return 1;

        return channel_has_ended(channel) || channel->state == CHANNEL_LIMITED ? -ENOTCONN : 0;
}

static int process_is_gone(const struct channel *channel, uint64_t n _unused_) {
        return child_done(channel->child);
}

int channel_flush(struct channel *channel, uint64_t timeout_usec) {
        int r;

        /* What is logged meanwhile is not waited for. */
        r = channel_wait(channel, has_acknowledged, channel->notified, timeout_usec);
        return MIN(r, 0);
}

int channel_close(struct channel *channel, uint64_t timeout_usec) {
        uint64_t farewell = MIN(CHANNEL_FAREWELL, timeout_usec / 2);
        bool was_open;
        int r;

        channel_check(channel);
        if (channel_has_ended(channel))
                return -ENOTCONN;
        was_open = channel->state == CHANNEL_OPEN;

        /* One microsecond at least, for zero would be no message. */
        if (eventfd_write(channel->job.close_fd, MAX(timeout_usec - farewell, (uint64_t) 1)) < 0)
                return -errno;

        r = channel_wait(channel, process_is_gone, 0, timeout_usec);
        if (r < 0)
                return r;

        if (channel->state == CHANNEL_CLOSED)
                return 0;

        return was_open ? -ETIMEDOUT : -ENOTCONN;
}

struct channel *channel_free(struct channel *channel) {
        if (!channel)
                return NULL;

        child_free(channel->child);
        safe_close(channel->job.records_fd);
        safe_close(channel->job.close_fd);
        free(channel->journal_path);
        free(channel->boot);
        free(channel->summary);
        free(channel);
        return NULL;
}
