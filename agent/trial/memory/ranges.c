/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ranges.h"

void ranges_done(struct ranges *ranges) {
        free(ranges->items);
        *ranges = (struct ranges){};
}

/* Makes room for one more, in steps that double. */
static int reserve_one(struct ranges *ranges) {
        size_t n = ranges->n_items;
        struct range *items;

        if (n > 0 && (n & (n - 1)) != 0)
                return 0;

        items = reallocarray(ranges->items, n > 0 ? 2 * n : 1, sizeof(*items));
        if (!items)
                return -ENOMEM;

        ranges->items = items;
        return 0;
}

/* The first one that ends at or above place: most are asked for in rising order, and lie at the end. */
static size_t find(const struct ranges *ranges, uint64_t place) {
        size_t low = 0, high = ranges->n_items;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (ranges->items[middle].end < place)
                        low = middle + 1;
                else
                        high = middle;
        }

        return low;
}

static void erase(struct ranges *ranges, size_t at, size_t n) {
        memmove(&ranges->items[at], &ranges->items[at + n],
                (ranges->n_items - at - n) * sizeof(*ranges->items));
        ranges->n_items -= n;
}

static int insert(struct ranges *ranges, size_t at, struct range range) {
        int r;

        r = reserve_one(ranges);
        if (r < 0)
                return r;

        memmove(&ranges->items[at + 1], &ranges->items[at], (ranges->n_items - at) * sizeof(range));
        ranges->items[at] = range;
        ranges->n_items++;
        return 0;
}

int ranges_add(struct ranges *ranges, uint64_t start, uint64_t end) {
        size_t first = find(ranges, start), n = 0;

        if (end <= start)
                return 0;

        while (first + n < ranges->n_items && ranges->items[first + n].start <= end)
                n++;
        if (n == 0)
                return insert(ranges, first, (struct range){start, end});

        ranges->items[first].start = MIN(ranges->items[first].start, start);
        ranges->items[first].end = MAX(ranges->items[first + n - 1].end, end);
        erase(ranges, first + 1, n - 1);
        return 0;
}

int ranges_unite(struct ranges *ranges, const struct ranges *other) {
        for (size_t i = 0; i < other->n_items; i++) {
                int r = ranges_add(ranges, other->items[i].start, other->items[i].end);

                if (r < 0)
                        return r;
        }

        return 0;
}

int ranges_remove(struct ranges *ranges, uint64_t start, uint64_t end) {
        if (end <= start)
                return 0;

        for (size_t i = find(ranges, start); i < ranges->n_items && ranges->items[i].start < end;) {
                struct range *item = &ranges->items[i];

                if (item->start < start && item->end > end) {
                        struct range rest = {end, item->end};

                        item->end = start;
                        return insert(ranges, i + 1, rest);
                }

                if (item->start < start) {
                        item->end = MIN(item->end, start);
                        i++;
                } else if (item->end > end) {
                        item->start = end;
                        i++;
                } else
                        erase(ranges, i, 1);
        }

        return 0;
}

int ranges_subtract(struct ranges *ranges, const struct ranges *other) {
        for (size_t i = 0; i < other->n_items; i++) {
                int r = ranges_remove(ranges, other->items[i].start, other->items[i].end);

                if (r < 0)
                        return r;
        }

        return 0;
}

void ranges_align(struct ranges *ranges, uint64_t page) {
        size_t n = 0;

        for (size_t i = 0; i < ranges->n_items; i++) {
                uint64_t start = (ranges->items[i].start + page - 1) / page * page;
                uint64_t end = ranges->items[i].end / page * page;

                if (end > start)
                        ranges->items[n++] = (struct range){start, end};
        }
        ranges->n_items = n;
}

uint64_t ranges_size(const struct ranges *ranges) {
        return ranges_size_within(ranges, 0, UINT64_MAX);
}

uint64_t ranges_size_within(const struct ranges *ranges, uint64_t start, uint64_t end) {
        uint64_t size = 0;

        for (size_t i = find(ranges, start); i < ranges->n_items && ranges->items[i].start < end; i++) {
                uint64_t low = MAX(ranges->items[i].start, start), high = MIN(ranges->items[i].end, end);

                size += high > low ? high - low : 0;
        }

        return size;
}

char *ranges_text(const struct ranges *ranges, size_t max) {
        size_t n = MIN(ranges->n_items, max), size = n * 40 + 40, at = 0;
        char *text;

        text = calloc(1, size);
        if (!text)
                return NULL;

        for (size_t i = 0; i < n; i++)
                at += (size_t) snprintf(text + at, size - at, "%s0x%" PRIx64 "-0x%" PRIx64, i > 0 ? " " : "",
                                        ranges->items[i].start, ranges->items[i].end - 1);
        if (n < ranges->n_items)
                snprintf(text + at, size - at, " and %zu more", ranges->n_items - n);

        return text;
}

int ranges_parse(const char *text, struct ranges *ret) {
        _cleanup_(ranges_done) struct ranges ranges = {};

        for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
                uint64_t start, last;
                int n = 0, r;

                if (sscanf(text, "0x%" SCNx64 "-0x%" SCNx64 "%n", &start, &last, &n) != 2 || n == 0 ||
                    last < start || last == UINT64_MAX || !strchr(" \n", text[n]))
                        return -EBADMSG;

                r = ranges_add(&ranges, start, last + 1);
                if (r < 0)
                        return r;
                text += n;
        }

        *ret = ranges;
        ranges = (struct ranges){};
        return 0;
}
