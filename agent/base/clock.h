/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock.h: the time of day, as far as it can be believed. A server whose battery is empty comes up years in
 * the past. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* When the agent's source was last changed, in microseconds since 1970: no clock can be right that is before
 * that. */
uint64_t clock_earliest(void);

/* Whether usec, since 1970, may be the time now. */
bool clock_is_plausible(uint64_t usec);

/* The time now, in microseconds since 1970. */
uint64_t clock_now(void);

/* Sets it. Returns 0, -EPERM, a negative errno. */
int clock_set(uint64_t usec);
