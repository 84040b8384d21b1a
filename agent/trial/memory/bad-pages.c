/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "failures.h"
#include "leg.h"
#include "plan/plan.h"

/* What a kernel's command line has room for beside the rest. */
#define EXCLUDED_MAX 32

int lost_pages_report(const struct trial_context *context, const struct mishaps *const mishaps[], size_t n,
                      const struct dimm_map *dimms, bool place_known) {
        int count = 0;

        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < mishaps[i]->n_lost; j++, count++) {
                        const struct lost_page *lost = &mishaps[i]->lost[j];
                        _cleanup_free_ char *module = place_known ? dimm_map_text(dimms, lost->place) : NULL;
                        _cleanup_free_ char *id =
                                place_known ? module_id_at(context, dimms, lost->place) : NULL;
                        int r;

                        r = trial_report_diagnosis(context, TRIAL_FAIL, "memory-uncorrected-error", id,
                                                   "%s: an uncorrected error at %s 0x%" PRIx64
                                                   "; %s from there are left out of the test",
                                                   module ?: "a module",
                                                   place_known ? "physical address" : "virtual address",
                                                   lost->place, FORMAT_BYTES(lost->size));
                        if (r < 0)
                                return r;
                }

        return count;
}

static int collect(const struct mishaps *const mishaps[], size_t n, struct ranges *bad) {
        for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j < mishaps[i]->n_pages; j++) {
                        uint64_t place = mishaps[i]->pages[j].place;
                        int r = ranges_add(bad, place, place + MISHAPS_PAGE_SIZE);

                        if (r < 0)
                                return r;
                }

                for (size_t j = 0; j < mishaps[i]->n_lost; j++) {
                        const struct lost_page *lost = &mishaps[i]->lost[j];
                        int r = ranges_add(bad, lost->place, lost->place + lost->size);

                        if (r < 0)
                                return r;
                }
        }

        return 0;
}

int bad_pages_collect(const struct mishaps *const mishaps[], size_t n, struct ranges *ret,
                      bool *ret_complete) {
        _cleanup_(ranges_done) struct ranges bad = {};
        bool complete = true;
        int r;

        r = collect(mishaps, n, &bad);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++)
                complete = complete && !mishaps[i]->more_pages;

        *ret_complete = complete;
        *ret = bad;
        bad = (struct ranges){};
        return 0;
}

/* Linux: Documentation/admin-guide/kernel-parameters.txt, memmap=nn$ss. */
static char *memmap_text(const struct ranges *bad) {
        char *text = strdup("memmap=");

        for (size_t i = 0; i < MIN(bad->n_items, (size_t) EXCLUDED_MAX) && text; i++) {
                _cleanup_free_ char *before = text;
                const struct range *range = &bad->items[i];

                text = strprintf("%s%s%" PRIu64 "K$0x%" PRIx64, before, i > 0 ? "," : "",
                                 (range->end - range->start) / 1024, range->start);
        }

        return text;
}

int bad_pages_leave(const struct trial_context *context, const struct ranges *bad) {
        const uint64_t size = ranges_size(bad), n = size / MISHAPS_PAGE_SIZE;
        _cleanup_free_ char *memmap = NULL;
        int r;

        if (n == 0 || n > context->plan->trial_memory_exclude || bad->n_items > EXCLUDED_MAX)
                return 0;

        memmap = memmap_text(bad);
        if (!memmap)
                return -ENOMEM;

        r = write_file_atomic(LEG_EXCLUDE, memmap, strlen(memmap), 0600);
        if (r < 0)
                return r;

        return trial_report_log(context, "WARNING",
                                "production may boot without %" PRIu64
                                " bad page%s (trial.memory.exclude): %s",
                                n, n > 1 ? "s" : "", memmap);
}

/* GRUB: an address and the mask of the bits of it that count, for each page. */
static char *badram_text(const struct ranges *bad) {
        char *text = strdup("badram=");
        size_t n = 0;

        for (size_t i = 0; i < bad->n_items; i++)
                for (uint64_t page = bad->items[i].start;
                     page < bad->items[i].end && n < EXCLUDED_MAX && text; page += MISHAPS_PAGE_SIZE, n++) {
                        _cleanup_free_ char *before = text;

                        text = strprintf("%s%s0x%" PRIx64 ",0x%" PRIx64, before, n > 0 ? "," : "", page,
                                         ~(MISHAPS_PAGE_SIZE - 1));
                }

        return text;
}

static json_t *page_json(const struct failed_page *page, const struct dimm_map *dimms) {
        _cleanup_free_ char *module = NULL, *address = NULL;
        _cleanup_free_ char *zeros = strprintf("0x%" PRIx64, page->zeros);
        _cleanup_free_ char *ones = strprintf("0x%" PRIx64, page->ones);
        uint64_t first = UINT64_MAX, n_words = 0;

        for (uint64_t i = 0; i < MISHAPS_PAGE_WORDS; i++)
                if (page->words[i / 64] >> i % 64 & 1) {
                        first = MIN(first, page->place + i * 8);
                        n_words++;
                }

        address = strprintf("0x%" PRIx64, first);
        module = dimm_map_text(dimms, first);
        return json_pack("{s:s, s:s, s:I, s:s, s:s}", "firstAddress", address, "module", module, "words",
                         (json_int_t) n_words, "zeros", zeros, "ones", ones);
}

/* Page by page what failed, as many as there is room for. NULL when memory is short. */
static json_t *pages_json(const struct mishaps *const mishaps[], size_t n, const struct dimm_map *dimms) {
        _cleanup_json_ json_t *pages = json_array();

        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < mishaps[i]->n_pages && json_array_size(pages) < EXCLUDED_MAX; j++)
                        if (json_append(pages, page_json(&mishaps[i]->pages[j], dimms)) < 0)
                                return NULL;

        return TAKE_PTR(pages);
}

int bad_pages_report(const struct trial_context *context, const struct mishaps *const mishaps[], size_t n,
                     const struct dimm_map *dimms) {
        _cleanup_(ranges_done) struct ranges bad = {};
        _cleanup_free_ char *text = NULL, *memmap = NULL, *badram = NULL;
        bool complete;
        int r;

        r = bad_pages_collect(mishaps, n, &bad, &complete);
        if (r < 0 || bad.n_items == 0)
                return r;

        complete = complete && ranges_size(&bad) / MISHAPS_PAGE_SIZE <= EXCLUDED_MAX;

        text = ranges_text(&bad, EXCLUDED_MAX);
        memmap = memmap_text(&bad);
        badram = badram_text(&bad);
        return trial_report(context,
                            json_pack("{s:{s:s, s:{s:s, s:I, s:b, s:s, s:s, s:o}}}", "extension", "name",
                                      "bad-pages", "content", "ranges", text, "size",
                                      (json_int_t) ranges_size(&bad), "complete", (int) complete, "memmap",
                                      memmap, "badram", badram, "failures", pages_json(mishaps, n, dimms)));
}
