/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redfish.h: a client of one Redfish service (DSP0266), with a session of its own. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "http.h"

struct bootstrap_account;
struct redfish;

/* Functions that make requests return 0, or with the reason in redfish_problem():
 * -EKEYREJECTED  the server is not the one that is trusted: nothing was sent to it
 * -ECONNREFUSED, -ECONNRESET, -ETIMEDOUT  no connection, or it broke
 * -EAGAIN        the service is busy or not well (503 and other 5xx): worth another try, after
 * redfish_retry_after() -EACCES        it does not accept the account or session -ENOENT        the resource
 * or operation is not offered (404, 405, 501) -EFBIG         the request is larger than it takes (413)
 * -EREMOTEIO     it refuses (other 4xx), or does what no service should
 * -EBADMSG       what it says is no Redfish */

/* Makes requests over http, which must outlive that use. Returns 0, -ENOMEM. */
int redfish_new(struct redfish **ret);
void redfish_use(struct redfish *redfish, struct http *http);

/* Forgets the session without ending it. */
struct redfish *redfish_free(struct redfish *redfish);
DEFINE_CLEANUP(struct redfish *, redfish_free);

/* Reads the service root, which needs no session. The first request on a connection: it shows whom we talk
 * to. */
int redfish_read_root(struct redfish *redfish);

/* Opens a session. The account must outlive the session: when the service has forgotten the session (401), a
 * new one is opened with it, once for a request. */
int redfish_login(struct redfish *redfish, const struct bootstrap_account *account);

/* Whether a session was opened and not ended, as far as is known here. */
bool redfish_logged_in(const struct redfish *redfish);

/* Ends the session. */
int redfish_logout(struct redfish *redfish);

int redfish_get(struct redfish *redfish, const char *path, json_t **ret);

/* Creates a resource. In *ret_error (may be NULL) is the error response, if one came and is JSON: a new
 * reference. */
int redfish_post(struct redfish *redfish, const char *path, const char *body, size_t size,
                 json_t **ret_error);

/* Finds the computer system that this is: the only one, or the one with this UUID (NULL: unknown). -ENOENT
 * when there is none, or more than one and none with that UUID. */
int redfish_find_system(struct redfish *redfish, const char *uuid, json_t **ret);

/* Finds the path of the entries of the system's log service with that Id. -ENOENT when it is not offered. */
int redfish_find_log(struct redfish *redfish, const json_t *system, const char *id, char **ret_entries);

/* "POST /redfish/v1/...: 401: The session is not valid." */
const char *redfish_problem(const struct redfish *redfish);

/* How long the service asked to be left in peace, in microseconds; 0 when it did not say. */
uint64_t redfish_retry_after(const struct redfish *redfish);
