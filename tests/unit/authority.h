/* SPDX-License-Identifier: GPL-3.0-or-later */
/* authority.h: a certificate authority for tests, and what it signs. */
#pragma once

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "tests/unit/unit.h"

struct authority {
        X509 *certificate;
        EVP_PKEY *key;
};

static inline void authority_done(struct authority *authority) {
        X509_free(authority->certificate);
        EVP_PKEY_free(authority->key);
}

/* Signed by issuer, or with NULL by itself and an authority. */
static inline void certify(const char *name, const struct authority *issuer, struct authority *ret) {
        X509 *x = X509_new();
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509_NAME *subject = X509_get_subject_name(x);
        X509_EXTENSION *extension;

        assert_true(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *) name, -1,
                                               -1, 0));
        assert_true(X509_set_version(x, X509_VERSION_3));
        ASN1_INTEGER_set(X509_get_serialNumber(x), issuer ? 2 : 1);
        X509_gmtime_adj(X509_getm_notBefore(x), -3600);
        X509_gmtime_adj(X509_getm_notAfter(x), 3600);
        X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer->certificate) : subject);
        X509_set_pubkey(x, key);
        extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
                                        issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
        assert_true(X509_add_ext(x, extension, -1));
        X509_EXTENSION_free(extension);
        assert_true(X509_sign(x, issuer ? issuer->key : key, EVP_sha256()) > 0);
        *ret = (struct authority){.certificate = x, .key = key};
}

/* Leaves PEM files in directory: the certificate, and behind it or in a file of its own the key. */
static inline void write_pem(const char *directory, const char *name, const char *key_name,
                             const struct authority *who) {
        char *path = strprintf("%s/%s", directory, name), *key_path = strprintf("%s/%s", directory, key_name);
        BIO *bio = BIO_new_file(path, "w");

        assert_non_null(bio);
        assert_true(PEM_write_bio_X509(bio, who->certificate));
        BIO_free(bio);
        bio = BIO_new_file(key_path, streq(name, key_name) ? "a" : "w");
        assert_non_null(bio);
        assert_true(PEM_write_bio_PrivateKey(bio, who->key, NULL, NULL, 0, NULL, NULL));
        BIO_free(bio);
        free(path);
        free(key_path);
}
