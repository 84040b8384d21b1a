/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "boot/boot.h"
#include "boot/report.h"
#include "tests/unit/unit.h"

static const char full[] =
        "{\"source\":\"local\",\"device\":\"/dev/"
        "sda1\",\"id\":\"debian\",\"title\":\"Debian\",\"version\":\"6.1\","
        "\"sortKey\":\"debian\",\"machineId\":\"aaaa\",\"architecture\":\"x64\",\"linux\":\"/vmlinuz\","
        "\"options\":\"ro\",\"initrds\":[\"/ucode\",\"/initrd.img\"],\"triesLeft\":2,\"triesDone\":1,"
        "\"default\":true}";

static const char least[] =
        "{\"source\":\"local\",\"device\":\"/dev/sda1\",\"id\":\"debian\",\"title\":null,\"version\":null,"
        "\"sortKey\":null,\"machineId\":null,\"architecture\":null,\"linux\":\"/vmlinuz\",\"options\":null,"
        "\"initrds\":[],\"triesLeft\":null,\"triesDone\":null,\"default\":false}";

static int from_text(const char *text, struct boot_entry **ret) {
        _cleanup_json_ json_t *object = NULL;

        assert_int_equal(json_parse(text, strlen(text), &object), 0);
        return boot_entry_from_json(object, ret);
}

static void assert_comes_back(const char *text) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        _cleanup_json_ json_t *object = NULL;
        _cleanup_free_ char *again = NULL;

        assert_int_equal(from_text(text, &entry), 0);
        object = boot_entry_to_json(entry);
        assert_non_null(object);
        again = json_dumps(object, JSON_COMPACT);
        assert_non_null(again);
        assert_string_equal(again, text);
}

static void entry_survives_json(void **state _unused_) {
        assert_comes_back(full);
        assert_comes_back(least);
}

static void json_becomes_the_entry_s_fields(void **state _unused_) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;

        assert_int_equal(from_text(full, &entry), 0);
        assert_string_equal(entry->linux_path, "/vmlinuz");
        assert_string_equal(entry->initrds[1], "/initrd.img");
        assert_null(entry->initrds[2]);
        assert_int_equal(entry->tries_left, 2);
        assert_int_equal(entry->tries_done, 1);
        assert_true(entry->is_default);
}

static void json_that_lacks_something_or_has_another_type_is_refused(void **state _unused_) {
        static const char *const bad[] = {
                "{}",
                "[]",
                "{\"source\":\"local\",\"device\":\"/dev/sda1\",\"id\":\"debian\"}",
                "{\"source\":\"local\",\"device\":\"/dev/sda1\",\"id\":7,\"linux\":\"/l\"}",
                "{\"source\":\"local\",\"device\":\"/dev/sda1\",\"id\":\"d\",\"linux\":\"/"
                "l\",\"initrds\":[1]}",
                "{\"source\":\"local\",\"device\":\"/dev/sda1\",\"id\":\"d\",\"linux\":\"/"
                "l\",\"triesLeft\":-2}",
                "{\"source\":\"local\",\"device\":\"/dev/sda1\",\"id\":\"d\",\"linux\":\"/"
                "l\",\"triesDone\":4294967296}",
        };
        struct boot_entry *entry = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(from_text(bad[i], &entry), -EBADMSG);
        assert_null(entry);
}

static void on_log(const char *severity, const char *message, void *userdata) {
        unsigned *n = userdata;

        assert_string_equal(severity, "WARNING");
        assert_string_equal(message, "/dev/sda1: gone");
        (*n)++;
}

static void log_lines_are_forwarded_and_nothing_else(void **state _unused_) {
        static const struct {
                const char *message;
                bool taken;
        } cases[] = {
                {"{\"severity\":\"WARNING\",\"message\":\"/dev/sda1: gone\"}", true},
                {"{\"severity\":\"WARNING\"}", false},
                {"{\"severity\":1,\"message\":\"/dev/sda1: gone\"}", false},
                {"{\"default\":\"debian\"}", false},
        };
        unsigned n = 0;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_json_ json_t *message = NULL;

                assert_int_equal(json_parse(cases[i].message, strlen(cases[i].message), &message), 0);
                assert_int_equal(report_forward(message, on_log, &n), cases[i].taken);
        }
        assert_int_equal(n, 1);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(entry_survives_json),
                cmocka_unit_test(json_becomes_the_entry_s_fields),
                cmocka_unit_test(json_that_lacks_something_or_has_another_type_is_refused),
                cmocka_unit_test(log_lines_are_forwarded_and_nothing_else),
        };

        return cmocka_run_group_tests_name("boot-entry", tests, NULL, NULL);
}
