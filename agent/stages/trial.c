/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "inventory/inventory.h"
#include "plan/plan.h"
#include "pulse.h"
#include "stages.h"
#include "trial/memory/leg.h"
#include "trial/runner.h"
#include "trial/trial.h"

/* What the observer of a trial needs. */
struct observed {
        struct voyage *voyage;
        unsigned step;
};

static void on_artifact(const char *kind, const json_t *content, void *userdata) {
        struct observed *observed = userdata;

        (void) journal_step_artifact(observed->voyage->journal, observed->step, kind,
                                     json_incref((json_t *) content));
}

static void on_progress(double fraction, const char *text, void *userdata) {
        struct observed *observed = userdata;

        journal_progress(observed->voyage->journal, observed->step, fraction, text);
}

static void on_process(pid_t pid, void *userdata) {
        struct observed *observed = userdata;

        if (observed->voyage->pulse)
                pulse_set_trial(observed->voyage->pulse, pid);
}

/* Runs the trial called name as a step. *ret_result is what it means for the run. */
static int run_one(struct voyage *voyage, const char *name, enum trial_outcome *ret_outcome) {
        static const struct trial_observer observer = {
                .artifact = on_artifact,
                .progress = on_progress,
                .process = on_process,
        };
        const struct trial *trial = trial_find(name);
        struct observed observed = {.voyage = voyage};
        enum trial_outcome outcome = TRIAL_NOT_RUN;
        int r;

        r = journal_step_start(voyage->journal, name, &observed.step);
        if (r < 0)
                return r;

        if (trial) {
                /* The BMC knows what begins before it begins: should the machine die in it, the last record
                 * tells where. */
                (void) journal_flush(voyage->journal, voyage->plan->bmc_patience);

                r = trial_run(voyage->event, trial, voyage->plan, voyage->inventory, &observer, &observed,
                              &outcome);
                if (r < 0)
                        return r;
        } else {
                _cleanup_free_ char *message =
                        strprintf("there is no trial \"%s\" (trial.run in the plan)", name);

                r = journal_step_artifact(
                        voyage->journal, observed.step, "error",
                        json_pack("{s:s, s:s}", "symptom", "unknown-trial", "message", message));
                if (r < 0)
                        return r;
        }

        *ret_outcome = outcome;
        return journal_step_end(voyage->journal, observed.step,
                                outcome == TRIAL_NOT_RUN ? OCP_ERROR : OCP_COMPLETE);
}

/* Whether what the trial found need not keep the production OS from booting: it does without bad pages. */
static bool can_do_without(const char *name, enum trial_outcome outcome) {
        return outcome == TRIAL_FAILED && streq(name, trial_memory.name) && access(LEG_EXCLUDE, F_OK) == 0;
}

static int trial_stage_run(struct voyage *voyage) {
        bool failed = false, broken = false, stopped = false;
        json_t *dut_info = NULL;
        int r;

        r = inventory_dut_info(voyage->inventory, &dut_info);
        if (r < 0)
                return r;

        r = journal_run_start(voyage->journal, "trial", voyage_parameters(voyage), dut_info);
        if (r < 0)
                return r;

        if (voyage->orders.override == BOOT_OVERRIDE_SETUP) {
                r = journal_log(voyage->journal, "WARNING",
                                "the operator wants the rescue shell (%s): nothing was tested",
                                voyage->orders.from);
                return r < 0 ? r : journal_run_end(voyage->journal, OCP_SKIP, OCP_NOT_APPLICABLE);
        }

        if (!*voyage->plan->trials) {
                r = journal_log(voyage->journal, "WARNING",
                                "the plan wants no trial (trial.run): nothing was tested");
                return r < 0 ? r : journal_run_end(voyage->journal, OCP_SKIP, OCP_NOT_APPLICABLE);
        }

        for (char **name = voyage->plan->trials; *name; name++) {
                enum trial_outcome outcome;

                r = run_one(voyage, *name, &outcome);
                if (r < 0)
                        return r;

                failed = failed || outcome == TRIAL_FAILED;
                broken = broken || outcome == TRIAL_NOT_RUN;
                stopped = stopped || (outcome != TRIAL_PASSED && !can_do_without(*name, outcome));
        }

        voyage->trial_failed = stopped;
        if (failed)
                return journal_run_end(voyage->journal, OCP_COMPLETE, OCP_FAIL);

        return broken ? journal_run_end(voyage->journal, OCP_ERROR, OCP_NOT_APPLICABLE)
                      : journal_run_end(voyage->journal, OCP_COMPLETE, OCP_PASS);
}

const struct stage stage_trial = {
        .name = "trial",
        .run = trial_stage_run,
};
