/* SPDX-License-Identifier: GPL-3.0-or-later */
/* init.h: PID 1. It does little: mounts, consoles, reaping, the agent as its child, a rescue shell when that
 * fails, and the way out: kexec, reboot, power-off. It never ends, whatever happens. */
#pragma once

/* seatrial init. Does not return as PID 1; anywhere else it refuses. */
int verb_init(int argc, char **argv);
