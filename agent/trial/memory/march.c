/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <cpuid.h>
#include <emmintrin.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "loops.h"
#include "march.h"

/* van de Goor: stuck-at, transition, address decoder and unlinked coupling faults. */
static const struct march_element march_c_minus[] = {
        {MARCH_ANY, {MARCH_W0}},
        {MARCH_UP, {MARCH_R0, MARCH_W1}},
        {MARCH_UP, {MARCH_R1, MARCH_W0}},
        {MARCH_DOWN, {MARCH_R0, MARCH_W1}},
        {MARCH_DOWN, {MARCH_R1, MARCH_W0}},
        {MARCH_ANY, {MARCH_R0}},
};

/* Hamdioui: as March C-, and every fault of one or two cells that a read or a write without change sets
 * off. */
static const struct march_element march_ss[] = {
        {MARCH_ANY, {MARCH_W0}},
        {MARCH_UP, {MARCH_R0, MARCH_R0, MARCH_W0, MARCH_R0, MARCH_W1}},
        {MARCH_UP, {MARCH_R1, MARCH_R1, MARCH_W1, MARCH_R1, MARCH_W0}},
        {MARCH_DOWN, {MARCH_R0, MARCH_R0, MARCH_W0, MARCH_R0, MARCH_W1}},
        {MARCH_DOWN, {MARCH_R1, MARCH_R1, MARCH_W1, MARCH_R1, MARCH_W0}},
        {MARCH_ANY, {MARCH_R0}},
};

const struct march_pattern march_patterns[] = {
        {"march-c-", "March C-", march_c_minus, ELEMENTSOF(march_c_minus)},
        {"march-ss", "March SS", march_ss, ELEMENTSOF(march_ss)},
};
const size_t n_march_patterns = ELEMENTSOF(march_patterns);

#define EVERY_WORD(w) .words = {w, w, w, w, w, w, w, w}
#define ONES          UINT64_MAX

const struct march_line march_backgrounds[] = {
        {EVERY_WORD(0)},
        {EVERY_WORD(0x5555555555555555)},
        {EVERY_WORD(0x3333333333333333)},
        {EVERY_WORD(0x0f0f0f0f0f0f0f0f)},
        {EVERY_WORD(0x00ff00ff00ff00ff)},
        {EVERY_WORD(0x0000ffff0000ffff)},
        {EVERY_WORD(0x00000000ffffffff)},
        {.words = {0, ONES, 0, ONES, 0, ONES, 0, ONES}},
        {.words = {0, 0, ONES, ONES, 0, 0, ONES, ONES}},
        {.words = {0, 0, 0, 0, ONES, ONES, ONES, ONES}},
};
const size_t n_march_backgrounds = ELEMENTSOF(march_backgrounds);

const struct march_loops *const march_loops[] = {
        &march_loops_avx512,
        &march_loops_avx2,
        &march_loops_sse2,
};
const size_t n_march_loops = ELEMENTSOF(march_loops);

const struct march_pattern *march_pattern_find(const char *name) {
        for (size_t i = 0; i < n_march_patterns; i++)
                if (streq(march_patterns[i].name, name))
                        return &march_patterns[i];

        return NULL;
}

size_t march_element_operations(const struct march_element *element) {
        size_t n = 0;

        while (element->operations[n] != MARCH_END)
                n++;

        return n;
}

size_t march_pattern_operations(const struct march_pattern *pattern) {
        size_t n = 0;

        for (size_t i = 0; i < pattern->n_elements; i++)
                n += march_element_operations(&pattern->elements[i]);

        return n;
}

char *march_element_text(const struct march_element *element) {
        static const char *const directions[] = {"any", "up", "down"};
        static const char *const operations[] = {"", "r0", "w0", "r1", "w1"};
        char text[2 * MARCH_OPERATIONS_MAX + 1] = "";

        for (size_t i = 0; element->operations[i] != MARCH_END; i++)
                memcpy(text + 2 * i, operations[element->operations[i]], 3);

        return strprintf("%s %s", directions[element->direction], text);
}

bool march_loops_supported(const struct march_loops *loops) {
        return loops->supported();
}

const char *march_loops_name(const struct march_loops *loops) {
        return loops->name;
}

const struct march_loops *march_loops_best(void) {
        size_t i = 0;

        while (!march_loops[i]->supported())
                i++;

        return march_loops[i];
}

