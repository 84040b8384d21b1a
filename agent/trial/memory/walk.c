/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <time.h>

#include "base/text.h"
#include "walk.h"
#include "window.h"
#include "work.h"

/* A thread is helped when it has a 64th of its part, and some pieces, left. */
#define BEHIND     64
#define BEHIND_MIN 4

static void on_advanced(void *userdata, size_t bytes) {
        struct share *share = userdata;

        atomic_fetch_add_explicit(&share->done, bytes, memory_order_relaxed);
}

/* The share whose place a thread takes: across nodes, one of the next node. */
static size_t place_of(const struct work *work, size_t index, bool across) {
        size_t shift = 0;

        for (size_t i = 0; i < work->n_nodes && across; i++)
                shift = MAX(shift, work->pools[i].n_threads);

        return (index + shift) % work->n_shares;
}

static void wait_pause(const struct work *work) {
        struct timespec left = {
                .tv_sec = (time_t) (work->pause / USEC_PER_SEC),
                .tv_nsec = (long) (work->pause % USEC_PER_SEC) * 1000,
        };

        while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
                ;
}

/* All threads are through with as many. */
struct steps {
        size_t elements, rounds;
};

/* One thread's way through the memory of a pool. */
struct walk {
        struct work *work;
        struct share *share;
        struct pool *pool;
        size_t place;        /* among the pool's threads */
        struct march march;  /* its regions: of the piece under way */
        struct steps *steps; /* how far it has got */
};

static uint64_t run_of(uint64_t first, uint64_t end) {
        return end << 32 | first;
}

static uint64_t run_first(uint64_t run) {
        return run & UINT32_MAX;
}

static uint64_t run_end(uint64_t run) {
        return run >> 32;
}

static uint64_t run_length(uint64_t run) {
        return run_end(run) - run_first(run);
}

/* Where the pool's threads have what is left to them in the element that the walk is at. */
static atomic_uint_fast64_t *left_to(const struct walk *walk, size_t place) {
        return &walk->work->shares[walk->pool->first_share + place].left[walk->steps->elements % 2];
}

/* Runs are of places in the order of a sweep: that is where the one of a thread begins. */
static uint64_t run_start(const struct pool *pool, size_t place) {
        return pool->n_pieces * place / pool->n_threads;
}

/* What the thread in that place begins an element with. */
static uint64_t own_run(const struct pool *pool, size_t place) {
        return run_of(run_start(pool, place), run_start(pool, place + 1));
}

/* The piece that is next-th in the order of a sweep upwards. Cells that two threads come to at the same
 * moment have no order: from round to round each thread begins elsewhere in its run, so that these are
 * others. */
static size_t piece_at(const struct walk *walk, uint64_t next) {
        const struct pool *pool = walk->pool;
        size_t place = (size_t) (next * pool->n_threads / pool->n_pieces);
        uint64_t start, length;

        while (run_start(pool, place + 1) <= next)
                place++;
        start = run_start(pool, place);
        length = run_start(pool, place + 1) - start;

        return (size_t) (start +
                         (next - start +
                          length * (place * walk->steps->rounds % pool->n_threads) / pool->n_threads) %
                                 length);
}

/* Nobody looks for it before the barrier. */
static void set_next(const struct walk *walk) {
        atomic_store(&walk->work->shares[walk->pool->first_share + walk->place]
                              .left[(walk->steps->elements + 1) % 2],
                     own_run(walk->pool, walk->place));
}

/* Takes the first of what is left to the thread. */
static bool take_own(const struct walk *walk, uint64_t *ret) {
        atomic_uint_fast64_t *left = left_to(walk, walk->place);
        uint64_t run = atomic_load(left);

        do
                if (run_length(run) == 0)
                        return false;
        while (!atomic_compare_exchange_weak(left, &run, run_of(run_first(run) + 1, run_end(run))));

        *ret = run_first(run);
        return true;
}

/* Takes over the later half of what is left to the thread that is most behind, if that is worth it. */
static bool take_over(const struct walk *walk) {
        const struct pool *pool = walk->pool;
        const uint64_t enough = MAX(pool->n_pieces / pool->n_threads / BEHIND, (uint64_t) BEHIND_MIN);

        for (;;) {
                atomic_uint_fast64_t *left = NULL;
                uint64_t run = 0, middle;

                for (size_t i = 0; i < pool->n_threads; i++) {
                        uint64_t other = atomic_load(left_to(walk, i));

                        if (run_length(other) > run_length(run)) {
                                left = left_to(walk, i);
                                run = other;
                        }
                }
                if (run_length(run) < enough)
                        return false;

                middle = run_first(run) + (run_length(run) + 1) / 2;
                if (atomic_compare_exchange_strong(left, &run, run_of(run_first(run), middle))) {
                        atomic_store(left_to(walk, walk->place), run_of(middle, run_end(run)));
                        return true;
                }
        }
}

