/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rescue.h: a shell for a person, on every console. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "console.h"

struct rescue {
        struct consoles consoles;
        pid_t shells[CONSOLES_MAX]; /* 0: none there, it could not be started */
};

/* Says why on each console, and starts a shell there. Returns 0, a negative errno when there is none at all.
 */
int rescue_start(struct rescue *rescue, const char *reason);

/* True when pid was one of its shells. */
bool rescue_reaped(struct rescue *rescue, pid_t pid);

/* Ends those that still run. */
void rescue_stop(struct rescue *rescue);
