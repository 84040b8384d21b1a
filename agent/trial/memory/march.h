/* SPDX-License-Identifier: GPL-3.0-or-later */
/* march.h: march tests of memory. A pattern is data: elements, each a direction and the operations done to
 * every cell before the next cell's turn. Nothing here allocates, prints or asks the system, so that tests
 * can run it on a small buffer with faults of their own making. A cell is a cache line, which is what the
 * memory is read and written by. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARCH_WORDS          8
#define MARCH_OPERATIONS_MAX 8
#define MARCH_FAILURES_MAX   16

struct march_line {
        uint64_t words[MARCH_WORDS];
} __attribute__((aligned(64)));

/* 0 is the background, 1 its inverse. */
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

struct march_element {
        enum march_direction direction;
        enum march_operation operations[MARCH_OPERATIONS_MAX]; /* MARCH_END behind the last */
};

struct march_pattern {
        const char *name;  /* "march-c-" */
        const char *title; /* "March C-" */
        const struct march_element *elements;
        size_t n_elements;
};

extern const struct march_pattern march_patterns[];
extern const size_t n_march_patterns;

/* What 0 stands for. A single background never tells the bits of a cell apart, since all are written at once:
 * with these ten every two bits of a line differ in one of them. Pass after pass takes the next. */
extern const struct march_line march_backgrounds[];
extern const size_t n_march_backgrounds;

/* NULL when there is none of that name. */
const struct march_pattern *march_pattern_find(const char *name);

/* How often the pattern reads or writes each cell: 10 for March C-. */
size_t march_pattern_operations(const struct march_pattern *pattern);
size_t march_element_operations(const struct march_element *element);

/* "down r1w0", newly allocated; NULL when memory is short. */
char *march_element_text(const struct march_element *element);

/* One 64-bit word that was not what it should have been. */
struct march_failure {
        const void *address;
        uint64_t expected;
        uint64_t actual; /* as the operation read it */
        uint64_t reread; /* read again from memory at once: equal to expected when the fault was in passing */
        unsigned pass, element, operation;
};

/* All failures are counted, the first ones kept. */
struct march_failures {
        uint64_t n_words;
        size_t n_items;
        struct march_failure items[MARCH_FAILURES_MAX];
};

struct march_region {
        void *memory; /* aligned to a line */
        size_t size;  /* a multiple of a line */
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
        size_t cache; /* bytes that the processor's caches may hold of it: flushed before they could be read
                         back */

        /* Called after each piece of at most step bytes (a multiple of a line), with how many they were. */
        size_t step;
        void (*advanced)(void *userdata, size_t bytes);
        void *userdata;

        struct march_failures *failures;
};

/* Does one element of the pattern to all regions, in the background of that pass (from 0). */
void march_run_element(const struct march *march, unsigned pass, unsigned element);
