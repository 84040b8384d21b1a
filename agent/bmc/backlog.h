/* SPDX-License-Identifier: GPL-3.0-or-later */
/* backlog.h: records that did not come to the BMC in their own boot. They are kept in NVRAM, delivered by the
 * next boot's channel before its own records, and then removed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct contact;
struct journal_reader;

struct backlog {
        char *nvram;   /* see base/efi-variable.h */
        json_t *spool; /* see spool.h */
        size_t sent;   /* of the first run in it */
        size_t batch_size;
};

/* sys_root: "/sys". Returns 0, -ENOMEM. */
int backlog_init(struct backlog *backlog, const char *sys_root);
void backlog_done(struct backlog *backlog);

/* Reads what is kept in NVRAM. Returns 1, 0 when there is nothing, -EBADMSG when it makes no sense, another
 * negative errno. */
int backlog_read(struct backlog *backlog);

/* Removes what is kept in NVRAM. Returns 0, a negative errno. */
int backlog_clear(struct backlog *backlog);

/* How many records there are to be sent. */
uint64_t backlog_count(const struct backlog *backlog);

/* Sends the next of them to the log's entries. contact has a session. Returns 1, 0 when none is left, or with
 * the reason in the contact's ->problem a negative errno. A run that the BMC will never take, for it lacks
 * what came before, or refuses it, is dropped: *ret_lost, 0 otherwise, is then the number of its records,
 * with the reason in ->problem as well. */
int backlog_send(struct backlog *backlog, struct contact *contact, const char *entries, uint64_t *ret_lost);

/* Keeps what is left, and behind it the records that reader has before it in a journal of n_records. Returns
 * 0 and sets *ret to the number of records that are kept, or a negative errno: -ENOSPC no room. */
int backlog_keep(struct backlog *backlog, struct journal_reader *reader, uint64_t n_records, uint64_t *ret);
