/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each pattern finds and what it misses: the patterns, read from the same table as the engine reads them
 * from, done to a model of memory that has one fault at a time. The model knows nothing of caches or vectors:
 * a line is written and read as a whole, and the fault happens as it is defined. Prints the README's table.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "tests/unit/unit.h"
#include "trial/memory/march.h"

#define N_LINES  8
#define N_PLACES 400
#define SEED     1
#define PLACE    UINT64_C(0x12340000)

enum fault {
        STUCK_AT_0,
        STUCK_AT_1,
        TRANSITION,
        COUPLING_INVERSION,
        COUPLING_IDEMPOTENT,
        COUPLING_STATE,
        COUPLING_IN_LINE,
        ALIAS,
        DATA_LINE,
        PAGE,
        READ_DISTURB,
        READ_DISTURB_DECEPTIVE,
        WRITE_DISTURB,
        RETENTION,
        ROW_DISTURB,
        N_FAULTS,
};

static const char *const fault_names[N_FAULTS] = {
        [STUCK_AT_0] = "stuck at 0",
        [STUCK_AT_1] = "stuck at 1",
        [TRANSITION] = "transition",
        [COUPLING_INVERSION] = "inversion coupling",
        [COUPLING_IDEMPOTENT] = "idempotent coupling",
        [COUPLING_STATE] = "state coupling",
        [COUPLING_IN_LINE] = "idempotent coupling inside a line",
        [ALIAS] = "address alias",
        [DATA_LINE] = "data line stuck",
        [PAGE] = "page dead",
        [READ_DISTURB] = "read flips the cell",
        [READ_DISTURB_DECEPTIVE] = "read flips the cell behind it",
        [WRITE_DISTURB] = "write of the same value flips",
        [RETENTION] = "retention",
        [ROW_DISTURB] = "row hammer",
};

struct bit {
        unsigned line, bit;
};

struct model {
        struct march_line lines[N_LINES];
        enum fault fault;
        struct bit victim, aggressor;
        bool value;  /* of the victim, or that the aggressor turns to */
        bool forced; /* what the victim becomes */
};

static bool get(const struct march_line *line, unsigned bit) {
        return line->words[bit / 64] >> bit % 64 & 1;
}

static void set(struct march_line *line, unsigned bit, bool value) {
        uint64_t mask = UINT64_C(1) << bit % 64;

        line->words[bit / 64] = value ? line->words[bit / 64] | mask : line->words[bit / 64] & ~mask;
}

static struct march_line *victim_line(struct model *m) {
        return &m->lines[m->victim.line];
}

static void hold(struct model *m) {
        switch (m->fault) {
        case STUCK_AT_0:
        case STUCK_AT_1:
                set(victim_line(m), m->victim.bit, m->fault == STUCK_AT_1);
                break;
        case DATA_LINE:
                for (size_t i = 0; i < N_LINES; i++)
                        set(&m->lines[i], m->victim.bit, m->value);
                break;
        case PAGE:
                memset(m->lines, m->value ? 0xff : 0, sizeof(m->lines));
                break;
        case COUPLING_STATE:
                if (get(&m->lines[m->aggressor.line], m->aggressor.bit) == m->value)
                        set(victim_line(m), m->victim.bit, m->forced);
                break;
        default:
                break;
        }
}

static void write_line(struct model *m, unsigned line, const struct march_line *value) {
        unsigned to = m->fault == ALIAS && line == m->victim.line ? m->aggressor.line : line;
        struct march_line before = m->lines[to];
        bool changed;

        m->lines[to] = *value;
        changed = to == m->aggressor.line && get(&before, m->aggressor.bit) != m->value &&
                  get(value, m->aggressor.bit) == m->value;

        if (m->fault == TRANSITION && line == m->victim.line && get(&before, m->victim.bit) != m->value)
                set(victim_line(m), m->victim.bit, !m->value);
        if (m->fault == WRITE_DISTURB && line == m->victim.line && get(&before, m->victim.bit) == m->value &&
            get(value, m->victim.bit) == m->value)
                set(victim_line(m), m->victim.bit, !m->value);
        if (m->fault == COUPLING_INVERSION && changed)
                set(victim_line(m), m->victim.bit, !get(victim_line(m), m->victim.bit));
        if ((m->fault == COUPLING_IDEMPOTENT || m->fault == COUPLING_IN_LINE) && changed)
                set(victim_line(m), m->victim.bit, m->forced);
        hold(m);
}

