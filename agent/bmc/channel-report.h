/* SPDX-License-Identifier: GPL-3.0-or-later */
/* channel-report.h: what the channel's process tells: the agent, in messages (channel-process.h), and whoever
 * asks later, in a file beside the journal that "seatrial bmc status" shows. */
#pragma once

#include <stdint.h>

#include "base/json.h"

#define CHANNEL_STATUS_NAME "bmc.json"

/* Reads the status that a run has left beside journal_path. Returns 0, -ENOENT, -EBADMSG, a negative errno.
 */
int channel_status_read(const char *journal_path, json_t **ret);

/* Has it say how many records were delivered, and that NVRAM keeps none any more. Returns 0, a negative
 * errno. */
int channel_status_set_delivered(const char *journal_path, uint64_t n_records);

struct channel_report {
        int fd; /* to the agent */
        char *status_path;
        json_t *status;
};

/* The status goes beside journal_path. Returns 0, -ENOMEM. */
int channel_report_init(struct channel_report *report, int fd, const char *journal_path, const char *boot);
void channel_report_done(struct channel_report *report);

/* That the agent cannot be reached any more is found out by being killed with it. */
void channel_report_log(struct channel_report *report, const char *severity, const char *format, ...)
        _printf_(3, 4);
void channel_report_state(struct channel_report *report, const char *state, const char *summary);
void channel_report_acknowledged(struct channel_report *report, uint64_t n_records);

/* Puts that into the status, where value's reference is taken, and has the file written. */
void channel_report_status(struct channel_report *report, const char *key, json_t *value);
