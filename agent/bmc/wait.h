/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wait.h: how the channel's process waits. It works through one thing after the other, so every wait in it
 * (for the kernel, the BMC, IPMI or a time) also takes what the agent has to say meanwhile, and ends when the
 * agent's patience does. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct wait {
        /* eventfds written by the agent, -EBADF for none. records_fd: how many records more the journal
         * holds. close_fd: deliver what is left and end, within that many microseconds. */
        int records_fd, close_fd;

        uint64_t records; /* in the journal, as told so far */
        bool closing;
        uint64_t deadline; /* in now_usec() time: no wait lasts longer */
};

/* One for a process that nobody talks to. */
#define WAIT_ALONE ((struct wait){.records_fd = -EBADF, .close_fd = -EBADF, .deadline = USEC_INFINITY})

/* The point in time usec from now, at most the deadline. */
uint64_t wait_until(const struct wait *w, uint64_t usec);

/* Takes what the agent has written by now. Returns 0, a negative errno. */
int wait_take(struct wait *w);

/* Waits for events (POLLIN, POLLOUT) on fd, or with a negative fd only for the time to pass, at most until
 * that point in time and the deadline. Returns 0, -ETIMEDOUT, a negative errno. */
int wait_for(struct wait *w, int fd, short events, uint64_t until);

/* Waits until the journal holds more than n records, or the agent wants the channel closed, at most until
 * that point in time and the deadline. Returns 0, -ETIMEDOUT, a negative errno. */
int wait_for_records(struct wait *w, uint64_t n, uint64_t until);
