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
