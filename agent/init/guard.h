/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard.h: PID 1's watch over the agent: its heartbeats keep the BMC's watchdog (watchdog.h) from resetting
 * the machine. Should PID 1 itself crash, nothing does, and the machine is reset. */
#pragma once

#include <stdint.h>

struct event;
struct guard;

/* Returns 0, -ENOMEM. */
int guard_new(struct event *e, struct guard **ret);

/* For an agent that is about to be started: *ret_fd is its end of the heartbeat, for its process alone; the
 * caller closes it. Returns 0, a negative errno. */
int guard_begin(struct guard *guard, int *ret_fd);

/* The agent has ended. Stops the watchdog, or hands it over to production if the plan wants that. Waits for
 * the BMC for two seconds at most. Returns 0, -ETIMEDOUT or -EIO when it may still be running. */
int guard_end(struct guard *guard);
int guard_hand_over(struct guard *guard);
