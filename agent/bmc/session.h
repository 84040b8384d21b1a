/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.h: how the channel is let in by the BMC, by the plan (bmc.credentials): a client certificate, which
 * needs no session, or a session with an account of the image's or with one asked for over IPMI. That account
 * is asked for once, and kept because the BMC may lose the session. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bmc/redfish/redfish.h"

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
};

/* Wipes the account. A session must have been ended before. */
void session_done(struct session *session);

/* Opens it on a contact that is connected, unless it is open, in the first way that the BMC accepts. Returns
 * as the contact's steps do, with the reason in the contact's ->problem. */
int session_open(struct session *session, struct contact *contact);

/* Whether other credentials are called for after that error: then the next session_open() asks for them. */
bool session_lost_account(struct session *session, const struct contact *contact, int error);

/* Ends it, if it was opened and the BMC can be reached. Returns 0, or a negative errno with the reason in the
 * contact's ->problem. */
int session_end(struct contact *contact);

/* Takes an account file's text to pieces. Returns 0, -EBADMSG when it is not two lines of printable ASCII of
 * the lengths that struct account has room for. */
int session_parse_account(const char *text, size_t size, struct account *ret);
