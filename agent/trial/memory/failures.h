/* SPDX-License-Identifier: GPL-3.0-or-later */
/* failures.h: turns what the patterns found wrong into artifacts, the same few however much is wrong: the
 * first failures in detail, a diagnosis for each module or set of modules that may be it, the pages not to
 * use. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../trial.h"
#include "dimm.h"
#include "mishaps.h"
#include "ranges.h"

/* Faults in what one module, or one set of modules, holds. */
struct fault_group {
        char *where; /* dimm_map_text() */
        char *id;    /* hardwareInfoId where it is one module that the run's dutInfo has, or NULL */
        size_t n_pages, n_words;
        uint64_t lowest, highest, last; /* pages; the one that was added last */
        uint64_t zeros, ones;           /* bits that were 0, or 1, instead of the other */
        uint64_t word;                  /* address of the lowest word */
        bool more;                      /* there were more pages than could be kept */
        bool in_passing;                /* a failure was right when it was read again */
};

/* The id that the run's dutInfo gives to the module of that locator, or at that place; newly allocated, NULL
 * when there is none, or several modules it may be. */
char *module_id(const struct trial_context *context, const char *locator);
char *module_id_at(const struct trial_context *context, const struct dimm_map *dimms, uint64_t place);

/* "data line 13 stuck at 1, 4096 addresses from 0x1000 to 0x8ff8 in 8 pages". NULL when memory is short. */
char *fault_group_text(const struct fault_group *group);

/* Reports all of it, what the n threads found. ids: the run's dutInfo, or NULL. coverage: "1.62 GiB of 2.00
 * GiB tested (81 %)". places are physical addresses when place_known. At least one of the n must have a
 * failure. Returns 0, a negative errno. */
int failures_report(const struct trial_context *context, const struct mishaps *const mishaps[], size_t n,
                    const struct dimm_map *dimms, bool place_known, const char *coverage);

/* Reports pages that the kernel has taken away, since they hold an uncorrected error. Returns how many there
 * were, a negative errno. */
int lost_pages_report(const struct trial_context *context, const struct mishaps *const mishaps[], size_t n,
                      const struct dimm_map *dimms, bool place_known);

/* All bad pages, failed and lost. *ret_complete: these are all; else there were more than could be kept.
 * Returns 0, -ENOMEM. */
int bad_pages_collect(const struct mishaps *const mishaps[], size_t n, struct ranges *ret,
                      bool *ret_complete);

/* Leaves to the production OS's command line what keeps it from bad, as file LEG_EXCLUDE; only when the plan
 * can do without so many (trial.memory.exclude). Returns 0, a negative errno. */
int bad_pages_leave(const struct trial_context *context, const struct ranges *bad);

/* Reports all bad pages, failed and lost, as what a kernel's command line takes to leave them out. Returns 0,
 * a negative errno. */
int bad_pages_report(const struct trial_context *context, const struct mishaps *const mishaps[], size_t n,
                     const struct dimm_map *dimms);
