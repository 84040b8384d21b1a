/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "base/log.h"
#include "base/text.h"
#include "bmc/redfish/http.h"
#include "bmc/redfish/redfish.h"
#include "bmc/redfish/resources.h"
#include "contact.h"
#include "plan/plan.h"
#include "provisioning-log.h"
#include "session.h"
#include "verb.h"
#include "wait.h"

#define ENTRIES_MAX ((size_t) 100000)

static void help(void) {
        puts("Usage: seatrial bmc log [--json]\n"
             "\n"
             "Shows the BMC's provisioning log, oldest first, a line an entry. It needs to be let in,\n"
             "as the plan has it (bmc.credentials): an account that the BMC gives out over IPMI is\n"
             "given once until the host is reset, and the run may have had it; one of your own goes,\n"
             "user name and password a line each, into /etc/seatrial/" SESSION_ACCOUNT_FILE ".\n"
             "\n"
             "  --json      the entries as the BMC has them, a line each\n"
             "  -h, --help  this text");
}

static int show_entry(struct redfish *redfish _unused_, const json_t *entry, void *userdata) {
        const bool *json = userdata;
        _cleanup_free_ char *message = NULL;
        const char *text = json_get_string(entry, "Message") ?: "";

        if (*json) {
                _cleanup_free_ char *line = json_dumps(entry, JSON_COMPACT);

                return line && puts(line) >= 0 ? 0 : -EIO;
        }

        message = text_sanitize(text, strlen(text));
        printf("%-24s %-8s %s\n", json_get_string(entry, "Created") ?: "",
               json_get_string(entry, "Severity") ?: "", message ?: "");
        return 0;
}

/* Returns 0, a negative errno with the reason in contact's ->problem. */
static int show_log(struct contact *contact, bool json) {
        _cleanup_free_ char *entries = NULL;
        int r;

        r = contact_find_system(contact);
        if (r < 0)
                return r;

        r = provisioning_log_find(contact->redfish, contact->system, &entries);
        if (r >= 0)
                r = redfish_each_member(contact->redfish, entries, ENTRIES_MAX, show_entry, &json);
        if (r < 0)
                return explain_error(&contact->problem, r, "the provisioning log cannot be read: %s",
                                     redfish_problem(contact->redfish));

        return 0;
}

static int open_and_show(struct contact *contact, bool json) {
        _cleanup_(session_done) struct session session = {};
        int r;

        r = verb_open_session(contact, &session);
        if (r < 0)
                return r;

        r = show_log(contact, json);
        if (r < 0)
                log_line("%s", contact->problem ?: strerror(-r));

        return verb_end_session(contact, &session, r);
}

int verb_bmc_log(int argc, char **argv) {
        _cleanup_(contact_freep) struct contact *contact = NULL;
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct wait w = WAIT_ALONE;
        bool json = false;
        int r, status;

        if (!command_begin(argc, argv, help, "json", &json, 0, &status))
                return status;

        if (plan_load_for_command(&plan) < 0)
                return 1;

        r = http_initialize();
        if (r >= 0)
                r = contact_new(&contact_live_environment, &w, plan, NULL, NULL, &contact);
        if (r < 0) {
                log_error(r, "the way to the BMC cannot be looked for");
                return 1;
        }

        return open_and_show(contact, json) < 0;
}
