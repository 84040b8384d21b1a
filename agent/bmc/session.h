/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.h: how the channel is let in by the BMC, by the plan (bmc.credentials): a client certificate, which
 * needs no session, or a session with an account of the image's or with one asked for over IPMI. That account
 * is asked for once in a boot, and kept: the BMC may lose the session, and the agent may be begun over again
 * (kept.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bmc/redfish/redfish.h"
#include "kept.h"

struct contact;

/* Two lines, user name and password, in the image's directory; see struct trust_roots. */
#define SESSION_ACCOUNT_FILE "bmc-account"
#define ACCOUNT_FILE_MAX     ((size_t) 1024)

/* A zeroed one is ready for use. */
struct session {
        struct account account;
        size_t way; /* the plan's that is at work */
        bool has_account, open, worked;
        bool interrupted; /* the account was to be shown when the connection broke */

        char kept[KEPT_PATH_MAX + 1]; /* the session that is kept, or empty */
        bool kept_verified;
};

/* Wipes the account. A session must have been ended before. */
void session_done(struct session *session);

/* Goes on with the session that an agent before this one has left open in the same boot, if that is kept:
 * nothing is asked of the BMC, which may have ended it meanwhile. Returns 1 and sets *ret, 0 when there is
 * none, -ENOMEM. */
int session_resume(struct session *session, struct contact *contact, struct kept *ret);

/* Keeps it, with what was found in it, for the agent after this one, where that was not done yet. Only a
 * session of an account that nobody else has is kept. Returns 0, a negative errno. */
int session_keep(struct session *session, const struct contact *contact, const char *entries,
                 bool discovery_verified);

/* Whether that agent has taken what was kept: the session is its own to end. */
bool session_is_handed_on(const struct session *session, const struct contact *contact);

/* Opens it on a contact that is connected, unless it is open, in the first way that the BMC accepts. Returns
 * as the contact's steps do, with the reason in the contact's ->problem. */
int session_open(struct session *session, struct contact *contact);

/* Whether other credentials are called for after that error: then the next session_open() asks for them. */
bool session_lost_account(struct session *session, const struct contact *contact, int error);

/* Ends it, if it was opened and the BMC can be reached, or leaves it to the agent that it was handed on to;
 * the account stays kept. Returns 0, or a negative errno with the reason in the contact's ->problem. */
int session_end(struct session *session, struct contact *contact);

/* Takes an account file's text to pieces. Returns 0, -EBADMSG when it is not two lines of printable ASCII of
 * the lengths that struct account has room for. */
int session_parse_account(const char *text, size_t size, struct account *ret);