static void set_piece(struct walk *walk, size_t piece) {
        const struct pool *pool = walk->pool;

        walk->march.regions = &pool->regions[pool->pieces[piece]];
        walk->march.n_regions = pool->pieces[piece + 1] - pool->pieces[piece];
}

/* Flushes what the thread has swept last, n pieces in all, as far as its caches may still hold it. */
static int flush_recent(struct walk *walk, size_t n) {
        const struct work *work = walk->work;
        size_t last = n > work->n_recent ? n - work->n_recent : 0, size = 0;

        for (; n > last && size < work->cache; n--) {
                int r;

                set_piece(walk, walk->share->recent[(n - 1) % work->n_recent]);
                r = march_flush(&walk->march);
                if (r < 0)
                        return r;
                for (size_t i = 0; i < walk->march.n_regions; i++)
                        size += walk->march.regions[i].size;
        }

        return 0;
}

static int run_element(struct walk *walk, unsigned round, unsigned element) {
        const struct work *work = walk->work;
        const struct march_pattern *pattern = walk->march.pattern;
        const struct pool *pool = walk->pool;
        bool up = march_goes_up(pattern, element);
        uint64_t next;
        size_t n = 0;

        for (; take_own(walk, &next) || (take_over(walk) && take_own(walk, &next)); n++) {
                size_t piece = piece_at(walk, up ? next : pool->n_pieces - 1 - next);
                int r;

                set_piece(walk, piece);
                walk->share->recent[n % work->n_recent] = piece;
                r = march_run_element(&walk->march, round, element);
                if (r < 0)
                        return r;
        }

        return march_needs_flush(pattern, element, pool->size / pool->n_threads, work->cache)
                       ? flush_recent(walk, n)
                       : 0;
}

/* Faults couple cells of different pieces as well: an element is done everywhere before the next begins. All
 * threads come to the same number of barriers, whatever befalls one of them. */
static void run_round(struct walk *walk, unsigned round) {
        const struct march_pattern *pattern = walk->march.pattern;
        struct work *work = walk->work;

        for (unsigned element = 0; element < pattern->n_elements; element++) {
                set_next(walk);
                if (pattern->elements[element].special == MARCH_PAUSE)
                        wait_pause(work);
                else if (!work->over) {
                        int r = run_element(walk, round, element);

                        if (r < 0) {
                                walk->share->error = r;
                                work->over = true;
                        }
                }
                walk->steps->elements++;
                pthread_barrier_wait(&work->barrier);
        }
}

static void run_phase(struct work *work, size_t index, const struct phase *phase, struct steps *steps) {
        const size_t place = place_of(work, index, phase->across);
        struct share *share = &work->shares[index];
        struct pool *pool = &work->pools[work->shares[place].node];
        struct walk walk = {
                .work = work,
                .share = share,
                .pool = pool,
                .place = place - pool->first_share,
                .march =
                        {
                                .pattern = phase->pattern,
                                .loops = work->loops,
                                .window = &window_dev_mem,
                                .seed = work->seed,
                                .step = WALK_PIECE,
                                .advanced = on_advanced,
                                .userdata = share,
                                .mishaps = &share->mishaps,
                                .known = work->mishaps,
                                .n_known = work->n_shares,
                        },
                .steps = steps,
        };

        for (unsigned round = 0; round < phase->rounds; round++, steps->rounds++)
                run_round(&walk, round);
}

void walk_prepare(struct work *work) {
        for (size_t i = 0; i < work->n_shares; i++) {
                const struct pool *pool = &work->pools[work->shares[i].node];

                atomic_store(&work->shares[i].left[0], own_run(pool, i - pool->first_share));
        }
}

void walk_share(size_t index, void *userdata) {
        struct work *work = userdata;
        struct steps steps = {};

        do {
                for (size_t i = 0; i < work->n_phases; i++) {
                        if (index == 0)
                                work->phase = (uint32_t) i;
                        run_phase(work, index, &work->phases[i], &steps);
                }

                /* One decides for all. */
                if (pthread_barrier_wait(&work->barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
                        work->times++;
                        work->over = work->over || now_usec() >= work->deadline;
                }
                pthread_barrier_wait(&work->barrier);
        } while (!work->over);
}
