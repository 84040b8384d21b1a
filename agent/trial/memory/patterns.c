/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "loops.h"
#include "march.h"

/* van de Goor: stuck-at, transition, address decoder and unlinked coupling faults. */
static const struct march_element march_c_minus[] = {
        {MARCH_ANY, {MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_UP, {MARCH_R0, MARCH_W1}, MARCH_OPERATIONS},
        {MARCH_UP, {MARCH_R1, MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_DOWN, {MARCH_R0, MARCH_W1}, MARCH_OPERATIONS},
        {MARCH_DOWN, {MARCH_R1, MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_ANY, {MARCH_R0}, MARCH_OPERATIONS},
};

/* Hamdioui: as March C-, and every fault of one or two cells that a read or a write without change sets
 * off. */
static const struct march_element march_ss[] = {
        {MARCH_ANY, {MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_UP, {MARCH_R0, MARCH_R0, MARCH_W0, MARCH_R0, MARCH_W1}, MARCH_OPERATIONS},
        {MARCH_UP, {MARCH_R1, MARCH_R1, MARCH_W1, MARCH_R1, MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_DOWN, {MARCH_R0, MARCH_R0, MARCH_W0, MARCH_R0, MARCH_W1}, MARCH_OPERATIONS},
        {MARCH_DOWN, {MARCH_R1, MARCH_R1, MARCH_W1, MARCH_R1, MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_ANY, {MARCH_R0}, MARCH_OPERATIONS},
};

/* Both ways at half the cost of March C-; what it loses in coupling it gains in backgrounds. */
static const struct march_element inversions[] = {
        {MARCH_ANY, {MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_UP, {MARCH_R0, MARCH_W1}, MARCH_OPERATIONS},
        {MARCH_DOWN, {MARCH_R1, MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_ANY, {MARCH_R0}, MARCH_OPERATIONS},
};

/* Cells that lose their charge, from either value. */
static const struct march_element fade[] = {
        {MARCH_ANY, {MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_ANY, {}, MARCH_PAUSE},
        {MARCH_ANY, {MARCH_R0}, MARCH_OPERATIONS},
        {MARCH_ANY, {MARCH_W1}, MARCH_OPERATIONS},
        {MARCH_ANY, {}, MARCH_PAUSE},
        {MARCH_ANY, {MARCH_R1}, MARCH_OPERATIONS},
};

static const struct march_element move[] = {
        {MARCH_ANY, {MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_UP, {}, MARCH_MOVE},
        {MARCH_UP, {}, MARCH_MOVED},
};

static const struct march_element hammer[] = {
        {MARCH_ANY, {MARCH_W0}, MARCH_OPERATIONS},
        {MARCH_ANY, {}, MARCH_HAMMER},
        {MARCH_ANY, {MARCH_R0}, MARCH_OPERATIONS},
        {MARCH_ANY, {MARCH_W1}, MARCH_OPERATIONS},
        {MARCH_ANY, {}, MARCH_HAMMER},
        {MARCH_ANY, {MARCH_R1}, MARCH_OPERATIONS},
};

#define ELEMENTS(e) .elements = (e), .n_elements = ELEMENTSOF(e)

const struct march_pattern march_patterns[] = {
        {"march-c-", "March C-", MARCH_BACKGROUND, 1, ELEMENTS(march_c_minus)},
        {"march-ss", "March SS", MARCH_BACKGROUND, 1, ELEMENTS(march_ss)},
        {"address", "address in address", MARCH_ADDRESS, 1, ELEMENTS(inversions)},
        {"moving-inversions", "moving inversions", MARCH_BACKGROUND, 10, ELEMENTS(inversions)},
        {"random", "random data", MARCH_RANDOM, 1, ELEMENTS(inversions)},
        {"bit-fade", "bit fade", MARCH_BACKGROUND, 1, ELEMENTS(fade)},
        {"block-move", "block move", MARCH_RANDOM, 1, ELEMENTS(move)},
        {"row-hammer", "row hammer", MARCH_BACKGROUND, 1, ELEMENTS(hammer)},
};
const size_t n_march_patterns = ELEMENTSOF(march_patterns);

#define EVERY_WORD(w) .words = {w, w, w, w, w, w, w, w}
#define ONES          UINT64_MAX

const struct march_line march_backgrounds[] = {
        {EVERY_WORD(0)},
        {EVERY_WORD(0x5555555555555555)},
        {EVERY_WORD(0x3333333333333333)},
        {EVERY_WORD(0x0f0f0f0f0f0f0f0f)},
        {EVERY_WORD(0x00ff00ff00ff00ff)},
        {EVERY_WORD(0x0000ffff0000ffff)},
        {EVERY_WORD(0x00000000ffffffff)},
        {.words = {0, ONES, 0, ONES, 0, ONES, 0, ONES}},
        {.words = {0, 0, ONES, ONES, 0, 0, ONES, ONES}},
        {.words = {0, 0, 0, 0, ONES, ONES, ONES, ONES}},
};
const size_t n_march_backgrounds = ELEMENTSOF(march_backgrounds);

const struct march_pattern *march_pattern_find(const char *name) {
        for (size_t i = 0; i < n_march_patterns; i++)
                if (streq(march_patterns[i].name, name))
                        return &march_patterns[i];

        return NULL;
}

static size_t element_operations(const struct march_element *element) {
        static const size_t special[] = {
                [MARCH_OPERATIONS] = 0, [MARCH_PAUSE] = 0,  [MARCH_MOVE] = 2,
                [MARCH_MOVED] = 1,      [MARCH_HAMMER] = 0,
        };
        size_t n = 0;

        while (element->operations[n] != MARCH_END)
                n++;

        return n + special[element->special];
}

size_t march_pattern_operations(const struct march_pattern *pattern) {
        size_t n = 0;

        for (size_t i = 0; i < pattern->n_elements; i++)
                n += element_operations(&pattern->elements[i]);

        return n;
}

char *march_element_text(const struct march_element *element) {
        static const char *const directions[] = {"any", "up", "down"};
        static const char *const operations[] = {"", "r0", "w0", "r1", "w1"};
        static const char *const special[] = {"", "pause", "move", "moved r0", "hammer"};
        char text[2 * MARCH_OPERATIONS_MAX + 1] = "";

        for (size_t i = 0; element->operations[i] != MARCH_END; i++)
                memcpy(text + 2 * i, operations[element->operations[i]], 3);

        return strprintf("%s %s%s", directions[element->direction], text, special[element->special]);
}

void march_base(enum march_data data, uint64_t seed, unsigned round, struct march_line *ret) {
        const struct march_line *background = &march_backgrounds[round % n_march_backgrounds];

        for (size_t i = 0; i < MARCH_WORDS; i++)
                ret->words[i] = data == MARCH_BACKGROUND ? background->words[i]
                                : data == MARCH_ADDRESS  ? i * sizeof(uint64_t)
                                                         : march_mix(march_mix(seed + round) + i);
}

struct march_line march_zero(const struct march_pattern *pattern, uint64_t seed, unsigned round,
                             uint64_t place) {
        uint64_t key = march_key(pattern->data, place);
        struct march_line line;

        march_base(pattern->data, seed, round, &line);
        for (size_t i = 0; i < MARCH_WORDS; i++)
                line.words[i] ^= key;

        return line;
}
