/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls.h: which certificate a BMC may show, and which one it is shown. The check is part of the handshake, so
 * that an impostor gets no byte of what was to be sent. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "bmc/ipmi/bootstrap.h"
#include "bmc/link/ip.h"

enum tls_way {
        TLS_FINGERPRINT, /* this certificate and no other, whoever has signed it, whatever its names and dates
                          */
        TLS_AUTHORITY,   /* any that an authority in the image has signed for the BMC's name */
        TLS_ANY,         /* whichever it is: for the first use, after which it becomes the only one */
};

struct tls_trust {
        enum tls_way way;
        uint8_t fingerprint[FINGERPRINT_SIZE]; /* SHA-256 of the certificate's DER form */

        X509_STORE *authorities;
        /* What a certificate by an authority has to be for: name, or where there is none the address. Neither
         * counts when any_name is set. */
        const char *name;
        struct ip_address address;
        bool any_name;

        /* Shown to a BMC that asks for it (mutual TLS); NULL: none. */
        X509 *certificate;
        STACK_OF(X509) * chain;
        EVP_PKEY *key;

        /* What the last handshake has found out. */
        bool rejected;
        char problem[200];
        uint8_t seen[FINGERPRINT_SIZE];
};

/* Frees what it holds. */
void tls_trust_done(struct tls_trust *trust);

/* Reads the authorities' certificates, PEM, of which there must be one at least. Returns 0, -EBADMSG,
 * -ENOMEM.
 */
int tls_read_authorities(struct tls_trust *trust, const char *pem, size_t size);

/* Reads a certificate, its private key and perhaps a chain, all PEM in one text. Returns 0, -EBADMSG when one
 * is missing or they do not belong together, -ENOMEM. */
int tls_read_certificate(struct tls_trust *trust, const char *pem, size_t size);

/* Makes handshakes of context succeed only as trust says, which must outlive it. Returns 0, -ENOMEM. */
int tls_arm(SSL_CTX *context, struct tls_trust *trust);
