/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "ipmi.h"
#include "system-info.h"

/* The first block begins with encoding and length. */
#define FIRST_OFFSET  2U
#define ENCODING_UTF8 0x01

static const struct ipmi_command set_info = {IPMI_NETFN_APP, 0x58, "Set System Info Parameters", 0};
static const struct ipmi_command get_info = {IPMI_NETFN_APP, 0x59, "Get System Info Parameters", 0};

int system_info_set(struct ipmi *ipmi, struct wait *w, enum system_info_parameter parameter, const char *text,
                    char **ret_problem) {
        uint8_t bytes[FIRST_OFFSET + SYSTEM_INFO_MAX + SYSTEM_INFO_BLOCK] = {ENCODING_UTF8};
        size_t length = strnlen(text, SYSTEM_INFO_MAX), end = FIRST_OFFSET + length;

        bytes[1] = (uint8_t) length;
        memcpy(bytes + FIRST_OFFSET, text, length);

        for (size_t at = 0; at < end; at += SYSTEM_INFO_BLOCK) {
                uint8_t request[2 + SYSTEM_INFO_BLOCK] = {(uint8_t) parameter,
                                                          (uint8_t) (at / SYSTEM_INFO_BLOCK)};
                uint8_t response[IPMI_RESPONSE_MAX];
                size_t size;
                int r;

                memcpy(request + 2, bytes + at, SYSTEM_INFO_BLOCK);
                r = ipmi_run(ipmi, w, &set_info, request, sizeof(request), response, &size, ret_problem);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Code, revision, number of the block; then the block. */
static const uint8_t *block_of(const uint8_t *response, size_t size, size_t number) {
        return size >= 3 + SYSTEM_INFO_BLOCK && response[2] == number ? response + 3 : NULL;
}

int system_info_decode_first(const uint8_t *response, size_t size, size_t *ret_length) {
        const uint8_t *block = block_of(response, size, 0);

        if (!block || (block[0] & 0x0f) > ENCODING_UTF8)
                return -EBADMSG;

        *ret_length = block[1];
        return 0;
}

int system_info_get(struct ipmi *ipmi, struct wait *w, enum system_info_parameter parameter, char **ret,
                    char **ret_problem) {
        uint8_t bytes[FIRST_OFFSET + SYSTEM_INFO_MAX + SYSTEM_INFO_BLOCK];
        size_t length = 0;
        char *text;

        for (size_t at = 0; at < FIRST_OFFSET + length || at == 0; at += SYSTEM_INFO_BLOCK) {
                size_t number = at / SYSTEM_INFO_BLOCK, size;
                const uint8_t request[] = {0, (uint8_t) parameter, (uint8_t) number, 0};
                uint8_t response[IPMI_RESPONSE_MAX];
                const uint8_t *block;
                int r;

                r = ipmi_run(ipmi, w, &get_info, request, sizeof(request), response, &size, ret_problem);
                if (r < 0)
                        return r;

                block = block_of(response, size, number);
                if (!block || (at == 0 && system_info_decode_first(response, size, &length) < 0))
                        return ipmi_garbled(ipmi, &get_info, ret_problem);
                memcpy(bytes + at, block, SYSTEM_INFO_BLOCK);
        }

        text = strndup((const char *) bytes + FIRST_OFFSET, length);
        if (!text)
                return -ENOMEM;

        *ret = text;
        return 0;
}
