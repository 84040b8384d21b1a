/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certificate.h: who this BMC says it is. */
#pragma once

#define FINGERPRINT_HEX_SIZE (2 * 32 + 1)

struct certificate {
        char *certificate;                      /* PEM; the first one when there is a chain */
        char *key;                              /* PEM */
        char fingerprint[FINGERPRINT_HEX_SIZE]; /* SHA-256 of the certificate's DER form, in lower-case hex */
};

/* Reads certificate.pem and key.pem in directory. When there is no certificate.pem, a P-256 key and a
 * certificate that it signs itself are made and written there: a service that restarts keeps its identity, as
 * a BMC does. Returns 0, -EBADMSG when certificate.pem holds no certificate, -EIO when OpenSSL fails, a
 * negative errno. */
int certificate_load(const char *directory, struct certificate *ret);

void certificate_done(struct certificate *c);
