/* SPDX-License-Identifier: GPL-3.0-or-later */
/* channel.h: the in-band way to the BMC. It runs in a process of its own, which alone holds the credentials:
 * finds the host interface, brings the link up, asks IPMI for fingerprint and account, opens the Redfish
 * session, and sends the journal from its file, at its own pace, keeping its own place. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"

struct channel;
struct event;
struct plan;

enum channel_state {
        CHANNEL_STARTING, /* looking for the BMC */
        CHANNEL_OPEN,     /* trusted, and taking records */
        CHANNEL_LIMITED,  /* the BMC does not have the journal, or not yet; what IPMI can carry it is told */
        CHANNEL_FAILED,   /* ended, and the BMC does not have the journal: the reason has been told */
        CHANNEL_CLOSED,   /* everything delivered, session ended, link down */
};

struct channel_handler {
        /* Something for the journal, as an OCP log: severity "DEBUG", "INFO", "WARNING" or "ERROR". */
        void (*log)(const char *severity, const char *message, void *userdata);

        /* The state has changed; summary tells it in a line for a person: "usb0 to 169.254.0.17, certificate
         * matches the fingerprint from IPMI", or why there is none. */
        void (*state)(enum channel_state state, const char *summary, void *userdata);

        /* What the operator wants of this boot (boot-override.h's text), who has passed that on, and for a
         * boot over the network perhaps from where (or NULL). Before the state is open or limited; may be
         * NULL. */
        void (*boot_override)(const char *target, const char *from, const char *uri, void *userdata);

        /* The BMC's share of the plan, {key: value}. Before the state is open; may be NULL. */
        void (*plan)(const json_t *settings, void *userdata);
};

/* Starts the process. journal_path is the journal's file of OCP lines, appended to by the agent; boot
 * identifies this boot (a UUID in text form). handler and userdata must live as long as the channel. Returns
 * 0, a negative errno. */
int channel_start(struct event *e, const struct plan *plan, const char *journal_path, const char *boot,
                  const struct channel_handler *handler, void *userdata, struct channel **ret);

enum channel_state channel_get_state(const struct channel *channel);

/* What was told with that state. */
const char *channel_summary(const struct channel *channel);

/* Tells it that the journal's file now holds n_records whole lines. */
void channel_notify(struct channel *channel, uint64_t n_records);

/* Waits until the BMC has acknowledged all that was notified, at most timeout_usec. Returns 0, -ETIMEDOUT,
 * -ENOTCONN when it does not get the journal (any more, or for the time being), a negative errno. */
int channel_flush(struct channel *channel, uint64_t timeout_usec);

/* How many records the BMC has acknowledged. */
uint64_t channel_acknowledged(const struct channel *channel);

/* Delivers what is left, ends the Redfish session, takes the link down and waits for the process, at most
 * timeout_usec. Returns 0, -ETIMEDOUT, -ENOTCONN. */
int channel_close(struct channel *channel, uint64_t timeout_usec);

/* Kills the process if it still runs. */
struct channel *channel_free(struct channel *channel);
DEFINE_CLEANUP(struct channel *, channel_free);
