/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stages.h: the three steps of a sea trial, and what they hand on to each other. */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "base/outcome.h"
#include "base/state.h"
#include "bmc/boot-override.h"
#include "bmc/channel.h"
#include "journal/journal.h"
#include "journal/mark.h"

struct event;
struct plan;
struct pulse;

/* What the BMC has to say about this boot. */
struct voyage_orders {
        enum boot_override override; /* what the operator wants */
        char *from, *uri; /* who has passed that on; for a boot over the network, from where, or NULL */
        json_t *plan;     /* the BMC's share: {key: value}, or NULL */
};

/* One run of the agent. */
struct voyage {
        struct event *event;
        struct plan *plan;
        struct channel *channel; /* NULL when the plan wants none */
        struct journal *journal;

        json_t *inventory;     /* from discovery on */
        bool discovery_failed; /* the inventory holds something that does not work, or was not ordered */
        bool deviates;         /* from the manifest, so far that the plan wants the machine stopped */
        bool trial_failed;     /* a trial found something, or could not run */
        unsigned bmc_step;     /* of discovery: what the channel tells belongs to it while it is open */
        enum bmc_step_state { BMC_STEP_AHEAD, BMC_STEP_OPEN, BMC_STEP_OVER } bmc_step_state;
        json_t *bmc_early; /* what it told before: an array of OCP logs */
        char *bmc_summary; /* what the channel said when its state changed last */

        struct voyage_orders orders;

        struct pulse *pulse;                      /* NULL: PID 1 does not watch */
        bool watchdog_reported, watchdog_expired; /* by PID 1; it had expired before this boot */
        bool has_last_mark;
        struct mark last_mark; /* of the boot before, when it ended without notice */

        struct outcome outcome; /* set by production */
};

struct stage {
        const char *name;

        /* Runs the stage from its run start to its run end in the journal. Returns 0 whatever it found, a
         * negative errno when the agent itself could not go on. */
        int (*run)(struct voyage *voyage);
};

extern const struct stage *const stages[]; /* NULL at the end */

extern const struct stage stage_discovery, stage_trial, stage_production;

/* What the plan says beyond the built-in, as an object {key: value}, for a run's start. NULL when memory is
 * short. */
json_t *voyage_parameters(const struct voyage *voyage);

/* For the channel: keep what it passes on, until voyage_take_orders() makes it count, in discovery's step
 * "bmc". Returns 0, a negative errno. */
void voyage_on_boot_override(const char *target, const char *from, const char *uri, void *voyage);
void voyage_on_plan(const json_t *settings, void *voyage);
int voyage_take_orders(struct voyage *voyage);
void voyage_orders_done(struct voyage_orders *orders);

/* For boot_log_t and the like: userdata is a struct step_log. */
struct step_log {
        struct journal *journal;
        unsigned step;
};

void step_log(const char *severity, const char *message, void *userdata);

/* Whether this is the second leg's kernel. */
bool second_leg_is_under_way(void);

/* Whether the memory trial has left something for a second leg, and the plan wants one. */
bool second_leg_wanted(const struct voyage *voyage);

/* In the second leg: what the operator has wanted of the first, unless there is something newer. */
void second_leg_take_orders(struct voyage *voyage);

/* Loads the kernel of the second leg, as a step. Returns 1 when it is loaded, 0 when it cannot be (the step
 * says why), a negative errno. */
int second_leg_load(struct voyage *voyage);

/* seatrial run: the whole voyage. seatrial report: shows the journal of the last one. Return an exit status.
 */
int verb_run(int argc, char **argv);
int verb_report(int argc, char **argv);
