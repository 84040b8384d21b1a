/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several threads that share a memory under test. */

#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "tests/unit/unit.h"
#include "trial/memory/work.h"
#include "trial/trial.h"

#define MIB     ((uint64_t) 1 << 20)
#define N_TIMES 3

static const struct trial_context context = {.report_fd = -1};

/* How often the elements of a pattern go over all memory. */
static size_t sweeps(const struct march_pattern *pattern) {
        size_t n = 0;

        for (size_t i = 0; i < pattern->n_elements; i++)
                n += pattern->elements[i].special != MARCH_PAUSE;

        return n;
}

/* A piece that is left out, or done twice, has the wrong data for the next element. */
static void sweep_all(size_t cache, uint64_t threads, bool one_processor) {
        static const char *const names[] = {"march-c-", "random", "block-move", "bit-fade", "march-c-"};
        struct work work = {.context = &context, .loops = march_loops_best(), .cache = cache};
        const struct ranges none = {};
        uint64_t done = 0, wanted = 0;

        assert_int_equal(work_open(&work, threads), 0);
        for (size_t i = 0; i < work.n_shares && one_processor; i++)
                work.processors[i] = work.processors[0];
        assert_int_equal(work_take(&work, 21 * MIB + 4096, &none), 0);
        assert_in_range(work.size, 20 * MIB, 21 * MIB + 4096);

        work.phases = calloc(ELEMENTSOF(names), sizeof(*work.phases));
        assert_non_null(work.phases);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const struct march_pattern *pattern = march_pattern_find(names[i]);

                work.phases[work.n_phases++] = (struct phase){.pattern = pattern, .rounds = N_TIMES};
                wanted += work.size * sweeps(pattern) * N_TIMES;
        }
        assert_int_equal(work_run(&work), 0);

        for (size_t i = 0; i < work.n_shares; i++) {
                assert_int_equal(work.shares[i].mishaps.n_words, 0);
                assert_int_equal(work.shares[i].mishaps.n_lost, 0);
                done += work.shares[i].done;
        }
        assert_int_equal(done, wanted);
        work_done(&work);
}

static void every_piece_is_swept_once_an_element(void **state _unused_) {
        static const size_t caches[] = {0, 3 * MIB, 64 * MIB};

        for (size_t i = 0; i < ELEMENTSOF(caches); i++)
                sweep_all(caches[i], 0, false);
}

/* On one processor a thread has swept its own part before the other one comes to its first piece. */
static void every_piece_is_swept_once_by_threads_that_help(void **state _unused_) {
        for (unsigned i = 0; i < N_TIMES; i++)
                sweep_all(3 * MIB, 2, true);
}

/* Whatever nodes this machine has. */
static void make_two_nodes(struct work *work) {
        work->n_nodes = 2;
        free(work->nodes);
        free(work->pools);
        work->nodes = calloc(2, sizeof(*work->nodes));
        work->pools = calloc(2, sizeof(*work->pools));
        assert_true(work->nodes && work->pools);
        for (unsigned i = 0; i < 2; i++) {
                work->nodes[i] = (struct numa_node){.id = NUMA_ANY, .free = (i + 1) * MIB};
                work->shares[i].node = i;
                work->pools[i] = (struct pool){.first_share = i, .n_threads = 1};
        }
}

