/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls.h: trusts exactly one certificate, by its fingerprint. The check is part of the handshake, so that an
 * impostor gets no byte of what was to be sent. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "bmc/ipmi/bootstrap.h"

struct tls_pin {
        uint8_t fingerprint[FINGERPRINT_SIZE]; /* SHA-256 of the DER form */

        /* What a handshake has found out: whether the peer's certificate was another one, and which. */
        bool mismatch;
        uint8_t seen[FINGERPRINT_SIZE];
};

/* Makes handshakes of context succeed only with the pinned certificate, whoever has signed it, whatever its
 * names and dates. pin must outlive the context. */
void tls_pin_certificate(SSL_CTX *context, struct tls_pin *pin);
