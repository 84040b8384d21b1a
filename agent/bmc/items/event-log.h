/* SPDX-License-Identifier: GPL-3.0-or-later */
/* event-log.h: writing an event into the BMC's log in such a way that it is there, and there once. */
#pragma once

#include "item.h"

struct sel_event;

/* Zeroed in the beginning. */
struct event_log {
        struct ipmi_way read, ways[2];
        size_t in_doubt;  /* an event was written in the way of this number, from 1, and no answer came */
        bool unproven[2]; /* what is written in this way is accepted, and does not show */
        bool known;       /* last is */
        uint16_t last;    /* the newest record when it was last looked at; SEL_LAST: none */
};

/* Returns 1 when it has been written as well as can be, -EAGAIN when the same event is to be written again
 * later, since the BMC does not answer or is not there, another negative errno. */
int event_log_write(struct event_log *log, struct item_call *call, const struct sel_event *event);
