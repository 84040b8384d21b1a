/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "blob.h"
#include "ipmi.h"

static const struct ipmi_command blob_command = {IPMI_NETFN_OEM, 0x80, "OpenBMC blob", 0};

static const uint8_t openbmc[] = {0xcf, 0xc2, 0x00}; /* IANA 49871 */

enum subcommand {
        GET_COUNT = 0,
        ENUMERATE = 1,
        OPEN = 2,
        WRITE = 4,
        COMMIT = 5,
        CLOSE = 6,
        SESSION_STAT = 9,
};

#define OPEN_WRITE 0x0002
#define BLOBS_MAX  64U
#define BODY_MAX   (7 + BLOB_CHUNK)

uint16_t blob_crc(const uint8_t *data, size_t size) {
        uint16_t crc = 0xffff;

        for (size_t i = 0; i < size + 2; i++) {
                uint8_t byte = i < size ? data[i] : 0;

                for (unsigned bit = 0; bit < 8; bit++) {
                        bool out = crc & 0x8000;

                        crc = (uint16_t) (crc << 1 | ((byte >> (7 - bit)) & 1));
                        if (out)
                                crc ^= 0x1021;
                }
        }

        return crc;
}

int blob_decode(const uint8_t *response, size_t size, const uint8_t **ret_body, size_t *ret_size) {
        if (size < 4 || memcmp(response + 1, openbmc, sizeof(openbmc)) != 0)
                return -EBADMSG;

        *ret_body = NULL;
        *ret_size = 0;
        if (size == 4)
                return 0;
        if (size < 7 || blob_crc(response + 6, size - 6) != (response[4] | response[5] << 8))
                return -EBADMSG;

        *ret_body = response + 6;
        *ret_size = size - 6;
        return 0;
}

/* Runs a subcommand. The answer's body has at least minimum bytes. */
static int run(struct blob *blob, enum subcommand subcommand, const uint8_t *body, size_t size,
               uint8_t response[static IPMI_RESPONSE_MAX], size_t minimum, const uint8_t **ret_body,
               size_t *ret_size, char **ret_problem) {
        uint8_t request[6 + BODY_MAX] = {openbmc[0], openbmc[1], openbmc[2], (uint8_t) subcommand};
        size_t length = 4;
        int r;

        if (size > 0) {
                uint16_t crc = blob_crc(body, size);

                request[4] = (uint8_t) crc;
                request[5] = (uint8_t) (crc >> 8);
                memcpy(request + 6, body, size);
                length = 6 + size;
        }

        r = ipmi_run(blob->ipmi, blob->wait, &blob_command, request, length, response, &length, ret_problem);
        if (r < 0)
                return r;
        if (blob_decode(response, length, ret_body, ret_size) < 0 || *ret_size < minimum)
                return ipmi_garbled(blob->ipmi, &blob_command, ret_problem);

        return 0;
}

static int run_in_session(struct blob *blob, enum subcommand subcommand, size_t n_zeroes,
                          char **ret_problem) {
        uint8_t body[3] = {(uint8_t) blob->session, (uint8_t) (blob->session >> 8)};
        uint8_t response[IPMI_RESPONSE_MAX];
        const uint8_t *answer;
        size_t size;

        return run(blob, subcommand, body, 2 + n_zeroes, response, 0, &answer, &size, ret_problem);
}

int blob_find(struct blob *blob, const char *name, char **ret_problem) {
        uint8_t response[IPMI_RESPONSE_MAX];
        const uint8_t *answer;
        size_t size, count;
        int r;

        r = run(blob, GET_COUNT, NULL, 0, response, 4, &answer, &size, ret_problem);
        if (r < 0)
                return r;

        count = answer[2] || answer[3] ? BLOBS_MAX : (size_t) (answer[0] | answer[1] << 8);
        for (size_t i = 0; i < MIN(count, (size_t) BLOBS_MAX); i++) {
                const uint8_t index[4] = {(uint8_t) i};

                r = run(blob, ENUMERATE, index, sizeof(index), response, 1, &answer, &size, ret_problem);
                if (r < 0)
                        return r;
                if (strnlen((const char *) answer, size) == strlen(name) &&
                    memcmp(answer, name, strlen(name)) == 0)
                        return 1;
        }

        return 0;
}

int blob_open(struct blob *blob, const char *name, char **ret_problem) {
        uint8_t body[BODY_MAX] = {OPEN_WRITE & 0xff, OPEN_WRITE >> 8}, response[IPMI_RESPONSE_MAX];
        size_t length = strlen(name) + 1, size;
        const uint8_t *answer;
        int r;

        if (length > BODY_MAX - 2)
                return -ENAMETOOLONG;

        memcpy(body + 2, name, length);
        r = run(blob, OPEN, body, 2 + length, response, 2, &answer, &size, ret_problem);
        if (r < 0)
                return r;

        blob->session = (uint16_t) (answer[0] | answer[1] << 8);
        blob->chunk = BLOB_CHUNK;
        return 0;
}

/* A link or a BMC that takes only shorter messages says so in one of these ways. */
static bool is_too_long(uint8_t code) {
        return code == 0xc6 || code == 0xc7 || code == 0xc8;
}

int blob_write(struct blob *blob, size_t offset, const uint8_t *data, size_t size, size_t *ret_written,
               char **ret_problem) {
        for (;;) {
                size_t n = MIN(size, blob->chunk), answer_size;
                uint8_t body[BODY_MAX] = {
                        (uint8_t) blob->session, (uint8_t) (blob->session >> 8), (uint8_t) offset,
                        (uint8_t) (offset >> 8), (uint8_t) (offset >> 16),       (uint8_t) (offset >> 24),
                };
                uint8_t response[IPMI_RESPONSE_MAX];
                const uint8_t *answer;
                int r;

                memcpy(body + 6, data, n);
                r = run(blob, WRITE, body, 6 + n, response, 0, &answer, &answer_size, ret_problem);
                if (r >= 0) {
                        *ret_written = n;
                        return 0;
                }
                if (r != -EREMOTEIO || !is_too_long(response[0]) || blob->chunk / 2 < BLOB_CHUNK_MIN)
                        return r;

                free(TAKE_PTR(*ret_problem));
                blob->chunk /= 2;
        }
}

int blob_commit(struct blob *blob, char **ret_problem) {
        return run_in_session(blob, COMMIT, 1, ret_problem); /* with no data of the commit's own */
}

int blob_get_state(struct blob *blob, uint16_t *ret_state, char **ret_problem) {
        const uint8_t body[] = {(uint8_t) blob->session, (uint8_t) (blob->session >> 8)};
        uint8_t response[IPMI_RESPONSE_MAX];
        const uint8_t *answer;
        size_t size;
        int r;

        r = run(blob, SESSION_STAT, body, sizeof(body), response, 6, &answer, &size, ret_problem);
        if (r < 0)
                return r;

        *ret_state = (uint16_t) (answer[0] | answer[1] << 8);
        return 0;
}

int blob_close(struct blob *blob, char **ret_problem) {
        return run_in_session(blob, CLOSE, 0, ret_problem);
}
