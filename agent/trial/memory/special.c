/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <emmintrin.h>
#include <string.h>

#include "base/macro.h"
#include "special.h"

#define PAGE_LINES ((size_t) 4096 / sizeof(struct march_line))

/* Rows are refreshed every 64 ms at the latest, and a pair of rows can be opened about every 100 ns. */
#define HAMMER_ROUNDS 600000U
#define HAMMER_CHUNK  ((size_t) (2 << 20) / sizeof(struct march_line))

/* Twice 8 KiB, times the banks and channels that addresses go round in: 8 to 64 of them. */
#define HAMMER_DISTANCE_MIN ((size_t) (128 << 10) / sizeof(struct march_line))
#define HAMMER_DISTANCES    4

/* How many of the n lines from line on are in its page. */
static size_t lines_in_page(const struct march_line *line, size_t n) {
        size_t left = PAGE_LINES - (uintptr_t) line / sizeof(*line) % PAGE_LINES;

        return MIN(left, n);
}

void special_move(const struct march_sweep *sweep _unused_, struct march_line *line, size_t n,
                  ptrdiff_t step _unused_) {
        for (size_t part; n > 0; n -= part, line += part) {
                struct march_line first = *line;

                part = lines_in_page(line, n);
                memmove(line, line + 1, (part - 1) * sizeof(*line));
                line[part - 1] = first;
        }
}

static void check_moved(const struct march_sweep *sweep, const struct march_line *line,
                        const struct march_line *from) {
        uint64_t key = march_key(sweep->pattern->data, (uintptr_t) from + sweep->shift);
        struct march_line expected = sweep->bases[0], actual = *line;

        for (size_t i = 0; i < MARCH_WORDS; i++)
                expected.words[i] ^= key;
        if (memcmp(&expected, &actual, sizeof(actual)) != 0)
                march_mismatch(sweep, 0, line, &expected, &actual);
}

void special_moved(const struct march_sweep *sweep, struct march_line *line, size_t n,
                   ptrdiff_t step _unused_) {
        for (size_t part; n > 0; n -= part, line += part) {
                part = lines_in_page(line, n);
                for (size_t i = 0; i < part; i++)
                        check_moved(sweep, &line[i], &line[(i + 1) % part]);
        }
}

static void hammer(const volatile uint64_t *a, const volatile uint64_t *b) {
        for (unsigned i = 0; i < HAMMER_ROUNDS; i++) {
                (void) *a;
                (void) *b;
                _mm_clflush((const void *) a);
                _mm_clflush((const void *) b);
        }
        _mm_mfence();
}

void special_hammer(const struct march_sweep *sweep, struct march_line *line, size_t n, ptrdiff_t step) {
        const struct march_line *low = step > 0 ? line : line - (n - 1);

        for (size_t part; n > 0; n -= part, low += part) {
                uint64_t random =
                        march_mix((uintptr_t) low + sweep->shift + sweep->round * 2 + sweep->element);
                size_t distance = HAMMER_DISTANCE_MIN << random % HAMMER_DISTANCES, at;

                part = MIN(n, HAMMER_CHUNK);
                if (part <= distance)
                        continue;

                at = (size_t) (random / HAMMER_DISTANCES) % (part - distance);
                hammer(low[at].words, low[at + distance].words);
        }
}
