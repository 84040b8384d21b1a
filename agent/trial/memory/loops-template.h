/* SPDX-License-Identifier: GPL-3.0-or-later */
/* loops-template.h: the march loops, written once. Included by loops-*.c, which define for their instruction
 * set: LOOPS_TARGET, the function attribute; struct vector, a line in registers; vector_load(),
 * vector_store(), vector_stream() (past the caches) and vector_differs(). */

#include <emmintrin.h>

LOOPS_TARGET __attribute__((noinline, cold)) static void mismatch(const struct march_sweep *sweep,
                                                                  unsigned operation,
                                                                  const struct march_line *line,
                                                                  const struct vector *actual) {
        struct march_line copy;

        vector_store(&copy, *actual);
        march_mismatch(sweep, operation, line, &copy);
}

LOOPS_TARGET static void fill(const struct march_sweep *sweep, struct march_line *line, size_t n,
                              ptrdiff_t step) {
        const struct vector value = vector_load(&sweep->values[march_value(sweep->operations[0])]);

        for (; n > 0; n--, line += step)
                vector_stream(line, value);
        _mm_sfence();
}

LOOPS_TARGET static void verify(const struct march_sweep *sweep, struct march_line *line, size_t n,
                                ptrdiff_t step) {
        const struct vector expected = vector_load(&sweep->values[march_value(sweep->operations[0])]);

        for (; n > 0; n--, line += step) {
                const struct vector actual = vector_load(line);

                if (__builtin_expect(vector_differs(actual, expected), 0))
                        mismatch(sweep, 0, line, &actual);
        }
}

/* Plain stores: the read has brought the line into the cache already, and owning it costs less than going
 * past it. */
LOOPS_TARGET static void verify_fill(const struct march_sweep *sweep, struct march_line *line, size_t n,
                                     ptrdiff_t step) {
        const struct vector expected = vector_load(&sweep->values[march_value(sweep->operations[0])]);
        const struct vector value = vector_load(&sweep->values[march_value(sweep->operations[1])]);

        for (; n > 0; n--, line += step) {
                const struct vector actual = vector_load(line);

                if (__builtin_expect(vector_differs(actual, expected), 0))
                        mismatch(sweep, 0, line, &actual);
                vector_store(line, value);
        }
}

LOOPS_TARGET static void any(const struct march_sweep *sweep, struct march_line *line, size_t n,
                             ptrdiff_t step) {
        for (; n > 0; n--, line += step)
                for (unsigned i = 0; sweep->operations[i] != MARCH_END; i++) {
                        const struct vector value =
                                vector_load(&sweep->values[march_value(sweep->operations[i])]);

                        if (march_is_read(sweep->operations[i])) {
                                const struct vector actual = vector_load(line);

                                if (__builtin_expect(vector_differs(actual, value), 0))
                                        mismatch(sweep, i, line, &actual);
                        } else
                                vector_store(line, value);

                        /* Else the next operation would meet the cache alone. */
                        _mm_clflush(line);
                        _mm_mfence();
                }
}
