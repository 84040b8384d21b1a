/* SPDX-License-Identifier: GPL-3.0-or-later */
/* channel-process.h: the channel's own process: what runs in it, and what it says to the agent's. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "channel.h"

struct contact_environment;

struct channel_job {
        const struct contact_environment *environment;
        const char *journal_path, *boot;
        const struct plan *plan;
        uint64_t patience;        /* us that the BMC may take to become reachable */
        int records_fd, close_fd; /* see struct wait */
};

/* Time for ending the session and taking the link down, to be added to what close_fd tells. */
#define CHANNEL_FAREWELL (3 * USEC_PER_SEC)

/* Runs the channel to its end; for child_start(). Reports these objects:
 *   {"log": {"severity": S, "message": M}}
 *   {"state": "open", "limited", "failed" or "closed", "summary": S}
 *   {"boot-override": {"target": T, "from": F, "uri": U}}, {"plan": {KEY: VALUE}}   see channel.h
 *   {"acknowledged": N}   so many records are at the BMC
 * Returns 0, a negative errno. */
int channel_process(int report_fd, void *job);

/* As channel_start(), in that environment, with the same errors. */
int channel_start_in(const struct contact_environment *environment, struct event *e, const struct plan *plan,
                     const char *journal_path, const char *boot, const struct channel_handler *handler,
                     void *userdata, struct channel **ret);
