/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/heartbeat.h"
#include "base/text.h"
#include "bmc/ipmi/watchdog.h"
#include "init/watchdog.h"
#include "tests/unit/unit.h"

/* A BMC that never answers by itself: what the watchdog asks is kept for the test to look at. */
struct bmc {
        struct watchdog watchdog;
        unsigned n_ways, way;
        int send_error;

        uint8_t command, data[16];
        size_t size;
        unsigned n_sent;

        struct heartbeat_report report;
        unsigned n_reports;
};

static int bmc_open(unsigned number, const char **ret_name, void *userdata) {
        static const char *const names[] = {"/dev/ipmi0", "/dev/ipmi1"};
        struct bmc *bmc = userdata;

        if (number >= bmc->n_ways)
                return -ENOENT;

        bmc->way = number;
        *ret_name = names[number];
        return 0;
}

static int bmc_send(uint8_t command, const void *data, size_t size, void *userdata) {
        struct bmc *bmc = userdata;

        if (bmc->send_error < 0)
                return bmc->send_error;

        assert_true(size <= sizeof(bmc->data));
        bmc->command = command;
        if (size > 0)
                memcpy(bmc->data, data, size);
        bmc->size = size;
        bmc->n_sent++;
        return 0;
}

static void bmc_report(const struct heartbeat_report *report, void *userdata) {
        struct bmc *bmc = userdata;

        bmc->report = *report;
        bmc->n_reports++;
}

static void bmc_init(struct bmc *bmc, unsigned n_ways) {
        static const struct watchdog_operations operations = {
                .open = bmc_open,
                .send = bmc_send,
                .report = bmc_report,
        };

        *bmc = (struct bmc){.n_ways = n_ways};
        bmc->watchdog = (struct watchdog){.operations = &operations, .userdata = bmc};
}

/* The BMC answers, after the test has seen that this is what it was asked. */
#define ANSWER(bmc, asked, ...)                                                                              \
        ({                                                                                                   \
                const uint8_t _answer[] = {__VA_ARGS__};                                                     \
                assert_int_equal((bmc)->command, asked);                                                     \
                watchdog_answer(&(bmc)->watchdog, _answer, sizeof(_answer));                                 \
        })

/* Get Watchdog Timer: stopped, and running in OS Load with hard reset. */
#define STOPPED(expired) 0x00, 0x04, 0x00, 0x00, (expired), 0x0a, 0x00, 0x0a, 0x00
#define RUNNING          0x00, 0x43, 0x01, 0x00, 0x00, 0x2c, 0x01, 0x2c, 0x01

static void arm(struct bmc *bmc) {
        watchdog_arm(&bmc->watchdog, 30 * USEC_PER_SEC);
        ANSWER(bmc, WATCHDOG_GET, STOPPED(0));
        ANSWER(bmc, WATCHDOG_SET, 0x00);
        ANSWER(bmc, WATCHDOG_RESET, 0x00);
        ANSWER(bmc, WATCHDOG_GET, RUNNING);
        assert_int_equal(bmc->watchdog.state, WATCHDOG_RUNNING);
}

static void armed_after_asking_setting_starting_and_seeing_it_run(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        ANSWER(&bmc, WATCHDOG_GET, STOPPED(0));

        /* OS Load, hard reset, no interrupt before it, forget OS Load's expiry, 300 times 100 ms. */
        assert_int_equal(bmc.size, 6);
        assert_memory_equal(bmc.data, "\x03\x01\x00\x08\x2c\x01", 6);
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        assert_int_equal(bmc.n_reports, 0);
        ANSWER(&bmc, WATCHDOG_GET, RUNNING);

        assert_int_equal(bmc.n_reports, 1);
        assert_true(bmc.report.armed);
        assert_false(bmc.report.expired);
        assert_string_equal(
                bmc.report.text,
                "the BMC (/dev/ipmi0) resets this machine when the agent stands still for 30.0 s");
}

static void success_code_without_the_setting_is_a_failure(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        ANSWER(&bmc, WATCHDOG_GET, STOPPED(0));
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        ANSWER(&bmc, WATCHDOG_GET, STOPPED(0));

        assert_int_equal(bmc.watchdog.state, WATCHDOG_FAILED);
        assert_int_equal(bmc.n_reports, 1);
        assert_false(bmc.report.armed);
        assert_string_equal(bmc.report.text,
                            "/dev/ipmi0: the BMC's watchdog is not set as it was told to be");

        /* Who knows what it has done: it is stopped all the same. */
        watchdog_leave(&bmc.watchdog, 0);
        assert_int_equal(bmc.way, 0);
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_OFF);
}

static void timer_that_is_set_but_not_said_to_run_counts_as_unconfirmed(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        ANSWER(&bmc, WATCHDOG_GET, STOPPED(0));
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        ANSWER(&bmc, WATCHDOG_GET, 0x00, 0x03, 0x01, 0x00, 0x00);
        assert_true(bmc.report.armed);
        assert_non_null(strstr(bmc.report.text, "; it does not confirm that the timer runs"));
}

