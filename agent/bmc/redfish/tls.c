/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "base/macro.h"
#include "tls.h"

/* Stands in for the whole of X509_verify_cert(): returns 1 when the certificate is trusted. */
static int verify(X509_STORE_CTX *store, void *userdata) {
        struct tls_pin *pin = userdata;
        const X509 *certificate = X509_STORE_CTX_get0_cert(store);
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size;

        if (!certificate || !X509_digest(certificate, EVP_sha256(), digest, &size) ||
            size != FINGERPRINT_SIZE) {
                X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
                return 0;
        }

        if (CRYPTO_memcmp(digest, pin->fingerprint, FINGERPRINT_SIZE) != 0) {
                pin->mismatch = true;
                memcpy(pin->seen, digest, FINGERPRINT_SIZE);
                X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
                return 0;
        }

        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
}

void tls_pin_certificate(SSL_CTX *context, struct tls_pin *pin) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(context, verify, pin);
}
