/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The march engine on a small buffer whose cells are made faulty between two steps of one line each. */

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/macro.h"
#include "base/text.h"
#include "tests/unit/unit.h"
#include "trial/memory/bus-error.h"
#include "trial/memory/march.h"

#define N_LINES 6
#define SEED    7
#define PLACE   UINT64_C(0x1a0000000)

enum fault_kind {
        FAULT_NONE,
        FAULT_STUCK,      /* victim is always value */
        FAULT_TRANSITION, /* victim cannot become value */
        FAULT_INVERSION,  /* aggressor's change to value inverts victim */
        FAULT_IDEMPOTENT, /* aggressor's change to value makes victim forced */
        FAULT_STATE,      /* while aggressor is value, victim is forced */
        FAULT_ALIAS,      /* both lines are one cell */
};

struct bit {
        unsigned line, bit; /* bit 0 to 511 of the line */
};

struct memory {
        struct march_line lines[N_LINES];
        struct march_line before[N_LINES]; /* as the last step left them */
        struct mishaps mishaps;

        enum fault_kind kind;
        struct bit aggressor, victim;
        bool value, forced;

        unsigned n_steps;
        struct march_line trace[64][N_LINES]; /* after each step */
};

static bool get(const struct march_line *lines, struct bit at) {
        return lines[at.line].words[at.bit / 64] >> at.bit % 64 & 1;
}

static void set(struct march_line *lines, struct bit at, bool value) {
        uint64_t *word = &lines[at.line].words[at.bit / 64], mask = UINT64_C(1) << at.bit % 64;

        *word = value ? *word | mask : *word & ~mask;
}

static void apply_fault(struct memory *m) {
        bool changed = get(m->lines, m->aggressor) == m->value && get(m->before, m->aggressor) != m->value;

        switch (m->kind) {
        case FAULT_NONE:
                break;
        case FAULT_STUCK:
                set(m->lines, m->victim, m->value);
                break;
        case FAULT_TRANSITION:
                if (get(m->before, m->victim) != m->value)
                        set(m->lines, m->victim, !m->value);
                break;
        case FAULT_INVERSION:
                if (changed)
                        set(m->lines, m->victim, !get(m->lines, m->victim));
                break;
        case FAULT_IDEMPOTENT:
                if (changed)
                        set(m->lines, m->victim, m->forced);
                break;
        case FAULT_STATE:
                if (get(m->lines, m->aggressor) == m->value)
                        set(m->lines, m->victim, m->forced);
                break;
        case FAULT_ALIAS: {
                struct march_line *a = &m->lines[m->aggressor.line], *v = &m->lines[m->victim.line];

                if (memcmp(a, &m->before[m->aggressor.line], sizeof(*a)) != 0)
                        *v = *a;
                else
                        *a = *v;
                break;
        }
        }
}

static void after_step(void *userdata, size_t bytes) {
        struct memory *m = userdata;

        assert_int_equal(bytes, sizeof(struct march_line));
        apply_fault(m);
        memcpy(m->before, m->lines, sizeof(m->lines));
        if (m->n_steps < ELEMENTSOF(m->trace))
                memcpy(m->trace[m->n_steps], m->lines, sizeof(m->lines));
        m->n_steps++;
}

static void run_with(struct memory *m, const struct march_loops *loops, const char *pattern,
                     unsigned first_pass, unsigned n_passes, bool flush) {
        /* Two regions, so that the way from one to the next is walked as well. */
        const struct march_region regions[] = {
                {m->lines, 2 * sizeof(struct march_line), PLACE},
                {m->lines + 2, (N_LINES - 2) * sizeof(struct march_line),
                 PLACE + 2 * sizeof(struct march_line)},
        };
        const struct march march = {
                .pattern = march_pattern_find(pattern),
                .loops = loops,
                .seed = SEED,
                .regions = regions,
                .n_regions = ELEMENTSOF(regions),
                .step = sizeof(struct march_line),
                .advanced = after_step,
                .userdata = m,
                .mishaps = &m->mishaps,
        };

        m->mishaps = (struct mishaps){};
        m->n_steps = 0;
        memset(m->lines, 0x5a, sizeof(m->lines));
        apply_fault(m);
        memcpy(m->before, m->lines, sizeof(m->lines));

        for (unsigned pass = first_pass; pass < first_pass + n_passes; pass++)
                for (unsigned element = 0; element < march.pattern->n_elements; element++) {
                        assert_int_equal(march_run_element(&march, pass, element), 0);
                        if (flush)
                                assert_int_equal(march_flush(&march), 0);
                }
}

