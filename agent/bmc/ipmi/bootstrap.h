/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bootstrap.h: Redfish credential bootstrapping over IPMI (DSP0270 1.3, clause 9): what makes the BMC's
 * certificate trusted, and an account on it, given out to whoever is on the host's own system interface. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct ipmi;
struct wait;

#define FINGERPRINT_SIZE 32 /* SHA-256 of the certificate as DER */

/* Both texts end with a NUL. Secret: bootstrap_account_done() wipes it. */
struct bootstrap_account {
        char user_name[17], password[17];
};

void bootstrap_account_done(struct bootstrap_account *account);

/* The answers as they came, from the completion code on. Return 0, -EREMOTEIO when the completion code is not
 * 0, -EBADMSG when it is no such answer; the fingerprint also -ENOTSUP when it is none by SHA-256. */
int bootstrap_decode_fingerprint(const uint8_t *response, size_t size, uint8_t ret[static FINGERPRINT_SIZE]);
int bootstrap_decode_account(const uint8_t *response, size_t size, struct bootstrap_account *ret);

/* Asks for the fingerprint of the first certificate. Returns 0, -ETIMEDOUT, -EREMOTEIO when it is refused,
 * -EAGAIN when the BMC cannot answer now, -EBADMSG, -ENOTSUP, a negative errno; *ret_problem then tells it in
 * words (NULL when memory is short). */
int bootstrap_ask_fingerprint(struct ipmi *ipmi, struct wait *w, uint8_t ret[static FINGERPRINT_SIZE],
                              char **ret_problem);

/* Makes the BMC create an account, each time anew, and then refuse to create another until it or the host is
 * reset. Returns as bootstrap_ask_fingerprint(). */
int bootstrap_ask_account(struct ipmi *ipmi, struct wait *w, struct bootstrap_account *ret,
                          char **ret_problem);
