/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "allocate.h"
#include "base/text.h"
#include "failures.h"

/* Named one by one up to so many, then only counted. */
#define BITS_NAMED 4

static char *hex(uint64_t value) {
        return strprintf("0x%016" PRIx64, value);
}

/* "bit 13", "bits 13, 14", "17 bits" */
static char *bits_text(uint64_t difference) {
        int count = __builtin_popcountll(difference);
        char *text;

        if (count > BITS_NAMED)
                return strprintf("%d bits", count);

        text = strprintf("bit%s ", count > 1 ? "s" : "");
        for (int i = 0; text && i < count; i++, difference &= difference - 1) {
                _cleanup_free_ char *before = text;

                text = strprintf("%s%s%d", before, i > 0 ? ", " : "", __builtin_ctzll(difference));
        }

        return text;
}

/* Where it is, in the words of the machine; what only this process understands when the kernel does not
 * tell. */
static char *place_text(const struct march_failure *failure) {
        uint64_t physical;

        if (memory_physical_address(failure->address, &physical) < 0)
                return strprintf("virtual address %p", failure->address);

        return strprintf("physical address 0x%" PRIx64, physical);
}

static int report_one(const struct trial_context *context, const struct march_pattern *pattern,
                      const struct march_failure *failure) {
        _cleanup_free_ char *virtual = NULL, *physical = NULL, *expected = NULL, *actual = NULL,
                            *reread = NULL, *element = NULL;
        uint64_t address;

        virtual = hex((uintptr_t) failure->address);
        expected = hex(failure->expected);
        actual = hex(failure->actual);
        reread = hex(failure->reread);
        element = march_element_text(&pattern->elements[failure->element]);
        if (!virtual || !expected || !actual || !reread || !element)
                return -ENOMEM;

        if (memory_physical_address(failure->address, &address) >= 0) {
                physical = hex(address);
                if (!physical)
                        return -ENOMEM;
        }

        return trial_report(context, json_pack("{s:{s:s, s:{s:s?, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:i}}}",
                                               "extension", "name", "memory-failure", "content",
                                               "physicalAddress", physical, "virtualAddress", virtual,
                                               "expected", expected, "actual", actual, "reread", reread,
                                               "pattern", pattern->name, "pass", (int) failure->pass,
                                               "element", element, "operation", (int) failure->operation));
}

static int compare(const void *a, const void *b) {
        const struct march_failure *f = *(const struct march_failure *const *) a;
        const struct march_failure *g = *(const struct march_failure *const *) b;

        if (f->pass != g->pass)
                return f->pass < g->pass ? -1 : 1;
        if (f->element != g->element)
                return f->element < g->element ? -1 : 1;
        return (f->address > g->address) - (f->address < g->address);
}

int failures_report(const struct trial_context *context, const struct march_pattern *pattern,
                    const struct march_failures *const failures[], size_t n, const char *coverage) {
        _cleanup_free_ char *place = NULL, *bits = NULL, *element = NULL;
        _cleanup_free_ const struct march_failure **items = NULL;
        const struct march_failure *first;
        uint64_t n_words = 0;
        size_t n_items = 0;

        items = calloc(n * MARCH_FAILURES_MAX, sizeof(*items));
        if (!items)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                n_words += failures[i]->n_words;
                for (size_t j = 0; j < failures[i]->n_items; j++)
                        items[n_items++] = &failures[i]->items[j];
        }

        qsort(items, n_items, sizeof(*items), compare);
        for (size_t i = 0; i < MIN(n_items, (size_t) MARCH_FAILURES_MAX); i++) {
                int r = report_one(context, pattern, items[i]);

                if (r < 0)
                        return r;
        }

        first = items[0];
        place = place_text(first);
        bits = bits_text(first->expected ^ first->actual);
        element = march_element_text(&pattern->elements[first->element]);
        if (!place || !bits || !element)
                return -ENOMEM;

        return trial_report_diagnosis(
                context, TRIAL_FAIL, "memory-data-miscompare", NULL,
                "%" PRIu64 " miscompare%s; the first at %s, %s: expected 0x%016" PRIx64 ", read 0x%016" PRIx64
                ", %s, in "
                "%s \"%s\"; %s",
                n_words, n_words > 1 ? "s" : "", place, bits, first->expected, first->actual,
                first->reread == first->expected ? "right when read again" : "wrong when read again",
                pattern->title, element, coverage);
}