static bool finds(struct memory *m, const char *pattern, unsigned n_passes) {
        run_with(m, march_loops_best(), pattern, 0, n_passes, false);
        return m->mishaps.n_words > 0;
}

static int setup(void **state) {
        *state = aligned_alloc(_Alignof(struct memory), sizeof(struct memory));
        if (!*state)
                return -1;

        memset(*state, 0, sizeof(struct memory));
        return 0;
}

static int teardown(void **state) {
        free(*state);
        return 0;
}

/* A test runs its body with the loops of each instruction set that this processor has. */
static void for_each_loops(struct memory *m,
                           void (*body)(struct memory *m, const struct march_loops *loops)) {
        for (size_t i = 0; i < n_march_loops; i++)
                if (march_loops_supported(march_loops[i]))
                        body(m, march_loops[i]);
}

static void check_no_alarm(struct memory *m, const struct march_loops *loops) {
        for (size_t i = 0; i < n_march_patterns; i++)
                for (int flush = 0; flush < 2; flush++) {
                        run_with(m, loops, march_patterns[i].name, 0, 10, flush);
                        assert_int_equal(m->mishaps.n_words, 0);
                        if (streq(march_patterns[i].name, "march-c-"))
                                assert_int_equal(m->n_steps, 10 * march_patterns[i].n_elements * N_LINES);
                }
}

static void sound_memory_raises_no_alarm(void **state) {
        for_each_loops(*state, check_no_alarm);
}

static void check_walk(struct memory *m, const struct march_loops *loops) {
        run_with(m, loops, "march-c-", 0, 1, false);

        for (unsigned step = 0; step < N_LINES; step++)
                for (unsigned line = 0; line < N_LINES; line++) {
                        const uint64_t ones = UINT64_MAX;

                        /* up r0w1, up r1w0, down r0w1, down r1w0 */
                        assert_int_equal(m->trace[N_LINES + step][line].words[0], line <= step ? ones : 0);
                        assert_int_equal(m->trace[2 * N_LINES + step][line].words[7],
                                         line <= step ? 0 : ones);
                        assert_int_equal(m->trace[3 * N_LINES + step][line].words[3],
                                         line >= N_LINES - 1 - step ? ones : 0);
                        assert_int_equal(m->trace[4 * N_LINES + step][line].words[5],
                                         line >= N_LINES - 1 - step ? 0 : ones);
                }
}

static void elements_walk_in_their_direction(void **state) {
        for_each_loops(*state, check_walk);
}

static void check_stuck(struct memory *m, const struct march_loops *loops) {
        m->kind = FAULT_STUCK;

        for (unsigned line = 0; line < N_LINES; line++)
                for (unsigned bit = 0; bit < 512; bit += 73)
                        for (unsigned value = 0; value < 2; value++) {
                                const struct failure *first = &m->mishaps.failures[0];

                                m->victim = (struct bit){line, bit};
                                m->value = value;
                                run_with(m, loops, "march-c-", 0, 1, false);

                                /* r0 stands in three elements, r1 in two. */
                                assert_int_equal(m->mishaps.n_words, value ? 3 : 2);
                                assert_int_equal(m->mishaps.n_failures, m->mishaps.n_words);
                                assert_int_equal(first->place,
                                                 PLACE + line * sizeof(struct march_line) + bit / 64 * 8);
                                assert_int_equal(first->expected ^ first->actual, UINT64_C(1) << bit % 64);
                                assert_int_equal(first->reread, first->actual);
                                assert_int_equal(first->element, value ? 1 : 2);
                                assert_int_equal(first->operation, 0);
                                assert_int_equal(first->round, 0);
                        }
}

