/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.h: rows in columns for a person, within the width of the screen. */
#pragma once

#include "base/json.h"
#include "base/macro.h"

struct screen;
struct table;

enum table_fit {
        TABLE_LEFT,
        TABLE_RIGHT,    /* numbers */
        TABLE_FLEXIBLE, /* text that may be cut where the screen is narrow */
};

struct table_column {
        const char *heading;
        enum table_fit fit;
};

/* columns ends with a NULL heading and must live as long as the table. Returns NULL when memory is short. */
struct table *table_new(const struct table_column *columns);

/* Appends a row: a string for each column, of which it takes a copy; NULL leaves the cell empty. What goes
 * wrong for want of memory is told by table_print(). */
void table_add(struct table *table, ...);

/* Prints what stands in the table, indented; a column that is empty in every row is left out, with no row
 * nothing is printed. Returns 0, -ENOMEM when rows were lost. */
int table_print(const struct table *table, struct screen *screen);

/* A table of objects: a column for each member, as it stands there. */
struct table_member {
        const char *heading;
        enum table_fit fit;
        const char *member;
};

/* Prints one row for each object of the array; members ends with a NULL heading. Returns 0, -ENOMEM. */
int table_print_objects(const json_t *objects, const struct table_member *members, struct screen *screen);

/* The number at key as a cell, empty when it is unknown. Returns buffer. */
#define TABLE_NUMBER_MAX 24
char *table_number(char buffer[static TABLE_NUMBER_MAX], const json_t *object, const char *key);
#define TABLE_NUMBER(object, key) table_number((char[TABLE_NUMBER_MAX]){}, object, key)

/* The same for a number of bytes: "1.50 GiB". */
char *table_bytes(char buffer[static TABLE_NUMBER_MAX], const json_t *object, const char *key);
#define TABLE_BYTES(object, key) table_bytes((char[TABLE_NUMBER_MAX]){}, object, key)

struct table *table_free(struct table *table);
DEFINE_CLEANUP(struct table *, table_free);
