/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "failures.h"
#include "inventory/inventory.h"
#include "march.h"

#define GROUPS_MAX 64

struct groups {
        struct fault_group items[GROUPS_MAX];
        size_t n_items;
};

static void groups_done(struct groups *groups) {
        for (size_t i = 0; i < groups->n_items; i++) {
                free(groups->items[i].where);
                free(groups->items[i].id);
        }
}

char *module_id(const struct trial_context *context, const char *locator) {
        _cleanup_json_ json_t *dut_info = NULL;
        const json_t *part;
        size_t i;

        if (!context->inventory || inventory_dut_info(context->inventory, &dut_info) < 0)
                return NULL;

        json_array_foreach(json_object_get(dut_info, "hardwareInfos"), i, part) {
                const char *type = json_get_string(part, "partType"),
                           *name = json_get_string(part, "location"),
                           *id = json_get_string(part, "hardwareInfoId");

                if (type && name && id && streq(type, "DIMM") && streq(name, locator))
                        return strdup(id);
        }

        return NULL;
}

char *module_id_at(const struct trial_context *context, const struct dimm_map *dimms, uint64_t place) {
        bool may[dimms->n_dimms + 1];
        enum dimm_certainty certainty = dimm_map_find(dimms, place, may);

        if (certainty != DIMM_CERTAIN && certainty != DIMM_BY_ORDER)
                return NULL;

        for (size_t i = 0; i < dimms->n_dimms; i++)
                if (may[i])
                        return module_id(context, dimms->dimms[i].locator);

        return NULL;
}

static char *where_text(const struct dimm_map *dimms, uint64_t place, bool place_known) {
        if (!place_known)
                return strdup("at an address of this process (only root learns the module)");

        return dimm_map_text(dimms, place);
}

/* Finds or makes the group that place belongs to; the last one takes what there is no room for. */
static struct fault_group *group_of(const struct trial_context *context, struct groups *groups,
                                    const struct dimm_map *dimms, uint64_t place, bool place_known) {
        _cleanup_free_ char *where = where_text(dimms, place, place_known);
        struct fault_group *group;

        if (!where)
                return NULL;

        for (size_t i = 0; i < groups->n_items; i++)
                if (streq(groups->items[i].where, where))
                        return &groups->items[i];
        if (groups->n_items == GROUPS_MAX)
                return &groups->items[GROUPS_MAX - 1];

        group = &groups->items[groups->n_items++];
        *group = (struct fault_group){
                .where = TAKE_PTR(where),
                .id = place_known ? module_id_at(context, dimms, place) : NULL,
                .lowest = UINT64_MAX,
                .word = UINT64_MAX,
        };
        return group;
}

/* Adds those words of page that are in the line at place, one bit each in words. */
static void group_add(struct fault_group *group, const struct failed_page *page, uint64_t place,
                      uint8_t words) {
        if (group->n_pages == 0 || group->last != page->place) {
                group->n_pages++;
                group->last = page->place;
        }
        group->lowest = MIN(group->lowest, page->place);
        group->highest = MAX(group->highest, page->place);
        group->zeros |= page->zeros;
        group->ones |= page->ones;
        group->n_words += (size_t) __builtin_popcount(words);
        group->word = MIN(group->word, place + (uint64_t) __builtin_ctz(words) * 8);
}

/* Line by line: what follows each other may be in modules that take turns. */
static int add_page(const struct trial_context *context, struct groups *groups, const struct dimm_map *dimms,
                    bool place_known, const struct failed_page *page, bool more) {
        for (unsigned i = 0; i < MISHAPS_PAGE_WORDS / MARCH_WORDS; i++) {
                uint8_t words = (uint8_t) (page->words[i * MARCH_WORDS / 64] >> i * MARCH_WORDS % 64);
                uint64_t place = page->place + i * sizeof(struct march_line);
                struct fault_group *group;

                if (words == 0)
                        continue;

                group = group_of(context, groups, dimms, place, place_known);
                if (!group)
                        return -ENOMEM;
                group_add(group, page, place, words);
                group->more = group->more || more;
        }

        return 0;
}

