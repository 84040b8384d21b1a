/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/macro.h"
#include "mishaps.h"

/* A march goes from page to page, so that the last one is looked at first. NULL when there is no room. */
static struct failed_page *page_of(struct mishaps *mishaps, uint64_t place) {
        const uint64_t start = place / MISHAPS_PAGE_SIZE * MISHAPS_PAGE_SIZE;

        for (size_t i = mishaps->n_pages; i > 0; i--)
                if (mishaps->pages[i - 1].place == start)
                        return &mishaps->pages[i - 1];

        if (mishaps->n_pages == MISHAPS_PAGES_MAX)
                return NULL;

        mishaps->pages[mishaps->n_pages] = (struct failed_page){.place = start};
        return &mishaps->pages[mishaps->n_pages++];
}

void mishaps_add(struct mishaps *mishaps, const struct failure *failure) {
        const size_t word = failure->place % MISHAPS_PAGE_SIZE / 8;
        struct failed_page *page;

        if (mishaps_want_details(mishaps))
                mishaps->failures[mishaps->n_failures++] = *failure;

        mishaps->lowest = mishaps->n_words == 0 ? failure->place : MIN(mishaps->lowest, failure->place);
        mishaps->highest = MAX(mishaps->highest, failure->place);
        mishaps->n_words++;

        page = page_of(mishaps, failure->place);
        if (!page) {
                mishaps->more_pages = true;
                return;
        }

        page->zeros |= failure->expected & ~failure->actual;
        page->ones |= failure->actual & ~failure->expected;
        page->words[word / 64] |= UINT64_C(1) << word % 64;
}

/* Moves what the page of from has into that of to, if there is one. */
static bool join_page(struct mishaps *to, const struct failed_page *from) {
        for (size_t i = 0; i < to->n_pages; i++) {
                struct failed_page *page = &to->pages[i];

                if (page->place != from->place)
                        continue;

                page->zeros |= from->zeros;
                page->ones |= from->ones;
                for (size_t j = 0; j < ELEMENTSOF(page->words); j++)
                        page->words[j] |= from->words[j];
                return true;
        }

        return false;
}

static bool has_lost(const struct mishaps *mishaps, const struct lost_page *lost) {
        for (size_t i = 0; i < mishaps->n_lost; i++)
                if (mishaps->lost[i].place == lost->place && mishaps->lost[i].size == lost->size)
                        return true;

        return false;
}

static void join(struct mishaps *to, struct mishaps *from) {
        size_t n = 0;

        for (size_t i = 0; i < from->n_pages; i++)
                if (!join_page(to, &from->pages[i]))
                        from->pages[n++] = from->pages[i];
        from->n_pages = n;

        n = 0;
        for (size_t i = 0; i < from->n_lost; i++)
                if (!has_lost(to, &from->lost[i]))
                        from->lost[n++] = from->lost[i];
        from->n_lost = n;
}

void mishaps_join(struct mishaps *const mishaps[], size_t n) {
        for (size_t to = 0; to < n; to++)
                for (size_t from = to + 1; from < n; from++)
                        join(mishaps[to], mishaps[from]);
}
