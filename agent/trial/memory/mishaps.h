/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mishaps.h: what a thread found wrong, in the same room however much it is: the first failures in detail,
 * and of all of them how many, which bits, which pages. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MISHAPS_FAILURES_MAX 16
#define MISHAPS_PAGES_MAX    64
#define MISHAPS_LOST_MAX     64
#define MISHAPS_PAGE_SIZE    UINT64_C(4096)
#define MISHAPS_PAGE_WORDS   (MISHAPS_PAGE_SIZE / 8)

struct march_pattern;

/* One 64-bit word that was not what it should have been. */
struct failure {
        uint64_t place;
        uint64_t expected;
        uint64_t actual; /* as the operation read it */
        uint64_t reread; /* read again from memory at once: equal to expected when the fault was in passing */
        uint64_t usec;   /* when, by now_usec() */
        const struct march_pattern *pattern;
        unsigned round, element, operation;
};

struct failed_page {
        uint64_t place;
        uint64_t zeros, ones;                    /* bits that were 0, or 1, instead of the other */
        uint64_t words[MISHAPS_PAGE_WORDS / 64]; /* a bit for each word that failed */
};

/* A page that the kernel has taken away. */
struct lost_page {
        uint64_t place, size;
        uint64_t usec;
};

struct mishaps {
        uint64_t n_words; /* that were read wrong, again and again counted */
        size_t n_failures;
        struct failure failures[MISHAPS_FAILURES_MAX];

        uint64_t lowest, highest; /* places of words */

        size_t n_pages;
        struct failed_page pages[MISHAPS_PAGES_MAX];
        bool more_pages;

        _Atomic size_t n_lost; /* other threads look at these meanwhile */
        struct lost_page lost[MISHAPS_LOST_MAX];
};

/* Takes down one word; reread is only asked for while details are kept. */
void mishaps_add(struct mishaps *mishaps, const struct failure *failure);

/* True while mishaps_add() keeps details. */
static inline bool mishaps_want_details(const struct mishaps *mishaps) {
        return mishaps->n_failures < MISHAPS_FAILURES_MAX;
}

/* Joins what n threads have about the same page: the first of them keeps it, and the others no longer have
 * it. */
void mishaps_join(struct mishaps *const mishaps[], size_t n);
