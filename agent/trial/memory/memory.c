/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory trial: a march test of all memory that can be had, by a thread on each processor. */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "../crew.h"
#include "../trial.h"
#include "allocate.h"
#include "base/fd.h"
#include "base/text.h"
#include "cache.h"
#include "failures.h"
#include "march.h"
#include "plan/plan.h"

#define GIB ((double) (1 << 30))

/* Between two updates of what is done. */
#define STEP ((size_t) 4 << 20)

/* One thread's part. A cache line of its own for what it counts. */
struct share {
        struct memory_holding holding;
        struct march_region *regions;
        struct march_failures failures;
        size_t element_operations; /* of the element that it is at */
        int error;
        _Alignas(64) atomic_uint_fast64_t done; /* bytes, times operations on each */
};

struct memory_trial {
        const struct trial_context *context;
        const struct march_pattern *pattern;
        const struct march_loops *loops;
        unsigned passes;
        size_t cache;

        unsigned *processors;
        struct share *shares;
        size_t n_shares;
        uint64_t wanted; /* bytes of each share */
        uint64_t size;   /* bytes in all shares */

        pthread_barrier_t barrier;
        uint64_t started, usec; /* of the march itself */
};

static void take_share(size_t index, void *userdata) {
        struct memory_trial *trial = userdata;
        struct share *share = &trial->shares[index];

        share->error = memory_take(&share->holding, trial->wanted);
        if (share->error < 0 || share->holding.n_blocks == 0)
                return;

        share->regions = calloc(share->holding.n_blocks, sizeof(*share->regions));
        if (!share->regions) {
                share->error = -ENOMEM;
                return;
        }

        for (size_t i = 0; i < share->holding.n_blocks; i++)
                share->regions[i] = (struct march_region){
                        .memory = share->holding.blocks[i].address,
                        .size = share->holding.blocks[i].size,
                };
}

static void show_taking(void *userdata) {
        const struct memory_trial *trial = userdata;

        trial_report_progress(trial->context, 0, "taking %s", FORMAT_BYTES(trial->wanted * trial->n_shares));
}

static void on_advanced(void *userdata, size_t bytes) {
        struct share *share = userdata;

        atomic_fetch_add_explicit(&share->done, bytes * share->element_operations, memory_order_relaxed);
}

static void march_share(size_t index, void *userdata) {
        struct memory_trial *trial = userdata;
        struct share *share = &trial->shares[index];
        const struct march march = {
                .pattern = trial->pattern,
                .loops = trial->loops,
                .regions = share->regions,
                .n_regions = share->holding.n_blocks,
                .cache = trial->cache,
                .step = STEP,
                .advanced = on_advanced,
                .userdata = share,
                .failures = &share->failures,
        };

        /* Faults couple cells of different shares as well: an element is done everywhere before the next
         * begins. */
        for (unsigned pass = 0; pass < trial->passes; pass++)
                for (unsigned element = 0; element < trial->pattern->n_elements; element++) {
                        share->element_operations =
                                march_element_operations(&trial->pattern->elements[element]);
                        march_run_element(&march, pass, element);
                        pthread_barrier_wait(&trial->barrier);
                }
}

static void show_progress(void *userdata) {
        struct memory_trial *trial = userdata;
        uint64_t elapsed = now_usec() - trial->started, done = 0;
        double all = (double) trial->size * (double) march_pattern_operations(trial->pattern) * trial->passes;
        double fraction;

        for (size_t i = 0; i < trial->n_shares; i++)
                done += atomic_load_explicit(&trial->shares[i].done, memory_order_relaxed);
        if (done == 0)
                return;

        fraction = (double) done / all;
        trial_report_progress(trial->context, fraction, "%s, %.2f GiB/s, %s left", trial->pattern->title,
                              fraction * trial->passes * (double) trial->size / GIB /
                                      ((double) elapsed / (double) USEC_PER_SEC),
                              FORMAT_DURATION((uint64_t) ((double) elapsed * (1 - fraction) / fraction)));
}

/* What SMBIOS says is installed, by the inventory; 0 when it is not known. */
static uint64_t installed_size(const json_t *inventory) {
        int64_t size = json_get_integer(json_object_get(inventory, "memory"), "installed_bytes", 0);

        return size > 0 ? (uint64_t) size : 0;
}

