/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "base/text.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/ipmi/sel.h"
#include "bmc/wait.h"
#include "event-log.h"

#define RECORDS_MAX 64U /* others' that may stand behind the last one known */

static const struct {
        const char *name;
        int (*send)(struct ipmi *ipmi, struct wait *w, const struct sel_event *event, char **ret_problem);
} ways[] = {
        {"Platform Event", sel_platform_event},
        {"Add SEL Entry", sel_add_entry},
};

static bool is_new(const struct event_log *log, const struct sel_record *record) {
        return record->id != log->last;
}

/* Looks for the event among the records that have come since the last one known, and moves that on to the
 * newest. Returns 1 and its number, 0, a negative errno. */
static int find_new(struct event_log *log, struct ipmi *ipmi, struct wait *w, const struct sel_event *event,
                    uint16_t *ret_id, char **ret_problem) {
        uint16_t next = log->last == SEL_LAST ? SEL_FIRST : log->last;
        struct sel_record newest, record;
        bool found = false;
        int r;

        r = sel_get_record(ipmi, w, SEL_LAST, &newest, ret_problem);
        if (r < 0 || !is_new(log, &newest))
                return r;

        /* Mostly it is the newest itself. Otherwise somebody else was faster, and it stands in between. */
        record = newest;
        found = sel_record_is(&record, event);
        for (unsigned i = 0; !found && i < RECORDS_MAX && next != SEL_LAST && next != newest.id; i++) {
                r = sel_get_record(ipmi, w, next, &record, ret_problem);
                if (r < 0)
                        return r;
                found = is_new(log, &record) && sel_record_is(&record, event);
                next = record.next;
        }

        log->last = newest.id;
        if (found)
                *ret_id = record.id;
        return found;
}

/* The same, again after a while: a BMC may put events into its log behind the scenes. Returns also 0 when the
 * log cannot be read. */
static int look(struct event_log *log, struct item_call *call, const struct sel_event *event, bool patient,
                char **ret_detail) {
        static const unsigned pauses[] = {0, 100, 300}; /* ms */
        struct wait *w = call->means->wait;

        for (size_t i = 0; i < (patient ? ELEMENTSOF(pauses) : 1); i++) {
                struct ipmi *ipmi = log->known ? item_ipmi(call, &log->read) : NULL;
                _cleanup_free_ char *problem = NULL;
                uint16_t id = SEL_LAST;
                int r;

                if (!ipmi)
                        return 0;
                if (pauses[i] > 0) {
                        r = wait_for(w, -EBADF, 0, wait_until(w, pauses[i] * USEC_PER_MSEC));
                        if (r != -ETIMEDOUT)
                                return r;
                }

                r = find_new(log, ipmi, w, event, &id, &problem);
                if (r == -ENOENT)
                        continue;
                if (r < 0)
                        return item_ipmi_failed(call, &log->read, r, TAKE_PTR(problem)) < 0 ? r : 0;
                if (r > 0) {
                        *ret_detail = strprintf("%s: record %04xh of the event log", ipmi->name, id);
                        return 1;
                }
        }

        return 0;
}

/* Finds out where the log ends before the first event is written. */
static int look_before(struct event_log *log, struct item_call *call) {
        struct ipmi *ipmi;

        while (!log->known && (ipmi = item_ipmi(call, &log->read))) {
                _cleanup_free_ char *problem = NULL;
                struct sel_record record;
                int r;

                r = sel_get_record(ipmi, call->means->wait, SEL_LAST, &record, &problem);
                if (r >= 0 || r == -ENOENT) {
                        log->known = true;
                        log->last = r < 0 ? SEL_LAST : record.id;
                        break;
                }

                r = item_ipmi_failed(call, &log->read, r, TAKE_PTR(problem));
                if (r <= 0)
                        return r;
        }

        return 0;
}

/* Returns 1 when the event is in the log, 0 when another way may be tried, -EAGAIN when the BMC cannot be
 * asked just now, another negative errno. */
static int write_in(struct event_log *log, struct item_call *call, size_t i, const struct sel_event *event) {
        struct ipmi_way *way = &log->ways[i];
        _cleanup_free_ char *problem = NULL, *detail = NULL;
        struct ipmi *ipmi;
        bool readable;
        int r, error;

        ipmi = item_ipmi(call, way);
        if (!ipmi)
                return way->closed ? 0 : -EAGAIN;

        error = ways[i].send(ipmi, call->means->wait, event, &problem);
        if (error == -EOPNOTSUPP) {
                r = item_ipmi_failed(call, way, error, TAKE_PTR(problem));
                return r > 0 ? write_in(log, call, i, event) : r;
        }
        if (error < 0 && error != -EREMOTEIO) {
                log->in_doubt = i + 1;
                r = item_ipmi_failed(call, way, error, TAKE_PTR(problem));
                return r < 0 ? r : -EAGAIN;
        }

        r = log->unproven[i] ? 0 : look(log, call, event, error >= 0, &detail);
        if (r != 0) {
                if (r > 0)
                        item_report(call, way->name, ITEM_VERIFIED, TAKE_PTR(detail));
                return r;
        }
        if (error < 0)
                return item_ipmi_failed(call, way, error, TAKE_PTR(problem));

        readable = log->known && !log->read.closed;
        item_report(call, way->name, ITEM_ACCEPTED,
                    strprintf("%s: the BMC takes the event, and its event log %s", ipmi->name,
                              readable ? "does not show it" : "cannot be read"));
        log->unproven[i] = readable;
        return !readable;
}

/* An event that may be in the log already is not written again before the log was looked through for it.
 * Returns 1 when it is there, or nobody can say, 0 when it is not there, -EAGAIN, another negative errno. */
static int settle_doubt(struct event_log *log, struct item_call *call, const struct sel_event *event) {
        _cleanup_free_ char *detail = NULL;
        int r;

        if (log->in_doubt == 0)
                return 0;

        r = look(log, call, event, false, &detail);
        if (r == 0 && log->known && !log->read.closed && !item_ipmi(call, &log->read))
                return -EAGAIN;
        if (r == 0 && (!log->known || log->read.closed))
                r = 1;
        if (detail)
                item_report(call, ways[log->in_doubt - 1].name, ITEM_VERIFIED, TAKE_PTR(detail));
        if (r >= 0)
                log->in_doubt = 0;
        return r;
}

int event_log_write(struct event_log *log, struct item_call *call, const struct sel_event *event) {
        bool accepted = false;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                log->ways[i].name = ways[i].name;
                log->ways[i].patient = true;
        }
        log->read.name = "Get SEL Entry";
        log->read.patient = true;

        r = look_before(log, call);
        if (r < 0)
                return r;

        r = settle_doubt(log, call, event);
        if (r != 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(ways); i++)
                if (!log->unproven[i]) {
                        r = write_in(log, call, i, event);
                        if (r != 0)
                                return r;
                        accepted = accepted || log->unproven[i];
                }

        for (size_t i = 0; !accepted && i < ELEMENTSOF(ways); i++)
                if (log->unproven[i]) {
                        r = write_in(log, call, i, event);
                        return r < 0 ? r : 1;
                }

        return 1;
}
