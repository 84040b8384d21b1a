/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <cpuid.h>
#include <emmintrin.h>
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "bus-error.h"
#include "loops.h"
#include "march.h"
#include "special.h"

const struct march_loops *const march_loops[] = {
        &march_loops_avx512,
        &march_loops_avx2,
        &march_loops_sse2,
};
const size_t n_march_loops = ELEMENTSOF(march_loops);

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
                    const struct march_line *expected, const struct march_line *actual) {
        const uint64_t usec = now_usec();

        if (mishaps_want_details(sweep->mishaps)) {
                _mm_clflush(line);
                _mm_mfence();
        }

        for (size_t i = 0; i < MARCH_WORDS; i++) {
                struct failure failure = {
                        .place = (uintptr_t) &line->words[i] + sweep->shift,
                        .expected = expected->words[i],
                        .actual = actual->words[i],
                        .usec = usec,
                        .pattern = sweep->pattern,
                        .round = sweep->round,
                        .element = sweep->element,
                        .operation = operation,
                };

                if (failure.actual == failure.expected)
                        continue;
                if (mishaps_want_details(sweep->mishaps))
                        failure.reread = *(const volatile uint64_t *) &line->words[i];
                mishaps_add(sweep->mishaps, &failure);
        }
}

__attribute__((target("clflushopt"))) static void flush_optimized(const struct march_line *line, size_t n) {
        for (; n > 0; n--, line++)
                __builtin_ia32_clflushopt(line);
}

static void flush_plain(const struct march_line *line, size_t n) {
        for (; n > 0; n--, line++)
                _mm_clflush(line);
}

static void flush(const struct march_sweep *sweep _unused_, struct march_line *line, size_t n,
                  ptrdiff_t step _unused_) {
        unsigned eax, ebx, ecx, edx;

        if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & bit_CLFLUSHOPT))
                flush_optimized(line, n);
        else
                flush_plain(line, n);
        _mm_mfence();
}

static enum march_direction direction_of(const struct march_pattern *pattern, unsigned element) {
        for (;; element--) {
                if (pattern->elements[element].direction != MARCH_ANY)
                        return pattern->elements[element].direction;
                if (element == 0)
                        return MARCH_UP;
        }
}

bool march_goes_up(const struct march_pattern *pattern, unsigned element) {
        return direction_of(pattern, element) == MARCH_UP;
}

/* Going on in the same direction, the next element begins far from where this one ended, unless the caches
 * hold all of it. */
bool march_needs_flush(const struct march_pattern *pattern, unsigned element, size_t size, size_t cache) {
        return element + 1 == pattern->n_elements || size / 2 < cache ||
               march_goes_up(pattern, element + 1) != march_goes_up(pattern, element);
}

/* How many of n lines from line on, in that direction, come before a lost page; 0 when it is in one itself,
 * and then *ret_skip says how many to leave out. */
static size_t lines_to_next_lost(const struct march_sweep *sweep, const struct march_line *line, size_t n,
                                 bool up, size_t *ret_skip) {
        uint64_t low = (uintptr_t) (up ? line : line - (n - 1)) + sweep->shift,
                 high = low + n * sizeof(*line);

        *ret_skip = 0;
        for (size_t k = 0; k < sweep->n_known; k++)
                for (size_t i = 0; i < sweep->known[k]->n_lost; i++) {
                        const struct lost_page *lost = &sweep->known[k]->lost[i];
                        uint64_t start = lost->place, end = start + lost->size;

                        if (start >= high || end <= low)
                                continue;
                        if (up ? start <= low : end >= high) {
                                *ret_skip =
                                        (up ? MIN(end, high) - low : high - MAX(start, low)) / sizeof(*line);
                                return 0;
                        }
                        if (up)
                                high = start;
                        else
                                low = end;
                }

        return (high - low) / sizeof(*line);
}

/* Notes the page that the thread has come back from. Where the kernel does not tell which it was, as for
 * memory that is no RAM of its own, all n lines count as lost. */
static int note_lost(const struct march_sweep *sweep, const struct march_line *line, size_t n, bool up) {
        struct bus_error error = bus_error_last();
        const char *low = (const char *) (up ? line : line - (n - 1)), *high = low + n * sizeof(*line);
        struct mishaps *mishaps = sweep->mishaps;

        if (mishaps->n_lost == MISHAPS_LOST_MAX)
                return -EIO;
        if (error.size == 0)
                error = (struct bus_error){low, (size_t) (high - low)};

        mishaps->lost[mishaps->n_lost] = (struct lost_page){
                .place = (uintptr_t) error.address + sweep->shift,
                .size = error.size,
                .usec = now_usec(),
        };
        mishaps->n_lost++;
        return 0;
}

/* Returns 0, -EAGAIN when a page was lost on the way, -EIO. */
static int run_guarded(const struct march_sweep *sweep, march_loop_t loop, struct march_line *line, size_t n,
                       bool up) {
        sigjmp_buf buffer;

        if (sigsetjmp(buffer, 1) != 0) {
                int r;

                bus_error_expect(NULL);
                r = note_lost(sweep, line, n, up);
                return r < 0 ? r : -EAGAIN;
        }

        bus_error_expect(&buffer);
        loop(sweep, line, n, up ? 1 : -1);
        bus_error_expect(NULL);
        return 0;
}

