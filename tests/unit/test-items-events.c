/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "bmc/items/events.h"
#include "tests/unit/items-bmc.h"

static int setup(void **state) {
        return state_setup(state, "events");
}

static unsigned asked(const struct state *s) {
        return s->bmc.asked[PLATFORM_EVENT] + s->bmc.asked[ADD_SEL_ENTRY] + s->bmc.asked[GET_SEL_ENTRY];
}

static void set_all(struct bmc *bmc, enum behaviour behaviour) {
        memset(bmc->behaviours, (int) behaviour, sizeof(bmc->behaviours));
}

static void see_failure(struct state *s, const char *step) {
        char text[256];

        snprintf(text, sizeof(text),
                 "{\"testStepArtifact\":{\"testStepId\":\"7\",\"testStepStart\":{\"name\":\"%s\"}}}", step);
        see(s, text);
        see(s, "{\"testStepArtifact\":{\"testStepId\":\"7\",\"diagnosis\":{\"type\":\"FAIL\"}}}");
        see(s, "{\"testStepArtifact\":{\"testStepId\":\"7\",\"diagnosis\":{\"type\":\"FAIL\"}}}");
}

static void assert_event(const struct bmc *bmc, unsigned i, uint8_t sensor_type, uint8_t type, uint8_t data1,
                         uint8_t data2, uint8_t data3) {
        const uint8_t expected[] = {0x41, 0, 4, sensor_type, EVENTS_SENSOR, type, data1, data2, data3};

        assert_true(i < bmc->n_records);
        assert_memory_equal(bmc->records[i] + 7, expected, sizeof(expected));
}

static void whole_boot_that_passes_is_six_events(void **state) {
        struct state *s = *state;

        see_begin(s, "discovery");
        see_end(s, "COMPLETE", "PASS");
        see_begin(s, "trial");
        see_end(s, "COMPLETE", "PASS");
        see_begin(s, "production");
        see_end(s, "COMPLETE", "PASS");
        write_items(s);

        assert_int_equal(s->bmc.n_records, 6);
        assert_event(&s->bmc, 0, 0x0f, 0x6f, 0xe2, 0x14, 1);
        assert_event(&s->bmc, 1, 0x0f, 0x07, 0xa0, 1, 0x12);
        assert_event(&s->bmc, 2, 0x1d, 0x6f, 0x24, 0xff, 2);
        assert_event(&s->bmc, 3, 0x0f, 0x07, 0xa0, 2, 0x12);
        assert_event(&s->bmc, 4, 0x0f, 0x6f, 0xe2, 0x13, 3);
        assert_event(&s->bmc, 5, 0x0f, 0x07, 0xa0, 0, 0x12);
        assert_string_equal(s->reports, "Platform Event: verified\n");

        /* Where the log ends, and then each is written and read back once. */
        assert_int_equal(asked(s), 1 + 6 * 2);
        write_items(s);
        assert_int_equal(asked(s), 13);
}

static void failed_trial_names_the_part_once_and_is_the_outcome(void **state) {
        struct state *s = *state;

        see_begin(s, "trial");
        see_failure(s, "memory");
        see_end(s, "COMPLETE", "FAIL");
        see_begin(s, "production");
        see_end(s, "SKIP", "NOT_APPLICABLE");
        write_items(s);

        assert_int_equal(s->bmc.n_records, 5);
        assert_event(&s->bmc, 1, 0x0c, 0x6f, 0x03, 0xff, 0xff);
        assert_event(&s->bmc, 2, 0x0f, 0x07, 0xa2, 2, 0x13);
        assert_event(&s->bmc, 4, 0x0f, 0x07, 0xa2, 0, 0x13);
}

