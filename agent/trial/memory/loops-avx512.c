/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <immintrin.h>

#include "loops.h"

#define LOOPS_NAME   march_loops_avx512
#define LOOPS_TITLE  "AVX-512"
#define LOOPS_TARGET __attribute__((target("avx512f")))

struct vector {
        __m512i a;
};

LOOPS_TARGET static inline struct vector vector_load(const struct march_line *line) {
        struct vector v = {_mm512_load_si512(line)};

        /* What was compared is what gets reported: the compiler must not load it a second time. */
        __asm__("" : "+v"(v.a));
        return v;
}

LOOPS_TARGET static inline void vector_store(struct march_line *line, struct vector v) {
        _mm512_store_si512(line, v.a);
}

LOOPS_TARGET static inline void vector_stream(struct march_line *line, struct vector v) {
        _mm512_stream_si512((__m512i *) line, v.a);
}

LOOPS_TARGET static inline bool vector_differs(struct vector v, struct vector w) {
        return _mm512_cmpneq_epi64_mask(v.a, w.a) != 0;
}

LOOPS_TARGET static inline struct vector vector_key(struct vector v, uint64_t key) {
        return (struct vector){_mm512_xor_si512(v.a, _mm512_set1_epi64((long long) key))};
}

static bool loops_supported(void) {
        return __builtin_cpu_supports("avx512f");
}

#include "loops-template.h"
