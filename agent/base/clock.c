/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <time.h>

#include "clock.h"
#include "text.h"

/* The Makefile gives SOURCE_DATE_EPOCH (reproducible-builds.org) to this file. */
uint64_t clock_earliest(void) {
        return (uint64_t) SOURCE_DATE_EPOCH * USEC_PER_SEC;
}

/* A hundred years on, a date is as wrong as one in the past. */
bool clock_is_plausible(uint64_t usec) {
        const uint64_t century = (uint64_t) 100 * 365 * 24 * 60 * 60 * USEC_PER_SEC;

        return usec >= clock_earliest() && usec - clock_earliest() < century;
}

uint64_t clock_now(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t) now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / 1000;
}

int clock_set(uint64_t usec) {
        const struct timespec time = {
                .tv_sec = (time_t) (usec / USEC_PER_SEC),
                .tv_nsec = (long) (usec % USEC_PER_SEC) * 1000,
        };

        return clock_settime(CLOCK_REALTIME, &time) < 0 ? -errno : 0;
}