static void machine_that_cannot_boot_is_critical(void **state) {
        struct state *s = *state;

        see_begin(s, "production");
        see(s, "{\"testStepArtifact\":{\"testStepId\":\"0\",\"error\":{\"symptom\":\"no-boot-entry\"}}}");
        see_end(s, "ERROR", "NOT_APPLICABLE");
        write_items(s);
        assert_event(&s->bmc, 1, 0x1e, 0x6f, 0x00, 0xff, 0xff);
        assert_event(&s->bmc, 2, 0x0f, 0x07, 0xa2, 0, 0x21);
}

static void what_no_record_tells_is_an_event_as_well(void **state) {
        struct state *s = *state;

        assert_int_equal(items_event(s->items, ITEMS_UNDELIVERED, 300), 0);
        assert_int_equal(items_event(s->items, ITEMS_UNDELIVERED, 1000000), 0);
        assert_int_equal(items_event(s->items, ITEMS_WRONG_CERTIFICATE, 0), 0);
        assert_int_equal(items_event(s->items, ITEMS_HUNG, 2), 0);
        write_items(s);
        assert_event(&s->bmc, 0, 0x28, 0x6f, 0xa1, 300 & 0xff, 300 >> 8);
        assert_event(&s->bmc, 1, 0x28, 0x6f, 0xa1, 0xff, 0xff);
        assert_event(&s->bmc, 2, 0x06, 0x07, 0x02, 0xff, 0xff);
        assert_event(&s->bmc, 3, 0x0f, 0x6f, 0xe1, 0x00, 2);
}

static void boot_before_that_ended_without_notice_is_an_event(void **state) {
        struct state *s = *state;

        see(s,
            "{\"testStepArtifact\":{\"testStepId\":\"0\",\"extension\":{\"name\":\"last-boot\",\"content\":"
            "{\"stage\":\"trial\",\"watchdog\":true}}}}");
        see(s,
            "{\"testStepArtifact\":{\"testStepId\":\"0\",\"extension\":{\"name\":\"last-boot\",\"content\":"
            "{\"watchdog\":true}}}}");
        see(s, "{\"testStepArtifact\":{\"testStepId\":\"0\",\"extension\":{\"name\":\"inventory\","
               "\"content\":{}}}}");
        write_items(s);
        assert_event(&s->bmc, 0, 0x0f, 0x6f, 0xe1, 0x00, 2);
        assert_event(&s->bmc, 1, 0x0f, 0x6f, 0xe1, 0x00, 0);
        assert_int_equal(s->bmc.n_records, 2);
}

static void records_of_no_known_stage_are_no_events(void **state) {
        struct state *s = *state;

        see_begin(s, "rescue");
        see_end(s, "COMPLETE", "PASS");
        see(s, "{\"testStepArtifact\":{\"testStepId\":\"9\",\"diagnosis\":{\"type\":\"FAIL\"}}}");
        see(s, "{\"schemaVersion\":{\"major\":2}}");
        write_items(s);
        assert_int_equal(asked(s), 0);
}

static void bmc_without_platform_event_gets_a_sel_entry(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[PLATFORM_EVENT] = UNKNOWN_COMMAND;
        see_begin(s, "discovery");
        see_begin(s, "trial");
        write_items(s);
        assert_int_equal(s->bmc.n_records, 2);
        assert_event(&s->bmc, 0, 0x0f, 0x6f, 0xe2, 0x14, 1);
        assert_string_equal(s->reports, "Platform Event: not offered\nAdd SEL Entry: verified\n");
}

static void success_that_does_not_show_is_only_accepted(void **state) {
        struct state *s = *state;
        unsigned before;

        s->bmc.behaviours[PLATFORM_EVENT] = s->bmc.behaviours[ADD_SEL_ENTRY] = LIES;
        see_begin(s, "discovery");
        write_items(s);
        assert_string_equal(s->reports, "Platform Event: accepted\nAdd SEL Entry: accepted\n");
        assert_string_equal(s->detail,
                            "/dev/ipmi0: the BMC takes the event, and its event log does not show it");

        /* Looked for in vain once: from now on it is only written. */
        before = asked(s);
        see_begin(s, "trial");
        write_items(s);
        assert_int_equal(asked(s), before + 1);
}

