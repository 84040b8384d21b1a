/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../crew.h"
#include "../trial.h"
#include "base/fd.h"
#include "base/text.h"
#include "bus-error.h"
#include "physical.h"
#include "window.h"
#include "work.h"

/* Between two updates of what is done. */
#define STEP ((size_t) 4 << 20)

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
        size = work->n_shares * sizeof(*work->shares);
        work->shares = aligned_alloc(_Alignof(struct share), size);
        work->processors = calloc(work->n_shares, sizeof(*work->processors));
        if (!work->shares || !work->processors)
                return -ENOMEM;

        memset(work->shares, 0, size);
        for (size_t i = 0; i < work->n_shares; i++) {
                struct share *share = &work->shares[i];

                share->processor = processors[i * n / work->n_shares];
                share->node = (unsigned) numa_node_of(work->nodes, work->n_nodes, share->processor);
        }

        qsort(work->shares, work->n_shares, sizeof(*work->shares), compare_node);
        for (size_t i = 0; i < work->n_shares; i++)
                work->processors[i] = work->shares[i].processor;

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

static int add_region(void *address, size_t size, uint64_t place, void *userdata) {
        struct share *share = userdata;
        size_t n = share->n_regions;

        /* Twice the room whenever it is full. */
        if ((n & (n - 1)) == 0) {
                struct march_region *regions =
                        reallocarray(share->regions, n > 0 ? 2 * n : 1, sizeof(*regions));

                if (!regions)
                        return -ENOMEM;
                share->regions = regions;
        }

        share->regions[share->n_regions++] = (struct march_region){address, size, place};
        return 0;
}

static int compare_place(const void *a, const void *b) {
        const struct march_region *s = a, *t = b;

        return (s->place > t->place) - (s->place < t->place);
}

/* Notes where the share's memory lies, in physical order; each block as one where the kernel does not tell.
 */
static int locate_share(struct share *share, bool *place_known) {
        for (size_t i = 0; i < share->holding.n_blocks; i++) {
                const struct memory_block *block = &share->holding.blocks[i];
                int r = -EPERM;

                if (*place_known && block->locked)
                        r = physical_walk(block->address, block->size, add_region, share);
                if (r == -ENOMEM)
                        return r;
                if (r < 0) {
                        *place_known = false;
                        return -EPERM;
                }
        }

        qsort(share->regions, share->n_regions, sizeof(*share->regions), compare_place);
        return 0;
}

static int locate_virtually(struct share *share) {
        share->n_regions = 0;
        for (size_t i = 0; i < share->holding.n_blocks; i++) {
                const struct memory_block *block = &share->holding.blocks[i];
                int r = add_region(block->address, block->size, (uintptr_t) block->address, share);

                if (r < 0)
                        return r;
        }

        return 0;
}

/* All or none: addresses of two kinds cannot be told apart later. */
static int locate(struct work *work) {
        work->place_known = true;
        for (size_t i = 0; i < work->n_shares && work->place_known; i++) {
                int r = locate_share(&work->shares[i], &work->place_known);

                if (r < 0 && r != -EPERM)
                        return r;
        }

        for (size_t i = 0; i < work->n_shares && !work->place_known; i++) {
                int r = locate_virtually(&work->shares[i]);

                if (r < 0)
                        return r;
        }

        return 0;
}

/* Deals out what no kernel uses in equal parts. */
static int add_beyond(struct work *work, const struct ranges *beyond) {
        const uint64_t page = 4096, all = ranges_size(beyond);
        const uint64_t part = (all / work->n_shares / page + 1) * page;
        size_t to = 0;
        uint64_t room = part;

        for (size_t i = 0; i < beyond->n_items; i++)
                for (uint64_t at = beyond->items[i].start, n; at < beyond->items[i].end; at += n) {
                        int r;

                        n = MIN(room, beyond->items[i].end - at);
                        r = add_region(NULL, n, at, &work->shares[to]);
                        if (r < 0)
                                return r;
                        room -= n;
                        if (room == 0 && to + 1 < work->n_shares) {
                                to++;
                                room = part;
                        }
                }

        work->size += all;
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
        if (r < 0)
                return r;

        return work->size > 0 ? 0 : -ENOMEM;
}

