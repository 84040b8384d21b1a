/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heartbeat.h: how the agent shows PID 1 that it is alive, and PID 1 tells the agent about the watchdog that
 * this keeps quiet. A message is one of these structs on a pair of SOCK_SEQPACKET sockets: both ends are the
 * same program. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "macro.h"

/* From the agent. */
struct heartbeat {
        enum heartbeat_kind {
                HEARTBEAT_ARM, /* the times below count from now on */
                HEARTBEAT_BEAT,
        } kind;
        uint64_t timeout;            /* us without a beat after which the machine is to be reset; 0: never */
        uint64_t production_timeout; /* us that the production OS gets to take the watchdog over; 0: it is
                                        stopped */
};

/* From PID 1: once after HEARTBEAT_ARM with a time, and again should an unarmed watchdog become armed later.
 */
struct heartbeat_report {
        bool armed;
        bool expired;   /* it had expired, armed by an earlier boot's agent */
        char text[192]; /* by what, or why not, for a person */
};

/* Both ends, close-on-exec and never blocking. Returns 0, a negative errno. */
int heartbeat_pair(int *ret_init, int *ret_agent);

/* Returns 0, -EAGAIN when the other end is too far behind, a negative errno. */
int heartbeat_send(int fd, const void *message, size_t size);

/* Takes one message of exactly that size. Returns 1, 0 when there is none now, -EPIPE when the other end has
 * gone, -EBADMSG, a negative errno. */
int heartbeat_receive(int fd, void *ret, size_t size);