static void stuck_bit_is_found_where_it_is(void **state) {
        for_each_loops(*state, check_stuck);
}

static void check_stuck_march_ss(struct memory *m, const struct march_loops *loops) {
        m->kind = FAULT_STUCK;
        m->victim = (struct bit){3, 200};
        m->value = true;
        run_with(m, loops, "march-ss", 0, 1, false);

        /* The fault returns after each line: the two r0 that open two elements, and the last element. */
        assert_int_equal(m->mishaps.n_words, 5);
        assert_int_equal(m->mishaps.failures[1].operation, 1);
        assert_int_equal(m->mishaps.failures[1].element, 1);
}

static void long_elements_tell_the_operation(void **state) {
        for_each_loops(*state, check_stuck_march_ss);
}

static void march_c_minus_finds_transition_faults(void **state) {
        struct memory *m = *state;

        m->kind = FAULT_TRANSITION;
        for (unsigned value = 0; value < 2; value++) {
                m->value = value;
                m->victim = (struct bit){4, 77};
                assert_true(finds(m, "march-c-", 1));
        }
}

static void march_c_minus_finds_every_coupling_of_two_lines(void **state) {
        static const enum fault_kind kinds[] = {FAULT_INVERSION, FAULT_IDEMPOTENT, FAULT_STATE};
        struct memory *m = *state;

        for (unsigned i = 0; i < N_LINES * N_LINES * ELEMENTSOF(kinds) * 4; i++) {
                unsigned n = i;

                m->aggressor = (struct bit){n % N_LINES, 77};
                n /= N_LINES;
                m->victim = (struct bit){n % N_LINES, 77};
                n /= N_LINES;
                m->kind = kinds[n % ELEMENTSOF(kinds)];
                n /= ELEMENTSOF(kinds);
                m->value = n & 1;
                m->forced = n & 2;

                if (m->aggressor.line != m->victim.line)
                        assert_true(finds(m, "march-c-", 1));
        }
}

static void march_c_minus_finds_every_address_alias(void **state) {
        struct memory *m = *state;

        m->kind = FAULT_ALIAS;
        for (m->aggressor.line = 0; m->aggressor.line < N_LINES; m->aggressor.line++)
                for (m->victim.line = 0; m->victim.line < N_LINES; m->victim.line++)
                        if (m->aggressor.line != m->victim.line)
                                assert_true(finds(m, "march-c-", 1));
}

/* Bits of one line are written at once: what one does to the other shows only where the background tells them
 * apart. */
static void coupling_within_a_line_takes_all_backgrounds(void **state) {
        static const unsigned bits[] = {0, 1, 2, 31, 32, 63, 64, 65, 127, 128, 255, 256, 300, 510, 511};
        struct memory *m = *state;
        bool missed_by_one = false;

        m->kind = FAULT_IDEMPOTENT;
        for (unsigned i = 0; i < ELEMENTSOF(bits) * ELEMENTSOF(bits) * 4; i++) {
                unsigned n = i / 4;

                m->aggressor = (struct bit){1, bits[n % ELEMENTSOF(bits)]};
                m->victim = (struct bit){1, bits[n / ELEMENTSOF(bits)]};
                m->value = i & 1;
                m->forced = i & 2;
                if (m->aggressor.bit == m->victim.bit)
                        continue;

                assert_true(finds(m, "march-c-", (unsigned) n_march_backgrounds));
                missed_by_one = missed_by_one || !finds(m, "march-c-", 1);
        }

        assert_true(missed_by_one);
}

