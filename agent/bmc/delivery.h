/* SPDX-License-Identifier: GPL-3.0-or-later */
/* delivery.h: brings the journal's records into the BMC's provisioning log, in order, from the place where
 * the BMC has them.
 *
 * When no answer came, nobody knows whether a batch was stored. It is then sent once more, and the service
 * drops what it holds (PROTOCOL.md, "Idempotence"). To ask first what the log ends with would cost a round
 * trip more, and prove nothing: the lost request may still be at work behind the question. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "read-back.h"

struct contact;
struct journal_reader;

struct delivery {
        struct journal_reader *reader;
        char *entries; /* path of the provisioning log's entries, NULL before it was found */
        size_t batch_size;
        unsigned gaps;              /* in a row, without a record taken in between */
        struct read_back read_back; /* what is to be read again, of the batch that was taken last */
};

/* The journal's file need not be there yet. Returns 0, -ENOMEM. */
int delivery_init(struct delivery *delivery, const char *journal_path, const char *boot);
void delivery_done(struct delivery *delivery);

/* Both need a contact with a session, and return as its steps do, with the reason in its ->problem. */

/* Finds the provisioning log, unless that is done. -ENOENT when it is not offered. */
int delivery_find_log(struct delivery *delivery, struct contact *contact);

/* Sends the next batch of the n_records that the journal holds. Returns 1 when the BMC has taken it, 0 when
 * nothing is left to be sent. */
int delivery_send(struct delivery *delivery, struct contact *contact, uint64_t n_records);

/* How many records the BMC has. */
uint64_t delivery_position(const struct delivery *delivery);