static struct march_line read_line(struct model *m, unsigned line) {
        unsigned from = m->fault == ALIAS && line == m->victim.line ? m->aggressor.line : line;
        struct march_line value = m->lines[from];

        if (line == m->victim.line && get(&value, m->victim.bit) == m->value &&
            (m->fault == READ_DISTURB || m->fault == READ_DISTURB_DECEPTIVE)) {
                set(victim_line(m), m->victim.bit, !m->value);
                if (m->fault == READ_DISTURB)
                        value = m->lines[from];
        }

        return value;
}

static void pause_or_hammer(struct model *m, enum march_special special) {
        if ((special == MARCH_PAUSE && m->fault == RETENTION) ||
            (special == MARCH_HAMMER && m->fault == ROW_DISTURB))
                if (get(victim_line(m), m->victim.bit) == m->value)
                        set(victim_line(m), m->victim.bit, !m->value);
}

static struct march_line value_of(const struct march_pattern *pattern, unsigned round, unsigned line,
                                  bool inverse) {
        struct march_line value = march_zero(pattern, SEED, round, PLACE + line * sizeof(value));

        for (size_t i = 0; i < MARCH_WORDS && inverse; i++)
                value.words[i] = ~value.words[i];

        return value;
}

static bool differs(const struct march_line *a, const struct march_line *b) {
        return memcmp(a, b, sizeof(*a)) != 0;
}

static bool visit(struct model *m, const struct march_pattern *pattern,
                  const enum march_operation *operations, unsigned round, unsigned line) {
        bool found = false;

        for (; *operations != MARCH_END; operations++) {
                struct march_line value =
                        value_of(pattern, round, line, *operations == MARCH_R1 || *operations == MARCH_W1);

                if (*operations == MARCH_R0 || *operations == MARCH_R1) {
                        struct march_line actual = read_line(m, line);

                        found = found || differs(&actual, &value);
                } else
                        write_line(m, line, &value);
        }

        return found;
}

static void move(struct model *m) {
        struct march_line first = read_line(m, 0);

        for (unsigned line = 0; line + 1 < N_LINES; line++) {
                struct march_line next = read_line(m, line + 1);

                write_line(m, line, &next);
        }
        write_line(m, N_LINES - 1, &first);
}

static bool check_moved(struct model *m, const struct march_pattern *pattern, unsigned round) {
        for (unsigned line = 0; line < N_LINES; line++) {
                struct march_line expected = value_of(pattern, round, (line + 1) % N_LINES, false);
                struct march_line actual = read_line(m, line);

                if (differs(&actual, &expected))
                        return true;
        }

        return false;
}

static bool run_element(struct model *m, const struct march_pattern *pattern, unsigned round, unsigned e,
                        bool *down) {
        const struct march_element *element = &pattern->elements[e];
        bool found = false;

        if (element->direction != MARCH_ANY)
                *down = element->direction == MARCH_DOWN;
        if (element->special == MARCH_MOVE)
                move(m);
        else if (element->special == MARCH_MOVED)
                return check_moved(m, pattern, round);
        else if (element->special != MARCH_OPERATIONS)
                pause_or_hammer(m, element->special);

        for (unsigned i = 0; i < N_LINES; i++)
                found = visit(m, pattern, element->operations, round, *down ? N_LINES - 1 - i : i) || found;

        return found;
}

/* One pass of the pattern. */
static bool finds(struct model *m, const struct march_pattern *pattern) {
        bool found = false;

        for (unsigned round = 0; round < pattern->rounds; round++) {
                bool down = false;

                for (unsigned e = 0; e < pattern->n_elements; e++)
                        found = run_element(m, pattern, round, e, &down) || found;
        }

        return found;
}

