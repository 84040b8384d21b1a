/* SPDX-License-Identifier: GPL-3.0-or-later */
/* failures.h: turns what a march test found wrong into artifacts, the same few however much is wrong. */
#pragma once

#include <stddef.h>

#include "../trial.h"
#include "march.h"

/* Reports the first failures of all threads in detail, and the diagnosis: FAIL "memory-data-miscompare".
 * coverage: "1.62 GiB of 2.00 GiB tested (81 %)". At least one of the n must have a failure. Returns 0, a
 * negative errno. */
int failures_report(const struct trial_context *context, const struct march_pattern *pattern,
                    const struct march_failures *const failures[], size_t n, const char *coverage);
