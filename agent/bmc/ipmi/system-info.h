/* SPDX-License-Identifier: GPL-3.0-or-later */
/* system-info.h: texts about the system that a BMC keeps for whoever asks (IPMI 2.0, 22.14a and 22.14b). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct ipmi;
struct wait;

enum system_info_parameter {
        SYSTEM_INFO_FIRMWARE_VERSION = 1,
        SYSTEM_INFO_NAME = 2,
        SYSTEM_INFO_OS_NAME = 4, /* of the operating system that runs; 3 is that of the installed one */
        SYSTEM_INFO_OS_VERSION = 5,
};

#define SYSTEM_INFO_MAX   255 /* bytes of a text */
#define SYSTEM_INFO_BLOCK 16

/* Takes the text's length from block 0 of an answer: from the completion code on, which is success. Returns
 * 0, -EBADMSG when it is too short, another block, or neither ASCII nor UTF-8. */
int system_info_decode_first(const uint8_t *response, size_t size, size_t *ret_length);

/* Writes the text, cut off at SYSTEM_INFO_MAX. Returns as ipmi_run(). */
int system_info_set(struct ipmi *ipmi, struct wait *w, enum system_info_parameter parameter, const char *text,
                    char **ret_problem);

/* Reads it. Returns as ipmi_run(), -ENOMEM. */
int system_info_get(struct ipmi *ipmi, struct wait *w, enum system_info_parameter parameter, char **ret,
                    char **ret_problem);
