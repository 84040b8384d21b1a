/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.h: JSON values between processes of the agent, in a form that needs no printing and no parsing: an
 * inventory part of a large machine is some ten thousand values. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "json.h"

/* Appends to a file descriptor one message that holds value. Returns 0, -ENOMEM, -EBADMSG when value is
 * nested deeper than messages may be, -EMSGSIZE when it is larger, another negative errno of write(). */
int message_write(int fd, const json_t *value);

/* Takes the bytes of one message apart, trusting none of them. Returns 0, -EBADMSG; also when memory is
 * short. */
int message_decode(const void *bytes, size_t size, json_t **ret);

/* What has been read so far. A zeroed one is ready for use. */
struct messages {
        uint8_t *buffer;
        size_t size, allocated;
};

/* A negative return ends messages_read() with that error. The reference stays the caller's. */
typedef int (*message_callback_t)(const json_t *message, void *userdata);

/* Reads once from fd and calls back for every message that is complete then. Returns 1 when more may come, 0
 * at the end of the file, -EMSGSIZE when a message is longer than max, -EBADMSG when it is none or is cut off
 * by the end of the file, -EAGAIN when a non-blocking fd has nothing, a negative errno. */
int messages_read(struct messages *messages, int fd, size_t max, message_callback_t callback, void *userdata);

void messages_done(struct messages *messages);
