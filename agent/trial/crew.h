/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crew.h: threads that work side by side, each held to a processor of its own. */
#pragma once

#include <stddef.h>

/* The processors that this process may run on, in rising order, newly allocated. Returns 0, a negative
 * errno. */
int crew_processors(unsigned **ret, size_t *ret_n);

/* Runs work(index, userdata) on n threads, thread i on processors[i], and tick(userdata), which may be NULL,
 * on the calling thread about once a second, until all are done. No work begins before all threads are there.
 * Returns 0, a negative errno when they could not all be started: then none has worked. */
int crew_run(const unsigned *processors, size_t n, void (*work)(size_t index, void *userdata),
             void (*tick)(void *userdata), void *userdata);

/* Moves the calling thread to that processor. Returns 0, a negative errno. */
int crew_move(unsigned processor);
