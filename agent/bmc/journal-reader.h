/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal-reader.h: reads the journal's file from a place of its own, and makes up batches of records for the
 * BMC. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct journal_reader;

enum batch_severity { BATCH_OK, BATCH_WARNING, BATCH_CRITICAL };

/* Consecutive records of one stage. */
struct journal_batch {
        char *boot, *stage;
        uint64_t first, last;         /* sequence numbers */
        enum batch_severity severity; /* of the worst record */
        char *records;                /* the lines as they are, with commas between */
        size_t records_size;
        bool has_inventory, ends_run; /* whether such a record is among them */

        uint64_t offset; /* where the file goes on behind it, for journal_reader_accept() */
};

void journal_batch_done(struct journal_batch *batch);

/* How grave it is what a record tells. */
enum batch_severity journal_record_severity(const json_t *record);

/* Appends a record, of which text (size bytes) is the JSON. Returns 0, -ENOMEM. */
int journal_batch_append(struct journal_batch *batch, const char *text, size_t size, const json_t *record);

/* The file need not be there yet; boot says whose records it holds. Returns 0, -ENOMEM. */
int journal_reader_new(const char *path, const char *boot, struct journal_reader **ret);
struct journal_reader *journal_reader_free(struct journal_reader *reader);
DEFINE_CLEANUP(struct journal_reader *, journal_reader_free);

/* Makes up a batch of the records that come next, of which the journal's file holds n_records in all: at most
 * max_records, and not more than max_size bytes unless the first alone is larger. Returns 1 and sets *ret, 0
 * when there is none to be had yet, -EBADMSG when the file is no journal, -ENOMEM, a negative errno. */
int journal_reader_next(struct journal_reader *reader, uint64_t n_records, size_t max_records,
                        size_t max_size, struct journal_batch *ret);

/* Moves on behind the batch, which must be the one that journal_reader_next() has just returned. */
void journal_reader_accept(struct journal_reader *reader, const struct journal_batch *batch);

/* Reads the one record that comes next and moves on behind it. For a reader that makes up no batches. Returns
 * as journal_reader_next(); *ret is a new reference. */
int journal_reader_step(struct journal_reader *reader, uint64_t n_records, json_t **ret);

/* Goes back to that record of the batch's stage. Returns 0, -ERANGE when it does not come before the batch, a
 * negative errno. */
int journal_reader_rewind(struct journal_reader *reader, const struct journal_batch *batch,
                          uint64_t sequence);

/* How many records are behind it. */
uint64_t journal_reader_position(const struct journal_reader *reader);
