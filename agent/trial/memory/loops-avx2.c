/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <immintrin.h>

#include "loops.h"

#define LOOPS_NAME   march_loops_avx2
#define LOOPS_TITLE  "AVX2"
#define LOOPS_TARGET __attribute__((target("avx2")))

struct vector {
        __m256i a, b;
};

LOOPS_TARGET static inline struct vector vector_load(const struct march_line *line) {
        const __m256i *p = (const __m256i *) line;
        struct vector v = {_mm256_load_si256(p), _mm256_load_si256(p + 1)};

        /* What was compared is what gets reported: the compiler must not load it a second time. */
        __asm__("" : "+x"(v.a), "+x"(v.b));
        return v;
}

LOOPS_TARGET static inline void vector_store(struct march_line *line, struct vector v) {
        __m256i *p = (__m256i *) line;

        _mm256_store_si256(p, v.a);
        _mm256_store_si256(p + 1, v.b);
}

LOOPS_TARGET static inline void vector_stream(struct march_line *line, struct vector v) {
        __m256i *p = (__m256i *) line;

        _mm256_stream_si256(p, v.a);
        _mm256_stream_si256(p + 1, v.b);
}

LOOPS_TARGET static inline bool vector_differs(struct vector v, struct vector w) {
        const __m256i difference = _mm256_or_si256(_mm256_xor_si256(v.a, w.a), _mm256_xor_si256(v.b, w.b));

        return !_mm256_testz_si256(difference, difference);
}

LOOPS_TARGET static inline struct vector vector_key(struct vector v, uint64_t key) {
        const __m256i k = _mm256_set1_epi64x((long long) key);

        return (struct vector){_mm256_xor_si256(v.a, k), _mm256_xor_si256(v.b, k)};
}

static bool loops_supported(void) {
        return __builtin_cpu_supports("avx2");
}

#include "loops-template.h"
