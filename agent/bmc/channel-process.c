/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/child.h"
#include "base/text.h"
#include "bmc/redfish/http.h"
#include "bmc/redfish/redfish.h"
#include "channel-items.h"
#include "channel-process.h"
#include "contact.h"
#include "delivery.h"
#include "orders.h"
#include "plan/plan.h"
#include "session.h"
#include "wait.h"

#define PAUSE_MIN (250 * USEC_PER_MSEC)
#define PAUSE_MAX (10 * USEC_PER_SEC)

struct process {
        int report_fd;
        struct wait wait;
        struct contact *contact;
        struct session session;
        struct delivery delivery;
        struct channel_items items;

        bool has_orders; /* what the BMC has to say about this boot was read, or is too late */
        bool was_open;   /* the BMC has been ready for the journal once */
        bool is_limited; /* the agent does not wait for the BMC */
        bool outage;     /* told of, and not over */

        uint64_t patience; /* us that the agent waits for a BMC that is not ready */
        uint64_t give_up;  /* in now_usec() time: when it has waited so long */
        uint64_t pause;    /* until the next try */
};

static void process_done(struct process *p) {
        contact_free(p->contact);
        delivery_done(&p->delivery);
        channel_items_done(&p->items);
        session_done(&p->session);
}

/* That the agent cannot be reached any more is found out by being killed with it. */
static void _printf_(3, 4) process_log(struct process *p, const char *severity, const char *format, ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&message, format, ap) < 0)
                message = NULL;
        va_end(ap);

        if (message)
                (void) child_report(p->report_fd,
                                    json_pack("{s{ssss}}", "log", "severity", severity, "message", message));
}

static void process_state(struct process *p, const char *state, const char *summary) {
        (void) child_report(p->report_fd, json_pack("{ssss}", "state", state, "summary", summary));
}

static uint64_t process_undelivered(const struct process *p) {
        return p->wait.records - MIN(delivery_position(&p->delivery), p->wait.records);
}

static void on_note(const char *severity, const char *text, void *userdata) {
        process_log(userdata, severity, "%s", text);
}

static void on_boot_override(json_t *override, void *userdata) {
        struct process *p = userdata;

        (void) child_report(p->report_fd, json_pack("{sO}", "boot-override", override));
}

static void on_plan(json_t *settings, void *userdata) {
        struct process *p = userdata;

        (void) child_report(p->report_fd, json_pack("{sO}", "plan", settings));
}

/* Once a boot, and for as long as the agent waits: what comes later it cannot follow. */
static int process_take_orders(struct process *p) {
        const struct orders_receiver receiver = {
                .log = on_note,
                .boot_override = on_boot_override,
                .plan = on_plan,
                .userdata = p,
        };
        int r;

        if (p->has_orders)
                return 0;

        if (p->contact->trusted)
                orders_set_clock(p->contact, &receiver);
        r = orders_take(p->contact, &receiver);
        if (r >= 0)
                p->has_orders = true;
        return r;
}

static int process_open(struct process *p) {
        struct contact *contact = p->contact;
        _cleanup_free_ char *summary = NULL;
        int r;

        r = contact_prepare(contact);
        if (r < 0)
                return r;

        r = contact_connect(contact);
        if (r < 0)
                return r;

        r = session_open(&p->session, contact);
        if (r < 0)
                return r;

        r = contact_find_system(contact);
        if (r >= 0)
                r = process_take_orders(p);
        if (r < 0)
                return r;

        r = delivery_find_log(&p->delivery, contact);
        if (r < 0)
                return r;

        if (p->was_open)
                return 0;

        p->is_limited = false;
        p->was_open = true;
        summary = strprintf("%s to %s, %s", way_name(&contact->way), FORMAT_IP(&contact->way.service),
                            trust_text(&contact->trust));
        process_state(p, "open", summary ?: "open");
        return 0;
}

