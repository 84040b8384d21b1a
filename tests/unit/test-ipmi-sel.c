/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "bmc/ipmi/sel-text.h"
#include "bmc/ipmi/sel.h"
#include "bmc/items/events.h"
#include "tests/unit/scripted-ipmi.h"

#define RECORD(...) ((const uint8_t[]){0x00, 0x34, 0x12, __VA_ARGS__})

static void record_is_decoded(void **state _unused_) {
        /* Record 0005h, the next is 1234h: a memory sensor's, as ipmi_sim gives it. */
        const uint8_t *response = RECORD(0x05, 0x00, 0x02, 0x78, 0x56, 0x34, 0x62, 0x20, 0x01, 0x04, 0x0c,
                                         0x02, 0xef, 0xa1, 0x0b, 0x0c);
        struct sel_record record;

        assert_int_equal(sel_decode_record(response, 19, &record), 0);
        assert_int_equal(record.next, 0x1234);
        assert_int_equal(record.id, 5);
        assert_int_equal(record.timestamp, 0x62345678);
        assert_int_equal(record.generator, 0x0120);
        assert_int_equal(record.event.sensor_type, 0x0c);
        assert_int_equal(record.event.sensor_number, 2);
        assert_int_equal(record.event.type, 0x6f);
        assert_true(record.event.deassertion);
        assert_memory_equal(record.event.data, "\xa1\x0b\x0c", 3);

        for (size_t size = 0; size < 19; size++)
                assert_int_equal(sel_decode_record(response, size, &record), -EBADMSG);
}

static void oem_record_has_no_event(void **state _unused_) {
        const uint8_t *response = RECORD(5, 0, 0xc0, 1, 2, 3, 4, 0x41, 0, 4, 0x0f, 0x53, 0x6f, 1, 2, 3);
        struct sel_record record;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(sel_decode_record(response, 19, &record), 0);
        assert_int_equal(record.type, 0xc0);
        assert_int_equal(record.event.sensor_type, 0);
        assert_null(events_describe(&record));
        text = sel_describe(&record);
        assert_string_equal(text, "a record of type c0h");
}

/* ipmi_sim's answers may be longer than they ought to be. */
static void bytes_behind_a_record_are_not_looked_at(void **state _unused_) {
        uint8_t response[60] = {0, 0xff, 0xff, 5, 0, 2};
        struct sel_record record;

        memset(response + 19, 0xee, sizeof(response) - 19);
        assert_int_equal(sel_decode_record(response, sizeof(response), &record), 0);
        assert_int_equal(record.id, 5);
}

static void info_is_decoded(void **state _unused_) {
        static const uint8_t response[] = {0, 0x51, 0x10, 0x01, 0x20, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0x8a};
        struct sel_info info;

        assert_int_equal(sel_decode_info(response, sizeof(response), &info), 0);
        assert_int_equal(info.entries, 0x110);
        assert_int_equal(info.free_bytes, 0x220);
        assert_true(info.overflow);
        for (size_t size = 0; size < sizeof(response); size++)
                assert_int_equal(sel_decode_info(response, size, &info), -EBADMSG);
}

static const struct sel_event event = {
        .sensor_type = 0x1e, .sensor_number = 0x53, .type = 0x6f, .data = {0, 0xff, 0xff}};

static void platform_event_says_who_sends_it(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;

        ANSWER(&s, 0, 0x00);
        assert_int_equal(sel_platform_event(&s.ipmi, &w, &event, &problem), 0);
        assert_int_equal(s.netfn, 0x04);
        assert_int_equal(s.command, 0x02);
        assert_int_equal(s.request_size, 8);
        assert_memory_equal(s.request, "\x41\x04\x1e\x53\x6f\x00\xff\xff", 8);
}

static void sel_entry_leaves_number_and_time_to_the_bmc(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;

        ANSWER(&s, 0, 0x00, 0x05, 0x00);
        assert_int_equal(sel_add_entry(&s.ipmi, &w, &event, &problem), 0);
        assert_int_equal(s.netfn, 0x0a);
        assert_int_equal(s.command, 0x44);
        assert_int_equal(s.request_size, 16);
        assert_memory_equal(s.request, "\0\0\x02\0\0\0\0\x41\0\x04\x1e\x53\x6f\x00\xff\xff", 16);
}

static void record_is_asked_for_as_a_whole(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;
        struct sel_record record;

        ANSWER(&s, 0, 0x00, 0xff, 0xff, 0x05);
        assert_int_equal(sel_get_record(&s.ipmi, &w, 0x1234, &record, &problem), -EBADMSG);
        assert_memory_equal(s.request, "\0\0\x34\x12\0\xff", 6);
        assert_string_equal(problem, "/dev/ipmi0: Get SEL Entry: what the BMC answers cannot be right");
}

static void empty_log_has_no_last_record(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;
        struct sel_record record;

        ANSWER(&s, 0, 0xcb);
        assert_int_equal(sel_get_record(&s.ipmi, &w, SEL_LAST, &record, &problem), -ENOENT);
}

