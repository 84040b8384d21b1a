/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ipmi-message.h: a command to the BMC, and its answer, through the kernel's /dev/ipmiN. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ipmi.h"

/* Queues the command, under a number by which its answer is known. Does not wait. Returns 0, a negative
 * errno. */
int ipmi_message_send(int fd, long number, uint8_t netfn, uint8_t command, const void *data, size_t size);

/* Takes the next message that has come. Returns 1 when it is the answer to that number, with the completion
 * code first; 0 when it is something else, or none is there; a negative errno when the device has gone. */
int ipmi_message_receive(int fd, long number, uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size);