static void lying_platform_event_makes_the_sel_entry_the_way(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[PLATFORM_EVENT] = LIES;
        see_begin(s, "discovery");
        see_begin(s, "trial");
        write_items(s);
        assert_int_equal(s->bmc.n_records, 2);
        assert_string_equal(s->reports, "Platform Event: accepted\nAdd SEL Entry: verified\n");
}

static void event_that_shows_in_spite_of_a_refusal_is_not_written_twice(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[PLATFORM_EVENT] = REFUSES_BUT_DOES;
        see_begin(s, "discovery");
        write_items(s);
        assert_int_equal(s->bmc.n_events, 1);
        assert_string_equal(s->reports, "Platform Event: verified\n");
}

static void full_log_refuses_in_words(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[PLATFORM_EVENT] = UNKNOWN_COMMAND;
        s->bmc.behaviours[ADD_SEL_ENTRY] = REFUSES;
        see_begin(s, "discovery");
        write_items(s);
        assert_string_equal(s->reports, "Platform Event: not offered\nAdd SEL Entry: refused\n");
        assert_string_equal(s->detail,
                            "/dev/ipmi0: Add SEL Entry: the event log is full (completion code c4h)");
}

static void event_between_others_is_found(void **state) {
        struct state *s = *state;

        s->bmc.another_writes = true;
        see_begin(s, "discovery");
        see_begin(s, "trial");
        write_items(s);
        assert_int_equal(s->bmc.n_events, 2);
        assert_string_equal(s->reports, "Platform Event: verified\n");
}

/* The one of the boot before looks the same. */
static void event_of_an_earlier_boot_is_no_proof(void **state) {
        struct state *s = *state;

        see_begin(s, "discovery");
        write_items(s);
        assert_int_equal(s->bmc.n_records, 1);

        s->bmc.behaviours[PLATFORM_EVENT] = s->bmc.behaviours[ADD_SEL_ENTRY] = LIES;
        see_begin(s, "discovery");
        write_items(s);
        assert_string_equal(s->reports, "Platform Event: verified\nPlatform Event: accepted\n"
                                        "Add SEL Entry: accepted\n");
}

static void event_whose_answer_was_lost_is_not_written_again_unseen(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[GET_SEL_ENTRY] = UNKNOWN_COMMAND;
        s->bmc.behaviours[PLATFORM_EVENT] = DOES_SILENTLY;
        see_begin(s, "discovery");
        write_items(s);
        s->bmc.behaviours[PLATFORM_EVENT] = WORKS;
        see_begin(s, "trial");
        s->wait.closing = true;
        write_items(s);
        assert_int_equal(s->bmc.n_events, 2);
        assert_event(&s->bmc, 1, 0x1d, 0x6f, 0x24, 0xff, 2);
}

static void silent_bmc_is_left_in_peace(void **state) {
        struct state *s = *state;

        set_all(&s->bmc, SILENT);
        see_begin(s, "discovery");
        write_items(s);
        write_items(s);

        /* Once, and once more to know whether it is deaf to everything. */
        assert_int_equal(s->bmc.asked[GET_SEL_ENTRY], 1);
        assert_int_equal(s->bmc.n_asked, 2);
        assert_string_equal(s->reports, "Get SEL Entry: unknown\n");
        assert_string_equal(s->detail, "/dev/ipmi0: Get SEL Entry: the BMC does not answer");
}

static void bmc_that_is_deaf_to_one_command_is_told_by_the_others(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[SET_BOOT_PROGRESS] = s->bmc.behaviours[BLOB] = SILENT;
        for (unsigned i = 0; i < 10; i++) {
                see_begin(s, "discovery");
                write_items(s);
        }
        assert_int_equal(s->bmc.n_events, 10);
        assert_int_equal(s->bmc.asked[SET_BOOT_PROGRESS], 1);
        assert_int_equal(s->bmc.asked[BLOB], 1);
        assert_true(s->bmc.asked[SET_SYSTEM_INFO] > 0);
}

