/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provisioning-log.h: the log of what the agent has done, on disk. In the state directory stand
 *
 *      entries.jsonl   the log entries as Redfish resources, one a line: the truth, from which the rest is
 * made journal.jsonl   the OCP records in them, one a line, in the order in which they came inventory.json
 * the content of the last record that is an extension named "inventory"
 *
 * Everything is in the files' hands before a record is acknowledged. A stream is one stage of one boot; its
 * records are numbered from 0 without a gap, and each is held once. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/macro.h"

struct provisioning_log;

struct log_stream {
        char *boot, *stage;
        uint64_t next; /* sequence number of the record that it waits for */
};

/* Takes up the log in directory, or begins one. A last line that was cut short, and so never acknowledged, is
 * dropped. Returns 0, -EBADMSG when the log is damaged in another way, a negative errno. */
int provisioning_log_open(const char *directory, struct provisioning_log **ret);

struct provisioning_log *provisioning_log_close(struct provisioning_log *log);
DEFINE_CLEANUP(struct provisioning_log *, provisioning_log_close);

/* Adds the records that are not held yet, in an entry of their own. entry is a LogEntry as it was posted and
 * checked: Oem/Seatrial has Boot, Stage and a Records array that is not empty, with sequence numbers rising
 * by one. Records that are held already are taken out of it.
 *
 * Returns 0 and sets *ret_id to the entry that now holds the last of them. -ERANGE when records are missing
 * before the first: nothing is stored, and *ret_next is the number that must come next. -errno when it cannot
 * be stored: then nothing is. */
int provisioning_log_add(struct provisioning_log *log, json_t *entry, uint64_t *ret_id, uint64_t *ret_next);

/* The entry with that id, from 1 to provisioning_log_n_entries(). Returns 0, -ENOENT, a negative errno. */
int provisioning_log_read(struct provisioning_log *log, uint64_t id, json_t **ret);

uint64_t provisioning_log_n_entries(const struct provisioning_log *log);
uint64_t provisioning_log_n_records(const struct provisioning_log *log);
const struct log_stream *provisioning_log_streams(const struct provisioning_log *log, size_t *ret_n);
