/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.h: the Redfish session of the channel, and the account that it is opened with. The account is asked
 * for once, over IPMI, and kept because the BMC may lose the session. */
#pragma once

#include <stdbool.h>

#include "bmc/ipmi/bootstrap.h"

struct contact;

/* A zeroed one is ready for use. */
struct session {
        struct bootstrap_account account;
        bool has_account, account_worked;
};

/* Wipes the account. A session must have been ended before. */
void session_done(struct session *session);

/* Opens it on a contact that is connected, unless it is open. Returns as the contact's steps do, with the
 * reason in the contact's ->problem. */
int session_open(struct session *session, struct contact *contact);

/* Whether another account is called for after that error: then the next session_open() asks for one. */
bool session_lost_account(struct session *session, const struct contact *contact, int error);

/* Ends it, if it was opened and the BMC can be reached. Returns 0, or a negative errno with the reason in the
 * contact's ->problem. */
int session_end(struct contact *contact);
