/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/* How many bytes the caches within one thread's reach may hold: second and last level together, since what is
 * in one need not be in the other. A guess on the safe side where the processor does not tell, as in many
 * virtual machines. */
size_t cache_size(void);
