/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory trial: patterns done to all memory that can be had, by a thread on each processor. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../trial.h"
#include "account.h"
#include "base/text.h"
#include "cache.h"
#include "ecc.h"
#include "failures.h"
#include "plan/plan.h"
#include "work.h"

#define GIB       ((double) (1 << 30))
#define HUGE_PAGE ((size_t) 2 << 20)

static int could_not(const struct trial_context *context, int error, const char *what) {
        trial_report_error(context, "memory-not-tested", "%s: %s", what, strerror(-error));
        return error;
}

static int unknown_pattern(const struct trial_context *context, const char *name) {
        _cleanup_free_ char *names = strdup("");

        for (size_t i = 0; names && i < n_march_patterns; i++) {
                _cleanup_free_ char *before = names;

                names = strprintf("%s%s%s", before, i > 0 ? ", " : "", march_patterns[i].name);
        }

        trial_report_error(context, "unknown-pattern", "There is no pattern \"%s\"; there are %s", name,
                           names ?: "others");
        return -EINVAL;
}

/* What the plan wants done, in this order: all patterns, each as often as it says, and at last one of them
 * with memory of other nodes. Returns 0, or a negative errno once it has told what is wrong. */
static int choose_phases(struct work *work) {
        const struct plan *plan = work->context->plan;
        const uint64_t passes = MIN(plan->trial_memory_passes, (uint64_t) UINT16_MAX);
        size_t n = 0;

        while (plan->trial_memory_patterns[n])
                n++;
        if (n == 0)
                return unknown_pattern(work->context, "none");

        work->phases = calloc(n + 1, sizeof(*work->phases));
        if (!work->phases)
                return could_not(work->context, -ENOMEM, "The list of patterns");

        for (size_t i = 0; i < n; i++) {
                const struct march_pattern *pattern = march_pattern_find(plan->trial_memory_patterns[i]);

                if (!pattern)
                        return unknown_pattern(work->context, plan->trial_memory_patterns[i]);
                work->phases[work->n_phases++] =
                        (struct phase){.pattern = pattern, .rounds = (unsigned) passes * pattern->rounds};
        }

        /* What goes wrong between sockets does so on the way, whatever the cells do: less will do. */
        if (work->n_nodes > 1 && plan->trial_memory_across_nodes)
                work->phases[work->n_phases++] =
                        (struct phase){.pattern = march_pattern_find("random"), .rounds = 1, .across = true};

        return 0;
}

static int choose_seed(struct work *work) {
        const struct plan *plan = work->context->plan;
        bool random = work->phases[work->n_phases - 1].across;

        for (size_t i = 0; i < work->n_phases; i++)
                random = random || work->phases[i].pattern->data == MARCH_RANDOM;

        work->seed = plan->trial_memory_seed;
        if (work->seed == 0 && getrandom(&work->seed, sizeof(work->seed), 0) != sizeof(work->seed))
                work->seed = now_usec();

        return random ? trial_report_log(work->context, "INFO", "seed %" PRIu64, work->seed) : 0;
}

static int report_holding(const struct work *work, uint64_t budget, uint64_t beyond) {
        uint64_t gigantic = 0, huge = 0, unlocked = 0, held = 0;
        _cleanup_free_ char *text = NULL;
        int r;

        for (size_t i = 0; i < work->n_shares; i++)
                for (size_t j = 0; j < work->shares[i].holding.n_blocks; j++) {
                        const struct memory_block *block = &work->shares[i].holding.blocks[j];

                        held += block->size;
                        gigantic += block->page > HUGE_PAGE ? block->size : 0;
                        huge += block->page == HUGE_PAGE ? block->size : 0;
                        unlocked += block->locked ? 0 : block->size;
                }

        text = gigantic > 0 ? strprintf("%s in 1 GiB pages, ", FORMAT_BYTES(gigantic)) : strdup("");
        r = trial_report_log(work->context, "INFO",
                             "%s%s in 2 MiB pages, %s in others, %s that no kernel uses; %zu thread%s on %zu "
                             "node%s, %s",
                             text ?: "", FORMAT_BYTES(huge), FORMAT_BYTES(held - huge - gigantic),
                             FORMAT_BYTES(beyond), work->n_shares, work->n_shares > 1 ? "s" : "",
                             work->n_nodes, work->n_nodes > 1 ? "s" : "", march_loops_name(work->loops));
        if (r < 0)
                return r;

        if (unlocked > 0) {
                r = trial_report_log(
                        work->context, "WARNING",
                        "%s could not be locked and may move while it is tested; run as root to lock it",
                        FORMAT_BYTES(unlocked));
                if (r < 0)
                        return r;
        }

        if (held < budget / 100 * 99)
                return trial_report_log(work->context, "WARNING",
                                        "Only %s of the %s to be tested could be had", FORMAT_BYTES(held),
                                        FORMAT_BYTES(budget));

        return 0;
}