static struct sel_record record_of(uint16_t generator, uint8_t sensor_type, uint8_t sensor, uint8_t type,
                                   uint8_t data1, uint8_t data2, uint8_t data3) {
        return (struct sel_record){
                .type = SEL_SYSTEM_EVENT,
                .generator = generator,
                .event = {.sensor_type = sensor_type,
                          .sensor_number = sensor,
                          .type = type,
                          .data = {data1, data2, data3}},
        };
}

static void events_are_told_in_words(void **state _unused_) {
        static const struct {
                uint8_t sensor_type, type, data1;
                const char *text;
        } cases[] = {
                {0x0c, 0x6f, 0x01, "memory sensor 02h: uncorrectable ECC error"},
                {0x23, 0x6f, 0x01, "watchdog sensor 02h: hard reset"},
                {0x23, 0x6f, 0x05, "watchdog sensor 02h: event type 6fh, data 05 00 00"},
                {0x01, 0x01, 0x59, "temperature sensor 02h: upper critical going high"},
                {0x04, 0x07, 0x02, "fan sensor 02h: critical"},
                {0x04, 0x6f, 0x00, "fan sensor 02h: event type 6fh, data 00 00 00"},
                {0xc7, 0x6f, 0x00, "type c7h sensor 02h: event type 6fh, data 00 00 00"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct sel_record record =
                        record_of(0x20, cases[i].sensor_type, 2, cases[i].type, cases[i].data1, 0, 0);
                _cleanup_free_ char *text = sel_describe(&record);

                assert_string_equal(text, cases[i].text);
                assert_null(events_describe(&record));
        }
}

static void every_event_has_words(void **state _unused_) {
        for (unsigned i = 0; i <= 0xff * 0x100; i++) {
                struct sel_record record =
                        record_of(0x20, (uint8_t) i, 2, 0x6f, (uint8_t) (i >> 8), (uint8_t) i, 0);
                _cleanup_free_ char *text = sel_describe(&record);

                assert_non_null(text);
        }
}

static void events_of_ours_are_told_apart(void **state _unused_) {
        static const struct {
                uint8_t sensor_type, type, data1, data2, data3;
                const char *text;
        } cases[] = {
                {0x0f, 0x6f, 0xe2, 0x14, 0x01, "discovery begins"},
                {0x1d, 0x6f, 0x24, 0xff, 0x02, "trial begins"},
                {0x0f, 0x07, 0xa0, 0x02, 0x12, "trial ends: COMPLETE, PASS"},
                {0x0f, 0x07, 0xa2, 0x00, 0x13, "outcome: COMPLETE, FAIL"},
                {0x0f, 0x07, 0xa1, 0x77, 0xff, "an unknown stage ends: ?, ?"},
                {0x0f, 0x6f, 0xe1, 0x00, 0x02, "the boot before hung in trial"},
                {0x28, 0x6f, 0xa1, 0x2c, 0x01, "300 records did not come to the BMC"},
                {0x28, 0x6f, 0xa1, 0xff, 0xff, "65535 or more records did not come to the BMC"},
        };
        struct sel_record record;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = NULL;

                record = record_of(0x41, cases[i].sensor_type, EVENTS_SENSOR, cases[i].type, cases[i].data1,
                                   cases[i].data2, cases[i].data3);
                text = events_describe(&record);
                assert_string_equal(text, cases[i].text);
        }

        record = record_of(0x41, 0x0f, 0x54, 0x6f, 0xe2, 0x14, 0x01);
        assert_null(events_describe(&record));
        record = record_of(0x21, 0x0f, EVENTS_SENSOR, 0x6f, 0xe2, 0x14, 0x01);
        assert_null(events_describe(&record));
}

static void time_of_a_bmc_whose_clock_is_not_set_is_none(void **state _unused_) {
        char buffer[SEL_FORMAT_TIME_MAX];

        assert_string_equal(sel_format_time(buffer, &(struct sel_record){.timestamp = 0xffffffff}), "?");
        assert_string_equal(sel_format_time(buffer, &(struct sel_record){.timestamp = 17}),
                            "BMC start + 17s");
        assert_string_equal(sel_format_time(buffer, &(struct sel_record){.timestamp = 0x1fffffff}),
                            "BMC start + 536870911s");
        assert_string_equal(sel_format_time(buffer, &(struct sel_record){.timestamp = 1767225600}),
                            "2026-01-01 00:00:00");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(record_is_decoded),
                cmocka_unit_test(oem_record_has_no_event),
                cmocka_unit_test(bytes_behind_a_record_are_not_looked_at),
                cmocka_unit_test(info_is_decoded),
                cmocka_unit_test(platform_event_says_who_sends_it),
                cmocka_unit_test(sel_entry_leaves_number_and_time_to_the_bmc),
                cmocka_unit_test(record_is_asked_for_as_a_whole),
                cmocka_unit_test(empty_log_has_no_last_record),
                cmocka_unit_test(events_are_told_in_words),
                cmocka_unit_test(every_event_has_words),
                cmocka_unit_test(events_of_ours_are_told_apart),
                cmocka_unit_test(time_of_a_bmc_whose_clock_is_not_set_is_none),
        };

        return cmocka_run_group_tests_name("ipmi-sel", tests, NULL, NULL);
}