static int report_holding(const struct memory_trial *trial, uint64_t budget) {
        uint64_t huge = 0, unlocked = 0;
        int r;

        for (size_t i = 0; i < trial->n_shares; i++)
                for (size_t j = 0; j < trial->shares[i].holding.n_blocks; j++) {
                        const struct memory_block *block = &trial->shares[i].holding.blocks[j];

                        huge += block->huge ? block->size : 0;
                        unlocked += block->locked ? 0 : block->size;
                }

        r = trial_report_log(trial->context, "INFO", "%s in 2 MiB pages and %s in others, %zu thread%s, %s",
                             FORMAT_BYTES(huge), FORMAT_BYTES(trial->size - huge), trial->n_shares,
                             trial->n_shares > 1 ? "s" : "", march_loops_name(trial->loops));
        if (r < 0)
                return r;

        if (unlocked > 0) {
                r = trial_report_log(
                        trial->context, "WARNING",
                        "%s could not be locked and may move while it is tested; run as root to lock it",
                        FORMAT_BYTES(unlocked));
                if (r < 0)
                        return r;
        }

        if (trial->size < budget / 100 * 99)
                return trial_report_log(trial->context, "WARNING",
                                        "Only %s of the %s to be tested could be had",
                                        FORMAT_BYTES(trial->size), FORMAT_BYTES(budget));

        return 0;
}

static int report_result(const struct memory_trial *trial, const struct memory_situation *situation) {
        uint64_t installed = installed_size(trial->context->inventory), n_words = 0;
        uint64_t whole = installed > 0 ? installed : situation->total;
        double seconds = (double) trial->usec / (double) USEC_PER_SEC;
        const struct march_failures *shares[trial->n_shares];
        _cleanup_free_ char *coverage = NULL;
        double share = 100 * (double) trial->size / (double) whole;
        int r;

        for (size_t i = 0; i < trial->n_shares; i++) {
                shares[i] = &trial->shares[i].failures;
                n_words += shares[i]->n_words;
        }

        coverage = strprintf("%s of %s%s tested (%.*f %%)", FORMAT_BYTES(trial->size),
                             installed > 0 ? "" : "the kernel's ", FORMAT_BYTES(whole), share < 10 ? 2 : 0,
                             share);
        if (!coverage)
                return -ENOMEM;

        r = trial_report_measurement(trial->context, "tested-size", (double) trial->size, "B", NULL);
        if (r < 0)
                return r;

        r = trial_report_measurement(
                trial->context, installed > 0 ? "tested-share-of-installed" : "tested-share-of-kernel-memory",
                share, "%", NULL);
        if (r < 0)
                return r;

        r = trial_report_measurement(trial->context, "rate",
                                     (double) trial->size / GIB * trial->passes / seconds, "GiB/s", NULL);
        if (r < 0)
                return r;

        r = trial_report_measurement(trial->context, "duration", seconds, "s", NULL);
        if (r < 0)
                return r;

        r = trial_report(trial->context,
                         json_pack("{s:{s:s, s:I, s:s, s:[{s:s, s:i}]}}", "measurement", "name",
                                   "miscompares", "value", (json_int_t) n_words, "unit", "count",
                                   "validators", "type", "EQUAL", "value", 0));
        if (r < 0)
                return r;

        if (n_words > 0)
                return failures_report(trial->context, trial->pattern, shares, trial->n_shares, coverage);

        return trial_report_diagnosis(trial->context, TRIAL_PASS, "memory-ok", NULL, "%s, %s, no miscompare",
                                      coverage, trial->pattern->title);
}

/* Chooses which processors work, evenly spread when fewer are wanted than there are. */
static int choose_processors(struct memory_trial *trial, uint64_t threads) {
        size_t n;
        int r;

        r = crew_processors(&trial->processors, &n);
        if (r < 0)
                return r;

        trial->n_shares = threads > 0 && threads < n ? (size_t) threads : n;
        for (size_t i = 0; i < trial->n_shares; i++)
                trial->processors[i] = trial->processors[i * n / trial->n_shares];

        return 0;
}

static int take_memory(struct memory_trial *trial, uint64_t budget) {
        uint64_t before;
        bool permitted;
        int r;

        /* Whatever goes wrong with memory, it is not the agent that has to go. */
        (void) write_text_file("/proc/self/oom_score_adj", "1000");
        memory_lock_permit();

        trial->wanted = budget / trial->n_shares;
        permitted = huge_pages_permit(budget, &before) >= 0;
        r = crew_run(trial->processors, trial->n_shares, take_share, show_taking, trial);
        if (permitted)
                (void) huge_pages_restore(before);
        if (r < 0)
                return r;

        for (size_t i = 0; i < trial->n_shares; i++) {
                if (trial->shares[i].error < 0)
                        return trial->shares[i].error;
                trial->size += trial->shares[i].holding.size;
        }

        return trial->size > 0 ? 0 : -ENOMEM;
}