static int report_speed(const struct work *work) {
        const double seconds = (double) work->usec / (double) USEC_PER_SEC;
        double rounds = 0;
        int r;

        for (size_t i = 0; i < work->n_phases; i++)
                rounds += work->phases[i].rounds;

        r = trial_report_measurement(work->context, "rate",
                                     (double) work->size / GIB * rounds * work->times / seconds, "GiB/s",
                                     NULL);
        if (r < 0)
                return r;

        return trial_report_measurement(work->context, "duration", seconds, "s", NULL);
}

/* "March C-", "March C- and 2 others" */
static char *phases_text(const struct work *work) {
        const char *first = work->phases[0].pattern->title;

        if (work->n_phases == 1)
                return strdup(first);

        return strprintf("%s and %zu other%s", first, work->n_phases - 1, work->n_phases > 2 ? "s" : "");
}

/* Returns 1 when all that is wrong is in pages that are known, 0, a negative errno. */
static int report_verdict(const struct work *work, const struct account *account, struct ecc_watch *watch,
                          const char *coverage) {
        const struct mishaps *mishaps[work->n_shares];
        _cleanup_free_ char *patterns = phases_text(work);
        uint64_t n_words = 0;
        int r, n_lost, n_noticed;

        for (size_t i = 0; i < work->n_shares; i++) {
                mishaps[i] = &work->shares[i].mishaps;
                n_words += mishaps[i]->n_words;
        }

        r = trial_report(work->context,
                         json_pack("{s:{s:s, s:I, s:s, s:[{s:s, s:i}]}}", "measurement", "name",
                                   "miscompares", "value", (json_int_t) n_words, "unit", "count",
                                   "validators", "type", "EQUAL", "value", 0));
        if (r < 0)
                return r;

        n_lost =
                lost_pages_report(work->context, mishaps, work->n_shares, &account->dimms, work->place_known);
        if (n_lost < 0)
                return n_lost;

        if (n_words > 0 && work->place_known) {
                r = trial_report_log(work->context, "INFO",
                                     "in which rank, row and column of its module a failing address is, no "
                                     "driver tells but for errors that the hardware notices itself");
                if (r < 0)
                        return r;
        }

        if (n_words > 0) {
                r = failures_report(work->context, mishaps, work->n_shares, &account->dimms,
                                    work->place_known, coverage);
                if (r < 0)
                        return r;
        }

        n_noticed = ecc_watch_report(watch, work->context, &account->dimms,
                                     work->context->plan->trial_memory_corrected);
        if (n_noticed < 0)
                return n_noticed;

        if (n_words > 0 || n_lost > 0) {
                r = work->place_known
                            ? bad_pages_report(work->context, mishaps, work->n_shares, &account->dimms)
                            : 0;
                return r < 0 ? r : n_noticed == 0;
        }

        if (n_noticed > 0)
                return 0;

        r = trial_report_diagnosis(work->context, TRIAL_PASS, "memory-ok", NULL, "%s, %s, no miscompare",
                                   coverage, patterns ?: "");
        return r < 0 ? r : 1;
}

/* Hands on what the next kernels have to know of this memory. found: all that is wrong is in bad pages. Only
 * in a voyage: on a command line there is no next kernel. */
static int leave(const struct work *work, const struct account *account, const struct ranges *tested,
                 const struct ranges *lost, bool found) {
        const struct mishaps *mishaps[work->n_shares];
        _cleanup_(ranges_done) struct ranges bad = {};
        bool complete;
        int r;

        if (!work->context->inventory)
                return 0;

        for (size_t i = 0; i < work->n_shares; i++)
                mishaps[i] = &work->shares[i].mishaps;

        r = bad_pages_collect(mishaps, work->n_shares, &bad, &complete);
        if (r < 0)
                return r;

        if (plan_has_second_leg(work->context->plan) && !account->second && complete) {
                r = account_leave(account, tested, lost, &bad);
                if (r < 0)
                        return r;
        }

        r = ranges_unite(&bad, &account->leg.bad);
        if (r < 0)
                return r;

        return found && complete ? bad_pages_leave(work->context, &bad) : 0;
}

