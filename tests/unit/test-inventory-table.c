/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>
#include <string.h>

#include "base/screen.h"
#include "inventory/table.h"
#include "tests/unit/unit.h"

static const struct table_column columns[] = {
        {"NAME", TABLE_LEFT}, {"SIZE", TABLE_RIGHT}, {"MODEL", TABLE_FLEXIBLE}, {"NOTE", TABLE_LEFT}, {},
};

/* What the rows {name, size, model, note} look like on a screen of that width. */
static char *print(unsigned width, const char *const (*rows)[4], size_t n_rows) {
        struct table *table = table_new(columns);
        struct screen screen = {.width = width};
        char *text = NULL;
        size_t size;

        assert_non_null(table);
        for (size_t i = 0; i < n_rows; i++)
                table_add(table, rows[i][0], rows[i][1], rows[i][2], rows[i][3]);

        screen.file = open_memstream(&text, &size);
        assert_non_null(screen.file);
        assert_int_equal(table_print(table, &screen), 0);
        fclose(screen.file);
        table_free(table);
        return text;
}

static void columns_align_and_lines_end_with_text(void **state _unused_) {
        static const char *const rows[][4] = {{"a", "1 GiB", "Drive", "x"}, {"name", "512 MiB", NULL, NULL}};
        _cleanup_free_ char *text = print(80, rows, ELEMENTSOF(rows));

        assert_string_equal(text, "  NAME     SIZE  MODEL  NOTE\n"
                                  "  a       1 GiB  Drive  x\n"
                                  "  name  512 MiB\n");
}

static void column_that_is_empty_everywhere_is_left_out(void **state _unused_) {
        static const char *const rows[][4] = {{"a", NULL, "Drive", ""}};
        _cleanup_free_ char *text = print(80, rows, ELEMENTSOF(rows));

        assert_string_equal(text, "  NAME  MODEL\n"
                                  "  a     Drive\n");
}

static void narrow_screen_cuts_flexible_columns_only(void **state _unused_) {
        static const char *const rows[][4] = {{"a", "1 GiB", "A drive with a long name", "note"}};
        _cleanup_free_ char *text = print(40, rows, ELEMENTSOF(rows));

        assert_string_equal(text, "  NAME   SIZE  MODEL               NOTE\n"
                                  "  a     1 GiB  A drive with a l..  note\n");
}

static void table_without_rows_prints_nothing(void **state _unused_) {
        _cleanup_free_ char *text = print(80, NULL, 0);

        assert_string_equal(text, "");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(columns_align_and_lines_end_with_text),
                cmocka_unit_test(column_that_is_empty_everywhere_is_left_out),
                cmocka_unit_test(narrow_screen_cuts_flexible_columns_only),
                cmocka_unit_test(table_without_rows_prints_nothing),
        };

        return cmocka_run_group_tests_name("inventory-table", tests, NULL, NULL);
}
