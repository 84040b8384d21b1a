/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "tpm2.h"

#define TAG_NO_SESSIONS 0x8001U
#define TAG_SESSIONS    0x8002U
#define CC_NV_READ      0x0000014eU
#define CC_NV_PUBLIC    0x00000169U
#define CC_CAPABILITY   0x0000017aU
#define CAP_PROPERTIES  6U
#define RS_PASSWORD     0x40000009U

#define PT_MANUFACTURER 0x105U
#define PT_VENDOR       0x106U /* four of them */
#define PT_FIRMWARE     0x10bU /* two */
#define N_PROPERTIES    8U     /* from the first to the last */

#define HEADER_SIZE 10U

static uint8_t *put16(uint8_t *p, uint32_t value) {
        p[0] = (uint8_t) (value >> 8);
        p[1] = (uint8_t) value;
        return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t value) {
        return put16(put16(p, value >> 16), value & 0xffff);
}

static uint16_t get16(const uint8_t *p) {
        return (uint16_t) (p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p) {
        return (uint32_t) get16(p) << 16 | get16(p + 2);
}

static uint8_t *begin(uint8_t *command, uint32_t tag, uint32_t code) {
        return put32(put32(put16(command, tag), 0), code);
}

static size_t end(uint8_t *command, const uint8_t *p) {
        size_t size = (size_t) (p - command);

        put32(command + 2, (uint32_t) size);
        return size;
}

size_t tpm2_get_properties(uint8_t command[static TPM2_MESSAGE_MAX]) {
        uint8_t *p = begin(command, TAG_NO_SESSIONS, CC_CAPABILITY);

        p = put32(put32(put32(p, CAP_PROPERTIES), PT_MANUFACTURER), N_PROPERTIES);
        return end(command, p);
}

size_t tpm2_nv_read_public(uint32_t index, uint8_t command[static TPM2_MESSAGE_MAX]) {
        return end(command, put32(begin(command, TAG_NO_SESSIONS, CC_NV_PUBLIC), index));
}

size_t tpm2_nv_read(uint32_t index, uint16_t offset, uint16_t size,
                    uint8_t command[static TPM2_MESSAGE_MAX]) {
        uint8_t *p = begin(command, TAG_SESSIONS, CC_NV_READ);

        /* The index is its own authority, with an empty password: session, no nonce, no attributes, no HMAC.
         */
        p = put32(put32(p, index), index);
        p = put32(put32(p, 9), RS_PASSWORD);
        p = put16(p, 0);
        *p++ = 0;
        p = put16(p, 0);
        p = put16(put16(p, size), offset);
        return end(command, p);
}

/* What stands behind the header, whose size field must be that of the response. */
static int body(const uint8_t *p, size_t size, const uint8_t **ret, size_t *ret_size) {
        if (size < HEADER_SIZE || get32(p + 2) != size)
                return -EBADMSG;
        if (get32(p + 6) != 0)
                return -EIO;

        *ret = p + HEADER_SIZE;
        *ret_size = size - HEADER_SIZE;
        return 0;
}

int tpm2_properties_decode(const void *response, size_t size, struct tpm2_properties *ret) {
        struct tpm2_properties properties = {};
        const uint8_t *p;
        uint32_t count;
        int r;

        r = body(response, size, &p, &size);
        if (r < 0)
                return r;

        /* More to come, capability, count, then pairs. */
        if (size < 9 || get32(p + 1) != CAP_PROPERTIES)
                return -EBADMSG;
        count = get32(p + 5);
        if (count > (size - 9) / 8)
                return -EBADMSG;

        for (p += 9; count > 0; count--, p += 8) {
                uint32_t property = get32(p), value = get32(p + 4);

                if (property == PT_MANUFACTURER)
                        memcpy(properties.manufacturer, p + 4, 4);
                else if (property >= PT_VENDOR && property < PT_VENDOR + 4)
                        memcpy(properties.vendor + 4 * (property - PT_VENDOR), p + 4, 4);
                else if (property >= PT_FIRMWARE && property < PT_FIRMWARE + 2)
                        properties.firmware[property - PT_FIRMWARE] = value;
        }

        *ret = properties;
        return 0;
}

int tpm2_nv_size_decode(const void *response, size_t size, uint16_t *ret) {
        const uint8_t *p;
        uint16_t length;
        int r;

        r = body(response, size, &p, &size);
        if (r < 0)
                return r;

        /* TPM2B_NV_PUBLIC: size; index, hash, attributes, policy (with a size of its own), size of the data.
         */
        if (size < 2)
                return -EBADMSG;
        length = get16(p);
        if (length < 14 || length > size - 2 || get16(p + 12) != length - 14)
                return -EBADMSG;

        *ret = get16(p + length);
        return 0;
}

ssize_t tpm2_nv_data_decode(const void *response, size_t size, const uint8_t **ret) {
        const uint8_t *p;
        int r;

        r = body(response, size, &p, &size);
        if (r < 0)
                return r;

        /* Size of the parameters, then TPM2B_MAX_NV_BUFFER. */
        if (size < 6 || get16(p + 4) > size - 6)
                return -EBADMSG;

        *ret = p + 6;
        return get16(p + 4);
}
