/* SPDX-License-Identifier: GPL-3.0-or-later */
/* control.h: asking the Redfish service, which has certificates, accounts and fault rules. */
#pragma once

#include <stdint.h>

#include <jansson.h>

/* Puts one question to the service on the control socket at path, and waits so many microseconds for the
 * answer. Returns 0 and sets *ret to its answer, an
 * object; -ETIMEDOUT when none came in time, -EBADMSG when it was no JSON object, -errno when the socket
 * failed. */
int control_ask(const char *path, const json_t *question, uint64_t timeout, json_t **ret);
