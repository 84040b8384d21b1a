/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smbios-table.h: puts an SMBIOS table together, good or bad, for tests. */
#pragma once

#include <string.h>

#include "base/smbios.h"
#include "tests/unit/unit.h"

struct smbios_table {
        uint8_t bytes[4096];
        size_t size;
};

/* Appends a structure: fields, which stand behind the header from offset 4 on, and its strings, NULL at the
 * end. */
static inline void table_append(struct smbios_table *table, uint8_t type, uint16_t handle, const void *fields,
                                size_t n_fields, const char *const *strings) {
        uint8_t *p = table->bytes + table->size;

        *p++ = type;
        *p++ = (uint8_t) (4 + n_fields);
        *p++ = (uint8_t) handle;
        *p++ = (uint8_t) (handle >> 8);
        memcpy(p, fields, n_fields);
        p += n_fields;

        if (!strings || !*strings)
                *p++ = 0;
        for (; strings && *strings; strings++) {
                size_t length = strlen(*strings) + 1;

                memcpy(p, *strings, length);
                p += length;
        }
        *p++ = 0;

        table->size = (size_t) (p - table->bytes);
        assert_true(table->size <= sizeof(table->bytes));
}

#define TABLE_STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline void table_checksum(uint8_t *p, size_t size, size_t at) {
        p[at] = 0;
        for (size_t i = 0; i < size; i++)
                if (i != at)
                        p[at] = (uint8_t) (p[at] - p[i]);
}

/* A 64-bit entry point of version 3.6 for a table of that size. */
static inline void entry_point_64(uint8_t entry_point[static 0x18], size_t table_size) {
        memset(entry_point, 0, 0x18);
        memcpy(entry_point, "_SM3_", 5);
        entry_point[0x06] = 0x18;
        entry_point[0x07] = 3;
        entry_point[0x08] = 6;
        for (unsigned i = 0; i < 4; i++)
                entry_point[0x0c + i] = (uint8_t) (table_size >> 8 * i);
        table_checksum(entry_point, 0x18, 0x05);
}

static inline struct smbios *table_open(const struct smbios_table *table) {
        struct smbios *smbios = NULL;
        uint8_t entry_point[0x18];

        entry_point_64(entry_point, table->size);
        assert_int_equal(smbios_new(entry_point, sizeof(entry_point), table->bytes, table->size, &smbios), 0);
        return smbios;
}