static void backgrounds_tell_every_two_bits_of_a_line_apart(void **state _unused_) {
        for (unsigned a = 0; a < 512; a++)
                for (unsigned b = a + 1; b < 512; b++) {
                        bool apart = false;

                        for (size_t i = 0; i < n_march_backgrounds && !apart; i++)
                                apart = get(&march_backgrounds[i], (struct bit){0, a}) !=
                                        get(&march_backgrounds[i], (struct bit){0, b});
                        assert_true(apart);
                }
}

static void many_failures_are_counted_and_a_few_kept(void **state) {
        struct memory *m = *state;

        /* Lines 0 and 5 are one cell, so that all eight words of a line fail again and again. */
        m->kind = FAULT_ALIAS;
        m->aggressor.line = 0;
        m->victim.line = 5;
        run_with(m, march_loops_best(), "march-c-", 0, 10, false);
        assert_int_equal(m->mishaps.n_failures, MISHAPS_FAILURES_MAX);
        assert_int_equal(m->mishaps.n_words % (10 * MARCH_WORDS), 0);
        assert_true(m->mishaps.n_words >= 10 * MARCH_WORDS);
}

static void address_and_random_data_find_every_address_alias(void **state) {
        struct memory *m = *state;

        m->kind = FAULT_ALIAS;
        for (m->aggressor.line = 0; m->aggressor.line < N_LINES; m->aggressor.line++)
                for (m->victim.line = 0; m->victim.line < N_LINES; m->victim.line++)
                        if (m->aggressor.line != m->victim.line) {
                                assert_true(finds(m, "address", 1));
                                assert_true(finds(m, "random", 1));
                        }
}

static void check_data(struct memory *m, const struct march_loops *loops) {
        static const char *const names[] = {"march-c-", "address", "random"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                run_with(m, loops, names[i], 3, 1, false);
                assert_int_equal(m->mishaps.n_words, 0);

                for (unsigned line = 0; line < N_LINES; line++) {
                        struct march_line zero = march_zero(march_pattern_find(names[i]), SEED, 3,
                                                            PLACE + line * sizeof(struct march_line));

                        /* After the first element, and inverted after the second. */
                        assert_memory_equal(&m->trace[N_LINES - 1][line], &zero, sizeof(zero));
                        assert_int_equal(m->trace[2 * N_LINES - 1][line].words[5], ~zero.words[5]);
                }
        }
}

static void data_is_what_the_pattern_says_with_every_instruction_set(void **state) {
        for_each_loops(*state, check_data);
}

static void random_data_follows_the_seed(void **state _unused_) {
        const struct march_pattern *random = march_pattern_find("random");
        struct march_line a = march_zero(random, 1, 0, PLACE), b = march_zero(random, 2, 0, PLACE),
                          next = march_zero(random, 1, 0, PLACE + 64),
                          round = march_zero(random, 1, 1, PLACE);

        for (size_t i = 0; i < MARCH_WORDS; i++) {
                assert_true(a.words[i] != b.words[i]);
                assert_true(a.words[i] != next.words[i]);
                assert_true(a.words[i] != round.words[i]);
        }
}

/* Memory in pages, of which one goes away. */
struct pages {
        char *memory;
        struct mishaps mishaps;
        const struct mishaps *other; /* what another thread has found */
        size_t advanced;
};

#define N_PAGES   8
#define PAGE_SIZE 4096

static void count_bytes(void *userdata, size_t bytes) {
        ((struct pages *) userdata)->advanced += bytes;
}