static void silent_bmc_gets_a_last_chance_at_the_end(void **state) {
        struct state *s = *state;

        set_all(&s->bmc, SILENT);
        see_begin(s, "discovery");
        write_items(s);
        set_all(&s->bmc, WORKS);
        write_items(s);
        assert_int_equal(s->bmc.n_records, 0);

        s->wait.closing = true;
        write_items(s);
        assert_int_equal(s->bmc.n_records, 1);
}

static void last_chance_is_one(void **state) {
        struct state *s = *state;

        set_all(&s->bmc, SILENT);
        see_begin(s, "discovery");
        s->wait.closing = true;
        for (unsigned i = 0; i < 10; i++)
                write_items(s);
        assert_int_equal(s->bmc.n_asked, 1);
}

static void event_whose_answer_was_lost_is_not_written_twice(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[PLATFORM_EVENT] = DOES_SILENTLY;
        see_begin(s, "discovery");
        write_items(s);
        assert_string_equal(s->reports, "Platform Event: unknown\n");

        /* Through the other device, since the first is left in peace. */
        s->list.items[1] = &s->bmc.ipmi;
        s->list.n_items = 2;
        write_items(s);
        assert_int_equal(s->bmc.n_events, 1);
        assert_string_equal(s->reports, "Platform Event: unknown\nPlatform Event: verified\n");
}

static void second_device_is_asked_where_the_first_does_not_know_the_command(void **state) {
        struct state *s = *state;

        s->list.n_items = 2;
        set_all(&s->bmc, UNKNOWN_COMMAND);
        see_begin(s, "discovery");
        write_items(s);
        assert_int_equal(s->second.n_records, 1);
        assert_string_equal(s->reports, "Platform Event: verified\n");
        assert_string_equal(s->detail, "/dev/ipmi1: record 0100h of the event log");
}

static void machine_without_ipmi_waits_for_it(void **state) {
        struct state *s = *state;

        s->list.n_items = 0;
        see_begin(s, "discovery");
        write_items(s);
        assert_string_equal(s->reports, "");
        s->list.n_items = 1;
        write_items(s);
        assert_int_equal(s->bmc.n_records, 1);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
                TEST(whole_boot_that_passes_is_six_events),
                TEST(failed_trial_names_the_part_once_and_is_the_outcome),
                TEST(machine_that_cannot_boot_is_critical),
                TEST(what_no_record_tells_is_an_event_as_well),
                TEST(boot_before_that_ended_without_notice_is_an_event),
                TEST(records_of_no_known_stage_are_no_events),
                TEST(bmc_without_platform_event_gets_a_sel_entry),
                TEST(success_that_does_not_show_is_only_accepted),
                TEST(lying_platform_event_makes_the_sel_entry_the_way),
                TEST(event_that_shows_in_spite_of_a_refusal_is_not_written_twice),
                TEST(full_log_refuses_in_words),
                TEST(event_between_others_is_found),
                TEST(event_of_an_earlier_boot_is_no_proof),
                TEST(event_whose_answer_was_lost_is_not_written_again_unseen),
                TEST(silent_bmc_is_left_in_peace),
                TEST(bmc_that_is_deaf_to_one_command_is_told_by_the_others),
                TEST(silent_bmc_gets_a_last_chance_at_the_end),
                TEST(last_chance_is_one),
                TEST(event_whose_answer_was_lost_is_not_written_twice),
                TEST(second_device_is_asked_where_the_first_does_not_know_the_command),
                TEST(machine_without_ipmi_waits_for_it),
        };

        return cmocka_run_group_tests_name("items-events", tests, NULL, NULL);
}