static void across_nodes_threads_change_places(void **state _unused_) {
        struct work work = {.context = &context, .loops = march_loops_best()};
        const struct march_pattern *pattern = march_pattern_find("march-c-");
        const struct ranges none = {};

        assert_int_equal(work_open(&work, 2), 0);
        if (work.n_shares < 2) {
                work_done(&work);
                skip();
        }
        make_two_nodes(&work);
        assert_int_equal(work_take(&work, 18 * MIB, &none), 0);
        assert_int_equal(work.pools[0].size, 6 * MIB);
        assert_int_equal(work.pools[1].size, 12 * MIB);

        work.phases = calloc(2, sizeof(*work.phases));
        assert_non_null(work.phases);
        work.phases[work.n_phases++] = (struct phase){.pattern = pattern, .rounds = 1};
        work.phases[work.n_phases++] = (struct phase){.pattern = pattern, .rounds = 2, .across = true};
        assert_int_equal(work_run(&work), 0);
        assert_int_equal(work.shares[0].done, sweeps(pattern) * (1 * 6 + 2 * 12) * MIB);
        assert_int_equal(work.shares[1].done, sweeps(pattern) * (1 * 12 + 2 * 6) * MIB);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(work.shares[i].mishaps.n_words, 0);
        work_done(&work);
}

static void memory_is_in_order_and_in_pieces(void **state _unused_) {
        struct work work = {.context = &context, .loops = march_loops_best()};
        const struct ranges none = {};

        assert_int_equal(work_open(&work, 0), 0);
        assert_int_equal(work_take(&work, 13 * MIB, &none), 0);
        for (size_t i = 0; i < work.n_nodes; i++) {
                const struct pool *pool = &work.pools[i];
                uint64_t size = 0;

                for (size_t j = 0; j < pool->n_regions; j++) {
                        size += pool->regions[j].size;
                        assert_true(j == 0 || pool->regions[j - 1].place + pool->regions[j - 1].size <=
                                                      pool->regions[j].place);
                }
                assert_int_equal(size, pool->size);
                assert_int_equal(pool->pieces[pool->n_pieces], pool->n_regions);
                for (size_t j = 0; j < pool->n_pieces; j++)
                        assert_true(pool->pieces[j] < pool->pieces[j + 1]);
        }
        work_done(&work);
}

static void note(struct mishaps *mishaps, uint64_t place, uint64_t actual) {
        mishaps_add(mishaps, &(struct failure){.place = place, .actual = actual});
}

static void what_threads_found_in_one_page_is_joined(void **state _unused_) {
        static struct mishaps first, second, third;
        struct mishaps *const all[] = {&first, &second, &third};

        note(&first, 0x1008, 1);
        note(&second, 0x1008, 2);
        note(&second, 0x5000, 4);
        note(&second, 0x1ff8, 8);
        note(&third, 0x5008, 16);
        note(&third, 0x6000, 32);
        first.lost[first.n_lost++] = (struct lost_page){.place = 0x200000, .size = 0x200000};
        second.lost[second.n_lost++] = (struct lost_page){.place = 0x200000, .size = 0x200000};
        third.lost[third.n_lost++] = (struct lost_page){.place = 0x200000, .size = 0x1000};

        mishaps_join(all, ELEMENTSOF(all));
        assert_int_equal(first.n_pages, 1);
        assert_int_equal(first.pages[0].ones, 1 | 2 | 8);
        assert_int_equal(first.pages[0].words[0], 1 << 1);
        assert_int_equal(first.pages[0].words[7], UINT64_C(1) << 63);
        assert_int_equal(second.n_pages, 1);
        assert_int_equal(second.pages[0].place, 0x5000);
        assert_int_equal(second.pages[0].words[0], 1 | 1 << 1);
        assert_int_equal(third.n_pages, 1);
        assert_int_equal(third.pages[0].place, 0x6000);
        assert_int_equal(first.n_words + second.n_words + third.n_words, 6);
        assert_int_equal(first.n_lost, 1);
        assert_int_equal(second.n_lost, 0);
        assert_int_equal(third.n_lost, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_piece_is_swept_once_an_element),
                cmocka_unit_test(every_piece_is_swept_once_by_threads_that_help),
                cmocka_unit_test(across_nodes_threads_change_places),
                cmocka_unit_test(memory_is_in_order_and_in_pieces),
                cmocka_unit_test(what_threads_found_in_one_page_is_joined),
        };

        return cmocka_run_group_tests_name("memory-work", tests, NULL, NULL);
}
