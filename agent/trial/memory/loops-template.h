/* SPDX-License-Identifier: GPL-3.0-or-later */
/* loops-template.h: the march loops, written once. Included by loops-*.c, which define for their instruction
 * set: LOOPS_TARGET, the function attribute; LOOPS_NAME; loops_supported(); struct vector, a line in
 * registers; vector_load(), vector_store(), vector_stream() (past the caches), vector_differs() and
 * vector_key(), which XORs every word with a key. */

#include <emmintrin.h>

#define LOOPS_INLINE LOOPS_TARGET __attribute__((always_inline)) static inline

LOOPS_TARGET __attribute__((noinline, cold)) static void
mismatch(const struct march_sweep *sweep, unsigned operation, const struct march_line *line,
         const struct vector *expected, const struct vector *actual) {
        struct march_line wanted, got;

        vector_store(&wanted, *expected);
        vector_store(&got, *actual);
        march_mismatch(sweep, operation, line, &wanted, &got);
}

LOOPS_INLINE struct vector value_at(const struct march_sweep *sweep, struct vector base,
                                    const struct march_line *line, enum march_data data) {
        if (data == MARCH_BACKGROUND)
                return base;

        return vector_key(base, march_key(data, (uintptr_t) line + sweep->shift));
}

LOOPS_INLINE struct vector base_of(const struct march_sweep *sweep, unsigned operation) {
        return vector_load(&sweep->bases[march_value(sweep->operations[operation])]);
}

LOOPS_INLINE void check(const struct march_sweep *sweep, unsigned operation, const struct march_line *line,
                        struct vector expected) {
        const struct vector actual = vector_load(line);

        if (__builtin_expect(vector_differs(actual, expected), 0))
                mismatch(sweep, operation, line, &expected, &actual);
}

LOOPS_INLINE void fill(const struct march_sweep *sweep, struct march_line *line, size_t n, ptrdiff_t step,
                       enum march_data data) {
        const struct vector base = base_of(sweep, 0);

        for (; n > 0; n--, line += step)
                vector_stream(line, value_at(sweep, base, line, data));
        _mm_sfence();
}

LOOPS_INLINE void verify(const struct march_sweep *sweep, struct march_line *line, size_t n, ptrdiff_t step,
                         enum march_data data) {
        const struct vector base = base_of(sweep, 0);

        for (; n > 0; n--, line += step)
                check(sweep, 0, line, value_at(sweep, base, line, data));
}

/* Plain stores: the read has brought the line into the cache already, and owning it costs less than going
 * past it. */
LOOPS_INLINE void verify_fill(const struct march_sweep *sweep, struct march_line *line, size_t n,
                              ptrdiff_t step, enum march_data data) {
        const struct vector read = base_of(sweep, 0), written = base_of(sweep, 1);

        for (; n > 0; n--, line += step) {
                check(sweep, 0, line, value_at(sweep, read, line, data));
                vector_store(line, value_at(sweep, written, line, data));
        }
}

LOOPS_INLINE void any(const struct march_sweep *sweep, struct march_line *line, size_t n, ptrdiff_t step,
                      enum march_data data) {
        for (; n > 0; n--, line += step)
                for (unsigned i = 0; sweep->operations[i] != MARCH_END; i++) {
                        const struct vector value = value_at(sweep, base_of(sweep, i), line, data);

                        if (march_is_read(sweep->operations[i]))
                                check(sweep, i, line, value);
                        else
                                vector_store(line, value);

                        /* Else the next operation would meet the cache alone. */
                        _mm_clflush(line);
                        _mm_mfence();
                }
}

#define LOOP(kind, name, data)                                                                               \
        LOOPS_TARGET static void kind##_##name(const struct march_sweep *sweep, struct march_line *line,     \
                                               size_t n, ptrdiff_t step) {                                   \
                kind(sweep, line, n, step, data);                                                            \
        }

#define LOOPS(name, data)                                                                                    \
        LOOP(fill, name, data)                                                                               \
        LOOP(verify, name, data)                                                                             \
        LOOP(verify_fill, name, data)                                                                        \
        LOOP(any, name, data)

LOOPS(background, MARCH_BACKGROUND)
LOOPS(address, MARCH_ADDRESS)
LOOPS(random, MARCH_RANDOM)

const struct march_loops LOOPS_NAME = {
        .name = LOOPS_TITLE,
        .supported = loops_supported,
        .loops = {{fill_background, verify_background, verify_fill_background, any_background},
                  {fill_address, verify_address, verify_fill_address, any_address},
                  {fill_random, verify_random, verify_fill_random, any_random}},
};
