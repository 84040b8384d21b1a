/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>
#include <string.h>

#include "base/heartbeat.h"
#include "base/text.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/ipmi/watchdog.h"
#include "watchdog.h"

#define USE      WATCHDOG_OS_LOAD
#define WAYS_MAX 8U

static void watchdog_report(struct watchdog *w, bool armed) {
        struct heartbeat_report report = {.armed = armed, .expired = w->expired};

        if (armed ? w->reported_armed : w->reported)
                return;

        if (armed)
                snprintf(report.text, sizeof(report.text),
                         "the BMC (%s) resets this machine when the agent stands still for %s%s", w->name,
                         FORMAT_DURATION(w->timeout),
                         w->confirmed ? "" : "; it does not confirm that the timer runs");
        else
                snprintf(report.text, sizeof(report.text), "%s", w->problem);

        w->reported = true;
        w->reported_armed = armed;
        w->operations->report(&report, w->userdata);
}

static void watchdog_send(struct watchdog *w, enum watchdog_state state, uint8_t command, const void *data,
                          size_t size);

static void watchdog_try(struct watchdog *w, unsigned way) {
        for (; way < WAYS_MAX; way++) {
                w->way = way;
                if (w->operations->open(way, &w->name, w->userdata) >= 0) {
                        watchdog_send(w, WATCHDOG_ASKING, WATCHDOG_GET, NULL, 0);
                        return;
                }
        }

        w->state = WATCHDOG_FAILED;
        watchdog_report(w, false);
}

/* This way does not lead to a watchdog, or no longer does. */
static void watchdog_fail(struct watchdog *w, const char *problem) {
        if (watchdog_is_leaving(w)) {
                w->state = WATCHDOG_FAILED;
                return;
        }

        snprintf(w->problem, sizeof(w->problem), "%s: %s", w->name, problem);
        watchdog_try(w, w->way + 1);
}

static void watchdog_send(struct watchdog *w, enum watchdog_state state, uint8_t command, const void *data,
                          size_t size) {
        int r;

        w->state = state;
        w->awaiting = true;
        r = w->operations->send(command, data, size, w->userdata);
        if (r < 0)
                watchdog_fail(w, strerror(-r));
}

static void watchdog_set(struct watchdog *w, enum watchdog_state state, enum watchdog_action action,
                         uint64_t countdown) {
        uint8_t request[WATCHDOG_SET_SIZE];

        watchdog_encode_set(USE, action, countdown, request);
        watchdog_send(w, state, WATCHDOG_SET, request, sizeof(request));
}

void watchdog_arm(struct watchdog *w, uint64_t timeout) {
        w->timeout = MIN(timeout, WATCHDOG_COUNTDOWN_MAX);
        w->expired = w->reported = w->reported_armed = false;
        snprintf(w->problem, sizeof(w->problem), "the kernel offers no way to a BMC");
        watchdog_try(w, 0);
}

void watchdog_beat(struct watchdog *w) {
        if (w->state == WATCHDOG_FAILED)
                watchdog_try(w, 0);
        else if (w->state == WATCHDOG_RUNNING && !w->awaiting)
                watchdog_send(w, WATCHDOG_RUNNING, WATCHDOG_RESET, NULL, 0);
}

static void watchdog_asked(struct watchdog *w, const struct watchdog_timer *timer) {
        w->expired = w->expired || (!w->begun && timer->expired & 1U << USE);
        w->begun = true;
        w->begun_way = w->way;
        watchdog_set(w, WATCHDOG_SETTING, WATCHDOG_HARD_RESET, w->timeout);
}

static void watchdog_checked(struct watchdog *w, const struct watchdog_timer *timer) {
        if (timer->use != USE || timer->action != WATCHDOG_HARD_RESET) {
                watchdog_fail(w, "the BMC's watchdog is not set as it was told to be");
                return;
        }

        /* ipmi_sim, for one, never sets that bit. */
        w->confirmed = timer->running;
        w->state = WATCHDOG_RUNNING;
        watchdog_report(w, true);
}

void watchdog_answer(struct watchdog *w, const uint8_t *response, size_t size) {
        uint8_t code = size > 0 ? response[0] : 0xff;
        struct watchdog_timer timer;

        w->awaiting = false;

        if (w->state == WATCHDOG_RUNNING) {
                /* The BMC has started again meanwhile. Any other trouble passes, or the timer does its work.
                 */
                if (code == WATCHDOG_NOT_SET)
                        watchdog_set(w, WATCHDOG_SETTING, WATCHDOG_HARD_RESET, w->timeout);
                return;
        }

        if (code != IPMI_OK) {
                watchdog_fail(w, code == IPMI_INVALID_COMMAND ? "the BMC has no watchdog"
                                                              : ipmi_completion_text(code));
                return;
        }

        switch (w->state) {
        case WATCHDOG_ASKING:
        case WATCHDOG_CHECKING:
                if (watchdog_decode_get(response, size, &timer) < 0)
                        watchdog_fail(w, "what the BMC tells is no watchdog's state");
                else if (w->state == WATCHDOG_ASKING)
                        watchdog_asked(w, &timer);
                else
                        watchdog_checked(w, &timer);
                break;
        case WATCHDOG_SETTING:
                watchdog_send(w, WATCHDOG_STARTING, WATCHDOG_RESET, NULL, 0);
                break;
        case WATCHDOG_STARTING:
                watchdog_send(w, WATCHDOG_CHECKING, WATCHDOG_GET, NULL, 0);
                break;
        case WATCHDOG_EXTENDING:
                watchdog_send(w, WATCHDOG_LEAVING, WATCHDOG_RESET, NULL, 0);
                break;
        case WATCHDOG_STOPPING:
        case WATCHDOG_LEAVING:
                w->state = WATCHDOG_OFF;
                break;
        case WATCHDOG_OFF:
        case WATCHDOG_RUNNING:
        case WATCHDOG_FAILED:
                break;
        }
}

void watchdog_silent(struct watchdog *w) {
        w->awaiting = false;
        if (w->state != WATCHDOG_RUNNING && w->state != WATCHDOG_OFF && w->state != WATCHDOG_FAILED)
                watchdog_fail(w, "the BMC does not answer");
}

void watchdog_leave(struct watchdog *w, uint64_t production_timeout) {
        /* Where none was ever set, there is nothing to end. */
        if (!w->begun)
                w->state = WATCHDOG_OFF;
        else if (w->way != w->begun_way && w->operations->open(w->begun_way, &w->name, w->userdata) < 0)
                w->state = WATCHDOG_FAILED;
        else if (production_timeout > 0)
                watchdog_set(w, WATCHDOG_EXTENDING, WATCHDOG_HARD_RESET, production_timeout);
        else
                watchdog_set(w, WATCHDOG_STOPPING, WATCHDOG_NO_ACTION, w->timeout);

        w->begun = false;
}

bool watchdog_is_leaving(const struct watchdog *w) {
        return w->state == WATCHDOG_STOPPING || w->state == WATCHDOG_EXTENDING ||
               w->state == WATCHDOG_LEAVING;
}
