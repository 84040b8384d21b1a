/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backlog.h"
#include "base/command.h"
#include "base/log.h"
#include "base/state.h"
#include "base/text.h"
#include "bmc/redfish/http.h"
#include "bmc/redfish/redfish.h"
#include "channel-report.h"
#include "contact.h"
#include "delivery.h"
#include "journal-reader.h"
#include "plan/plan.h"
#include "session.h"
#include "verb.h"
#include "wait.h"

/* For a service that is busy and does not say for how long. */
#define BUSY_PAUSE (500 * USEC_PER_MSEC)

static void help(void) {
        puts("Usage: seatrial bmc send\n"
             "\n"
             "Sends the BMC what it does not have yet of the last run's journal, and of what earlier\n"
             "boots have left in NVRAM because they could not deliver it. What the BMC has already it\n"
             "drops. It needs to be let in, as \"seatrial bmc log --help\" tells.\n"
             "\n"
             "  -h, --help  this text");
}

/* What is to be sent. */
struct sending {
        struct contact *contact;
        struct delivery delivery;
        struct backlog backlog;
        char *boot;          /* whose journal it is, NULL when there is none */
        uint64_t n_records;  /* in it */
        uint64_t busy_until; /* in now_usec() time: so long a busy service is waited for */
};

static void sending_done(struct sending *sending) {
        contact_free(sending->contact);
        delivery_done(&sending->delivery);
        backlog_done(&sending->backlog);
        free(sending->boot);
}

/* Goes through the whole journal for its boot and its size. Returns 0, a negative errno. */
static int survey_journal(struct sending *sending) {
        _cleanup_(journal_reader_freep) struct journal_reader *reader = NULL;
        int r;

        r = journal_reader_new(JOURNAL_FILE, "", &reader);
        if (r < 0)
                return r;

        for (;; sending->n_records++) {
                _cleanup_json_ json_t *record = NULL;
                const json_t *start;
                const char *boot;

                r = journal_reader_step(reader, UINT64_MAX, &record);
                if (r <= 0)
                        return r;

                start = json_object_get(json_object_get(record, "testRunArtifact"), "testRunStart");
                boot = json_get_string(json_object_get(start, "metadata"), "boot");
                if (!boot || sending->boot)
                        continue;

                sending->boot = strdup(boot);
                if (!sending->boot)
                        return -ENOMEM;
        }
}

/* Returns 0 when it is worth another try now, else error. */
static int pause_if_busy(struct sending *sending, int error) {
        struct contact *contact = sending->contact;
        uint64_t pause = MAX(redfish_retry_after(contact->redfish), (uint64_t) BUSY_PAUSE);
        int r;

        if (error != -EAGAIN || now_usec() + pause > sending->busy_until)
                return error;

        r = wait_for(contact->wait, -EBADF, 0, wait_until(contact->wait, pause));
        return r < 0 && r != -ETIMEDOUT ? r : 0;
}

static int send_backlog(struct sending *sending) {
        uint64_t n = backlog_count(&sending->backlog), lost, all_lost = 0;
        int r;

        if (n == 0)
                return 0;

        do {
                r = backlog_send(&sending->backlog, sending->contact, sending->delivery.entries, &lost);
                if (r > 0 && lost > 0) {
                        all_lost += lost;
                        log_line("%llu records that were kept in NVRAM are lost: %s",
                                 (unsigned long long) lost, sending->contact->problem);
                }
                if (r < 0)
                        r = pause_if_busy(sending, r) < 0 ? r : 1;
        } while (r > 0);
        if (r < 0)
                return r;

        printf("%llu of %llu records that were kept in NVRAM are at the BMC\n",
               (unsigned long long) (n - all_lost), (unsigned long long) n);
        r = backlog_clear(&sending->backlog);
        if (r < 0)
                log_line("they cannot be removed from NVRAM: %s", strerror(-r));
        return 0;
}

static int send_journal(struct sending *sending) {
        int r;

        if (!sending->boot) {
                puts("no run has left a journal");
                return 0;
        }

        do {
                r = delivery_send(&sending->delivery, sending->contact, sending->n_records);
                if (r < 0)
                        r = pause_if_busy(sending, r) < 0 ? r : 1;
        } while (r > 0);

        printf("%llu of %llu records of the last run are at the BMC\n",
               (unsigned long long) delivery_position(&sending->delivery),
               (unsigned long long) sending->n_records);
        if (delivery_position(&sending->delivery) > 0)
                (void) channel_status_set_delivered(JOURNAL_FILE, delivery_position(&sending->delivery));
        return r;
}

static int open_and_send(struct sending *sending) {
        _cleanup_(session_done) struct session session = {};
        int r;

        r = verb_open_session(sending->contact, &session);
        if (r < 0)
                return r;

        r = delivery_find_log(&sending->delivery, sending->contact);
        if (r >= 0)
                r = send_backlog(sending);
        if (r >= 0)
                r = send_journal(sending);
        if (r < 0)
                log_line("%s", sending->contact->problem ?: strerror(-r));

        return verb_end_session(sending->contact, &session, r);
}

/* Returns 0, or having said why a negative errno. */
static int prepare(struct sending *sending, struct wait *w, const struct plan *plan) {
        int r;

        r = contact_new(&contact_live_environment, w, plan, NULL, NULL, &sending->contact);
        if (r < 0)
                return log_error(r, "the way to the BMC cannot be looked for");

        r = survey_journal(sending);
        if (r >= 0)
                r = delivery_init(&sending->delivery, JOURNAL_FILE, sending->boot ?: "");
        if (r < 0)
                return log_error(r, JOURNAL_FILE " cannot be read");

        r = backlog_init(&sending->backlog, contact_live_environment.sys_root);
        if (r < 0)
                return log_error(r, "what was kept in NVRAM cannot be read");

        /* The journal may be had all the same. */
        r = backlog_read(&sending->backlog);
        if (r < 0)
                log_error(r, "what was kept in NVRAM cannot be read");

        sending->busy_until = now_usec() + plan->bmc_patience;
        return 0;
}

int verb_bmc_send(int argc, char **argv) {
        _cleanup_(sending_done) struct sending sending = {};
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct wait w = WAIT_ALONE;
        int r, status;

        if (!command_begin(argc, argv, help, NULL, NULL, 0, &status))
                return status;

        if (plan_load_for_command(&plan) < 0)
                return 1;

        r = http_initialize();
        if (r < 0) {
                log_error(r, "the way to the BMC cannot be looked for");
                return 1;
        }

        if (prepare(&sending, &w, plan) < 0)
                return 1;

        return open_and_send(&sending) < 0;
}
