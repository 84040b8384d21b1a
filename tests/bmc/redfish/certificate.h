/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certificate.h: who this BMC says it is. */
#pragma once

#define FINGERPRINT_HEX_SIZE (2 * 32 + 1)

struct certificate {
        char *certificate;                      /* PEM; the first one when there is a chain */
        char *key;                              /* PEM */
        char fingerprint[FINGERPRINT_HEX_SIZE]; /* SHA-256 of the certificate's DER form, in lower-case hex */
};

#define CERTIFICATE_NAMES "DNS:bmc,DNS:localhost,IP:169.254.0.17,IP:127.0.0.1"

/* Reads certificate.pem and key.pem in directory. When there is no certificate.pem, a P-256 key and a
 * certificate for CERTIFICATE_NAMES are made and written there: a service that restarts keeps its identity,
 * as a BMC does. With authority, a directory with ca.pem and ca-key.pem, the certificate is signed by that;
 * with NULL by itself. Returns 0, -EBADMSG when certificate.pem or the authority holds no certificate, -EIO
 * when OpenSSL fails, a negative errno. */
int certificate_load(const char *directory, const char *authority, struct certificate *ret);

/* Makes another one, for names as OpenSSL writes them in subjectAltName. */
int certificate_renew(const char *directory, const char *authority, const char *names,
                      struct certificate *ret);

void certificate_done(struct certificate *c);
