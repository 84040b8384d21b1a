/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdbool.h>
#include <string.h>

#include "pci-names.h"

/* What stands before a name: four digits and two blanks. */
#define ID_SIZE 6U

/* Sets *ret when the line begins with an id. */
static bool take_id(const char *line, size_t size, uint16_t *ret) {
        static const char digits[] = "0123456789abcdef";
        unsigned id = 0;

        if (size <= ID_SIZE || line[4] != ' ' || line[5] != ' ')
                return false;

        for (unsigned i = 0; i < 4; i++) {
                const char *digit = line[i] ? strchr(digits, line[i]) : NULL;

                if (!digit)
                        return false;
                id = id << 4 | (unsigned) (digit - digits);
        }

        *ret = (uint16_t) id;
        return true;
}

/* "8086  Intel Corporation". Returns whether anybody wants something of this vendor. */
static bool take_vendor(const char *line, size_t size, struct pci_name *names, size_t n_names,
                        uint16_t *ret_id) {
        bool wanted = false;

        if (!take_id(line, size, ret_id))
                return false;

        for (size_t i = 0; i < n_names; i++) {
                if (names[i].vendor_id != *ret_id)
                        continue;

                names[i].vendor = line + ID_SIZE;
                names[i].vendor_size = size - ID_SIZE;
                wanted = true;
        }

        return wanted;
}

/* "\t1237  440FX - 82441FX PMC [Natoma]" */
static void take_device(const char *line, size_t size, uint16_t vendor_id, struct pci_name *names,
                        size_t n_names) {
        uint16_t id;

        if (!take_id(line + 1, size - 1, &id))
                return;

        for (size_t i = 0; i < n_names; i++) {
                if (names[i].vendor_id != vendor_id || names[i].device_id != id)
                        continue;

                names[i].device = line + 1 + ID_SIZE;
                names[i].device_size = size - 1 - ID_SIZE;
        }
}

void pci_names_find(const char *text, size_t size, struct pci_name *names, size_t n_names) {
        const char *end = text + size, *next;
        uint16_t vendor_id = 0;
        bool wanted = false;

        for (const char *line = text; line < end; line = next) {
                const char *newline = memchr(line, '\n', (size_t) (end - line));
                size_t length = (size_t) ((newline ?: end) - line);

                next = newline ? newline + 1 : end;
                if (length == 0 || *line == '#')
                        continue;

                if (*line != '\t')
                        wanted = take_vendor(line, length, names, n_names, &vendor_id);
                else if (wanted && length > 1 && line[1] != '\t') /* two: a subsystem */
                        take_device(line, length, vendor_id, names, n_names);
        }
}
