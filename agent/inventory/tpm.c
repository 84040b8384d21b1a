/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "base/fd.h"
#include "base/screen.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "sysfs.h"
#include "table.h"
#include "tpm2.h"

#define CERTIFICATE_MAX 4096U
#define CHUNK           512U /* every TPM can return so much at once */

struct question {
        const char *path;
        uint8_t command[TPM2_MESSAGE_MAX];
        size_t size;
};

static ssize_t ask(void *userdata, void *buffer, size_t size) {
        const struct question *q = userdata;
        _cleanup_close_ int fd = -EBADF;
        ssize_t n;
        int r;

        fd = open(q->path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        r = write_all(fd, q->command, q->size);
        if (r < 0)
                return r;

        n = read(fd, buffer, size);
        return n < 0 ? -errno : n;
}

/* Fills in where to ask: the kernel's resource manager is there for TPM 2.0 alone. */
static ssize_t get(const struct inventory_roots *roots, const char *name, struct question *q,
                   const char *question, uint8_t response[static TPM2_MESSAGE_MAX]) {
        _cleanup_free_ char *path = NULL;

        path = strprintf("%s/tpmrm%s", roots->dev ?: "", startswith(name, "tpm") ?: "");
        if (!path)
                return -ENOMEM;

        q->path = path;
        return answer_read(roots, name, question, ask, q, response, TPM2_MESSAGE_MAX);
}

static void add_properties(const struct inventory_roots *roots, const char *name, struct fields *f) {
        struct tpm2_properties properties = {};
        uint8_t response[TPM2_MESSAGE_MAX];
        struct question q;
        char version[24];
        ssize_t n;

        q.size = tpm2_get_properties(q.command);
        n = get(roots, name, &q, "properties", response);
        fields_source(f, "TPM2_GetCapability of %s", name);
        if (n < 0 || tpm2_properties_decode(response, (size_t) n, &properties) < 0) {
                fields_null(f, "manufacturer");
                fields_null(f, "vendor");
                fields_null(f, "firmware_version");
                return;
        }

        snprintf(version, sizeof(version), "%u.%u.%u.%u", properties.firmware[0] >> 16,
                 properties.firmware[0] & 0xffff, properties.firmware[1] >> 16,
                 properties.firmware[1] & 0xffff);
        fields_text(f, "manufacturer", properties.manufacturer);
        fields_text(f, "vendor", properties.vendor);
        fields_word(f, "firmware_version", version);
}

/* Reads the certificate of an endorsement key out of that index. Returns its size, a negative errno. */
static ssize_t read_certificate(const struct inventory_roots *roots, const char *name, uint32_t index,
                                uint8_t certificate[static CERTIFICATE_MAX]) {
        char question[40];
        uint8_t response[TPM2_MESSAGE_MAX];
        struct question q;
        uint16_t size;
        ssize_t n;
        int r;

        q.size = tpm2_nv_read_public(index, q.command);
        snprintf(question, sizeof(question), "nv-%08x-public", index);
        n = get(roots, name, &q, question, response);
        if (n < 0)
                return n;

        r = tpm2_nv_size_decode(response, (size_t) n, &size);
        if (r < 0)
                return r;
        if (size > CERTIFICATE_MAX)
                return -EFBIG;

        for (unsigned done = 0; done < size; done += (unsigned) n) {
                const uint8_t *data;

                q.size = tpm2_nv_read(index, (uint16_t) done, (uint16_t) MIN(size - done, CHUNK), q.command);
                snprintf(question, sizeof(question), "nv-%08x-%u", index, done);
                n = get(roots, name, &q, question, response);
                if (n < 0)
                        return n;

                n = tpm2_nv_data_decode(response, (size_t) n, &data);
                if (n < 0)
                        return n;
                if (n == 0 || (size_t) n > size - done)
                        return -EBADMSG;

                memcpy(certificate + done, data, (size_t) n);
        }

        return size;
}

/* The first of the indexes that has one. */
static void add_certificate(const struct inventory_roots *roots, const char *name, const char *member,
                            const uint32_t *indexes, size_t n_indexes, struct fields *f) {
        char text[2 * SHA256_DIGEST_LENGTH + 1];
        uint8_t certificate[CERTIFICATE_MAX], digest[SHA256_DIGEST_LENGTH];

        for (size_t i = 0; i < n_indexes; i++) {
                ssize_t n = read_certificate(roots, name, indexes[i], certificate);

                if (n <= 0)
                        continue;

                SHA256(certificate, (size_t) n, digest);
                hex_encode(digest, sizeof(digest), text);
                fields_source(f, "TPM NV index 0x%08x of %s", indexes[i], name);
                fields_word(f, member, text);
                return;
        }

        fields_null(f, member);
}

/* TCG EK Credential Profile 2.2.1.4 and 2.2.1.5: RSA 2048; ECC P256, in the low range and the high one, and
 * P384. */
static const uint32_t rsa_indexes[] = {TPM2_EK_CERTIFICATE},
                      ecc_indexes[] = {TPM2_EK_ECC_P256, TPM2_EK_H_ECC_P256, TPM2_EK_H_ECC_P384};

static const struct sysfs_field sysfs_fields[] = {
        {"version_major", "tpm_version_major", sysfs_set_number},
        {"description", "device/description", sysfs_set_text},
        {},
};

static int describe(const struct inventory_roots *roots, const struct sysfs_device *device, json_t *object,
                    void *userdata _unused_) {
        const char *name = sysfs_name(device->path);
        struct fields f = fields_of(object);
        int r;

        fields_source_sysfs(&f, device, "");
        fields_text(&f, "name", name);
        if (f.error < 0)
                return f.error;

        r = sysfs_fields_set(object, device, sysfs_fields);
        if (r < 0)
                return r;

        add_properties(roots, name, &f);
        add_certificate(roots, name, "ek_certificate_sha256", rsa_indexes, ELEMENTSOF(rsa_indexes), &f);
        add_certificate(roots, name, "ek_ecc_certificate_sha256", ecc_indexes, ELEMENTSOF(ecc_indexes), &f);
        return f.error;
}

static const struct sysfs_walk walk = {.subsystem = "tpm", .describe = describe};

static int tpm_collect(const struct inventory_roots *roots, json_t **ret) {
        return sysfs_collect_part(roots, &walk, ret);
}

static char *tpm_summarize(const json_t *part) {
        const json_t *tpm = json_array_get(part, 0);

        if (!tpm)
                return strdup("none");

        return strprintf("version %d, %s %s", (int) json_get_integer(tpm, "version_major", 0),
                         json_get_string(tpm, "manufacturer") ?: "unknown maker",
                         json_get_string(tpm, "firmware_version") ?: "");
}

static int tpm_print(const json_t *part, struct screen *screen) {
        static const struct table_member members[] = {
                {"NAME", TABLE_LEFT, "name"},
                {"VERSION", TABLE_RIGHT, "version_major"},
                {"MAKER", TABLE_LEFT, "manufacturer"},
                {"FIRMWARE", TABLE_LEFT, "firmware_version"},
                {"EK CERTIFICATE", TABLE_FLEXIBLE, "ek_certificate_sha256"},
                {},
        };

        return table_print_objects(part, members, screen);
}

const struct collector collector_tpm = {
        .waits_for = "class/tpm/*",
        .name = "tpm",
        .description = "Trusted Platform Module",
        .collect = tpm_collect,
        .summarize = tpm_summarize,
        .print = tpm_print,
};
