/* SPDX-License-Identifier: GPL-3.0-or-later */
/* read-back.h: reads again what the BMC says that it has taken of the journal, where it matters most: the
 * batch with the inventory, and the one with the end of a run, which is the report on that stage. */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "items/items.h"

struct journal_batch;
struct redfish;

struct read_back {
        char *location;  /* of the entry; NULL when the BMC did not say */
        json_t *records; /* as they were sent; NULL when there is nothing to be read back */
        char *stage;
        bool has_inventory, ends_run;
};

void read_back_done(struct read_back *b);

/* The BMC has taken that batch, and says where (or NULL). Remembers it if it is one that matters. Returns 0,
 * -EBADMSG, -ENOMEM. */
int read_back_expect(struct read_back *b, const struct journal_batch *batch, const char *location);

/* Reads the entry, and tells whether it holds the records: all of them, or if the BMC had had the first of
 * them before, the rest. Sets *ret_detail, which may become NULL, to what is wrong otherwise. */
enum item_state read_back_check(const struct read_back *b, struct redfish *redfish, char **ret_detail);
