/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redfish.h: a client of one Redfish service (DSP0266), with a session of its own. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "http.h"

struct redfish;

/* Printable ASCII, each with a NUL at its end. Secret: account_wipe() when it has served. */
#define USER_NAME_MAX 64U
#define PASSWORD_MAX  128U
struct account {
        char user_name[USER_NAME_MAX + 1], password[PASSWORD_MAX + 1];
        bool own; /* nobody else has it */
};

void account_wipe(struct account *account);

/* Functions that make requests return 0, or with the reason in redfish_problem():
 *
 *   -EKEYREJECTED  the server is not one that is trusted: nothing was sent to it
 *   -ECONNREFUSED, -ECONNRESET, -ETIMEDOUT  no connection, or it broke
 *   -EAGAIN        the service is busy or not well (503 and other 5xx): worth another try, after
 *                  redfish_retry_after()
 *   -EACCES        it does not accept the account or session (401)
 *   -EPERM         the account may not do this (403)
 *   -ENOENT        the resource or operation is not offered (404, 405, 501)
 *   -EFBIG         the request is larger than it takes (413)
 *   -ESTALE        the resource has been changed since it was read (412, 428)
 *   -EREMOTEIO     it refuses (other 4xx), or does what no service should
 *   -EBADMSG       what it says is no Redfish */

/* Makes requests over http, which must outlive that use. NULL: no longer. Returns 0, -ENOMEM. */
int redfish_new(struct redfish **ret);
void redfish_use(struct redfish *redfish, struct http *http);

/* Forgets the session, as redfish_forget() does. */
struct redfish *redfish_free(struct redfish *redfish);
DEFINE_CLEANUP(struct redfish *, redfish_free);

/* Reads the service root, which needs no session. */
int redfish_read_root(struct redfish *redfish);

/* The service root, NULL before it was read. */
const json_t *redfish_root(const struct redfish *redfish);

/* What the service's clock showed when it answered last, in microseconds since 1970, to the second; 0 when it
 * did not say. */
uint64_t redfish_time(const struct redfish *redfish);

/* Opens a session. The account must outlive the session: when the service has forgotten the session (401), a
 * new one is opened with it, once for a request. */
int redfish_login(struct redfish *redfish, const struct account *account);

/* Goes on with a session of that account which somebody else has opened. Returns 0, -ENOMEM. */
int redfish_adopt(struct redfish *redfish, const struct account *account, const char *session,
                  const char *token);

/* Forgets it without ending it, and the account. */
void redfish_forget(struct redfish *redfish);

/* Whether a session was opened and not ended, as far as is known here. */
bool redfish_logged_in(const struct redfish *redfish);

/* Ends the session. */
int redfish_logout(struct redfish *redfish);

/* The user name of an account that nobody else has, when there may be a session of it which is not known
 * here: the answer to a login was lost. Else NULL. */
const char *redfish_stray_user(const struct redfish *redfish);

/* The path of the sessions, and that of the one that is open, or NULL; and its token, which is secret. */
const char *redfish_sessions_path(const struct redfish *redfish);
const char *redfish_session_path(const struct redfish *redfish);
const char *redfish_session_token(const struct redfish *redfish);

int redfish_delete(struct redfish *redfish, const char *path);

/* Reads a resource. Its entity tag, where the service gives one, is "@odata.etag" in it. */
int redfish_get(struct redfish *redfish, const char *path, json_t **ret);

/* Creates a resource. *ret_location (may be NULL) is then its path, or NULL where the service does not say
 * one. In *ret_error (may be NULL) is the error response, if one came and is JSON: a new reference. */
int redfish_post(struct redfish *redfish, const char *path, const char *body, size_t size,
                 char **ret_location, json_t **ret_error);

/* Changes properties of a resource as redfish_get() gave it, unless it has been changed since (-ESTALE).
 * changes has the properties that are to be, alone. Success means that the service has accepted them: to know
 * more, read them back. */
int redfish_patch(struct redfish *redfish, const json_t *resource, const json_t *changes);

/* Records what went wrong. Returns error. */
int redfish_fail(struct redfish *redfish, int error, const char *format, ...) _printf_(3, 4);

/* "POST /redfish/v1/...: 401: The session is not valid." */
const char *redfish_problem(const struct redfish *redfish);

/* How long the service asked to be left in peace, in microseconds; 0 when it did not say. */
uint64_t redfish_retry_after(const struct redfish *redfish);
