/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "failures.h"

/* Named one by one up to so many, then only counted. */
#define BITS_NAMED 4

/* So many that have nothing in common are faults of their own. */
#define CELLS_MAX 8

/* A row is 8 KiB of a module, and less of what one channel of several gets. */
#define ROW_SIZE UINT64_C(8192)

enum fault_kind {
        FAULT_CELL,      /* one bit of one word */
        FAULT_CELLS,     /* a few of these */
        FAULT_WORD,      /* several bits of one word */
        FAULT_DATA_LINE, /* one bit of many words */
        FAULT_ROW,       /* many words that lie together */
        FAULT_MODULE,    /* many words all over */
};

static enum fault_kind kind_of(const struct fault_group *group) {
        const uint64_t bits = group->zeros | group->ones;
        const bool one_bit = (bits & (bits - 1)) == 0;

        if (group->n_words == 1)
                return one_bit ? FAULT_CELL : FAULT_WORD;
        if (one_bit)
                return FAULT_DATA_LINE;
        if (!group->more && group->n_words <= CELLS_MAX &&
            (size_t) __builtin_popcountll(bits) <= group->n_words)
                return FAULT_CELLS;

        return !group->more && group->highest - group->lowest < ROW_SIZE ? FAULT_ROW : FAULT_MODULE;
}

/* "bit 13", "bits 13, 14", "17 bits" */
static char *bits_text(uint64_t bits) {
        int count = __builtin_popcountll(bits);
        char *text;

        if (count > BITS_NAMED)
                return strprintf("%d bits", count);

        text = strprintf("bit%s ", count > 1 ? "s" : "");
        for (int i = 0; text && i < count; i++, bits &= bits - 1) {
                _cleanup_free_ char *before = text;

                text = strprintf("%s%s%d", before, i > 0 ? ", " : "", __builtin_ctzll(bits));
        }

        return text;
}

static const char *behaviour(const struct fault_group *group) {
        if (group->in_passing)
                return "not always right";

        return group->ones == 0 ? "stuck at 0" : group->zeros == 0 ? "stuck at 1" : "wrong both ways";
}

char *fault_group_text(const struct fault_group *group) {
        const uint64_t bits = group->zeros | group->ones;
        _cleanup_free_ char *named = bits_text(bits), *places = NULL;
        const char *least = group->more ? "at least " : "";

        if (!named)
                return NULL;

        places = strprintf("%s%zu addresses in %s%zu page%s from 0x%" PRIx64, least, group->n_words, least,
                           group->n_pages, group->n_pages > 1 ? "s" : "", group->lowest);
        if (!places)
                return NULL;

        switch (kind_of(group)) {
        case FAULT_CELL:
                return strprintf("one cell, %s of the word at 0x%" PRIx64 ", %s", named, group->word,
                                 behaviour(group));
        case FAULT_CELLS:
                return strprintf("%zu cells, %s, %s, %s", group->n_words, named, behaviour(group), places);
        case FAULT_WORD:
                return strprintf("one word, %s at 0x%" PRIx64 ", %s", named, group->word, behaviour(group));
        case FAULT_DATA_LINE:
                return strprintf("data line %d %s, %s", __builtin_ctzll(bits), behaviour(group), places);
        case FAULT_ROW:
                return strprintf("one row, %s, %s", named, places);
        case FAULT_MODULE:
                return strprintf("all over the module, %s, %s", named, places);
        }

        return NULL;
}