static void expiry_in_our_own_use_is_told(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        ANSWER(&bmc, WATCHDOG_GET, STOPPED(0x08));
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        ANSWER(&bmc, WATCHDOG_GET, RUNNING);
        assert_true(bmc.report.expired);
}

static void expiry_of_an_os_is_none_of_ours(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        ANSWER(&bmc, WATCHDOG_GET, STOPPED(0x36));
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        ANSWER(&bmc, WATCHDOG_GET, RUNNING);
        assert_false(bmc.report.expired);
}

static void garbage_behind_and_bytes_missing_from_answers_do_not_matter(void **state _unused_) {
        struct bmc bmc;

        /* ipmi_sim sends whatever was in its buffer behind Set's code, and no present countdown. */
        bmc_init(&bmc, 1);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        ANSWER(&bmc, WATCHDOG_GET, 0x00, 0x04, 0x00, 0x00, 0x00, 0x0a, 0x00);
        ANSWER(&bmc, WATCHDOG_SET, 0x00, 0xde, 0xad, 0xbe, 0xef, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        ANSWER(&bmc, WATCHDOG_GET, 0x00, 0x43, 0x01, 0x00, 0x00);
        assert_true(bmc.report.armed);
}

static void second_way_is_taken_when_the_first_has_no_watchdog(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 2);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        ANSWER(&bmc, WATCHDOG_GET, 0xc1);
        assert_int_equal(bmc.way, 1);
        ANSWER(&bmc, WATCHDOG_GET, STOPPED(0));
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        ANSWER(&bmc, WATCHDOG_GET, RUNNING);
        assert_non_null(strstr(bmc.report.text, "/dev/ipmi1"));
}

static void no_way_is_told_once_and_tried_again_at_each_beat(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 0);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        assert_string_equal(bmc.report.text, "the kernel offers no way to a BMC");
        watchdog_beat(&bmc.watchdog);
        watchdog_beat(&bmc.watchdog);
        assert_int_equal(bmc.n_reports, 1);
        assert_int_equal(bmc.n_sent, 0);

        /* A device that came late. */
        bmc.n_ways = 1;
        watchdog_beat(&bmc.watchdog);
        ANSWER(&bmc, WATCHDOG_GET, STOPPED(0));
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        ANSWER(&bmc, WATCHDOG_GET, RUNNING);
        assert_int_equal(bmc.n_reports, 2);
        assert_true(bmc.report.armed);
}

static void silent_bmc_is_given_up_while_setting_up(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        watchdog_silent(&bmc.watchdog);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_FAILED);
        assert_string_equal(bmc.report.text, "/dev/ipmi0: the BMC does not answer");
}

static void beat_resets_the_timer_and_never_piles_up(void **state _unused_) {
        struct bmc bmc;
        unsigned before;

        bmc_init(&bmc, 1);
        arm(&bmc);
        before = bmc.n_sent;

        watchdog_beat(&bmc.watchdog);
        watchdog_beat(&bmc.watchdog);
        assert_int_equal(bmc.n_sent, before + 1);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        watchdog_beat(&bmc.watchdog);
        assert_int_equal(bmc.n_sent, before + 2);

        /* No answer: the next beat is another try. */
        watchdog_silent(&bmc.watchdog);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_RUNNING);
        watchdog_beat(&bmc.watchdog);
        assert_int_equal(bmc.n_sent, before + 3);
}

static void without_a_beat_nothing_is_sent(void **state _unused_) {
        struct bmc bmc;
        unsigned before;

        bmc_init(&bmc, 1);
        arm(&bmc);
        before = bmc.n_sent;
        watchdog_silent(&bmc.watchdog);
        assert_int_equal(bmc.n_sent, before);
}

static void bmc_that_has_restarted_is_set_up_again_without_a_word(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        arm(&bmc);
        watchdog_beat(&bmc.watchdog);
        ANSWER(&bmc, WATCHDOG_RESET, WATCHDOG_NOT_SET);
        assert_memory_equal(bmc.data, "\x03\x01", 2);
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        ANSWER(&bmc, WATCHDOG_GET, RUNNING);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_RUNNING);
        assert_int_equal(bmc.n_reports, 1);
}

static void passing_trouble_leaves_it_running(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        arm(&bmc);
        watchdog_beat(&bmc.watchdog);
        ANSWER(&bmc, WATCHDOG_RESET, 0xc0);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_RUNNING);
        watchdog_answer(&bmc.watchdog, NULL, 0);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_RUNNING);
}

static void device_that_goes_away_is_looked_for_again(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        arm(&bmc);
        bmc.send_error = -ENODEV;
        watchdog_beat(&bmc.watchdog);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_FAILED);
        bmc.send_error = 0;
        watchdog_beat(&bmc.watchdog);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_ASKING);
}

static void leaving_stops_the_timer(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        arm(&bmc);
        watchdog_leave(&bmc.watchdog, 0);
        assert_memory_equal(bmc.data, "\x03\x00", 2); /* no action */
        assert_true(watchdog_is_leaving(&bmc.watchdog));
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_OFF);
        watchdog_beat(&bmc.watchdog);
        assert_int_equal(bmc.command, WATCHDOG_SET);
}