static void on_advanced(void *userdata, size_t bytes) {
        struct share *share = userdata;

        atomic_fetch_add_explicit(&share->done, bytes, memory_order_relaxed);
}

/* The share whose memory a thread works on: across nodes, that of a thread of the next one. */
static struct share *share_of(const struct work *work, size_t index, const struct phase *phase) {
        size_t shift = 0;

        for (size_t node = 0; node < work->n_nodes && phase->across; node++) {
                size_t n = 0;

                for (size_t i = 0; i < work->n_shares; i++)
                        n += work->shares[i].node == node;
                shift = MAX(shift, n);
        }

        return &work->shares[(index + shift) % work->n_shares];
}

static void wait_pause(const struct work *work) {
        struct timespec left = {
                .tv_sec = (time_t) (work->pause / USEC_PER_SEC),
                .tv_nsec = (long) (work->pause % USEC_PER_SEC) * 1000,
        };

        while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
                ;
}

/* Faults couple cells of different shares as well: an element is done everywhere before the next begins. All
 * threads come to the same number of barriers, whatever befalls one of them. */
static void run_round(struct work *work, const struct march *march, const struct phase *phase, unsigned round,
                      struct share *share) {
        for (unsigned element = 0; element < phase->pattern->n_elements; element++) {
                if (phase->pattern->elements[element].special == MARCH_PAUSE)
                        wait_pause(work);
                else if (!work->over) {
                        int r = march_run_element(march, round, element);

                        if (r < 0) {
                                share->error = r;
                                work->over = true;
                        }
                }
                pthread_barrier_wait(&work->barrier);
        }
}

static void run_phase(struct work *work, size_t index, const struct phase *phase) {
        struct share *share = share_of(work, index, phase);
        const struct march march = {
                .pattern = phase->pattern,
                .loops = work->loops,
                .regions = share->regions,
                .n_regions = share->n_regions,
                .window = &window_dev_mem,
                .seed = work->seed,
                .cache = work->cache,
                .step = STEP,
                .advanced = on_advanced,
                .userdata = share,
                .mishaps = &share->mishaps,
        };

        for (unsigned round = 0; round < phase->rounds; round++)
                run_round(work, &march, phase, round, share);
}

static void run_share(size_t index, void *userdata) {
        struct work *work = userdata;

        do {
                for (size_t i = 0; i < work->n_phases; i++) {
                        if (index == 0)
                                work->phase = (uint32_t) i;
                        run_phase(work, index, &work->phases[i]);
                }

                /* One decides for all. */
                if (pthread_barrier_wait(&work->barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
                        work->times++;
                        work->over = work->over || now_usec() >= work->deadline;
                }
                pthread_barrier_wait(&work->barrier);
        } while (!work->over);
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

int work_run(struct work *work) {
        int r;

        r = bus_errors_catch();
        if (r < 0)
                return r;

        r = -pthread_barrier_init(&work->barrier, NULL, (unsigned) work->n_shares);
        if (r < 0)
                return r;

        work->started = now_usec();
        r = crew_run(work->processors, work->n_shares, run_share, show_progress, work);
        work->usec = now_usec() - work->started;
        pthread_barrier_destroy(&work->barrier);

        for (size_t i = 0; i < work->n_shares && r >= 0; i++)
                r = work->shares[i].error;

        return r;
}

int work_tested(const struct work *work, struct ranges *ret_tested, struct ranges *ret_lost) {
        _cleanup_(ranges_done) struct ranges tested = {}, lost = {};
        int r = 0;

        for (size_t i = 0; i < work->n_shares; i++) {
                const struct share *share = &work->shares[i];

                for (size_t j = 0; j < share->n_regions && r >= 0; j++)
                        r = ranges_add(&tested, share->regions[j].place,
                                       share->regions[j].place + share->regions[j].size);
                for (size_t j = 0; j < share->mishaps.n_lost && r >= 0; j++)
                        r = ranges_add(&lost, share->mishaps.lost[j].place,
                                       share->mishaps.lost[j].place + share->mishaps.lost[j].size);
                if (r < 0)
                        return r;
        }

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
                free(work->shares[i].regions);
        }
        free(work->shares);
        free(work->processors);
        free(work->nodes);
        free(work->phases);
        *work = (struct work){};
}