void march_mismatch(const struct march_sweep *sweep, unsigned operation, const struct march_line *line,
                    const struct march_line *actual) {
        const struct march_line *expected = &sweep->values[march_value(sweep->operations[operation])];
        struct march_failures *failures = sweep->failures;

        if (failures->n_items < MARCH_FAILURES_MAX) {
                _mm_clflush(line);
                _mm_mfence();
        }

        for (size_t i = 0; i < MARCH_WORDS; i++) {
                if (actual->words[i] == expected->words[i])
                        continue;

                failures->n_words++;
                if (failures->n_items == MARCH_FAILURES_MAX)
                        continue;

                failures->items[failures->n_items++] = (struct march_failure){
                        .address = &line->words[i],
                        .expected = expected->words[i],
                        .actual = actual->words[i],
                        .reread = *(const volatile uint64_t *) &line->words[i],
                        .pass = sweep->pass,
                        .element = sweep->element,
                        .operation = operation,
                };
        }
}

__attribute__((target("clflushopt"))) static void flush_optimized(const char *start, const char *end) {
        for (; start < end; start += sizeof(struct march_line))
                __builtin_ia32_clflushopt(start);
}

static void flush_plain(const char *start, const char *end) {
        for (; start < end; start += sizeof(struct march_line))
                _mm_clflush(start);
}

static void flush(const char *start, size_t size) {
        unsigned eax, ebx, ecx, edx;

        if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & bit_CLFLUSHOPT))
                flush_optimized(start, start + size);
        else
                flush_plain(start, start + size);
        _mm_mfence();
}

/* The direction that an element is done in: one without a direction goes on in the one before. */
static enum march_direction direction_of(const struct march_pattern *pattern, unsigned element) {
        for (;; element--) {
                if (pattern->elements[element].direction != MARCH_ANY)
                        return pattern->elements[element].direction;
                if (element == 0)
                        return MARCH_UP;
        }
}

/* Flushes what was swept last, up to the caches' size, as far as the next element would read it from
 * there. */
static void flush_recent(const struct march *march, unsigned element) {
        enum march_direction direction = direction_of(march->pattern, element);
        size_t total = 0, left = march->cache;

        for (size_t i = 0; i < march->n_regions; i++)
                total += march->regions[i].size;

        /* Going on in the same direction, the next element begins far from where this one ended, unless the
         * caches hold all of it. */
        if (element + 1 < march->pattern->n_elements &&
            direction_of(march->pattern, element + 1) == direction && total / 2 >= march->cache)
                return;

        for (size_t i = 0; i < march->n_regions && left > 0; i++) {
                const struct march_region *region =
                        &march->regions[direction == MARCH_UP ? march->n_regions - 1 - i : i];
                size_t n = MIN(left, region->size);

                flush((const char *) region->memory + (direction == MARCH_UP ? region->size - n : 0), n);
                left -= n;
        }
}

static march_loop_t choose_loop(const struct march_loops *loops, const enum march_operation *operations) {
        if (operations[1] == MARCH_END)
                return march_is_read(operations[0]) ? loops->verify : loops->fill;
        if (operations[2] == MARCH_END && march_is_read(operations[0]) && !march_is_read(operations[1]))
                return loops->verify_fill;

        return loops->any;
}

void march_run_element(const struct march *march, unsigned pass, unsigned element) {
        const struct march_line *background = &march_backgrounds[pass % n_march_backgrounds];
        bool up = direction_of(march->pattern, element) == MARCH_UP;
        struct march_sweep sweep = {
                .operations = march->pattern->elements[element].operations,
                .pass = pass,
                .element = element,
                .failures = march->failures,
        };
        march_loop_t loop = choose_loop(march->loops, sweep.operations);

        for (size_t i = 0; i < MARCH_WORDS; i++) {
                sweep.values[0].words[i] = background->words[i];
                sweep.values[1].words[i] = ~background->words[i];
        }

        for (size_t i = 0; i < march->n_regions; i++) {
                const struct march_region *region = &march->regions[up ? i : march->n_regions - 1 - i];
                struct march_line *first = region->memory;
                size_t n_lines = region->size / sizeof(struct march_line);
                size_t step = march->step / sizeof(struct march_line);

                for (size_t done = 0; done < n_lines;) {
                        size_t n = MIN(step, n_lines - done);

                        loop(&sweep, up ? first + done : first + n_lines - 1 - done, n, up ? 1 : -1);
                        done += n;
                        march->advanced(march->userdata, n * sizeof(struct march_line));
                }
        }

        flush_recent(march, element);
}