static unsigned draw(uint64_t *state, unsigned below) {
        *state = *state * 6364136223846793005 + 1442695040888963407;
        return (unsigned) (*state >> 33) % below;
}

/* How many of N_PLACES faults of that kind it finds. */
static unsigned count_found(const struct march_pattern *pattern, enum fault fault) {
        uint64_t random = 42;
        unsigned n = 0;

        for (unsigned i = 0; i < N_PLACES; i++) {
                struct model m = {.fault = fault};

                m.victim = (struct bit){draw(&random, N_LINES), draw(&random, 512)};
                m.aggressor.line = (m.victim.line + 1 + draw(&random, N_LINES - 1)) % N_LINES;
                m.aggressor.bit = draw(&random, 512);
                if (fault == COUPLING_IN_LINE) {
                        m.aggressor.line = m.victim.line;
                        m.aggressor.bit = (m.victim.bit + 1 + draw(&random, 511)) % 512;
                }
                m.value = draw(&random, 2);
                m.forced = draw(&random, 2);
                memset(m.lines, 0x5a, sizeof(m.lines));
                hold(&m);
                n += finds(&m, pattern);
        }

        return n;
}

/* For each fault, in the order above: '+' finds every one, '-' none, 'o' some. */
struct claim {
        const char *pattern;
        const char faults[N_FAULTS + 1];
};

static const struct claim claims[] = {
        {"march-c-", "++++++o++++-o--"},   {"march-ss", "++++++o++++++--"},
        {"address", "++++ooo++++-o--"},    {"moving-inversions", "+++++++++++-o--"},
        {"random", "++++ooo++++-o--"},     {"bit-fade", "++ooooo-+++-o+-"},
        {"block-move", "ooooooo+++o-o--"}, {"row-hammer", "++ooooo-+++-o-+"},
};

static char verdict(unsigned n) {
        return n == 0 ? '-' : n == N_PLACES ? '+' : 'o';
}

static void print_cell(unsigned n) {
        if (verdict(n) == 'o')
                printf(" %u %% |", n * 100 / N_PLACES);
        else
                printf(" %s |", n > 0 ? "all" : "–");
}

static void print_table(void) {
        printf("| |");
        for (size_t i = 0; i < n_march_patterns; i++)
                printf(" `%s` |", march_patterns[i].name);
        printf("\n|---|");
        for (size_t i = 0; i < n_march_patterns; i++)
                printf("---|");
        for (unsigned fault = 0; fault < N_FAULTS; fault++) {
                printf("\n| %s |", fault_names[fault]);
                for (size_t i = 0; i < n_march_patterns; i++)
                        print_cell(count_found(&march_patterns[i], fault));
        }
        printf("\n");
}

static void patterns_find_what_is_claimed(void **state _unused_) {
        assert_int_equal(ELEMENTSOF(claims), n_march_patterns);
        for (size_t i = 0; i < ELEMENTSOF(claims); i++)
                for (unsigned fault = 0; fault < N_FAULTS; fault++) {
                        char is = verdict(count_found(march_pattern_find(claims[i].pattern), fault));

                        if (is != claims[i].faults[fault])
                                fail_msg("%s, %s: %c, and not %c", claims[i].pattern, fault_names[fault], is,
                                         claims[i].faults[fault]);
                }
}

static void sound_memory_raises_no_alarm(void **state _unused_) {
        for (size_t i = 0; i < n_march_patterns; i++) {
                struct model m = {.fault = N_FAULTS};

                memset(m.lines, 0x5a, sizeof(m.lines));
                assert_false(finds(&m, &march_patterns[i]));
        }
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(patterns_find_what_is_claimed),
                cmocka_unit_test(sound_memory_raises_no_alarm),
        };

        if (argc == 2 && streq(argv[1], "--table")) {
                print_table();
                return 0;
        }

        return cmocka_run_group_tests_name("march-matrix", tests, NULL, NULL);
}
