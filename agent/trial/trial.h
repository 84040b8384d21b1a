/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trial.h: what a trial is. Each is one file (or folder) and one entry of the table in trials.c. */
#pragma once

#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"

struct plan;
struct trial_option;

/* What a running trial gets, in a process of its own. */
struct trial_context {
        const struct plan *plan;
        const json_t *inventory; /* what discovery found; NULL on a command line */
        int report_fd;           /* for trial_report_*() */
};

struct trial {
        const char *name;        /* "memory": its name in the plan, on the command line, and as a step */
        const char *description; /* "March test of all memory that can be locked": for a person */

        /* Its time limit by the plan, in microseconds. */
        uint64_t (*time_limit)(const struct plan *plan);

        /* Tests, and reports what it finds: at least one diagnosis. Returns 0 when it came to its end
         * (whatever it found), a negative errno when the test itself could not run, after
         * trial_report_error(). */
        int (*run)(const struct trial_context *context);

        /* On the command line; each sets a key of the plan. name NULL at the end. */
        const struct trial_option *options;
};

struct trial_option {
        const char *name; /* "size", for --size VALUE */
        const char *key;  /* "trial.memory.size" */
        const char *help; /* "how much, e.g. 4G or 90%" */
};

extern const struct trial *const trials[]; /* NULL at the end */

extern const struct trial trial_memory, trial_processor;

/* NULL when there is none of that name. */
const struct trial *trial_find(const char *name);

enum trial_verdict { TRIAL_PASS, TRIAL_FAIL, TRIAL_UNKNOWN };

/* What a trial reports becomes OCP Test & Validation artifacts of its step. All return 0, a negative errno
 * (the report could not be written: the agent is gone). hardware_info_id names the part as the run's dutInfo
 * does, or is NULL. */
int trial_report_diagnosis(const struct trial_context *context, enum trial_verdict type, const char *verdict,
                           const char *hardware_info_id, const char *message_format, ...) _printf_(5, 6);
int trial_report_measurement(const struct trial_context *context, const char *name, double value,
                             const char *unit, const char *hardware_info_id);
int trial_report_error(const struct trial_context *context, const char *symptom, const char *message_format,
                       ...) _printf_(3, 4);
int trial_report_log(const struct trial_context *context, const char *severity, const char *message_format,
                     ...) _printf_(3, 4);

/* Any other artifact, {"measurement": {...}} with validators or {"extension": {...}}; takes the reference. */
int trial_report(const struct trial_context *context, json_t *artifact);

/* Not journalled, only shown: how much is done (0 to 1), and in words at what rate and how long still. */
int trial_report_progress(const struct trial_context *context, double fraction, const char *format, ...)
        _printf_(3, 4);