/* How many lines come before the page that was lost last: they are done, and would not be what they were if
 * they were done again. */
static size_t lines_done(const struct march_sweep *sweep, const struct march_line *line, bool up) {
        const struct lost_page *lost = &sweep->mishaps->lost[sweep->mishaps->n_lost - 1];
        uint64_t here = (uintptr_t) (up ? line : line + 1) + sweep->shift;

        if (up)
                return lost->place > here ? (lost->place - here) / sizeof(*line) : 0;

        return here > lost->place + lost->size ? (here - lost->place - lost->size) / sizeof(*line) : 0;
}

static int run_piece(const struct march_sweep *sweep, march_loop_t loop, struct march_line *line, size_t n,
                     bool up) {
        while (n > 0) {
                size_t skip, part = lines_to_next_lost(sweep, line, n, up, &skip);

                if (part > 0) {
                        int r = run_guarded(sweep, loop, line, part, up);

                        if (r == -EAGAIN)
                                part = lines_done(sweep, line, up);
                        else if (r < 0)
                                return r;
                } else
                        part = skip;

                line += up ? (ptrdiff_t) part : -(ptrdiff_t) part;
                n -= part;
        }

        return 0;
}

static march_loop_t choose_loop(const struct march *march, const struct march_element *element) {
        const march_loop_t *loops = march->loops->loops[march->pattern->data];
        const enum march_operation *operations = element->operations;

        if (element->special == MARCH_MOVE)
                return special_move;
        if (element->special == MARCH_HAMMER)
                return special_hammer;
        if (element->special == MARCH_MOVED)
                return special_moved;
        if (operations[0] == MARCH_END)
                return NULL;
        if (operations[1] == MARCH_END)
                return loops[march_is_read(operations[0]) ? MARCH_LOOP_VERIFY : MARCH_LOOP_FILL];
        if (operations[2] == MARCH_END && march_is_read(operations[0]) && !march_is_read(operations[1]))
                return loops[MARCH_LOOP_VERIFY_FILL];

        return loops[MARCH_LOOP_ANY];
}

static void prepare(const struct march *march, unsigned round, unsigned element, struct march_sweep *ret) {
        *ret = (struct march_sweep){
                .pattern = march->pattern,
                .operations = march->pattern->elements[element].operations,
                .round = round,
                .element = element,
                .mishaps = march->mishaps,
                .known = march->known ?: (const struct mishaps *const *) &march->mishaps,
                .n_known = march->known ? march->n_known : 1,
        };

        march_base(march->pattern->data, march->seed, round, &ret->bases[0]);
        for (size_t i = 0; i < MARCH_WORDS; i++)
                ret->bases[1].words[i] = ~ret->bases[0].words[i];
}

/* Goes through size bytes of mapped memory, in pieces. */
static int run_mapped(const struct march *march, const struct march_sweep *sweep, march_loop_t loop,
                      struct march_line *first, size_t size, bool up) {
        size_t n_lines = size / sizeof(*first), step = march->step / sizeof(*first);

        for (size_t done = 0; done < n_lines;) {
                size_t n = MIN(step, n_lines - done);
                int r = run_piece(sweep, loop, up ? first + done : first + n_lines - 1 - done, n, up);

                if (r < 0)
                        return r;
                done += n;
                if (loop != flush)
                        march->advanced(march->userdata, n * sizeof(*first));
        }

        return 0;
}

static int run_window(const struct march *march, struct march_sweep *sweep, march_loop_t loop, uint64_t place,
                      size_t size, bool up) {
        void *memory;
        int r;

        r = march->window->map(place, size, &memory);
        if (r < 0)
                return r;

        sweep->shift = place - (uintptr_t) memory;
        r = run_mapped(march, sweep, loop, memory, size, up);
        march->window->unmap(memory, size);
        return r;
}

static int run_region(const struct march *march, struct march_sweep *sweep, march_loop_t loop,
                      const struct march_region *region, bool up) {
        int r = 0;

        if (region->memory) {
                sweep->shift = region->place - (uintptr_t) region->memory;
                return run_mapped(march, sweep, loop, region->memory, region->size, up);
        }

        for (size_t done = 0, n; done < region->size && r >= 0; done += n) {
                n = MIN(march->window->size, region->size - done);
                r = run_window(march, sweep, loop, region->place + (up ? done : region->size - done - n), n,
                               up);
        }

        return r;
}

static int run_regions(const struct march *march, struct march_sweep *sweep, march_loop_t loop, bool up) {
        for (size_t i = 0; i < march->n_regions; i++) {
                const struct march_region *region = &march->regions[up ? i : march->n_regions - 1 - i];
                int r = run_region(march, sweep, loop, region, up);

                if (r < 0)
                        return r;
        }

        return 0;
}

int march_run_element(const struct march *march, unsigned round, unsigned element) {
        march_loop_t loop = choose_loop(march, &march->pattern->elements[element]);
        struct march_sweep sweep;

        if (!loop)
                return 0;

        prepare(march, round, element, &sweep);
        return run_regions(march, &sweep, loop, march_goes_up(march->pattern, element));
}

/* A flush of a page that is gone faults as a read does. */
int march_flush(const struct march *march) {
        struct march_sweep sweep;

        prepare(march, 0, 0, &sweep);
        return run_regions(march, &sweep, flush, true);
}
