/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "leg.h"

#define FILE_MAX (16U << 20)

#define HIGH  (UINT64_C(1) << 32) /* above, not all devices reach */
#define ALIGN (UINT64_C(2) << 20)

void leg_done(struct leg *leg) {
        ranges_done(&leg->tested);
        ranges_done(&leg->remaining);
        ranges_done(&leg->bad);
}

/* The ranges that a file has, each behind its name on a line of its own. */
static const struct {
        const char *name;
        size_t offset;
} members[] = {
        {"tested ", offsetof(struct leg, tested)},
        {"remaining ", offsetof(struct leg, remaining)},
        {"bad ", offsetof(struct leg, bad)},
};

static struct ranges *member_of(struct leg *leg, size_t i) {
        return (struct ranges *) ((char *) leg + members[i].offset);
}

int leg_parse(char *text, struct leg *ret) {
        _cleanup_(leg_done) struct leg leg = {};
        char *rest = text;

        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                const char *line = strsep(&rest, "\n"),
                           *value = line ? startswith(line, members[i].name) : NULL;
                int r;

                if (!value || !rest)
                        return -EBADMSG;

                r = ranges_parse(value, member_of(&leg, i));
                if (r < 0)
                        return r;
        }

        *ret = leg;
        leg = (struct leg){};
        return 0;
}

int leg_read(const char *path, struct leg *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = read_file(path, FILE_MAX, &text, NULL);
        return r < 0 ? r : leg_parse(text, ret);
}

int leg_write(const char *path, const struct leg *leg) {
        _cleanup_free_ char *text = strdup("");

        for (size_t i = 0; i < ELEMENTSOF(members) && text; i++) {
                _cleanup_free_ char *before = text;
                _cleanup_free_ char *value = ranges_text(member_of((struct leg *) leg, i), SIZE_MAX);

                text = value ? strprintf("%s%s%s\n", before, members[i].name, value) : NULL;
        }

        return text ? write_file_atomic(path, text, strlen(text), 0600) : -ENOMEM;
}

static int larger_first(const void *a, const void *b) {
        uint64_t x = ((const struct range *) a)->end - ((const struct range *) a)->start;
        uint64_t y = ((const struct range *) b)->end - ((const struct range *) b)->start;

        return (x < y) - (x > y);
}

int leg_choose_home(const struct leg *leg, uint64_t size, struct ranges *ret) {
        _cleanup_(ranges_done) struct ranges pieces = {}, home = {};
        uint64_t have = 0;
        int r;

        r = ranges_unite(&pieces, &leg->tested);
        if (r >= 0)
                r = ranges_remove(&pieces, HIGH, UINT64_MAX);
        if (r < 0)
                return r;

        ranges_align(&pieces, ALIGN);
        qsort(pieces.items, pieces.n_items, sizeof(*pieces.items), larger_first);
        for (size_t i = 0; i < pieces.n_items && have < size; i++) {
                uint64_t start = pieces.items[i].start, n = pieces.items[i].end - start;

                if (n < LEG_PIECE_MIN)
                        break;
                n = MIN(n, (MAX(size - have, LEG_PIECE_MIN) + ALIGN - 1) / ALIGN * ALIGN);
                r = ranges_add(&home, start, start + n);
                if (r < 0)
                        return r;
                have += n;
        }

        if (have < size)
                return -ENOSPC;

        *ret = home;
        home = (struct ranges){};
        return 0;
}

int leg_command_line(const char *line, const struct ranges *ram, const struct ranges *home, char **ret) {
        _cleanup_(ranges_done) struct ranges kept = {};
        _cleanup_free_ char *text = strdup(line);
        int r;

        r = ranges_unite(&kept, ram);
        if (r >= 0)
                r = ranges_subtract(&kept, home);
        if (r >= 0)
                r = ranges_remove(&kept, 0, LEG_LOW_END);
        if (r < 0)
                return r;

        for (size_t i = 0; i < kept.n_items && text; i++) {
                _cleanup_free_ char *before = text;

                text = strprintf("%s memmap=0x%" PRIx64 "$0x%" PRIx64, before,
                                 kept.items[i].end - kept.items[i].start, kept.items[i].start);
        }
        if (!text)
                return -ENOMEM;

        *ret = TAKE_PTR(text);
        return 0;
}
