/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ranges.h: sets of physical addresses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

/* From start up to, but without, end. */
struct range {
        uint64_t start, end;
};

/* In rising order; no two overlap or touch. A zeroed one is empty. */
struct ranges {
        struct range *items;
        size_t n_items;
};

void ranges_done(struct ranges *ranges);

/* Adds what is between start and end; nothing when end is not above start. Returns 0, -ENOMEM. */
int ranges_add(struct ranges *ranges, uint64_t start, uint64_t end);

/* Adds all of other. Returns 0, -ENOMEM. */
int ranges_unite(struct ranges *ranges, const struct ranges *other);

/* Takes it away. Returns 0, -ENOMEM. */
int ranges_remove(struct ranges *ranges, uint64_t start, uint64_t end);
int ranges_subtract(struct ranges *ranges, const struct ranges *other);

/* Shrinks every range to whole pages. */
void ranges_align(struct ranges *ranges, uint64_t page);

uint64_t ranges_size(const struct ranges *ranges);

/* How much of it lies between start and end. */
uint64_t ranges_size_within(const struct ranges *ranges, uint64_t start, uint64_t end);

/* "0x100000-0x7fffffff 0x100000000-0x13fffffff": both ends belong to it. Newly allocated, NULL when memory is
 * short; at most max of them, then "and 17 more". */
char *ranges_text(const struct ranges *ranges, size_t max);

/* Reads what ranges_text() has written in full. Returns 0, -EBADMSG, -ENOMEM. */
int ranges_parse(const char *text, struct ranges *ret);
