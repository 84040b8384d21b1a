/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "tests/unit/unit.h"

static uint64_t size_of(const char *s) {
        uint64_t size = 0;

        assert_int_equal(parse_size(s, &size), 0);
        return size;
}

static void sizes_take_units_and_fractions(void **state _unused_) {
        assert_int_equal(size_of("17"), 17);
        assert_int_equal(size_of("4K"), 4096);
        assert_int_equal(size_of("1.5G"), 3ULL << 29);
        assert_int_equal(size_of("512 MiB"), 512ULL << 20);
}

static void sizes_refuse_what_is_none(void **state _unused_) {
        static const char *const bad[] = {"",     "-1",  "+1",  "G",   "1X",    "1.2.3",
                                          "0x10", "nan", "inf", "1e3", "4 K B", " 1"};
        uint64_t size = 42;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(parse_size(bad[i], &size), -EINVAL);
        assert_int_equal(parse_size("99999999999T", &size), -ERANGE);
        assert_int_equal(size, 42);
}

static void durations_are_seconds_when_bare(void **state _unused_) {
        uint64_t usec;

        assert_int_equal(parse_duration("2", &usec), 0);
        assert_int_equal(usec, 2 * USEC_PER_SEC);
        assert_int_equal(parse_duration("1.5min", &usec), 0);
        assert_int_equal(usec, 90 * USEC_PER_SEC);
        assert_int_equal(parse_duration("250ms", &usec), 0);
        assert_int_equal(usec, 250 * USEC_PER_MSEC);
        assert_int_equal(parse_duration("soon", &usec), -EINVAL);
}

static void numbers_refuse_signs_blanks_and_overflow(void **state _unused_) {
        uint64_t value;

        assert_int_equal(parse_u64("18446744073709551615", &value), 0);
        assert_true(value == UINT64_MAX);
        assert_int_equal(parse_u64("0xff", &value), 0);
        assert_int_equal(value, 255);
        assert_int_equal(parse_u64("18446744073709551616", &value), -ERANGE);
        assert_int_equal(parse_u64("-1", &value), -EINVAL);
        assert_int_equal(parse_u64(" 1", &value), -EINVAL);
        assert_int_equal(parse_u64("1 ", &value), -EINVAL);
        assert_int_equal(parse_u64("0x", &value), -EINVAL);
        assert_int_equal(parse_u64("", &value), -EINVAL);
}

static void bytes_and_durations_read_well(void **state _unused_) {
        assert_string_equal(FORMAT_BYTES(17), "17 B");
        assert_string_equal(FORMAT_BYTES(1ULL << 30), "1 GiB");
        assert_string_equal(FORMAT_BYTES(1740 * (1ULL << 20)), "1.70 GiB");
        assert_string_equal(FORMAT_BYTES(UINT64_MAX), "16 EiB");
        assert_string_equal(FORMAT_DURATION(349000), "0.3 s");
        assert_string_equal(FORMAT_DURATION(125 * USEC_PER_SEC), "2 min 05 s");
        assert_string_equal(FORMAT_DURATION(4200 * USEC_PER_SEC), "1 h 10 min");
}

static void timestamps_come_back_as_they_went(void **state _unused_) {
        char text[FORMAT_TIMESTAMP_MAX];
        uint64_t usec;

        assert_int_equal(parse_timestamp("1970-01-02T00:00:01.5Z", &usec), 0);
        assert_int_equal(usec, 86401500000ULL);
        assert_int_equal(parse_timestamp(format_timestamp_now(text), &usec), 0);
        assert_int_equal(parse_timestamp("1970-01-02T00:00:01", &usec), -EINVAL);
        assert_int_equal(parse_timestamp("1970-01-02T00:00:01.5+02:00", &usec), -EINVAL);
        assert_int_equal(parse_timestamp("yesterday", &usec), -EINVAL);
}

static void hex_decode_wants_exactly_the_size(void **state _unused_) {
        unsigned char data[2] = {7, 7};
        char hex[5];

        assert_int_equal(hex_decode("a1B", data, 2), -EINVAL);
        assert_int_equal(hex_decode("a1B2c3", data, 2), -EINVAL);
        assert_int_equal(hex_decode("a1g2", data, 2), -EINVAL);
        assert_int_equal(data[0], 7);
        assert_int_equal(hex_decode("a1B2", data, 2), 0);
        hex_encode(data, 2, hex);
        assert_string_equal(hex, "a1b2");
}

static void text_from_outside_is_made_printable(void **state _unused_) {
        _cleanup_free_ char *s = text_sanitize("A\x01\x7f\xff\0B  ", 8);

        assert_string_equal(s, "A????B");
}

static void strstrip_cuts_both_ends(void **state _unused_) {
        char s[] = " \t two words \n", blank[] = "  ";

        assert_string_equal(strstrip(s), "two words");
        assert_string_equal(strstrip(blank), "");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(sizes_take_units_and_fractions),
                cmocka_unit_test(sizes_refuse_what_is_none),
                cmocka_unit_test(durations_are_seconds_when_bare),
                cmocka_unit_test(numbers_refuse_signs_blanks_and_overflow),
                cmocka_unit_test(bytes_and_durations_read_well),
                cmocka_unit_test(timestamps_come_back_as_they_went),
                cmocka_unit_test(hex_decode_wants_exactly_the_size),
                cmocka_unit_test(text_from_outside_is_made_printable),
                cmocka_unit_test(strstrip_cuts_both_ends),
        };

        return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
