/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../crew.h"
#include "../trial.h"
#include "base/fd.h"
#include "base/text.h"
#include "bus-error.h"
#include "physical.h"
#include "walk.h"
#include "window.h"
#include "work.h"

/* For each thread, where there is enough for them. */
#define WINDOWS 4

static int compare_node(const void *a, const void *b) {
        const struct share *s = a, *t = b;

        if (s->node != t->node)
                return s->node < t->node ? -1 : 1;

        return (s->processor > t->processor) - (s->processor < t->processor);
}

int work_open(struct work *work, uint64_t threads) {
        _cleanup_free_ unsigned *processors = NULL;
        size_t n, size;
        int r;

        r = numa_read("/sys", &work->nodes, &work->n_nodes);
        if (r < 0)
                return r;

        r = crew_processors(&processors, &n);
        if (r < 0)
                return r;

        work->n_shares = threads > 0 && threads < n ? (size_t) threads : n;
        work->n_recent = work->cache / WALK_PIECE + 2;
        size = work->n_shares * sizeof(*work->shares);
        work->shares = aligned_alloc(_Alignof(struct share), size);
        work->pools = calloc(work->n_nodes, sizeof(*work->pools));
        work->processors = calloc(work->n_shares, sizeof(*work->processors));
        work->mishaps = calloc(work->n_shares, sizeof(*work->mishaps));
        if (work->shares)
                memset(work->shares, 0, size);
        if (!work->shares || !work->pools || !work->processors || !work->mishaps)
                return -ENOMEM;

        for (size_t i = 0; i < work->n_shares; i++) {
                struct share *share = &work->shares[i];

                share->processor = processors[i * n / work->n_shares];
                share->node = (unsigned) numa_node_of(work->nodes, work->n_nodes, share->processor);
        }

        qsort(work->shares, work->n_shares, sizeof(*work->shares), compare_node);
        for (size_t i = 0; i < work->n_shares; i++) {
                struct share *share = &work->shares[i];

                share->recent = calloc(work->n_recent, sizeof(*share->recent));
                if (!share->recent)
                        return -ENOMEM;
                work->processors[i] = share->processor;
                work->mishaps[i] = &share->mishaps;
                if (work->pools[share->node].n_threads++ == 0)
                        work->pools[share->node].first_share = i;
        }

        return 0;
}

/* What a share takes of its own node, and of those that have no thread. */
static uint64_t wanted_of(const struct work *work, size_t index, size_t node, uint64_t budget) {
        size_t n_threads = 0, mine = 0;
        uint64_t all = 0, part;

        for (size_t i = 0; i < work->n_nodes; i++)
                all += work->nodes[i].free;
        for (size_t i = 0; i < work->n_shares; i++)
                n_threads += work->shares[i].node == node;

        part = all > 0 ? (uint64_t) ((double) budget * ((double) work->nodes[node].free / (double) all))
                       : budget;
        if (n_threads == 0)
                return part / work->n_shares;

        mine = work->shares[index].node == node;
        return mine > 0 ? part / n_threads : 0;
}

static void take_share(size_t index, void *userdata) {
        struct work *work = userdata;
        struct share *share = &work->shares[index];

        for (size_t i = 0; i < work->n_nodes && share->error >= 0; i++) {
                uint64_t want = wanted_of(work, index, i, share->wanted);

                if (want > 0)
                        share->error = memory_take(&share->holding, want, work->nodes[i].id);
        }
}

static void show_taking(void *userdata) {
        const struct work *work = userdata;

        trial_report_progress(work->context, 0, "taking %s", FORMAT_BYTES(work->shares[0].wanted));
}

static int add_region(struct pool *pool, void *address, size_t size, uint64_t place) {
        size_t n = pool->n_regions;

        /* Twice the room whenever it is full. */
        if ((n & (n - 1)) == 0) {
                struct march_region *regions =
                        reallocarray(pool->regions, n > 0 ? 2 * n : 1, sizeof(*regions));

                if (!regions)
                        return -ENOMEM;
                pool->regions = regions;
        }

        pool->regions[pool->n_regions++] = (struct march_region){address, size, place};
        pool->size += size;
        return 0;
}

static int add_mapped(void *address, size_t size, uint64_t place, void *userdata) {
        int r = 0;

        for (size_t done = 0, n; done < size && r >= 0; done += n) {
                n = MIN(WALK_PIECE, size - done);
                r = add_region(userdata, (char *) address + done, n, place + done);
        }

        return r;
}

