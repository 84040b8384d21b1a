/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <emmintrin.h>

#include "loops.h"

#define LOOPS_NAME  march_loops_sse2
#define LOOPS_TITLE "SSE2"
#define LOOPS_TARGET

struct vector {
        __m128i a, b, c, d;
};

static inline struct vector vector_load(const struct march_line *line) {
        const __m128i *p = (const __m128i *) line;
        struct vector v = {_mm_load_si128(p), _mm_load_si128(p + 1), _mm_load_si128(p + 2),
                           _mm_load_si128(p + 3)};

        /* What was compared is what gets reported: the compiler must not load it a second time. */
        __asm__("" : "+x"(v.a), "+x"(v.b), "+x"(v.c), "+x"(v.d));
        return v;
}

static inline void vector_store(struct march_line *line, struct vector v) {
        __m128i *p = (__m128i *) line;

        _mm_store_si128(p, v.a);
        _mm_store_si128(p + 1, v.b);
        _mm_store_si128(p + 2, v.c);
        _mm_store_si128(p + 3, v.d);
}

static inline void vector_stream(struct march_line *line, struct vector v) {
        __m128i *p = (__m128i *) line;

        _mm_stream_si128(p, v.a);
        _mm_stream_si128(p + 1, v.b);
        _mm_stream_si128(p + 2, v.c);
        _mm_stream_si128(p + 3, v.d);
}

static inline bool vector_differs(struct vector v, struct vector w) {
        const __m128i equal =
                _mm_and_si128(_mm_and_si128(_mm_cmpeq_epi8(v.a, w.a), _mm_cmpeq_epi8(v.b, w.b)),
                              _mm_and_si128(_mm_cmpeq_epi8(v.c, w.c), _mm_cmpeq_epi8(v.d, w.d)));

        return _mm_movemask_epi8(equal) != 0xffff;
}

static inline struct vector vector_key(struct vector v, uint64_t key) {
        const __m128i k = _mm_set1_epi64x((long long) key);

        return (struct vector){_mm_xor_si128(v.a, k), _mm_xor_si128(v.b, k), _mm_xor_si128(v.c, k),
                               _mm_xor_si128(v.d, k)};
}

static bool loops_supported(void) {
        return true;
}

#include "loops-template.h"