static int process_acknowledge(struct process *p) {
        static const char again[] = "the BMC takes the journal again";

        p->pause = PAUSE_MIN;
        if (p->outage)
                process_log(p, "INFO", "%s", again);
        if (p->is_limited)
                process_state(p, "open", again);
        p->outage = p->is_limited = false;

        return child_report(p->report_fd,
                            json_pack("{sI}", "acknowledged", (json_int_t) delivery_position(&p->delivery)));
}

/* Tells a part of what the BMC is told beside the journal. Returns 1 when there is more to be told at once,
 * 0, a negative errno. */
static int process_tell(struct process *p) {
        _cleanup_free_ char *news = NULL;
        int r;

        r = channel_items_go_on(&p->items, p->contact, p->wait.records);
        if (r < 0)
                return contact_fail(p->contact, r, "the BMC can be told nothing: %s", strerror(-r));
        if (r > 0)
                return r;

        news = channel_items_take_news(&p->items);
        if (news)
                process_log(p, "INFO", "told beside the journal: %s", news);
        return 0;
}

/* Sends what the journal holds as it grows, until the agent closes the channel and nothing is left. */
static int process_deliver(struct process *p) {
        for (;;) {
                uint64_t records = p->wait.records;
                int r;

                r = delivery_send(&p->delivery, p->contact, records);
                if (r > 0)
                        r = process_acknowledge(p);
                else if (r == 0) {
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

/* Waits until that point in time, or until the agent closes the channel, and goes on telling meanwhile. */
static int process_idle(struct process *p, uint64_t until) {
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

/* Whether it is worth going on after that error, perhaps with other means. */
static bool process_may_retry(struct process *p, int error) {
        if (session_lost_account(&p->session, p->contact, error))
                return true;

        /* It may have another certificate since it was last connected to: IPMI knows. */
        if (error == -EKEYREJECTED && p->contact->trusted)
                return true;

        /* A BMC that starts again takes its USB device away for a while. */
        if (error == -ENXIO && p->was_open)
                return true;

        return contact_is_passing(error);
}

static bool process_is_absence(int error) {
        return error == -ENOENT || error == -ENXIO || error == -ENOTSUP;
}

/* The BMC does not get the journal, or not soon: the agent goes on without waiting for it. */
static void process_limit(struct process *p, int error, bool for_good) {
        _cleanup_free_ char *problem = NULL;

        if (p->is_limited && !for_good)
                return;

        problem = strdup(p->contact->problem ?: strerror(-error));
        if (!problem)
                return;

        /* Over IPMI, as far as it goes. */
        (void) process_take_orders(p);
        p->has_orders = p->is_limited = true;

        /* A machine without a BMC, or with one that does not offer this, is none with an error. */
        process_log(p, process_is_absence(error) ? "WARNING" : "ERROR", "%s", problem);
        if (error == -EKEYREJECTED)
                (void) items_event(p->items.items, ITEMS_WRONG_CERTIFICATE, 0);
        if (contact_open_ipmi(p->contact) >= 0 && p->contact->ipmi.n_items > 0)
                process_log(p, "INFO",
                            "IPMI only: stages and outcome go to the BMC's event log; the journal %s",
                            for_good ? "stays here" : "follows when the BMC takes it");
        process_state(p, "limited", problem);
}

static void process_begin_outage(struct process *p, int error) {
        if (p->outage)
                return;

        p->outage = true;
        if (p->was_open)
                p->give_up = wait_until(&p->wait, p->patience);
        process_log(p, "WARNING", "%s: trying again", p->contact->problem ?: strerror(-error));
}

static int process_pause(struct process *p, int error) {
        uint64_t until = wait_until(&p->wait, MAX(p->pause, redfish_retry_after(p->contact->redfish)));

        /* A service that says that it is busy is the right one, and there. */
        if (error != -EAGAIN)
                contact_doubt(p->contact);

        if (!p->is_limited)
                until = MIN(until, p->give_up);
        p->pause = MIN(p->pause * 2, PAUSE_MAX);

        return process_idle(p, until);
}

/* Whether it would be too late for another try: a BMC that was never reached is not waited for when the agent
 * wants to go on. */
static bool process_is_over(const struct process *p) {
        return now_usec() >= p->wait.deadline || (p->wait.closing && p->is_limited && !p->was_open);
}

/* Returns 0 when all was delivered by the time that the agent closed the channel, else why it was not. */
static int process_run(struct process *p) {
        int r, q;

        r = contact_read_candidates(p->contact);
        if (r < 0)
                return r;

        for (;;) {
                r = process_open(p);
                if (r >= 0)
                        r = process_deliver(p);
                if (r >= 0 || !process_may_retry(p, r) || process_is_over(p))
                        return r;

                /* Later is better than never: when the agent waits no longer, it is still tried here. */
                process_begin_outage(p, r);
                if (now_usec() >= p->give_up)
                        process_limit(p, r, false);

                q = process_pause(p, r);
                if (q < 0)
                        return contact_fail(p->contact, q, "cannot wait: %s", strerror(-q));
        }
}

/* Of the delivery nothing more is to be expected: what there is beside it, until the agent closes the
 * channel. */
static void process_go_without(struct process *p, int error) {
        process_limit(p, error, true);
        if (!p->wait.closing)
                (void) process_idle(p, USEC_INFINITY);
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

/* What a person is told of the end, behind how many records were delivered. */
static char *process_farewell(const struct process *p, int error) {
        _cleanup_free_ char *items = channel_items_summary(&p->items);

        return strprintf("%s%s%s", error < 0 ? "" : "session closed", error >= 0 && items ? "; " : "",
                         items ?: "");
}

static void process_end(struct process *p, int error) {
        uint64_t undelivered = process_undelivered(p);
        struct contact *contact = p->contact;
        _cleanup_free_ char *problem = NULL, *told = NULL;
        int r;

        if (error < 0)
                problem = strdup(contact->problem ?: strerror(-error));

        /* The time for this was set aside by whoever closed the channel. */
        p->wait.deadline = now_usec() + CHANNEL_FAREWELL;

        if (error < 0 && p->was_open)
                process_log(p, "ERROR", "%llu of %llu records are not at the BMC: %s",
                            (unsigned long long) undelivered, (unsigned long long) p->wait.records,
                            problem ?: "");
        process_tell_last(p, undelivered);

        r = session_end(contact);
        if (r < 0)
                process_log(p, "WARNING", "%s", contact->problem ?: strerror(-r));

        p->contact = contact_free(contact);
        told = process_farewell(p, error);
        process_state(p, error < 0 ? "failed" : "closed", told ?: "");
}

int channel_process(int report_fd, void *userdata) {
        const struct channel_job *job = userdata;
        _cleanup_(process_done) struct process p = {
                .report_fd = report_fd,
                .wait = {.records_fd = job->records_fd, .close_fd = job->close_fd, .deadline = USEC_INFINITY},
                .pause = PAUSE_MIN,
                .patience = job->patience,
                .give_up = now_usec() + job->patience,
        };
        int r;

        /* Here are credentials: no core dump, and no looking in from outside. */
        if (prctl(PR_SET_DUMPABLE, 0) < 0)
                return -errno;

        r = http_initialize();
        if (r < 0)
                return r;

        r = delivery_init(&p.delivery, job->journal_path, job->boot);
        if (r < 0)
                return r;

        r = channel_items_init(&p.items, job->environment->sys_root, job->journal_path, job->boot);
        if (r < 0)
                return r;
        p.items.options.asset_tag = job->plan->bmc_asset_tag;

        r = contact_new(job->environment, &p.wait, job->plan, on_note, &p, &p.contact);
        if (r < 0)
                return r;

        r = process_run(&p);
        if (r < 0)
                process_go_without(&p, r);
        process_end(&p, r);
        return 0;
}
