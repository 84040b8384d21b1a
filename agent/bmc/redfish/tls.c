/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/text.h"
#include "tls.h"

DEFINE_CLEANUP(BIO *, BIO_free);
DEFINE_CLEANUP(X509 *, X509_free);

void tls_trust_done(struct tls_trust *trust) {
        X509_STORE_free(trust->authorities);
        X509_free(trust->certificate);
        sk_X509_pop_free(trust->chain, X509_free);
        EVP_PKEY_free(trust->key); /* wipes it */
        *trust = (struct tls_trust){};
}

int tls_read_authorities(struct tls_trust *trust, const char *pem, size_t size) {
        _cleanup_(BIO_freep) BIO *bio = BIO_new_mem_buf(pem, (int) size);
        X509_STORE *store;
        unsigned n = 0;

        store = X509_STORE_new();
        if (!bio || !store) {
                X509_STORE_free(store);
                return -ENOMEM;
        }

        for (;;) {
                _cleanup_(X509_freep) X509 *authority = PEM_read_bio_X509(bio, NULL, NULL, NULL);

                if (!authority || !X509_STORE_add_cert(store, authority))
                        break;
                n++;
        }
        if (n == 0) {
                X509_STORE_free(store);
                return -EBADMSG;
        }

        X509_STORE_free(trust->authorities);
        trust->authorities = store;
        return 0;
}

/* The first certificate is the one, those behind it lead to its authority. */
static int read_chain(BIO *bio, struct tls_trust *ret) {
        ret->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        ret->chain = sk_X509_new_null();
        if (!ret->chain)
                return -ENOMEM;
        if (!ret->certificate)
                return -EBADMSG;

        for (;;) {
                _cleanup_(X509_freep) X509 *issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL);

                if (!issuer)
                        return 0;
                if (!sk_X509_push(ret->chain, issuer))
                        return -ENOMEM;
                TAKE_PTR(issuer);
        }
}

/* A key under a passphrase cannot be read here: nobody is there to say it. */
static int no_passphrase(char *buffer _unused_, int size _unused_, int writing _unused_,
                         void *userdata _unused_) {
        return 0;
}

int tls_read_certificate(struct tls_trust *trust, const char *pem, size_t size) {
        _cleanup_(BIO_freep) BIO *certificates = BIO_new_mem_buf(pem, (int) size),
                                 *key = BIO_new_mem_buf(pem, (int) size);
        _cleanup_(tls_trust_done) struct tls_trust read = {};
        int r;

        if (!certificates || !key)
                return -ENOMEM;

        r = read_chain(certificates, &read);
        if (r < 0)
                return r;

        read.key = PEM_read_bio_PrivateKey(key, NULL, no_passphrase, NULL);
        if (!read.key || !X509_check_private_key(read.certificate, read.key))
                return -EBADMSG;

        X509_free(trust->certificate);
        sk_X509_pop_free(trust->chain, X509_free);
        EVP_PKEY_free(trust->key);
        trust->certificate = TAKE_PTR(read.certificate);
        trust->chain = TAKE_PTR(read.chain);
        trust->key = TAKE_PTR(read.key);
        return 0;
}

static int _printf_(3, 4) reject(struct tls_trust *trust, X509_STORE_CTX *store, const char *format, ...) {
        va_list ap;

        trust->rejected = true;
        va_start(ap, format);
        vsnprintf(trust->problem, sizeof(trust->problem), format, ap);
        va_end(ap);

        if (X509_STORE_CTX_get_error(store) == X509_V_OK)
                X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
        return 0;
}

static int verify_by_authority(X509_STORE_CTX *store, struct tls_trust *trust) {
        int error;

        if (X509_verify_cert(store) > 0)
                return 1;

        error = X509_STORE_CTX_get_error(store);
        if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH)
                return reject(trust, store, "the certificate is not for %s",
                              trust->name ?: FORMAT_IP(&trust->address));

        return reject(trust, store, "no authority in the image vouches for the certificate: %s",
                      X509_verify_cert_error_string(error));
}

/* Stands in for the whole of X509_verify_cert(): returns 1 when the certificate is trusted. */
static int verify(X509_STORE_CTX *store, void *userdata) {
        struct tls_trust *trust = userdata;
        const X509 *certificate = X509_STORE_CTX_get0_cert(store);
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size;

        if (!certificate || !X509_digest(certificate, EVP_sha256(), digest, &size) ||
            size != FINGERPRINT_SIZE)
                return reject(trust, store, "what the server shows is no certificate");
        memcpy(trust->seen, digest, FINGERPRINT_SIZE);

        switch (trust->way) {
        case TLS_FINGERPRINT:
                if (CRYPTO_memcmp(digest, trust->fingerprint, FINGERPRINT_SIZE) != 0)
                        return reject(trust, store, "the certificate does not match the fingerprint");
                break;
        case TLS_AUTHORITY:
                return verify_by_authority(store, trust);
        case TLS_ANY:
                break;
        }

        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
}

static int require_name(SSL_CTX *context, const struct tls_trust *trust) {
        X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param(context);
        time_t now = time(NULL), earliest = (time_t) (clock_earliest() / USEC_PER_SEC);

        /* A machine whose clock has stopped would call every certificate not yet valid. */
        X509_VERIFY_PARAM_set_time(parameters, MAX(now, earliest));

        if (trust->any_name)
                return 0;
        if (trust->name) {
                X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
                return X509_VERIFY_PARAM_set1_host(parameters, trust->name, 0) ? 0 : -ENOMEM;
        }

        return X509_VERIFY_PARAM_set1_ip(parameters, trust->address.bytes, ip_size(trust->address.family))
                       ? 0
                       : -EINVAL;
}

int tls_arm(SSL_CTX *context, struct tls_trust *trust) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(context, verify, trust);

        if (trust->way == TLS_AUTHORITY) {
                int r;

                r = require_name(context, trust);
                if (r < 0)
                        return r;
                if (!SSL_CTX_set1_verify_cert_store(context, trust->authorities))
                        return -ENOMEM;
        }

        if (trust->certificate &&
            !SSL_CTX_use_cert_and_key(context, trust->certificate, trust->key, trust->chain, 1))
                return -ENOMEM;

        return 0;
}
