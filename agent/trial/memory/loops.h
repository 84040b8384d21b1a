/* SPDX-License-Identifier: GPL-3.0-or-later */
/* loops.h: what the march loops of each instruction set (loops-*.c) share with march.c. */
#pragma once

#include "march.h"

/* What a loop runs with: one element in one background. */
struct march_sweep {
        struct march_line values[2]; /* what 0 and 1 stand for */
        const enum march_operation *operations;
        unsigned pass, element;
        struct march_failures *failures;
};

/* Goes through n lines from line on, step lines (1 or -1) at a time. */
typedef void (*march_loop_t)(const struct march_sweep *sweep, struct march_line *line, size_t n,
                             ptrdiff_t step);

struct march_loops {
        const char *name; /* "AVX2" */
        bool (*supported)(void);

        march_loop_t fill;        /* the element is one write */
        march_loop_t verify;      /* the element is one read */
        march_loop_t verify_fill; /* a read, then a write */
        march_loop_t any;         /* any operations, each of them on the memory itself and not on the cache */
};

extern const struct march_loops march_loops_sse2, march_loops_avx2, march_loops_avx512;

static inline bool march_is_read(enum march_operation operation) {
        return operation == MARCH_R0 || operation == MARCH_R1;
}

/* Index into march_sweep.values. */
static inline unsigned march_value(enum march_operation operation) {
        return operation == MARCH_R1 || operation == MARCH_W1;
}

/* Takes down what operation (an index) read from line, as it differs from what was expected. */
void march_mismatch(const struct march_sweep *sweep, unsigned operation, const struct march_line *line,
                    const struct march_line *actual);