static int compare_place(const void *a, const void *b) {
        const struct march_region *s = a, *t = b;

        return (s->place > t->place) - (s->place < t->place);
}

/* Notes where the share's memory lies. Returns 0, -EPERM where the kernel does not tell, -ENOMEM. */
static int locate_share(const struct share *share, struct pool *pool) {
        for (size_t i = 0; i < share->holding.n_blocks; i++) {
                const struct memory_block *block = &share->holding.blocks[i];
                int r = block->locked ? physical_walk(block->address, block->size, add_mapped, pool) : -EPERM;

                if (r < 0)
                        return r == -ENOMEM ? r : -EPERM;
        }

        return 0;
}

static int locate_virtually(const struct share *share, struct pool *pool) {
        for (size_t i = 0; i < share->holding.n_blocks; i++) {
                const struct memory_block *block = &share->holding.blocks[i];
                int r = add_mapped(block->address, block->size, (uintptr_t) block->address, pool);

                if (r < 0)
                        return r;
        }

        return 0;
}

/* All or none: addresses of two kinds cannot be told apart later. */
static int locate(struct work *work) {
        int r = 0;

        for (size_t i = 0; i < work->n_shares && r >= 0; i++)
                r = locate_share(&work->shares[i], &work->pools[work->shares[i].node]);
        work->place_known = r >= 0;
        if (r >= 0 || r == -ENOMEM)
                return r;

        for (size_t i = 0; i < work->n_nodes; i++)
                work->pools[i].n_regions = work->pools[i].size = 0;
        for (size_t i = 0; i < work->n_shares; i++) {
                r = locate_virtually(&work->shares[i], &work->pools[work->shares[i].node]);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Deals out what no kernel uses among the nodes, by their threads: in windows as large as may be, as long as
 * each thread gets some. */
static int add_beyond(struct work *work, const struct ranges *beyond) {
        const uint64_t part = ranges_size(beyond) / work->n_shares / WINDOWS / WALK_PIECE * WALK_PIECE;
        const uint64_t window = MIN(MAX(part, WALK_PIECE), window_dev_mem.size);
        size_t turn = 0;

        for (size_t i = 0; i < beyond->n_items; i++)
                for (uint64_t at = beyond->items[i].start, n; at < beyond->items[i].end; at += n, turn++) {
                        struct pool *pool = &work->pools[work->shares[turn % work->n_shares].node];
                        int r;

                        n = MIN(window, beyond->items[i].end - at);
                        r = add_region(pool, NULL, n, at);
                        if (r < 0)
                                return r;
                }

        work->size += ranges_size(beyond);
        return 0;
}

/* Puts regions in physical order, and together to pieces. */
static int cut(struct pool *pool) {
        size_t size = WALK_PIECE;

        pool->pieces = calloc(pool->n_regions + 1, sizeof(*pool->pieces));
        if (!pool->pieces)
                return -ENOMEM;

        if (pool->n_regions > 0)
                qsort(pool->regions, pool->n_regions, sizeof(*pool->regions), compare_place);
        for (size_t i = 0; i < pool->n_regions; i++) {
                if (size >= WALK_PIECE) {
                        pool->pieces[pool->n_pieces++] = i;
                        size = 0;
                }
                size += pool->regions[i].size;
        }

        pool->pieces[pool->n_pieces] = pool->n_regions;
        return 0;
}

int work_take(struct work *work, uint64_t budget, const struct ranges *beyond) {
        uint64_t before;
        bool permitted;
        int r;

        /* Whatever goes wrong with memory, it is not the agent that has to go. */
        (void) write_text_file("/proc/self/oom_score_adj", "1000");
        memory_lock_permit();

        for (size_t i = 0; i < work->n_shares; i++)
                work->shares[i].wanted = budget;
        permitted = huge_pages_permit(budget, &before) >= 0;
        r = crew_run(work->processors, work->n_shares, take_share, show_taking, work);
        if (permitted)
                (void) huge_pages_restore(before);
        if (r < 0)
                return r;

        for (size_t i = 0; i < work->n_shares; i++) {
                if (work->shares[i].error < 0)
                        return work->shares[i].error;
                work->size += work->shares[i].holding.size;
        }

        r = locate(work);
        if (r < 0)
                return r;

        r = add_beyond(work, beyond);
        for (size_t i = 0; i < work->n_nodes && r >= 0; i++)
                r = cut(&work->pools[i]);
        if (r < 0)
                return r;

        return work->size > 0 ? 0 : -ENOMEM;
}

/* Bytes that all phases go over once, and how often they go over a byte of memory in whole patterns. */
static double all_bytes(const struct work *work, double *ret_rounds) {
        double all = 0;

        *ret_rounds = 0;
        for (size_t i = 0; i < work->n_phases; i++) {
                const struct march_pattern *pattern = work->phases[i].pattern;
                size_t sweeps = 0;

                for (size_t e = 0; e < pattern->n_elements; e++)
                        sweeps += pattern->elements[e].special != MARCH_PAUSE;
                all += (double) work->size * (double) sweeps * work->phases[i].rounds;
                *ret_rounds += work->phases[i].rounds;
        }

        return all;
}

static void show_progress(void *userdata) {
        struct work *work = userdata;
        const struct phase *phase = &work->phases[work->phase];
        uint64_t now = now_usec(), elapsed = now - work->started, done = 0;
        double fraction, rounds, rate;

        for (size_t i = 0; i < work->n_shares; i++)
                done += atomic_load_explicit(&work->shares[i].done, memory_order_relaxed);
        if (done == 0)
                return;

        fraction = (double) done / all_bytes(work, &rounds);
        rate = fraction * rounds * (double) work->size / (1 << 30) /
               ((double) elapsed / (double) USEC_PER_SEC);
        if (work->deadline > now)
                fraction = (double) elapsed / (double) (work->deadline - work->started);
        fraction = MIN(fraction, 1.0);
        trial_report_progress(work->context, fraction, "%s%s, %.2f GiB/s, %s left", phase->pattern->title,
                              phase->across ? " across nodes" : "", rate,
                              FORMAT_DURATION((uint64_t) ((double) elapsed * (1 - fraction) / fraction)));
}

/* Threads came to the same page one after the other. */
static int join_mishaps(struct work *work) {
        _cleanup_free_ struct mishaps **mishaps = calloc(work->n_shares, sizeof(*mishaps));

        if (!mishaps)
                return -ENOMEM;

        for (size_t i = 0; i < work->n_shares; i++)
                mishaps[i] = &work->shares[i].mishaps;
        mishaps_join(mishaps, work->n_shares);
        return 0;
}

int work_run(struct work *work) {
        int r;

        r = bus_errors_catch();
        if (r < 0)
                return r;

        r = -pthread_barrier_init(&work->barrier, NULL, (unsigned) work->n_shares);
        if (r < 0)
                return r;

        walk_prepare(work);
        work->started = now_usec();
        r = crew_run(work->processors, work->n_shares, walk_share, show_progress, work);
        work->usec = now_usec() - work->started;
        pthread_barrier_destroy(&work->barrier);

        for (size_t i = 0; i < work->n_shares && r >= 0; i++)
                r = work->shares[i].error;

        return r < 0 ? r : join_mishaps(work);
}

int work_tested(const struct work *work, struct ranges *ret_tested, struct ranges *ret_lost) {
        _cleanup_(ranges_done) struct ranges tested = {}, lost = {};
        int r = 0;

        for (size_t i = 0; i < work->n_nodes && r >= 0; i++) {
                const struct pool *pool = &work->pools[i];

                for (size_t j = 0; j < pool->n_regions && r >= 0; j++)
                        r = ranges_add(&tested, pool->regions[j].place,
                                       pool->regions[j].place + pool->regions[j].size);
        }

        for (size_t i = 0; i < work->n_shares && r >= 0; i++) {
                const struct share *share = &work->shares[i];

                for (size_t j = 0; j < share->mishaps.n_lost && r >= 0; j++)
                        r = ranges_add(&lost, share->mishaps.lost[j].place,
                                       share->mishaps.lost[j].place + share->mishaps.lost[j].size);
        }
        if (r < 0)
                return r;

        r = ranges_subtract(&tested, &lost);
        if (r < 0)
                return r;

        *ret_tested = tested;
        *ret_lost = lost;
        tested = lost = (struct ranges){};
        return 0;
}

void work_done(struct work *work) {
        for (size_t i = 0; work->shares && i < work->n_shares; i++) {
                memory_release(&work->shares[i].holding);
                free(work->shares[i].recent);
        }
        for (size_t i = 0; work->pools && i < work->n_nodes; i++) {
                free(work->pools[i].regions);
                free(work->pools[i].pieces);
        }
        free(work->pools);
        free(work->mishaps);
        free(work->shares);
        free(work->processors);
        free(work->nodes);
        free(work->phases);
        *work = (struct work){};
}
