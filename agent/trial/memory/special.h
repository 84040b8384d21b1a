/* SPDX-License-Identifier: GPL-3.0-or-later */
/* special.h: the loops of elements that are no series of operations on one line after the other. */
#pragma once

#include "loops.h"

/* MARCH_MOVE and MARCH_MOVED, upwards only: within a page, as far as it belongs to the n lines. */
void special_move(const struct march_sweep *sweep, struct march_line *line, size_t n, ptrdiff_t step);
void special_moved(const struct march_sweep *sweep, struct march_line *line, size_t n, ptrdiff_t step);

/* MARCH_HAMMER: one pair of rows in each 2 MiB. Which addresses are neighbours in a bank only the memory
 * controller knows; a pair lies a power of two apart, as a row does from the one after the next where the
 * rows' bits are not hashed. */
void special_hammer(const struct march_sweep *sweep, struct march_line *line, size_t n, ptrdiff_t step);