static int run_pages(struct pages *p, const char *name, size_t step, const struct march_window *window) {
        const struct march_region region = {window ? NULL : p->memory, N_PAGES * PAGE_SIZE, PLACE};
        const struct mishaps *const known[] = {&p->mishaps, p->other};
        const struct march march = {
                .pattern = march_pattern_find(name),
                .loops = march_loops_best(),
                .regions = &region,
                .n_regions = 1,
                .window = window,
                .known = p->other ? known : NULL,
                .n_known = ELEMENTSOF(known),
                .step = step,
                .advanced = count_bytes,
                .userdata = p,
                .mishaps = &p->mishaps,
        };
        int r = 0;

        for (unsigned element = 0; element < march.pattern->n_elements && r >= 0; element++) {
                r = march_run_element(&march, 0, element);
                if (r >= 0)
                        r = march_flush(&march);
        }

        return r;
}

/* A page of a file that was cut off behaves as one with an uncorrected error does: SIGBUS at each access. */
static void map_with_hole(struct pages *p, size_t lost_page) {
        size_t before = lost_page * PAGE_SIZE, behind = before + PAGE_SIZE;
        FILE *file = tmpfile();

        assert_non_null(file);
        p->memory =
                mmap(NULL, N_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(p->memory, MAP_FAILED);
        assert_ptr_equal(mmap(p->memory + before, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                              fileno(file), 0),
                         p->memory + before);
        assert_true(behind <= N_PAGES * PAGE_SIZE);
        fclose(file);
}

static void a_lost_page_is_noted_once_and_the_rest_is_tested(void **state _unused_) {
        static const char *const names[] = {"march-c-", "march-ss", "block-move", "random"};
        static const size_t steps[] = {PAGE_SIZE, 3 * PAGE_SIZE, N_PAGES * PAGE_SIZE};

        assert_int_equal(bus_errors_catch(), 0);
        for (size_t lost = 0; lost < N_PAGES; lost++)
                for (size_t i = 0; i < ELEMENTSOF(names) * ELEMENTSOF(steps); i++) {
                        struct pages p = {};

                        map_with_hole(&p, lost);
                        assert_int_equal(run_pages(&p, names[i % ELEMENTSOF(names)],
                                                   steps[i / ELEMENTSOF(names)], NULL),
                                         0);
                        assert_int_equal(p.mishaps.n_words, 0);
                        assert_int_equal(p.mishaps.n_lost, 1);
                        assert_int_equal(p.mishaps.lost[0].place, PLACE + lost * PAGE_SIZE);
                        assert_int_equal(p.mishaps.lost[0].size, PAGE_SIZE);
                        assert_int_equal(
                                p.advanced,
                                N_PAGES * PAGE_SIZE *
                                        march_pattern_find(names[i % ELEMENTSOF(names)])->n_elements);
                        munmap(p.memory, N_PAGES * PAGE_SIZE);
                }
        signal(SIGBUS, SIG_DFL);
}

/* The memory behind the windows, and how it was asked for. */
static struct pages *behind_window;
static size_t n_mapped, most_mapped;

static int map_window(uint64_t place, size_t size, void **ret) {
        assert_in_range(place, PLACE, PLACE + N_PAGES * PAGE_SIZE - size);
        n_mapped += size;
        most_mapped = MAX(most_mapped, n_mapped);
        *ret = behind_window->memory + (place - PLACE);
        return 0;
}

static void unmap_window(void *memory _unused_, size_t size) {
        n_mapped -= size;
}

static const struct march_window window = {3 * PAGE_SIZE, map_window, unmap_window};

static void memory_in_windows_is_tested_as_one(void **state _unused_) {
        struct pages p = {.memory = aligned_alloc(PAGE_SIZE, N_PAGES * PAGE_SIZE)};

        assert_non_null(p.memory);
        behind_window = &p;
        for (size_t i = 0; i < n_march_patterns; i++) {
                p.advanced = 0;
                assert_int_equal(run_pages(&p, march_patterns[i].name, PAGE_SIZE, &window), 0);
                assert_int_equal(p.mishaps.n_words, 0);
                assert_int_equal(p.advanced % (N_PAGES * PAGE_SIZE), 0);
                assert_true(p.advanced > 0);
        }
        assert_int_equal(n_mapped, 0);
        assert_int_equal(most_mapped, 3 * PAGE_SIZE);
        free(p.memory);
}

static void a_page_that_another_thread_has_lost_is_left_out(void **state _unused_) {
        static struct mishaps other = {.n_lost = 1, .lost = {{PLACE + 3 * PAGE_SIZE, PAGE_SIZE, 0}}};
        struct pages p = {.memory = aligned_alloc(PAGE_SIZE, N_PAGES * PAGE_SIZE), .other = &other};
        char untouched[PAGE_SIZE];

        assert_non_null(p.memory);
        memset(untouched, 0x5a, sizeof(untouched));
        for (size_t i = 0; i < n_march_patterns; i++) {
                memset(p.memory, 0x5a, N_PAGES * PAGE_SIZE);
                assert_int_equal(run_pages(&p, march_patterns[i].name, PAGE_SIZE, NULL), 0);
                assert_int_equal(p.mishaps.n_words, 0);
                assert_int_equal(p.mishaps.n_lost, 0);
                for (size_t page = 0; page < N_PAGES; page++) {
                        bool same = memcmp(p.memory + page * PAGE_SIZE, untouched, PAGE_SIZE) == 0;

                        assert_int_equal(same, page == 3);
                }
        }
        free(p.memory);
}

static void only_what_would_be_read_from_caches_is_flushed(void **state _unused_) {
        const struct march_pattern *pattern = march_pattern_find("march-c-");

        /* Any, up, up, down, down, any. */
        for (unsigned element = 0; element < 6; element++) {
                assert_int_equal(march_goes_up(pattern, element), element < 3);
                assert_int_equal(march_needs_flush(pattern, element, 100, 50), element == 2 || element == 5);
                assert_true(march_needs_flush(pattern, element, 100, 51));
        }
}

static void patterns_say_what_they_are(void **state _unused_) {
        const struct march_pattern *pattern = march_pattern_find("march-c-");
        _cleanup_free_ char *text = NULL;

        assert_non_null(pattern);
        assert_string_equal(pattern->title, "March C-");
        assert_int_equal(march_pattern_operations(pattern), 10);
        assert_int_equal(march_pattern_operations(march_pattern_find("march-ss")), 22);
        assert_null(march_pattern_find("march"));

        text = march_element_text(&pattern->elements[4]);
        assert_string_equal(text, "down r1w0");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(sound_memory_raises_no_alarm, setup, teardown),
                cmocka_unit_test_setup_teardown(elements_walk_in_their_direction, setup, teardown),
                cmocka_unit_test_setup_teardown(stuck_bit_is_found_where_it_is, setup, teardown),
                cmocka_unit_test_setup_teardown(long_elements_tell_the_operation, setup, teardown),
                cmocka_unit_test_setup_teardown(march_c_minus_finds_transition_faults, setup, teardown),
                cmocka_unit_test_setup_teardown(march_c_minus_finds_every_coupling_of_two_lines, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(march_c_minus_finds_every_address_alias, setup, teardown),
                cmocka_unit_test_setup_teardown(coupling_within_a_line_takes_all_backgrounds, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(many_failures_are_counted_and_a_few_kept, setup, teardown),
                cmocka_unit_test(backgrounds_tell_every_two_bits_of_a_line_apart),
                cmocka_unit_test_setup_teardown(address_and_random_data_find_every_address_alias, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(data_is_what_the_pattern_says_with_every_instruction_set,
                                                setup, teardown),
                cmocka_unit_test(random_data_follows_the_seed),
                cmocka_unit_test(a_lost_page_is_noted_once_and_the_rest_is_tested),
                cmocka_unit_test(memory_in_windows_is_tested_as_one),
                cmocka_unit_test(a_page_that_another_thread_has_lost_is_left_out),
                cmocka_unit_test(only_what_would_be_read_from_caches_is_flushed),
                cmocka_unit_test(patterns_say_what_they_are),
        };

        return cmocka_run_group_tests_name("march", tests, NULL, NULL);
}
