/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "base/log.h"
#include "base/text.h"
#include "bmc/ipmi/ipmi.h"
#include "contact.h"
#include "session.h"
#include "verb.h"
#include "wait.h"

static const struct command things[] = {
        {"status", verb_bmc_status, "the way to the BMC, as far as it goes"},
        {"sel", verb_bmc_sel, "the BMC's event log"},
        {"send", verb_bmc_send, "what the BMC does not have of the journal"},
        {"log", verb_bmc_log, "what the BMC holds of what it was told"},
        {"bootdev", verb_bmc_bootdev, "what the next boot is to do"},
        {"forget", verb_bmc_forget, "the BMC's certificate of the first use"},
        {},
};

int verb_open_session(struct contact *contact, struct session *session) {
        int r;

        r = contact_read_candidates(contact);
        if (r >= 0)
                r = contact_prepare(contact);
        if (r >= 0)
                r = contact_connect(contact);
        if (r >= 0)
                r = session_open(session, contact);
        if (r < 0)
                log_line("%s", contact->problem ?: strerror(-r));

        return r;
}

int verb_end_session(struct contact *contact, struct session *session, int error) {
        int r;

        r = session_end(session, contact);
        if (r < 0)
                log_line("%s", contact->problem ?: strerror(-r));

        return error < 0 ? error : r;
}

int verb_ask_ipmi(int (*ask)(struct ipmi *ipmi, struct wait *w, void *userdata, char **ret_problem),
                  void *userdata) {
        _cleanup_(ipmi_list_done) struct ipmi_list list = {};
        _cleanup_free_ char *problem = NULL;
        struct wait w = WAIT_ALONE;
        int r;

        r = ipmi_open_all("/dev", &list);
        if (r < 0)
                return log_error(r, "the IPMI devices cannot be listed");

        r = -ENODEV;
        for (size_t i = 0; i < list.n_items; i++) {
                free(TAKE_PTR(problem));
                r = ask(list.items[i], &w, userdata, &problem);
                if (r != -EOPNOTSUPP && r != -ETIMEDOUT)
                        break;
        }
        if (r < 0)
                log_line("%s", problem
                                       ?: "there is no IPMI device (/dev/ipmi0), or the kernel has no driver "
                                          "for it");

        return r;
}

static void help(void) {
        puts("Usage: seatrial bmc THING [OPTION...]\n");
        command_list(things);
        puts("\nseatrial bmc THING --help tells more.");
}

int verb_bmc(int argc, char **argv) {
        if (argc < 2 || streq(argv[1], "--help") || streq(argv[1], "-h")) {
                help();
                return argc < 2 ? COMMAND_WRONG_USAGE : 0;
        }

        return command_run(things, argc, argv);
}
