/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "channel-private.h"
#include "channel-process.h"
#include "contact.h"

static uint64_t process_undelivered(const struct process *p) {
        return p->wait.records - MIN(delivery_position(&p->delivery), p->wait.records);
}

static void process_tell_rest(struct process *p) {
        int r;

        do
                r = channel_items_go_on(&p->items, p->contact, p->wait.records);
        while (r > 0 && now_usec() < p->wait.deadline);
}

/* The last that the BMC is told, with what it lacks. */
static void process_tell_last(struct process *p, uint64_t undelivered) {
        process_tell_rest(p);
        if (undelivered == 0)
                return;

        (void) items_event(p->items.items, ITEMS_UNDELIVERED, undelivered);
        process_tell_rest(p);
}

/* Only of a BMC that has taken some, or that may be ready the next time, is it to be expected that it takes
 * the rest; NVRAM is no place for each boot's journal on a machine where nobody reads it. */
static bool process_is_worth_keeping(const struct process *p, int error) {
        return delivery_position(&p->delivery) > 0 || contact_is_passing(error);
}

static uint64_t process_keep(struct process *p, int error) {
        uint64_t kept;
        int r;

        if (!process_is_worth_keeping(p, error))
                return 0;

        r = backlog_keep(&p->backlog, p->delivery.reader, p->wait.records, &kept);
        if (r < 0) {
                channel_report_log(&p->report, "WARNING",
                                   "NVRAM cannot keep the records for the next boot: %s", strerror(-r));
                return 0;
        }

        channel_report_status(&p->report, "kept", json_integer((json_int_t) kept));
        return kept;
}

/* What a person is told of the end, behind how many records were delivered. */
static char *process_farewell(const struct process *p, const char *session, uint64_t kept) {
        _cleanup_free_ char *items = channel_items_summary(&p->items), *keeps = NULL;

        if (kept > 0)
                keeps = strprintf("%llu kept in NVRAM", (unsigned long long) kept);

        return strprintf("%s%s%s%s", session, keeps ?: "", (*session || keeps) && items ? "; " : "",
                         items ?: "");
}

/* The time for this was set aside by whoever closed the channel. */
void process_end(struct process *p, int error) {
        uint64_t undelivered = process_undelivered(p), kept = 0;
        struct contact *contact = p->contact;
        _cleanup_free_ char *problem = NULL, *farewell = NULL;
        const char *session = "";
        bool handed_on;
        int r;

        if (error < 0)
                problem = strdup(contact->problem ?: strerror(-error));

        p->wait.deadline = now_usec() + CHANNEL_FAREWELL;
        if (error < 0 && p->was_open)
                channel_report_log(&p->report, "ERROR", "%llu of %llu records are not at the BMC: %s",
                                   (unsigned long long) undelivered, (unsigned long long) p->wait.records,
                                   problem ?: "");
        if (undelivered > 0)
                kept = process_keep(p, error);
        process_tell_last(p, undelivered);

        handed_on = session_is_handed_on(&p->session, contact);
        r = session_end(&p->session, contact);
        if (r < 0)
                channel_report_log(&p->report, "WARNING", "%s", contact->problem ?: strerror(-r));

        p->contact = contact_free(contact);
        channel_report_status(&p->report, "items", json_incref(p->items.states));
        if (error >= 0)
                session = handed_on ? "session handed on" : "session closed";
        farewell = process_farewell(p, session, kept);
        channel_report_state(&p->report, error < 0 ? "failed" : "closed", farewell ?: "");
}
