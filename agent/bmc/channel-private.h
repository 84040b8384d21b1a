/* SPDX-License-Identifier: GPL-3.0-or-later */
/* channel-private.h: what the files of the channel's process share: channel-process.c has its course,
 * channel-work.c what is done while the BMC is there or waited for, channel-end.c its end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backlog.h"
#include "channel-items.h"
#include "channel-report.h"
#include "delivery.h"
#include "session.h"
#include "wait.h"

#define PROCESS_PAUSE_MIN (250 * USEC_PER_MSEC)
#define PROCESS_PAUSE_MAX (10 * USEC_PER_SEC)

/* The journal's way to the BMC, among those of the items. */
#define PROCESS_WAY "Redfish LogEntry"

struct contact;

struct process {
        struct channel_report report;
        struct wait wait;
        struct contact *contact;
        struct session session;
        struct delivery delivery;
        struct channel_items items;
        struct backlog backlog;

        bool has_orders; /* what the BMC has to say about this boot was read, or is too late */
        bool was_open;   /* the BMC has been ready for the journal once */
        bool is_limited; /* the agent does not wait for the BMC */
        bool outage;     /* told of, and not over */
        bool has_begun;  /* the BMC has had the first of the records, and the agent knows since when */

        bool goes_on;            /* in the session of an agent before */
        unsigned n_verified;     /* of inventory and discovery's report, read back here */
        bool discovery_verified; /* both, here or by that agent */

        uint64_t patience; /* us that the agent waits for a BMC that is not ready */
        uint64_t give_up;  /* in now_usec() time: when it has waited so long */
        uint64_t pause;    /* until the next try */
};

/* All return 0, or with the reason in the contact's ->problem a negative errno. */

/* Keeps the session for the agent after this one. */
void process_keep_session(struct process *p);

/* Sends what earlier boots could not. */
int process_send_backlog(struct process *p);

/* Sends what the journal holds as it grows, and tells the rest, until the agent closes the channel and
 * nothing is left. */
int process_deliver(struct process *p);

/* Waits until that point in time, or until the agent closes the channel, and goes on telling meanwhile. */
int process_idle(struct process *p, uint64_t until);

/* Ends the session, keeps what was not delivered (error: why), and tells agent and BMC. */
void process_end(struct process *p, int error);
