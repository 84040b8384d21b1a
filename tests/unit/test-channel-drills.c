/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drills: something happens to the BMC at moments that chance picks, and in the end it holds the journal,
 * line for line. SEATRIAL_DRILLS says how often each is repeated, SEATRIAL_SEED what chance begins with.
 * tests/e2e/test_drills.py does the like to whole machines. */

#include "tests/unit/test-channel-fixture.h"

#define DRILLS   2U
#define PATIENCE (60 * SECONDS)

static unsigned number_of(const char *variable, unsigned otherwise) {
        const char *text = getenv(variable);

        return text ? (unsigned) strtoul(text, NULL, 10) : otherwise;
}

/* A number below n. */
static unsigned below(unsigned *chance, unsigned n) {
        return (unsigned) rand_r(chance) % n;
}

/* Lets the agent's end of the channel go on for that long. */
static void pass(struct fixture *f, uint64_t usec) {
        uint64_t until = now_usec() + usec, now;

        while ((now = now_usec()) < until)
                assert_true(event_iterate(f->event, until - now) >= 0);
}

/* Four stages with some hundred records in all; happens is called at a moment within each. */
static void sail(struct fixture *f, unsigned *chance, void (*happens)(struct fixture *f, unsigned *chance)) {
        static const char *const stages[] = {"discovery", "trial", "production", "rescue"};

        for (size_t i = 0; i < ELEMENTSOF(stages); i++) {
                journal_stage(f, stages[i]);
                journal_logs(f, 1 + below(chance, 60));
                pass(f, below(chance, 60) * USEC_PER_MSEC);
                happens(f, chance);
                journal_logs(f, 1 + below(chance, 60));
                journal_end(f);
        }
}

static void drill(void **state, void (*happens)(struct fixture *f, unsigned *chance)) {
        unsigned n = number_of("SEATRIAL_DRILLS", DRILLS), seed = number_of("SEATRIAL_SEED", 1);

        if (!loopback)
                skip();

        for (unsigned i = 0; i < n; i++) {
                unsigned chance = seed * 1000 + i;
                struct fixture *f;

                setup(state);
                f = *state;
                f->plan->bmc_patience = PATIENCE;
                start(state);
                print_message("seed %u, repetition %u\n", seed, i);
                sail(f, &chance, happens);
                deliver_within(f, PATIENCE);
                bmc_fault(&f->bmc, json_pack("{sb}", "clear", true));
                finish(f);
                teardown(state);
        }
}

static void restart(struct fixture *f, unsigned *chance) {
        if (below(chance, 2) == 0)
                return;

        bmc_stop(&f->bmc);
        pass(f, below(chance, 600) * USEC_PER_MSEC);
        bmc_start(&f->bmc);
}

static void cut(struct fixture *f, unsigned *chance) {
        const char *when = (const char *const[]){"before", "middle", "after"}[below(chance, 3)];
        int skip_n = (int) below(chance, 3), count = 1 + (int) below(chance, 3);

        bmc_fault(&f->bmc, json_pack("{ss ss ss ss si si}", "method", "POST", "path", "*/Entries", "action",
                                     "cut", "when", when, "skip", skip_n, "count", count));
}

static void trouble(struct fixture *f, unsigned *chance) {
        json_t *rule;

        switch (below(chance, 4)) {
        case 0:
                rule = json_pack("{ss}", "action", "drop-session");
                break;
        case 1:
                rule = json_pack("{ss si}", "action", "delay", "milliseconds", 1 + (int) below(chance, 500));
                break;
        case 2:
                rule = json_pack("{ss si}", "action", "status", "status", 503);
                break;
        default:
                rule = json_pack("{ss ss}", "action", "cut", "when", "middle");
                break;
        }
        assert_int_equal(json_object_update_new(rule, json_pack("{si si}", "skip", (int) below(chance, 3),
                                                                "count", 1 + (int) below(chance, 3))),
                         0);
        bmc_fault(&f->bmc, rule);
        if (below(chance, 3) == 0)
                restart(f, chance);
}

static void service_is_killed_and_restarted(void **state) {
        drill(state, restart);
}

static void connection_is_cut_in_the_middle_of_a_post(void **state) {
        drill(state, cut);
}

static void everything_goes_wrong_at_once(void **state) {
        drill(state, trouble);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(service_is_killed_and_restarted),
                cmocka_unit_test(connection_is_cut_in_the_middle_of_a_post),
                cmocka_unit_test(everything_goes_wrong_at_once),
        };

        return cmocka_run_group_tests(tests, enter, leave);
}