static int march_memory(struct memory_trial *trial) {
        int r;

        r = -pthread_barrier_init(&trial->barrier, NULL, (unsigned) trial->n_shares);
        if (r < 0)
                return r;

        trial->started = now_usec();
        r = crew_run(trial->processors, trial->n_shares, march_share, show_progress, trial);
        trial->usec = now_usec() - trial->started;

        pthread_barrier_destroy(&trial->barrier);
        return r;
}

static void memory_trial_done(struct memory_trial *trial) {
        for (size_t i = 0; trial->shares && i < trial->n_shares; i++) {
                memory_release(&trial->shares[i].holding);
                free(trial->shares[i].regions);
        }
        free(trial->shares);
        free(trial->processors);
}

static int could_not(const struct trial_context *context, int error, const char *what) {
        trial_report_error(context, "memory-not-tested", "%s: %s", what, strerror(-error));
        return error;
}

static int unknown_pattern(const struct trial_context *context) {
        _cleanup_free_ char *names = strdup("");

        for (size_t i = 0; names && i < n_march_patterns; i++) {
                _cleanup_free_ char *before = names;

                names = strprintf("%s%s%s", before, i > 0 ? ", " : "", march_patterns[i].name);
        }

        trial_report_error(context, "unknown-pattern", "There is no pattern \"%s\"; there are %s",
                           context->plan->trial_memory_pattern ?: "", names ?: "others");
        return -EINVAL;
}

static int run(const struct trial_context *context) {
        const struct plan *plan = context->plan;
        _cleanup_(memory_trial_done) struct memory_trial trial = {
                .context = context,
                .pattern = march_pattern_find(plan->trial_memory_pattern ?: ""),
                .loops = march_loops_best(),
                .passes = (unsigned) MIN(plan->trial_memory_passes, (uint64_t) UINT32_MAX),
                .cache = cache_size(),
        };
        struct memory_situation situation;
        uint64_t budget;
        int r;

        if (!trial.pattern)
                return unknown_pattern(context);

        r = memory_situation_read(&situation);
        if (r < 0)
                return could_not(context, r, "/proc/meminfo cannot be read");

        r = choose_processors(&trial, plan->trial_memory_threads);
        if (r < 0)
                return could_not(context, r, "The processors cannot be told");

        trial.shares = aligned_alloc(_Alignof(struct share), trial.n_shares * sizeof(*trial.shares));
        if (!trial.shares)
                return could_not(context, -ENOMEM, "The threads' records");
        memset(trial.shares, 0, trial.n_shares * sizeof(*trial.shares));

        budget = memory_budget(&situation, &plan->trial_memory_size);
        if (budget < plan->trial_memory_size.bytes) {
                r = trial_report_log(context, "WARNING",
                                     "%s are available, less what the system needs to live: %s tested",
                                     FORMAT_BYTES(situation.available), FORMAT_BYTES(budget));
                if (r < 0)
                        return r;
        }

        r = take_memory(&trial, budget);
        if (r < 0)
                return could_not(context, r, "No memory could be had for the test");

        r = report_holding(&trial, budget);
        if (r < 0)
                return r;

        r = march_memory(&trial);
        if (r < 0)
                return could_not(context, r, "The threads cannot be started");

        return report_result(&trial, &situation);
}

static uint64_t time_limit(const struct plan *plan) {
        return plan->trial_memory_time_limit;
}

static const struct trial_option options[] = {
        {"size", "trial.memory.size",
         "how much memory, such as 4G, or a share of what is available, such as 90%"},
        {"pattern", "trial.memory.pattern",
         "march-c- (10 operations a cell) or march-ss (22, each on memory itself)"},
        {"passes", "trial.memory.passes", "how often; each pass takes another of ten backgrounds"},
        {"threads", "trial.memory.threads", "how many; 0: one for each processor"},
        {"time-limit", "trial.memory.time-limit", "after this the trial counts as hung"},
        {},
};

const struct trial trial_memory = {
        .name = "memory",
        .description = "March test of all memory that can be had",
        .time_limit = time_limit,
        .run = run,
        .options = options,
};
