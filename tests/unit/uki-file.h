/* SPDX-License-Identifier: GPL-3.0-or-later */
/* uki-file.h: makes unified kernel images for tests. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define UKI_FILE_SIZE 4096U

struct uki_section {
        const char *name, *data;
};

static void uki_put(uint8_t *p, size_t size, size_t value) {
        for (size_t i = 0; i < size; i++)
                p[i] = (uint8_t) (value >> 8 * i);
}

/* Fills file with a program of these sections, each at a multiple of 512, as far as they fit. */
static void uki_file_make(uint8_t file[static UKI_FILE_SIZE], const struct uki_section *sections, size_t n) {
        const size_t pe = 0x80, optional = 240, table = pe + 24 + optional;

        memset(file, 0, UKI_FILE_SIZE);
        memcpy(file, "MZ", 2);
        uki_put(file + 0x3c, 4, pe);
        memcpy(file + pe, "PE\0\0", 4);
        uki_put(file + pe + 6, 2, n);
        uki_put(file + pe + 20, 2, optional);

        for (size_t i = 0; i < n; i++) {
                uint8_t *header = file + table + i * 40;
                size_t size = strlen(sections[i].data), offset = 1024 + i * 512;

                memcpy(header, sections[i].name, strlen(sections[i].name));
                uki_put(header + 8, 4, size);
                uki_put(header + 16, 4, 512);
                uki_put(header + 20, 4, offset);
                memcpy(file + offset, sections[i].data, size);
        }
}
