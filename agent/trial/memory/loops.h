/* SPDX-License-Identifier: GPL-3.0-or-later */
/* loops.h: what the march loops of each instruction set (loops-*.c) share with march.c. */
#pragma once

#include "march.h"

/* What a loop runs with: one element in one round. A line's value is the base of the operation's value, each
 * word of it XORed with the line's key. */
struct march_sweep {
        struct march_line bases[2]; /* of 0 and 1 */
        const struct march_pattern *pattern;
        const enum march_operation *operations;
        uint64_t shift; /* place of a line, less its address */
        unsigned round, element;
        struct mishaps *mishaps;
        const struct mishaps *const *known; /* whose lost pages are left out */
        size_t n_known;
};

/* Goes through n lines from line on, step lines (1 or -1) at a time. */
typedef void (*march_loop_t)(const struct march_sweep *sweep, struct march_line *line, size_t n,
                             ptrdiff_t step);

enum march_loop_kind {
        MARCH_LOOP_FILL,        /* the element is one write */
        MARCH_LOOP_VERIFY,      /* one read */
        MARCH_LOOP_VERIFY_FILL, /* a read, then a write */
        MARCH_LOOP_ANY,         /* any operations, each of them on the memory itself and not on the cache */
        MARCH_LOOP_KINDS,
};

struct march_loops {
        const char *name; /* "AVX2" */
        bool (*supported)(void);
        march_loop_t loops[MARCH_DATA_KINDS][MARCH_LOOP_KINDS];
};

extern const struct march_loops march_loops_sse2, march_loops_avx2, march_loops_avx512;

static inline bool march_is_read(enum march_operation operation) {
        return operation == MARCH_R0 || operation == MARCH_R1;
}

/* Index into march_sweep.bases. */
static inline unsigned march_value(enum march_operation operation) {
        return operation == MARCH_R1 || operation == MARCH_W1;
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood): each bit of the result depends on every bit of x. */
static inline uint64_t march_mix(uint64_t x) {
        x += 0x9e3779b97f4a7c15;
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
        x = (x ^ x >> 27) * 0x94d049bb133111eb;
        return x ^ x >> 31;
}

/* What tells the line at that place from the others. */
static inline uint64_t march_key(enum march_data data, uint64_t place) {
        return data == MARCH_BACKGROUND ? 0 : data == MARCH_ADDRESS ? place : march_mix(place);
}

/* The base of 0. */
void march_base(enum march_data data, uint64_t seed, unsigned round, struct march_line *ret);

/* Takes down what operation (an index) read from line, as it differs from what was expected. */
void march_mismatch(const struct march_sweep *sweep, unsigned operation, const struct march_line *line,
                    const struct march_line *expected, const struct march_line *actual);
