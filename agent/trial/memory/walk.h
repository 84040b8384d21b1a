/* SPDX-License-Identifier: GPL-3.0-or-later */
/* walk.h: a thread's way through the memory under test, and how threads help each other. */
#pragma once

#include <stddef.h>

/* What a thread takes at a time: long enough to make nothing of the taking, short enough that none waits long
 * for the last one. */
#define WALK_PIECE ((size_t) 2 << 20)

struct work;

/* Before the first walk: each thread has its own part left. */
void walk_prepare(struct work *work);

/* For each share of a struct work, in a thread of its own: does all phases, as often as the deadline wants.
 */
void walk_share(size_t index, void *work);