static int make_groups(const struct trial_context *context, const struct mishaps *const mishaps[], size_t n,
                       const struct dimm_map *dimms, bool place_known, struct groups *ret) {
        for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j < mishaps[i]->n_pages; j++) {
                        int r = add_page(context, ret, dimms, place_known, &mishaps[i]->pages[j],
                                         mishaps[i]->more_pages);

                        if (r < 0)
                                return r;
                }

                for (size_t j = 0; j < mishaps[i]->n_failures; j++) {
                        const struct failure *failure = &mishaps[i]->failures[j];
                        struct fault_group *group =
                                group_of(context, ret, dimms, failure->place, place_known);

                        if (!group)
                                return -ENOMEM;
                        group->in_passing = group->in_passing || failure->reread == failure->expected;
                }
        }

        return 0;
}

static int report_one(const struct trial_context *context, const struct failure *failure,
                      const struct dimm_map *dimms, bool place_known) {
        _cleanup_free_ char *address = strprintf("0x%" PRIx64, failure->place);
        _cleanup_free_ char *expected = strprintf("0x%016" PRIx64, failure->expected);
        _cleanup_free_ char *actual = strprintf("0x%016" PRIx64, failure->actual);
        _cleanup_free_ char *reread = strprintf("0x%016" PRIx64, failure->reread);
        _cleanup_free_ char *element = march_element_text(&failure->pattern->elements[failure->element]);
        _cleanup_free_ char *module = place_known ? dimm_map_text(dimms, failure->place) : NULL;

        return trial_report(
                context,
                json_pack("{s:{s:s, s:{s:s?, s:s?, s:s?, s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:I}}}",
                          "extension", "name", "memory-failure", "content", "physicalAddress",
                          place_known ? address : NULL, "virtualAddress", place_known ? NULL : address,
                          "module", module, "expected", expected, "actual", actual, "reread", reread,
                          "pattern", failure->pattern->name, "round", (int) failure->round, "element",
                          element, "operation", (int) failure->operation, "monotonicMicroseconds",
                          (json_int_t) failure->usec));
}

static int compare_time(const void *a, const void *b) {
        const struct failure *f = *(const struct failure *const *) a, *g = *(const struct failure *const *) b;

        if (f->usec != g->usec)
                return f->usec < g->usec ? -1 : 1;

        return (f->place > g->place) - (f->place < g->place);
}

static int report_group(const struct trial_context *context, const struct fault_group *group,
                        const struct failure *first, const char *coverage) {
        _cleanup_free_ char *text = fault_group_text(group);
        _cleanup_free_ char *element = march_element_text(&first->pattern->elements[first->element]);

        if (!text || !element)
                return -ENOMEM;

        return trial_report_diagnosis(context, TRIAL_FAIL, "memory-data-miscompare", group->id,
                                      "%s: %s; first of all at 0x%" PRIx64 ": expected 0x%016" PRIx64
                                      ", read 0x%016" PRIx64 ", %s, in %s \"%s\"; %s",
                                      group->where, text, first->place, first->expected, first->actual,
                                      first->reread == first->expected ? "right when read again"
                                                                       : "wrong when read again",
                                      first->pattern->title, element, coverage);
}

int failures_report(const struct trial_context *context, const struct mishaps *const mishaps[], size_t n,
                    const struct dimm_map *dimms, bool place_known, const char *coverage) {
        _cleanup_(groups_done) struct groups groups = {};
        _cleanup_free_ const struct failure **items = NULL;
        size_t n_items = 0;
        int r;

        items = calloc(n * MISHAPS_FAILURES_MAX, sizeof(*items));
        if (!items)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < mishaps[i]->n_failures; j++)
                        items[n_items++] = &mishaps[i]->failures[j];

        qsort(items, n_items, sizeof(*items), compare_time);
        for (size_t i = 0; i < MIN(n_items, (size_t) MISHAPS_FAILURES_MAX); i++) {
                r = report_one(context, items[i], dimms, place_known);
                if (r < 0)
                        return r;
        }

        r = make_groups(context, mishaps, n, dimms, place_known, &groups);
        for (size_t i = 0; i < groups.n_items && r >= 0; i++)
                r = report_group(context, &groups.items[i], items[0], coverage);

        return r;
}
