/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenBMC's blobs over IPMI (phosphor-ipmi-blobs), of which there is one: /smbios. What is committed becomes
 * the file smbios. The CRC is computed from a table here, so that a mistake in the agent's is found. */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "module.h"

#define OPENBMC   0xc2cf
#define COMMAND   0x80
#define NAME      "/smbios"
#define SIZE_MAX_ (64 * 1024)

enum { GET_COUNT = 0, ENUMERATE = 1, OPEN = 2, WRITE = 4, COMMIT = 5, CLOSE = 6, SESSION_STAT = 9 };

enum { OPEN_WRITE = 0x02, COMMITTED = 0x08, COMMIT_ERROR = 0x10 };

static struct {
        bool open;
        uint16_t session, state;
        uint8_t data[SIZE_MAX_];
        uint32_t size;
} blob;

/* CRC-16/AUG-CCITT ("SPI-FUJITSU"): what becomes of all ones, fed bit by bit with sixteen zeroes behind the
 * message, when it is computed byte by byte. */
static uint16_t crc_of(const uint8_t *data, unsigned size) {
        uint16_t crc = 0x1d0f;

        for (unsigned i = 0; i < size; i++) {
                uint16_t entry = (uint16_t) ((crc >> 8 ^ data[i]) << 8);

                for (unsigned bit = 0; bit < 8; bit++)
                        entry = (uint16_t) (entry & 0x8000 ? entry << 1 ^ 0x1021 : entry << 1);
                crc = (uint16_t) (crc << 8 ^ entry);
        }

        return crc;
}

static uint32_t get_u32(const uint8_t *p) {
        return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static uint8_t do_open(const uint8_t *body, unsigned size, uint8_t *answer, unsigned *ret_size) {
        if (size != 2 + sizeof(NAME) || memcmp(body + 2, NAME, sizeof(NAME)) != 0 || body[0] != OPEN_WRITE)
                return CC_UNSPECIFIED;
        if (blob.open)
                return CC_UNSPECIFIED;

        blob.open = true;
        blob.session++;
        blob.state = OPEN_WRITE;
        blob.size = 0;
        answer[0] = (uint8_t) blob.session;
        answer[1] = (uint8_t) (blob.session >> 8);
        *ret_size = 2;
        return CC_OK;
}

static uint8_t do_write(const uint8_t *body, unsigned size) {
        uint32_t offset = size < 6 ? SIZE_MAX_ : get_u32(body + 2);

        if (size < 6 || offset > SIZE_MAX_ || size - 6 > SIZE_MAX_ - offset)
                return CC_UNSPECIFIED;

        memcpy(blob.data + offset, body + 6, size - 6);
        if (blob.size < offset + size - 6)
                blob.size = offset + size - 6;
        return CC_OK;
}

static uint8_t do_commit(const struct module *module) {
        _cleanup_free_ char *path = strprintf("%s/smbios", module->directory);

        blob.state =
                path && write_file_atomic(path, blob.data, blob.size, 0644) >= 0 ? COMMITTED : COMMIT_ERROR;
        return CC_OK;
}

static uint8_t in_session(const struct module *module, unsigned subcommand, const uint8_t *body,
                          unsigned size, uint8_t *answer, unsigned *ret_size) {
        if (!blob.open || size < 2 || (body[0] | body[1] << 8) != blob.session)
                return CC_UNSPECIFIED;

        switch (subcommand) {
        case WRITE:
                return do_write(body, size);
        case COMMIT:
                return do_commit(module);
        case CLOSE:
                blob.open = false;
                return CC_OK;
        default:
                memset(answer, 0, 7);
                answer[0] = (uint8_t) blob.state;
                memcpy(answer + 2,
                       (const uint8_t[]){(uint8_t) blob.size, (uint8_t) (blob.size >> 8),
                                         (uint8_t) (blob.size >> 16)},
                       3);
                *ret_size = 7;
                return CC_OK;
        }
}

static uint8_t run(const struct module *module, unsigned subcommand, const uint8_t *body, unsigned size,
                   uint8_t *answer, unsigned *ret_size) {
        switch (subcommand) {
        case GET_COUNT:
                memcpy(answer, (const uint8_t[]){1, 0, 0, 0}, 4);
                *ret_size = 4;
                return CC_OK;
        case ENUMERATE:
                if (size != 4 || get_u32(body) != 0)
                        return CC_UNSPECIFIED;
                memcpy(answer, NAME, sizeof(NAME));
                *ret_size = sizeof(NAME);
                return CC_OK;
        case OPEN:
                return do_open(body, size, answer, ret_size);
        case WRITE:
        case COMMIT:
        case CLOSE:
        case SESSION_STAT:
                return in_session(module, subcommand, body, size, answer, ret_size);
        default:
                return CC_INVALID_COMMAND;
        }
}

/* The number is taken off the request by ipmi_sim, and put into the answer. */
static void handle_openbmc(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *rdata_len,
                           void *cb_data) {
        unsigned size = 0;
        uint16_t crc;

        (void) mc;
        *rdata_len = 1;
        if (msg->cmd != COMMAND) {
                rdata[0] = CC_INVALID_COMMAND;
                return;
        }
        if (msg->len != 1 &&
            (msg->len < 4 || crc_of(msg->data + 3, msg->len - 3) != (msg->data[1] | msg->data[2] << 8))) {
                rdata[0] = msg->len < 4 ? CC_REQUEST_LENGTH : CC_UNSPECIFIED;
                return;
        }

        rdata[0] =
                run(cb_data, msg->data[0], msg->data + 3, msg->len == 1 ? 0 : msg->len - 3, rdata + 3, &size);
        if (rdata[0] != CC_OK || size == 0)
                return;

        crc = crc_of(rdata + 3, size);
        rdata[1] = (uint8_t) crc;
        rdata[2] = (uint8_t) (crc >> 8);
        *rdata_len = 3 + size;
}

int blob_register(struct module *module) {
        return ipmi_emu_register_iana_handler(OPENBMC, handle_openbmc, module);
}
