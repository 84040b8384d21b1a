/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/child.h"
#include "base/text.h"
#include "bmc/redfish/http.h"
#include "bmc/redfish/redfish.h"
#include "channel-private.h"
#include "channel-process.h"
#include "contact.h"
#include "orders.h"
#include "plan/plan.h"

static void process_done(struct process *p) {
        contact_free(p->contact);
        delivery_done(&p->delivery);
        channel_items_done(&p->items);
        backlog_done(&p->backlog);
        channel_report_done(&p->report);
        session_done(&p->session);
}

static void on_note(const char *severity, const char *text, void *userdata) {
        struct process *p = userdata;

        channel_report_log(&p->report, severity, "%s", text);
}

static void on_boot_override(json_t *override, void *userdata) {
        struct process *p = userdata;

        (void) child_report(p->report.fd, json_pack("{sO}", "boot-override", override));
}

static void on_plan(json_t *settings, void *userdata) {
        struct process *p = userdata;

        (void) child_report(p->report.fd, json_pack("{sO}", "plan", settings));
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

        process_keep_session(p);
        if (p->was_open)
                return 0;

        p->is_limited = false;
        p->was_open = true;
        summary = strprintf("%s to %s, %s", way_name(&contact->way), FORMAT_IP(&contact->way.service),
                            trust_text(&contact->trust));
        channel_report_status(&p->report, "connection", json_string(summary));
        channel_report_status(&p->report, "log", json_string(p->delivery.entries));
        channel_report_state(&p->report, "open", summary ?: "open");
        return 0;
}

/* Whether it is worth going on after that error, perhaps with other means. */
static bool process_may_retry(struct process *p, int error) {
        if (session_lost_account(&p->session, p->contact, error))
                return true;

        /* It lets us in, and forgets the session before it has served: it is not well, which may pass. */
        if (error == -EACCES && p->session.worked)
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
        channel_report_log(&p->report, process_is_absence(error) ? "WARNING" : "ERROR", "%s", problem);
        if (error == -EKEYREJECTED)
                (void) items_event(p->items.items, ITEMS_WRONG_CERTIFICATE, 0);
        if (contact_open_ipmi(p->contact) >= 0 && p->contact->ipmi.n_items > 0)
                channel_report_log(&p->report, "INFO",
                                   "IPMI only: stages and outcome go to the BMC's event log; the journal %s",
                                   for_good ? "stays here" : "follows when the BMC takes it");
        channel_report_status(&p->report, "problem", json_string(problem));
        channel_report_state(&p->report, "limited", problem);
}

static void process_begin_outage(struct process *p, int error) {
        if (p->outage)
                return;

        p->outage = true;
        if (p->was_open)
                p->give_up = wait_until(&p->wait, p->patience);
        channel_report_log(&p->report, "WARNING", "%s: trying again",
                           p->contact->problem ?: strerror(-error));
}

static int process_pause(struct process *p, int error) {
        uint64_t until = wait_until(&p->wait, MAX(p->pause, redfish_retry_after(p->contact->redfish)));

        /* A service that says that it is busy is the right one, and there. */
        if (error != -EAGAIN)
                contact_doubt(p->contact);

        if (!p->is_limited)
                until = MIN(until, p->give_up);
        p->pause = MIN(p->pause * 2, PROCESS_PAUSE_MAX);

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

        r = backlog_read(&p->backlog);
        if (r == -EBADMSG)
                (void) backlog_clear(&p->backlog);
        if (r < 0)
                channel_report_log(&p->report, "WARNING",
                                   "what an earlier boot has left in NVRAM is lost: %s", strerror(-r));

        r = contact_read_candidates(p->contact);
        if (r < 0)
                return r;

        for (;;) {
                r = process_open(p);
                if (r >= 0)
                        r = process_send_backlog(p);
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
                        return explain_error(&p->contact->problem, q, "cannot wait: %s", strerror(-q));
        }
}

/* Of the delivery nothing more is to be expected: what there is beside it, until the agent closes the
 * channel. */
static void process_go_without(struct process *p, int error) {
        /* The service is there, and lets us in. */
        if (p->contact->trusted && redfish_logged_in(p->contact->redfish))
                channel_items_report(&p->items, "journal", PROCESS_WAY,
                                     error == -ENOENT ? ITEM_NOT_OFFERED : ITEM_REFUSED, p->contact->problem);
        process_limit(p, error, true);
        if (!p->wait.closing)
                (void) process_idle(p, USEC_INFINITY);
}

/* What the agent before has found need not be looked for again. */
static int process_resume(struct process *p) {
        _cleanup_(kept_done) struct kept kept = {};
        int r;

        r = session_resume(&p->session, p->contact, &kept);
        if (r <= 0)
                return r;

        p->contact->system_path = strdup(kept.system);
        p->delivery.entries = strdup(kept.entries);
        p->discovery_verified = kept.discovery_verified;
        p->goes_on = true;
        return p->contact->system_path && p->delivery.entries ? 0 : -ENOMEM;
}

int channel_process(int report_fd, void *userdata) {
        const struct channel_job *job = userdata;
        _cleanup_(process_done) struct process p = {
                .wait = {.records_fd = job->records_fd, .close_fd = job->close_fd, .deadline = USEC_INFINITY},
                .pause = PROCESS_PAUSE_MIN,
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

        r = channel_report_init(&p.report, report_fd, job->journal_path, job->boot);
        if (r < 0)
                return r;

        r = backlog_init(&p.backlog, job->environment->sys_root);
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

        r = process_resume(&p);
        if (r < 0)
                return r;

        r = process_run(&p);
        if (r < 0)
                process_go_without(&p, r);
        process_end(&p, r);
        return 0;
}
