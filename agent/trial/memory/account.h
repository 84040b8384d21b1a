/* SPDX-License-Identifier: GPL-3.0-or-later */
/* account.h: how much of the memory that is installed was tested, by module, and why the rest was not. */
#pragma once

#include <stdint.h>

#include "../trial.h"
#include "dimm.h"
#include "leg.h"
#include "ranges.h"

/* What is known of the memory before it is tested. */
struct account {
        struct dimm_map dimms;
        uint64_t installed;                  /* bytes by SMBIOS; 0: not known */
        struct ranges firmware, kernel, all; /* RAM by the firmware's map and by the kernel's, and all that
                                                the kernel's has a name for; empty where they are not told */
        uint64_t total;                      /* the kernel's MemTotal */
        struct leg leg;                      /* what an earlier kernel's trial has left */
        bool second;                         /* there was one */
};

/* Reads all that there is. Returns 0, -ENOMEM. */
int account_read(struct account *ret);
void account_done(struct account *account);

/* What no kernel uses: RAM by the firmware that this kernel was told to leave alone (mem=); in the second leg
 * what the first one has left. Returns 0, -ENOMEM. */
int account_beyond(const struct account *account, struct ranges *ret);

/* "1.71 GiB of 2 GiB tested (86 %)", newly allocated, NULL when memory is short. */
char *account_text(const struct account *account, uint64_t tested);

/* Leaves tested to a second leg, but for what is bad in it, and for lost, which nobody shall touch again.
 * Returns 0, a negative errno. */
int account_leave(const struct account *account, const struct ranges *tested, const struct ranges *lost,
                  const struct ranges *bad);

/* Reports size and share of what was tested, of each module as well, and where it lies. tested: NULL when the
 * kernel does not tell addresses, and then size counts. Returns 0, a negative errno. */
int account_report(const struct account *account, const struct trial_context *context,
                   const struct ranges *tested, uint64_t size);
