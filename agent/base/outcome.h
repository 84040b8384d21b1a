/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outcome.h: how a run of the agent ended, for PID 1 to act on and for a person to read. */
#pragma once

#include "macro.h"

#define OUTCOME_FILE "/run/seatrial/outcome.json"

enum outcome_action {
        OUTCOME_RESCUE,
        OUTCOME_KEXEC, /* a kernel is loaded */
        OUTCOME_POWEROFF,
        OUTCOME_REBOOT,
};

struct outcome {
        enum outcome_action action;
        char *reason; /* "no disk holds a boot entry" */
};

/* Writes the file. Returns 0, a negative errno. */
int outcome_write(enum outcome_action action, const char *reason);

/* Reads and removes it. Returns 0, -ENOENT when the agent has left none, -EBADMSG, a negative errno. */
int outcome_take(struct outcome *ret);

void outcome_done(struct outcome *outcome);