static int report_result(const struct work *work, const struct account *account, struct ecc_watch *watch) {
        _cleanup_(ranges_done) struct ranges here = {}, tested = {}, lost = {};
        _cleanup_free_ char *coverage = NULL;
        uint64_t size = work->size;
        int r;

        if (work->place_known) {
                r = work_tested(work, &here, &lost);
                if (r >= 0)
                        r = ranges_unite(&tested, &here);
                if (r >= 0)
                        r = ranges_unite(&tested, &account->leg.tested);
                if (r >= 0)
                        r = ranges_unite(&tested, &account->leg.bad);
                if (r < 0)
                        return r;
                size = ranges_size(&tested);
        }

        coverage = account_text(account, size);
        if (!coverage)
                return -ENOMEM;

        r = account_report(account, work->context, work->place_known ? &tested : NULL, size);
        if (r < 0)
                return r;

        r = report_speed(work);
        if (r < 0)
                return r;

        r = report_verdict(work, account, watch, coverage);
        return r < 0 || !work->place_known ? MIN(r, 0) : leave(work, account, &here, &lost, r > 0);
}

static int take(struct work *work, const struct account *account) {
        const struct plan *plan = work->context->plan;
        _cleanup_(ranges_done) struct ranges beyond = {};
        struct memory_situation situation;
        uint64_t budget;
        int r;

        r = memory_situation_read("/sys", &situation);
        if (r < 0)
                return could_not(work->context, r, "/proc/meminfo cannot be read");

        /* What this kernel can give has passed in the first leg. */
        budget = account->second ? 0 : memory_budget(&situation, &plan->trial_memory_size);
        if (!account->second && budget < plan->trial_memory_size.bytes) {
                r = trial_report_log(work->context, "WARNING",
                                     "%s are available, less what the system needs to live: %s tested",
                                     FORMAT_BYTES(situation.available), FORMAT_BYTES(budget));
                if (r < 0)
                        return r;
        }

        /* Whoever wants some of the memory does not mean what the kernel was told to leave alone. */
        if (account->second || plan->trial_memory_reach == REACH_PHYSICAL ||
            (plan->trial_memory_reach == REACH_SECOND_LEG && plan->trial_memory_size.percent >= 100)) {
                r = account_beyond(account, &beyond);
                if (r < 0)
                        return r;
        }

        r = work_take(work, budget, &beyond);
        if (r < 0)
                return could_not(work->context, r, "No memory could be had for the test");

        return report_holding(work, budget, ranges_size(&beyond));
}

static int run(const struct trial_context *context) {
        const struct plan *plan = context->plan;
        _cleanup_(account_done) struct account account = {};
        _cleanup_(ecc_watch_done) struct ecc_watch watch = {};
        _cleanup_(work_done) struct work work = {
                .context = context,
                .loops = march_loops_best(),
                .cache = cache_size(),
                .pause = plan->trial_memory_pause,
        };
        int r;

        /* Of an earlier run, begun anew in the rescue shell. */
        if (context->inventory) {
                (void) unlink(LEG_LEFT);
                (void) unlink(LEG_EXCLUDE);
        }

        r = work_open(&work, plan->trial_memory_threads);
        if (r < 0)
                return could_not(context, r, "The processors and nodes cannot be told");

        r = choose_phases(&work);
        if (r < 0)
                return r;

        r = choose_seed(&work);
        if (r < 0)
                return r;

        r = account_read(&account);
        if (r < 0)
                return could_not(context, r, "What memory there is cannot be told");

        r = take(&work, &account);
        if (r < 0)
                return r;

        r = ecc_watch_start(&watch);
        if (r < 0)
                return could_not(context, r, "The counters of corrected errors cannot be read");

        if (plan->trial_memory_time > 0)
                work.deadline = now_usec() + plan->trial_memory_time;
        r = work_run(&work);
        if (r < 0)
                return could_not(context, r, "The test could not be done to its end");

        return report_result(&work, &account, &watch);
}

static uint64_t time_limit(const struct plan *plan) {
        return plan->trial_memory_time_limit;
}

static const struct trial_option options[] = {
        {"size", "trial.memory.size",
         "how much memory, such as 4G, or a share of what is available, such as 90%"},
        {"pattern", "trial.memory.pattern",
         "march-c- (10 operations a cell), march-ss (22, each on memory itself), address, moving-inversions, "
         "random, bit-fade, block-move, row-hammer; several with commas between"},
        {"passes", "trial.memory.passes", "how often; each pass takes another of ten backgrounds"},
        {"time", "trial.memory.time", "for at least that long, again and again, such as 8h"},
        {"seed", "trial.memory.seed", "of random data; 0: another one each time"},
        {"pause", "trial.memory.pause", "how long bit-fade waits"},
        {"threads", "trial.memory.threads", "how many; 0: one for each processor"},
        {"reach", "trial.memory.reach", "locked, or physical: what mem= keeps from the kernel as well"},
        {"time-limit", "trial.memory.time-limit", "after this the trial counts as hung"},
        {},
};

const struct trial trial_memory = {
        .name = "memory",
        .description = "Patterns written to and read from all memory that can be had",
        .time_limit = time_limit,
        .run = run,
        .options = options,
};
