/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "channel-private.h"
#include "contact.h"
#include "kept.h"

/* For "make bench", and whoever wants to know how long a BMC was told nothing. */
static void process_tell_beginning(struct process *p) {
        struct timespec since_start;

        if (p->has_begun || clock_gettime(CLOCK_BOOTTIME, &since_start) < 0)
                return;

        p->has_begun = true;
        channel_report_log(&p->report, "DEBUG",
                           "the BMC has taken the first records %.3f s after the kernel's start",
                           (double) since_start.tv_sec + (double) since_start.tv_nsec * 1e-9);
}

static void process_acknowledge(struct process *p) {
        static const char again[] = "the BMC takes the journal again";

        p->pause = PROCESS_PAUSE_MIN;
        process_keep_session(p);
        if (p->outage)
                channel_report_log(&p->report, "INFO", "%s", again);
        if (p->is_limited)
                channel_report_state(&p->report, "open", again);
        p->outage = p->is_limited = false;
        process_tell_beginning(p);

        channel_report_acknowledged(&p->report, delivery_position(&p->delivery));
}

void process_keep_session(struct process *p) {
        int r;

        r = session_keep(&p->session, p->contact, p->delivery.entries, p->discovery_verified);
        if (r < 0 && r != -ENOENT)
                channel_report_log(&p->report, "WARNING",
                                   "the session cannot be kept for whoever comes next: %s", strerror(-r));
}

/* What the first kernel has read back of discovery the second need not; and where there is a second, the
 * report on production is its own. */
static bool process_is_to_read_back(const struct process *p) {
        const char *stage = p->delivery.read_back.stage;

        if (p->goes_on && p->discovery_verified && streq(stage, "discovery"))
                return false;

        return !streq(stage, "production") || !session_is_handed_on(&p->session, p->contact);
}

static void process_note_verified(struct process *p, const struct read_back *b) {
        if (!streq(b->stage, "discovery"))
                return;

        p->n_verified += (unsigned) b->has_inventory + (unsigned) b->ends_run;
        p->discovery_verified = p->n_verified == 2;
        process_keep_session(p);
}

/* What is wrong with it shows in the state of the item; whether the service still answers, the next batch
 * finds out. */
static void process_read_back(struct process *p) {
        struct read_back *b = &p->delivery.read_back;
        _cleanup_free_ char *detail = NULL, *report = NULL;
        enum item_state state;

        if (!b->records)
                return;
        if (!process_is_to_read_back(p)) {
                read_back_done(b);
                return;
        }

        state = read_back_check(b, p->contact->redfish, &detail);
        if (state == ITEM_VERIFIED)
                process_note_verified(p, b);
        if (b->has_inventory)
                channel_items_report(&p->items, "inventory", PROCESS_WAY, state, detail);
        if (b->ends_run)
                report = strprintf("report of %s", b->stage);
        if (report)
                channel_items_report(&p->items, report, PROCESS_WAY, state, detail);
        read_back_done(b);
}

/* Tells a part of what the BMC is told beside the journal. Returns 1 when there is more to be told at once,
 * 0, a negative errno. */
static int process_tell(struct process *p) {
        _cleanup_free_ char *news = NULL;
        int r;

        r = channel_items_go_on(&p->items, p->contact, p->wait.records);
        if (r < 0)
                return explain_error(&p->contact->problem, r, "the BMC can be told nothing: %s",
                                     strerror(-r));
        if (r > 0)
                return r;

        news = channel_items_take_news(&p->items);
        if (news) {
                channel_report_log(&p->report, "DEBUG", "told beside the journal: %s", news);
                channel_report_status(&p->report, "items", json_incref(p->items.states));
        }
        return 0;
}

int process_send_backlog(struct process *p) {
        uint64_t n = backlog_count(&p->backlog), lost, all_lost = 0;
        int r;

        if (n == 0)
                return 0;

        while ((r = backlog_send(&p->backlog, p->contact, p->delivery.entries, &lost)) > 0)
                if (lost > 0) {
                        all_lost += lost;
                        channel_report_log(&p->report, "WARNING",
                                           "%llu records of an earlier boot are lost: %s",
                                           (unsigned long long) lost, p->contact->problem);
                }
        if (r < 0)
                return r;

        if (n > all_lost)
                channel_report_log(&p->report, "INFO",
                                   "%llu records that an earlier boot could not deliver are at the BMC",
                                   (unsigned long long) (n - all_lost));
        r = backlog_clear(&p->backlog);
        if (r < 0)
                channel_report_log(&p->report, "WARNING", "they cannot be removed from NVRAM: %s",
                                   strerror(-r));
        return 0;
}

int process_deliver(struct process *p) {
        for (;;) {
                uint64_t records = p->wait.records;
                int r;

                r = delivery_send(&p->delivery, p->contact, records);
                if (r > 0) {
                        process_acknowledge(p);
                        process_read_back(p);
                } else if (r == 0) {
                        r = process_tell(p);
                        if (r == 0 && p->wait.closing)
                                return 0;
                        if (r == 0)
                                r = wait_for_records(&p->wait, records, USEC_INFINITY);
                }
                if (r < 0)
                        return r;
        }
}

int process_idle(struct process *p, uint64_t until) {
        bool closing = p->wait.closing;

        while (now_usec() < until && p->wait.closing == closing) {
                uint64_t records = p->wait.records;
                int r;

                r = process_tell(p);
                if (r == 0)
                        r = closing ? wait_for(&p->wait, -EBADF, 0, until)
                                    : wait_for_records(&p->wait, records, until);
                if (r < 0 && r != -ETIMEDOUT)
                        return r;
        }

        return 0;
}
