/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "init/console.h"
#include "tests/unit/unit.h"

static void last_console_is_the_one_behind_dev_console(void **state _unused_) {
        struct consoles consoles;

        consoles_parse("tty0 ttyS0\n", &consoles);
        assert_int_equal(consoles.n_names, 2);
        assert_string_equal(consoles.names[0], "tty0");
        assert_string_equal(consoles.names[1], "ttyS0");
}

static void names_that_are_paths_or_too_long_are_left_out(void **state _unused_) {
        struct consoles consoles;

        consoles_parse("../../mem ttyAVeryLongNameThatNoKernelGivesToATerminal hvc0", &consoles);
        assert_int_equal(consoles.n_names, 1);
        assert_string_equal(consoles.names[0], "hvc0");
}

static void more_consoles_than_there_is_room_for_are_cut(void **state _unused_) {
        struct consoles consoles;

        consoles_parse("a b c d e f g h i j k", &consoles);
        assert_int_equal(consoles.n_names, CONSOLES_MAX);
}

static void empty_list_gives_none(void **state _unused_) {
        struct consoles consoles;

        consoles_parse(" \n", &consoles);
        assert_int_equal(consoles.n_names, 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(last_console_is_the_one_behind_dev_console),
                cmocka_unit_test(names_that_are_paths_or_too_long_are_left_out),
                cmocka_unit_test(more_consoles_than_there_is_room_for_are_cut),
                cmocka_unit_test(empty_list_gives_none),
        };

        return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
