/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/screen.h"
#include "base/text.h"
#include "table.h"

#define INDENT       2U
#define GAP          2U
#define FLEXIBLE_MIN 6U

#define TABLE_COLUMNS_MAX 16U

struct table {
        const struct table_column *columns;
        size_t n_columns;
        char **cells; /* row by row */
        size_t n_rows;
        bool failed;
};

struct table *table_new(const struct table_column *columns) {
        struct table *table = calloc(1, sizeof(*table));

        if (!table)
                return NULL;

        table->columns = columns;
        while (columns[table->n_columns].heading)
                table->n_columns++;

        return table;
}

void table_add(struct table *table, ...) {
        char **row, **larger;
        va_list ap;

        larger = reallocarray(table->cells, (table->n_rows + 1) * table->n_columns, sizeof(*larger));
        if (!larger) {
                table->failed = true;
                return;
        }

        table->cells = larger;
        row = table->cells + table->n_rows++ * table->n_columns;

        va_start(ap, table);
        for (size_t i = 0; i < table->n_columns; i++) {
                const char *cell = va_arg(ap, const char *);

                row[i] = strdup(cell ?: "");
                if (!row[i])
                        table->failed = true;
        }
        va_end(ap);
}

static const char *cell_text(const struct table *table, size_t row, size_t column) {
        return table->cells[row * table->n_columns + column] ?: "";
}

/* Takes columns off the widest flexible column until the row fits. */
static void shrink(const struct table *table, size_t *widths, size_t total, size_t available) {
        while (total > available) {
                size_t widest = SIZE_MAX;

                for (size_t i = 0; i < table->n_columns; i++)
                        if (table->columns[i].fit == TABLE_FLEXIBLE && widths[i] > FLEXIBLE_MIN &&
                            (widest == SIZE_MAX || widths[i] > widths[widest]))
                                widest = i;
                if (widest == SIZE_MAX)
                        return;

                widths[widest]--;
                total--;
        }
}

static const char *row_text(const struct table *table, size_t row, size_t column) {
        return row == SIZE_MAX ? table->columns[column].heading : cell_text(table, row, column);
}

/* Row SIZE_MAX is that of the headings. */
static void print_row(const struct table *table, FILE *file, const size_t *widths, size_t row) {
        size_t end = table->n_columns, blanks = INDENT;

        /* No blanks behind the last text. */
        while (end > 0 && (widths[end - 1] == 0 || !*row_text(table, row, end - 1)))
                end--;

        for (size_t i = 0; i < end; i++) {
                const char *text = row_text(table, row, i);
                size_t length = strlen(text), pad;

                if (widths[i] == 0)
                        continue;

                pad = widths[i] - MIN(length, widths[i]);
                if (table->columns[i].fit == TABLE_RIGHT)
                        blanks += pad;
                fprintf(file, "%*s", (int) blanks, "");

                if (length > widths[i])
                        fprintf(file, "%.*s..", (int) widths[i] - 2, text);
                else
                        fputs(text, file);

                blanks = GAP + (table->columns[i].fit == TABLE_RIGHT ? 0 : pad);
        }

        fputc('\n', file);
}

int table_print(const struct table *table, struct screen *screen) {
        _cleanup_free_ size_t *widths = NULL;
        size_t total = INDENT;

        widths = calloc(table->n_columns, sizeof(*widths));
        if (!widths)
                return -ENOMEM;

        for (size_t i = 0; i < table->n_columns; i++) {
                for (size_t row = 0; row < table->n_rows; row++)
                        widths[i] = MAX(widths[i], strlen(cell_text(table, row, i)));
                if (widths[i] == 0)
                        continue;

                widths[i] = MAX(widths[i], strlen(table->columns[i].heading));
                total += widths[i] + (total > INDENT ? GAP : 0);
        }

        if (total > INDENT) {
                shrink(table, widths, total, screen->width - 1);

                print_row(table, screen->file, widths, SIZE_MAX);
                for (size_t row = 0; row < table->n_rows; row++)
                        print_row(table, screen->file, widths, row);
        }

        return table->failed ? -ENOMEM : 0;
}

static char *value_text(const json_t *value) {
        if (json_is_string(value))
                return strdup(json_string_value(value));
        if (json_is_integer(value))
                return strprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        if (json_is_real(value))
                return strprintf("%g", json_real_value(value));
        if (json_is_boolean(value))
                return strdup(json_is_true(value) ? "yes" : "no");

        return strdup("");
}

static int add_object(struct table *table, const json_t *object, const struct table_member *members) {
        char **larger;

        larger = reallocarray(table->cells, (table->n_rows + 1) * table->n_columns, sizeof(*larger));
        if (!larger)
                return -ENOMEM;

        table->cells = larger;
        for (size_t i = 0; i < table->n_columns; i++) {
                char **cell = table->cells + table->n_rows * table->n_columns + i;

                *cell = value_text(json_object_get(object, members[i].member));
                if (!*cell)
                        table->failed = true;
        }

        table->n_rows++;
        return 0;
}

int table_print_objects(const json_t *objects, const struct table_member *members, struct screen *screen) {
        struct table_column columns[TABLE_COLUMNS_MAX + 1] = {};
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *object;
        size_t i;
        int r;

        for (i = 0; members[i].heading && i < TABLE_COLUMNS_MAX; i++)
                columns[i] = (struct table_column){members[i].heading, members[i].fit};

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach(objects, i, object) {
                r = add_object(table, object, members);
                if (r < 0)
                        return r;
        }

        return table_print(table, screen);
}

char *table_number(char buffer[static TABLE_NUMBER_MAX], const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        buffer[0] = 0;
        if (json_is_integer(value))
                snprintf(buffer, TABLE_NUMBER_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));

        return buffer;
}

char *table_bytes(char buffer[static TABLE_NUMBER_MAX], const json_t *object, const char *key) {
        int64_t bytes = json_get_integer(object, key, -1);

        buffer[0] = 0;
        if (bytes >= 0)
                format_bytes(buffer, (uint64_t) bytes);

        return buffer;
}

struct table *table_free(struct table *table) {
        if (!table)
                return NULL;

        for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
                free(table->cells[i]);
        free(table->cells);
        free(table);
        return NULL;
}
