/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verdict.h: what each logical processor did wrong, and the artifacts that this becomes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../trial.h"
#include "kernels.h"

struct processor_record {
        unsigned processor; /* its number, as the kernel counts */
        uint64_t rounds;
        uint64_t wrong[N_KERNELS]; /* how often that kernel's result was not the golden one */
        uint64_t wrong_hops;       /* how often the next one decrypted wrongly what this one had encrypted */
};

/* Reports the work and its diagnosis: one FAIL "processor-miscompare" for each processor that was wrong, or
 * one PASS "processor-ok". The processor after the last is the first. Returns 0, a negative errno. */
int processor_report(const struct trial_context *context, const struct processor_record *records, size_t n,
                     uint64_t usec);
