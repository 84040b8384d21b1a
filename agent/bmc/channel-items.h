/* SPDX-License-Identifier: GPL-3.0-or-later */
/* channel-items.h: the channel's hand in what the BMC is told beside the journal: shows the items each
 * record, has them written in the ways that are open at the moment, and keeps what became of each. */
#pragma once

#include <stdbool.h>

#include "items/items.h"

struct contact;
struct journal_reader;

struct channel_items {
        struct items_options options;
        struct items *items;
        struct journal_reader *reader; /* of its own: an item does not wait for the delivery before it */

        json_t *states; /* array of {"item", "way", "state", "detail"} */
        json_t *news;   /* those that nobody was told of */
        bool stage_ended;
};

/* What sys_root points to must outlive it. Returns 0, -ENOMEM. */
int channel_items_init(struct channel_items *i, const char *sys_root, const char *journal_path,
                       const char *boot);
void channel_items_done(struct channel_items *i);

/* Shows them the records that are new among n_records, and writes a part of what is due. Returns 1 when there
 * is more to be done at once, 0, a negative errno. */
int channel_items_go_on(struct channel_items *i, struct contact *contact, uint64_t n_records);

/* The same for what is not written here but by the way of the journal. */
void channel_items_report(struct channel_items *i, const char *item, const char *way,
                          enum item_state item_state, const char *detail);

/* Once a stage has ended: a line for the journal on what has become of the items since the last one. NULL
 * when there is no news, or memory is short. */
char *channel_items_take_news(struct channel_items *i);

/* How many are in each state, in few words: "4 items verified, 1 accepted". NULL when there are none, or
 * memory is short. */
char *channel_items_summary(const struct channel_items *i);