static void leaving_for_production_starts_it_anew_with_another_time(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        arm(&bmc);
        watchdog_leave(&bmc.watchdog, 600 * USEC_PER_SEC);
        assert_memory_equal(bmc.data, "\x03\x01\x00\x08\x70\x17", 6);
        ANSWER(&bmc, WATCHDOG_SET, 0x00);
        assert_true(watchdog_is_leaving(&bmc.watchdog));
        ANSWER(&bmc, WATCHDOG_RESET, 0x00);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_OFF);
}

static void leaving_in_the_middle_of_setting_up_stops_it_too(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        ANSWER(&bmc, WATCHDOG_GET, STOPPED(0));
        watchdog_leave(&bmc.watchdog, 0);
        assert_memory_equal(bmc.data, "\x03\x00", 2);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_STOPPING);
}

static void leaving_while_it_is_set_up_anew_stops_it_too(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        arm(&bmc);
        watchdog_arm(&bmc.watchdog, 60 * USEC_PER_SEC);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_ASKING);
        watchdog_leave(&bmc.watchdog, 0);
        assert_memory_equal(bmc.data, "\x03\x00", 2);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_STOPPING);
}

static void leaving_before_anything_was_set_asks_for_nothing(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        watchdog_arm(&bmc.watchdog, 30 * USEC_PER_SEC);
        watchdog_leave(&bmc.watchdog, 0);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_OFF);
        assert_int_equal(bmc.n_sent, 1);
}

static void bmc_that_does_not_stop_it_is_told_of(void **state _unused_) {
        struct bmc bmc;

        bmc_init(&bmc, 1);
        arm(&bmc);
        watchdog_leave(&bmc.watchdog, 0);
        ANSWER(&bmc, WATCHDOG_SET, 0xcc);
        assert_int_equal(bmc.watchdog.state, WATCHDOG_FAILED);
        assert_false(watchdog_is_leaving(&bmc.watchdog));
}

static void times_are_rounded_up_and_cut_to_what_fits(void **state _unused_) {
        uint8_t set[WATCHDOG_SET_SIZE];

        watchdog_encode_set(WATCHDOG_OS_LOAD, WATCHDOG_HARD_RESET, 1, set);
        assert_memory_equal(set + 4, "\x01\x00", 2);
        watchdog_encode_set(WATCHDOG_OS_LOAD, WATCHDOG_HARD_RESET, USEC_INFINITY, set);
        assert_memory_equal(set + 4, "\xff\xff", 2);
}

static void state_that_is_cut_short_or_refused_is_none(void **state _unused_) {
        static const uint8_t response[] = {RUNNING}, refused[] = {0xc1, 0x43, 0x01, 0x00, 0x00};
        struct watchdog_timer timer;

        for (size_t size = 0; size < 5; size++)
                assert_int_equal(watchdog_decode_get(response, size, &timer), -EBADMSG);
        assert_int_equal(watchdog_decode_get(refused, sizeof(refused), &timer), -EBADMSG);

        assert_int_equal(watchdog_decode_get(response, 5, &timer), 0);
        assert_true(timer.running);
        assert_int_equal(timer.use, WATCHDOG_OS_LOAD);
        assert_int_equal(timer.action, WATCHDOG_HARD_RESET);
        assert_int_equal(timer.expired, 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(armed_after_asking_setting_starting_and_seeing_it_run),
                cmocka_unit_test(success_code_without_the_setting_is_a_failure),
                cmocka_unit_test(timer_that_is_set_but_not_said_to_run_counts_as_unconfirmed),
                cmocka_unit_test(expiry_in_our_own_use_is_told),
                cmocka_unit_test(expiry_of_an_os_is_none_of_ours),
                cmocka_unit_test(garbage_behind_and_bytes_missing_from_answers_do_not_matter),
                cmocka_unit_test(second_way_is_taken_when_the_first_has_no_watchdog),
                cmocka_unit_test(no_way_is_told_once_and_tried_again_at_each_beat),
                cmocka_unit_test(silent_bmc_is_given_up_while_setting_up),
                cmocka_unit_test(beat_resets_the_timer_and_never_piles_up),
                cmocka_unit_test(without_a_beat_nothing_is_sent),
                cmocka_unit_test(bmc_that_has_restarted_is_set_up_again_without_a_word),
                cmocka_unit_test(passing_trouble_leaves_it_running),
                cmocka_unit_test(device_that_goes_away_is_looked_for_again),
                cmocka_unit_test(leaving_stops_the_timer),
                cmocka_unit_test(leaving_for_production_starts_it_anew_with_another_time),
                cmocka_unit_test(leaving_in_the_middle_of_setting_up_stops_it_too),
                cmocka_unit_test(leaving_while_it_is_set_up_anew_stops_it_too),
                cmocka_unit_test(leaving_before_anything_was_set_asks_for_nothing),
                cmocka_unit_test(bmc_that_does_not_stop_it_is_told_of),
                cmocka_unit_test(times_are_rounded_up_and_cut_to_what_fits),
                cmocka_unit_test(state_that_is_cut_short_or_refused_is_none),
        };

        return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
