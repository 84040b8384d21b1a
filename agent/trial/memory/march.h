/* SPDX-License-Identifier: GPL-3.0-or-later */
/* march.h: march tests of memory. A pattern is data: elements, each a direction and the operations done to
 * every cell before the next cell's turn. Nothing here allocates or prints, so that tests can run it on a
 * small buffer with faults of their own making. A cell is a cache line, which is what the memory is read and
 * written by. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mishaps.h"

#define MARCH_WORDS          8
#define MARCH_OPERATIONS_MAX 8

struct march_line {
        uint64_t words[MARCH_WORDS];
} __attribute__((aligned(64)));

/* 0 is the data of the pattern, 1 its inverse. */
enum march_operation {
        MARCH_END,
        MARCH_R0,
        MARCH_W0,
        MARCH_R1,
        MARCH_W1,
};

enum march_direction {
        MARCH_ANY,
        MARCH_UP,
        MARCH_DOWN,
};

/* What an element does that is no series of operations on one line after the other. */
enum march_special {
        MARCH_OPERATIONS,
        MARCH_PAUSE,  /* nothing, for as long as the caller waits */
        MARCH_MOVE,   /* the lines of each page move down by one, the first one behind the last */
        MARCH_MOVED,  /* reads 0 where that has taken it */
        MARCH_HAMMER, /* opens pairs of rows, again and again within one refresh interval */
};

struct march_element {
        enum march_direction direction;
        enum march_operation operations[MARCH_OPERATIONS_MAX]; /* MARCH_END behind the last */
        enum march_special special;
};

/* What 0 stands for. */
enum march_data {
        MARCH_BACKGROUND, /* the same in every line */
        MARCH_ADDRESS,    /* in each word where it is */
        MARCH_RANDOM,     /* another in every line, by the seed */
        MARCH_DATA_KINDS,
};

struct march_pattern {
        const char *name;  /* "march-c-" */
        const char *title; /* "March C-" */
        enum march_data data;
        unsigned rounds; /* that make one pass, each with the next background */
        const struct march_element *elements;
        size_t n_elements;
};

extern const struct march_pattern march_patterns[];
extern const size_t n_march_patterns;

/* A single background never tells the bits of a cell apart, since all are written at once: with these ten
 * every two bits of a line differ in one of them. Round after round takes the next. */
extern const struct march_line march_backgrounds[];
extern const size_t n_march_backgrounds;

/* NULL when there is none of that name. */
const struct march_pattern *march_pattern_find(const char *name);

/* How often one round of the pattern reads or writes each cell: 10 for March C-. */
size_t march_pattern_operations(const struct march_pattern *pattern);

/* "down r1w0", newly allocated; NULL when memory is short. */
char *march_element_text(const struct march_element *element);

/* What 0 is in the line at that place. */
struct march_line march_zero(const struct march_pattern *pattern, uint64_t seed, unsigned round,
                             uint64_t place);

struct march_region {
        void *memory; /* aligned to a line; NULL: to be mapped in windows */
        size_t size;  /* a multiple of a line, or of a page where it is to be mapped */
        uint64_t
                place; /* of its first byte: the physical address where it is known; no two regions overlap */
};

/* Memory that is there only while it is worked on. */
struct march_window {
        size_t size; /* of a window, a multiple of a page */

        /* Maps size bytes from place on. Returns 0 and sets *ret, a negative errno. */
        int (*map)(uint64_t place, size_t size, void **ret);
        void (*unmap)(void *memory, size_t size);
};

struct march_loops;

/* Loops for one instruction set each, the widest first; the last one, SSE2, is there on every x86-64. */
extern const struct march_loops *const march_loops[];
extern const size_t n_march_loops;

bool march_loops_supported(const struct march_loops *loops);
const char *march_loops_name(const struct march_loops *loops);

/* The widest that this processor and kernel support. */
const struct march_loops *march_loops_best(void);

/* One walk through some memory, by one thread. */
struct march {
        const struct march_pattern *pattern;
        const struct march_loops *loops;
        const struct march_region *regions;
        size_t n_regions;
        const struct march_window *window; /* NULL where all regions have memory */
        uint64_t seed;                     /* of random data */

        /* Called after each piece of at most step bytes (a multiple of a page), with how many they were. */
        size_t step;
        void (*advanced)(void *userdata, size_t bytes);
        void *userdata;

        struct mishaps *mishaps;

        /* Of all threads that go through the same memory, this one included: pages that any of them has lost
         * are left out. NULL: there is no other. */
        const struct mishaps *const *known;
        size_t n_known;
};

/* Whether an element of the pattern goes from the first region to the last: one without a direction goes on
 * in the one before. */
bool march_goes_up(const struct march_pattern *pattern, unsigned element);

/* Whether what an element has swept last must be flushed from caches of so many bytes, since what comes next
 * would read it from there and not from memory. size: of what the caches' processor sweeps. */
bool march_needs_flush(const struct march_pattern *pattern, unsigned element, size_t size, size_t cache);

/* Does one element of the pattern to all regions, in that round (from 0). Pages that the kernel has taken
 * away, since the memory holds an uncorrected error, are noted and left out from then on; for that
 * bus_errors_catch() has to be on. Returns 0, -EIO when there are more of them than can be kept, what the
 * window returned below 0. */
int march_run_element(const struct march *march, unsigned round, unsigned element);

/* Writes all regions back to memory, out of all caches. Returns the same. */
int march_flush(const struct march *march);
