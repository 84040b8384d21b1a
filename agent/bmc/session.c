/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "bmc/redfish/redfish.h"
#include "contact.h"
#include "session.h"

void session_done(struct session *session) {
        bootstrap_account_done(&session->account);
        session->has_account = false;
}

static int session_ask_account(struct session *session, struct contact *contact) {
        _cleanup_free_ char *problem = NULL;
        int r;

        r = bootstrap_ask_account(contact->trusted_ipmi, contact->wait, &session->account, &problem);
        if (r < 0)
                return contact_fail(contact, r, "%s", problem ?: strerror(-r));

        session->has_account = true;
        session->account_worked = false;
        return 0;
}

int session_open(struct session *session, struct contact *contact) {
        int r;

        if (redfish_logged_in(contact->redfish))
                return 0;

        if (!session->has_account) {
                r = session_ask_account(session, contact);
                if (r < 0)
                        return r;
        }

        r = redfish_login(contact->redfish, &session->account);
        if (r < 0)
                return contact_fail(contact, r, "the BMC opens no session: %s",
                                    redfish_problem(contact->redfish));

        session->account_worked = true;
        return 0;
}

bool session_lost_account(struct session *session, const struct contact *contact, int error) {
        /* The service was reset and has ended the account with the session: that is a reason for another
         * account, as a refusal of one just given out is not. */
        if (error != -EACCES || !session->account_worked || redfish_logged_in(contact->redfish))
                return false;

        session_done(session);
        return true;
}

int session_end(struct contact *contact) {
        int r;

        if (!contact->trusted || !redfish_logged_in(contact->redfish))
                return 0;

        r = redfish_logout(contact->redfish);
        if (r < 0)
                return contact_fail(contact, r, "the BMC's session could not be ended: %s",
                                    redfish_problem(contact->redfish));

        return 0;
}
