/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pulse.h: the agent's side of the heartbeat: PID 1 hears from it as long as it makes progress.
 *
 * Progress is that the agent's event loop turns, and that the process of a trial, while one runs, gets
 * processor time. So a long trial is of no concern as long as it works; a machine, an agent or a trial that
 * stands still is. What works and never ends is a matter of the trial's own time limit. */
#pragma once

#include <sys/types.h>

#include "base/macro.h"

struct event;
struct heartbeat_report;
struct plan;
struct pulse;

/* To PID 1 at the other end of fd, which stays the caller's. report is called with what PID 1 tells. Returns
 * 0, a negative errno. */
int pulse_start(struct event *e, int fd,
                void (*report)(const struct heartbeat_report *report, void *userdata), void *userdata,
                struct pulse **ret);

/* Asks for the watchdog that the plan wants, unless that has been done, and beats as it needs. Returns 0, a
 * negative errno. */
int pulse_follow(struct pulse *pulse, const struct plan *plan);

/* The process of the trial that runs from now on; 0: none does. */
void pulse_set_trial(struct pulse *pulse, pid_t pid);

struct pulse *pulse_free(struct pulse *pulse);
DEFINE_CLEANUP(struct pulse *, pulse_free);
