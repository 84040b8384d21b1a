/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The processor trial: known work on each logical processor alone, then on all of them together. Between two
 * pieces of work, what was encrypted on one processor is decrypted on the next. */

#include <errno.h>
#include <string.h>

#include "../crew.h"
#include "../trial.h"
#include "base/text.h"
#include "kernels.h"
#include "plan/plan.h"
#include "verdict.h"

struct worker {
        struct kernel_space *space;
        int error;
};

struct processor_trial {
        const struct trial_context *context;
        struct kernel_data *data;
        unsigned *processors;
        struct worker *workers; /* one for each processor, as is a record */
        struct processor_record *records;
        size_t n;

        size_t first; /* the processor that thread 0 of this phase works on */
        uint64_t started, deadline;
        const char *phase;
};

/* Encrypts here, decrypts on the next processor, and comes back. */
static int hop(struct processor_trial *trial, size_t index) {
        struct kernel_space *space = trial->workers[index].space;
        int same, r;

        r = kernel_encrypt(trial->data, space);
        if (r < 0)
                return r;

        r = crew_move(trial->processors[(index + 1) % trial->n]);
        if (r < 0)
                return r;

        same = kernel_decrypt(trial->data, space);
        if (same < 0)
                return same;
        if (!same)
                trial->records[index].wrong_hops++;

        return crew_move(trial->processors[index]);
}

static int work_round(struct processor_trial *trial, size_t index) {
        struct processor_record *record = &trial->records[index];

        for (size_t i = 0; i < n_kernels; i++) {
                uint8_t result[KERNEL_RESULT_MAX];
                int r;

                if (!kernels[i].supported())
                        continue;

                r = kernels[i].run(trial->data, trial->workers[index].space, result);
                if (r < 0)
                        return r;
                if (memcmp(result, kernels[i].golden, kernels[i].size) != 0)
                        record->wrong[i]++;
        }

        record->rounds++;
        return trial->n > 1 ? hop(trial, index) : 0;
}

static void work(size_t thread, void *userdata) {
        struct processor_trial *trial = userdata;
        size_t index = trial->first + thread;
        struct worker *worker = &trial->workers[index];

        do
                worker->error = work_round(trial, index);
        while (worker->error >= 0 && now_usec() < trial->deadline);
}

static void show_progress(void *userdata) {
        struct processor_trial *trial = userdata;
        uint64_t elapsed = now_usec() - trial->started, all = trial->context->plan->trial_processor_time;

        trial_report_progress(trial->context, (double) MIN(elapsed, all) / (double) MAX(all, UINT64_C(1)),
                              "%s, %s left", trial->phase, FORMAT_DURATION(all - MIN(elapsed, all)));
}

/* Half of the time each alone in turn, half of it together; with one processor both are the same. */
static int work_processors(struct processor_trial *trial) {
        uint64_t time = trial->context->plan->trial_processor_time;
        uint64_t alone = trial->n > 1 ? time / 2 : time;

        trial->started = now_usec();

        trial->phase = "each alone";
        for (trial->first = 0; trial->first < trial->n; trial->first++) {
                int r;

                trial->deadline = trial->started + alone * (trial->first + 1) / trial->n;
                r = crew_run(&trial->processors[trial->first], 1, work, show_progress, trial);
                if (r < 0)
                        return r;
        }

        if (trial->n == 1)
                return 0;

        trial->phase = "all together";
        trial->first = 0;
        trial->deadline = now_usec() + time - alone;
        return crew_run(trial->processors, trial->n, work, show_progress, trial);
}

static void processor_trial_done(struct processor_trial *trial) {
        for (size_t i = 0; trial->workers && i < trial->n; i++)
                kernel_space_free(trial->workers[i].space);
        free(trial->workers);
        free(trial->records);
        free(trial->processors);
        kernel_data_free(trial->data);
}

static int could_not(const struct trial_context *context, int error, const char *what) {
        trial_report_error(context, "processor-not-tested", "%s: %s", what, strerror(-error));
        return error;
}

static int run(const struct trial_context *context) {
        _cleanup_(processor_trial_done) struct processor_trial trial = {.context = context};
        int r;

        r = kernel_data_new(&trial.data);
        if (r < 0)
                return could_not(context, r, "The work cannot be prepared");

        if (!kernel_data_is_golden(trial.data))
                return trial_report_diagnosis(context, TRIAL_FAIL, "processor-miscompare", NULL,
                                              "The pseudo-random input differs from the golden value");

        r = crew_processors(&trial.processors, &trial.n);
        if (r < 0)
                return could_not(context, r, "The processors cannot be told");

        trial.workers = calloc(trial.n, sizeof(*trial.workers));
        trial.records = calloc(trial.n, sizeof(*trial.records));
        if (!trial.workers || !trial.records)
                return could_not(context, -ENOMEM, "The work cannot be prepared");

        for (size_t i = 0; i < trial.n; i++) {
                trial.records[i].processor = trial.processors[i];
                r = kernel_space_new(&trial.workers[i].space);
                if (r < 0)
                        return could_not(context, r, "The work cannot be prepared");
        }

        r = work_processors(&trial);
        if (r < 0)
                return could_not(context, r, "The threads cannot be started");

        for (size_t i = 0; i < trial.n; i++)
                if (trial.workers[i].error < 0)
                        return could_not(context, trial.workers[i].error, "The work broke off");

        return processor_report(context, trial.records, trial.n, now_usec() - trial.started);
}

static uint64_t time_limit(const struct plan *plan) {
        return plan->trial_processor_time_limit;
}

static const struct trial_option options[] = {
        {"time", "trial.processor.time", "how long the processors are worked, such as 30s or 10min"},
        {"time-limit", "trial.processor.time-limit", "after this the trial counts as hung"},
        {},
};

const struct trial trial_processor = {
        .name = "processor",
        .description = "Known work on each processor, compared with golden values",
        .time_limit = time_limit,
        .run = run,
        .options = options,
};
