/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runner.h: runs a trial in a process of its own and turns what it reports, and how it ends, into an
 * outcome. */
#pragma once

#include <sys/types.h>

#include "trial.h"

struct event;

enum trial_outcome {
        TRIAL_PASSED,
        TRIAL_FAILED,  /* the hardware: at least one FAIL diagnosis, whatever came after it */
        TRIAL_NOT_RUN, /* the test: it could not run, crashed, hung, or came to no verdict; an error artifact
                          says why */
};

/* Told of what the trial has to say while it runs. */
struct trial_observer {
        /* kind: "diagnosis", "measurement", "error", "log" or "extension", its content well formed. Texts
         * that the trial or a library wrote to standard output come as logs. The reference stays the
         * caller's. */
        void (*artifact)(const char *kind, const json_t *content, void *userdata);

        /* fraction from 0 to 1. */
        void (*progress)(double fraction, const char *text, void *userdata);

        /* The process that it runs in, and 0 once that has ended. NULL: of no interest. */
        void (*process)(pid_t pid, void *userdata);
};

/* Runs it to its end or to its time limit by the plan; inventory may be NULL. Returns 0 and sets *ret, a
 * negative errno when no process could be started or the loop failed. */
int trial_run(struct event *e, const struct trial *trial, const struct plan *plan, const json_t *inventory,
              const struct trial_observer *observer, void *userdata, enum trial_outcome *ret);
