/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certificate.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/text.h"

#define PEM_MAX  65536
#define DAY      (24L * 60 * 60)
#define VALIDITY (3650 * DAY)

DEFINE_CLEANUP(BIO *, BIO_free);
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
DEFINE_CLEANUP(X509 *, X509_free);
DEFINE_CLEANUP(X509_EXTENSION *, X509_EXTENSION_free);

static int add_extension(X509 *x, int nid, const char *value) {
        _cleanup_(X509_EXTENSION_freep) X509_EXTENSION *extension = NULL;
        X509V3_CTX context;

        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        if (!extension || !X509_add_ext(x, extension, -1))
                return -EIO;
        return 0;
}

/* Who signs: an authority, or with NULL members the certificate itself. */
struct issuer {
        X509 *certificate;
        EVP_PKEY *key;
};

static void issuer_done(struct issuer *issuer) {
        X509_free(issuer->certificate);
        EVP_PKEY_free(issuer->key);
}

static BIO *open_pem(const char *directory, const char *name) {
        _cleanup_free_ char *path = strprintf("%s/%s", directory, name);

        return path ? BIO_new_file(path, "r") : NULL;
}

static int load_issuer(const char *directory, struct issuer *ret) {
        _cleanup_(BIO_freep) BIO *certificate = NULL, *key = NULL;

        if (!directory)
                return 0;

        certificate = open_pem(directory, "ca.pem");
        key = open_pem(directory, "ca-key.pem");
        if (!certificate || !key)
                return -ENOENT;
        ret->certificate = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
        ret->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
        return ret->certificate && ret->key ? 0 : -EBADMSG;
}

/* By its fingerprint it is trusted whatever it says; subject, names and validity are what any other TLS
 * client wants to see. */
static int make_certificate(EVP_PKEY *key, const struct issuer *issuer, const char *names, X509 **ret) {
        _cleanup_(X509_freep) X509 *x = X509_new();
        unsigned char serial[8];
        uint64_t number;
        X509_NAME *name;
        int r;

        if (!x)
                return -ENOMEM;
        if (RAND_bytes(serial, sizeof(serial)) != 1)
                return -EIO;
        memcpy(&number, serial, sizeof(number));

        name = X509_get_subject_name(x);
        if (!X509_set_version(x, X509_VERSION_3) ||
            !ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), (number >> 1) | 1) ||
            !X509_gmtime_adj(X509_getm_notBefore(x), -DAY) ||
            !X509_gmtime_adj(X509_getm_notAfter(x), VALIDITY) ||
            !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *) "bmc", -1, -1, 0) ||
            !X509_set_issuer_name(x,
                                  issuer->certificate ? X509_get_subject_name(issuer->certificate) : name) ||
            !X509_set_pubkey(x, key))
                return -EIO;

        r = add_extension(x, NID_basic_constraints, "critical,CA:FALSE");
        if (r < 0)
                return r;
        r = add_extension(x, NID_key_usage, "critical,digitalSignature");
        if (r < 0)
                return r;
        r = add_extension(x, NID_ext_key_usage, "serverAuth");
        if (r < 0)
                return r;
        r = add_extension(x, NID_subject_alt_name, names);
        if (r < 0)
                return r;

        if (!X509_sign(x, issuer->key ?: key, EVP_sha256()))
                return -EIO;
        *ret = TAKE_PTR(x);
        return 0;
}

/* Writes what bio holds to path. */
static int write_pem(BIO *bio, const char *path, mode_t mode) {
        char *text;
        long size = BIO_get_mem_data(bio, &text);

        return write_file_atomic(path, text, (size_t) size, mode);
}

static int make_files(const char *certificate_path, const char *key_path, const char *authority,
                      const char *names) {
        _cleanup_(issuer_done) struct issuer issuer = {};
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
        _cleanup_(BIO_freep) BIO *key_pem = BIO_new(BIO_s_mem()), *certificate_pem = BIO_new(BIO_s_mem());
        _cleanup_(X509_freep) X509 *x = NULL;
        int r;

        if (!key || !key_pem || !certificate_pem)
                return -EIO;
        r = load_issuer(authority, &issuer);
        if (r < 0)
                return r;
        r = make_certificate(key, &issuer, names, &x);
        if (r < 0)
                return r;
        if (!PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) ||
            !PEM_write_bio_X509(certificate_pem, x))
                return -EIO;

        /* The certificate comes last: its presence says that both are there. */
        r = write_pem(key_pem, key_path, 0600);
        if (r < 0)
                return r;
        return write_pem(certificate_pem, certificate_path, 0644);
}

static int take_fingerprint(struct certificate *c) {
        _cleanup_(BIO_freep) BIO *bio = BIO_new_mem_buf(c->certificate, -1);
        _cleanup_(X509_freep) X509 *x = NULL;
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size;

        if (!bio)
                return -ENOMEM;
        x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!x)
                return -EBADMSG;
        if (!X509_digest(x, EVP_sha256(), digest, &size))
                return -EIO;
        hex_encode(digest, size, c->fingerprint);
        return 0;
}

static int load(const char *directory, const char *authority, const char *names, bool renew,
                struct certificate *ret) {
        _cleanup_free_ char *certificate_path = strprintf("%s/certificate.pem", directory);
        _cleanup_free_ char *key_path = strprintf("%s/key.pem", directory);
        _cleanup_(certificate_done) struct certificate c = {};
        int r;

        if (!certificate_path || !key_path)
                return -ENOMEM;

        if (renew || access(certificate_path, F_OK) < 0) {
                r = make_files(certificate_path, key_path, authority, names);
                if (r < 0)
                        return r;
        }

        r = read_file(certificate_path, PEM_MAX, &c.certificate, NULL);
        if (r < 0)
                return r;
        r = read_file(key_path, PEM_MAX, &c.key, NULL);
        if (r < 0)
                return r;
        r = take_fingerprint(&c);
        if (r < 0)
                return r;

        *ret = c;
        c = (struct certificate){};
        return 0;
}

int certificate_load(const char *directory, const char *authority, struct certificate *ret) {
        return load(directory, authority, CERTIFICATE_NAMES, false, ret);
}

int certificate_renew(const char *directory, const char *authority, const char *names,
                      struct certificate *ret) {
        return load(directory, authority, names, true, ret);
}

void certificate_done(struct certificate *c) {
        free(c->certificate);
        free(c->key);
        *c = (struct certificate){};
}
