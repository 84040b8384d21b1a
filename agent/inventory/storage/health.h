/* SPDX-License-Identifier: GPL-3.0-or-later */
/* health.h: how a drive is doing, in the same members whatever kind of drive it is. */
#pragma once

#include "inventory/field.h"

enum health_number {
        HEALTH_TEMPERATURE_C,
        HEALTH_PERCENTAGE_USED,
        HEALTH_AVAILABLE_SPARE_PERCENT,
        HEALTH_SPARE_THRESHOLD_PERCENT,
        HEALTH_READ_BYTES,
        HEALTH_WRITTEN_BYTES,
        HEALTH_POWER_ON_HOURS,
        HEALTH_POWER_CYCLES,
        HEALTH_UNSAFE_SHUTDOWNS,
        HEALTH_MEDIA_ERRORS,
        HEALTH_ERROR_LOG_ENTRIES,
        HEALTH_REALLOCATED_SECTORS,
        HEALTH_PENDING_SECTORS,
        HEALTH_UNCORRECTABLE_SECTORS,
        HEALTH_N_NUMBERS,
};

#define HEALTH_WARNINGS_MAX 8

struct health {
        bool known;
        bool failing;                              /* the drive says so itself */
        const char *warnings[HEALTH_WARNINGS_MAX]; /* what it warns of, in words */
        size_t n_warnings;
        bool has[HEALTH_N_NUMBERS];
        int64_t numbers[HEALTH_N_NUMBERS];
};

void health_set(struct health *health, enum health_number number, int64_t value);

/* Sets "health" of f's object: null when nothing is known; otherwise an object with status ("ok", "warning",
 * "failing"), warnings, and every number, null where the drive does not give it. */
void health_add(const struct health *health, struct fields *f);
