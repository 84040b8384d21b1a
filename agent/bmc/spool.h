/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spool.h: records that did not come to the BMC, packed for NVRAM. There is little room: they are compressed,
 * and when that does not do, what is bulk gives way to what matters. Numbers stay as they are, for the BMC
 * takes no record before the one that it misses: in place of a record that is left out stands a log that says
 * so. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct journal_batch;

/* A spool is an array of runs, the oldest first: {"boot": B, "stage": S, "records": [...]}. */

/* Appends the batch's records. Returns 0, -EBADMSG when they are no JSON, -ENOMEM. */
int spool_add(json_t *spool, const struct journal_batch *batch);

/* How many records it holds. */
uint64_t spool_count(const json_t *spool);

/* Packs it into at most max bytes. What is bulk is left out when it would not fit otherwise, then the oldest
 * run, and the next; spool has then changed accordingly. Returns 0, -ENOSPC when nothing is left, -ENOMEM. */
int spool_pack(json_t *spool, size_t max, void **ret, size_t *ret_size);

/* The other way round, for what NVRAM holds. Returns 0, -EBADMSG, -ENOMEM. */
int spool_unpack(const void *data, size_t size, json_t **ret);

/* Makes up a batch of a run's records from number from on, of at most max_size bytes unless the first alone
 * is larger. There must be one. Returns 0, -ENOMEM. */
int spool_batch(const json_t *run, size_t from, size_t max_size, struct journal_batch *ret);
