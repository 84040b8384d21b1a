/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/screen.h"
#include "base/smbios.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "table.h"

/* DSP0134 7.10.3 and 7.10.4 */
static int set_usage(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        static const char *const usages[] = {[0x03] = "available", [0x04] = "in use", [0x05] = "unavailable"};

        return smbios_set_name(part, name, s, offset, usages, ELEMENTSOF(usages));
}

/* 7.10.2: electrical width */
static int set_width(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        static const uint8_t widths[] = {
                [0x08] = 1, [0x09] = 2, [0x0a] = 4, [0x0b] = 8, [0x0c] = 12, [0x0d] = 16, [0x0e] = 32};
        uint8_t code;

        if (!smbios_u8(s, offset, &code) || code >= ELEMENTSOF(widths) || widths[code] == 0)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, widths[code]);
}

/* Segment group, bus, device and function; all ones where the slot has no address. */
static int set_address(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint16_t segment;
        uint8_t bus, place;
        char text[16];

        if (!smbios_u16(s, offset, &segment) || !smbios_u8(s, offset + 2, &bus) ||
            !smbios_u8(s, offset + 3, &place) || (segment == 0xffff && bus == 0xff && place == 0xff))
                return json_set_string(part, name, NULL);

        snprintf(text, sizeof(text), "%04x:%02x:%02x.%u", segment, bus, place >> 3, place & 7);
        return json_set_string(part, name, text);
}

static const struct smbios_field slot_fields[] = {
        {"designation", 0x04, smbios_set_string},
        {"lanes", 0x06, set_width},
        {"usage", 0x07, set_usage},
        {"slot_number", 0x09, smbios_set_u16},
        {"pci_address", 0x0d, set_address},
        {},
};

int slots_decode(const struct smbios *smbios, json_t *part) {
        struct smbios_structure s = {};

        while (smbios && smbios_next_of(smbios, SMBIOS_SYSTEM_SLOT, &s) > 0) {
                _cleanup_json_ json_t *slot = json_object();
                int r;

                r = slot ? smbios_fields_set(slot, &s, slot_fields) : -ENOMEM;
                if (r < 0)
                        return r;

                r = json_append(part, TAKE_PTR(slot));
                if (r < 0)
                        return r;
        }

        return 0;
}

static int slots_collect(const struct inventory_roots *roots, json_t **ret) {
        return firmware_list_collect(roots, slots_decode, ret);
}

static char *slots_summarize(const json_t *part) {
        size_t n_used = 0, i;
        const json_t *slot;

        json_array_foreach(part, i, slot) n_used += streq(json_get_string(slot, "usage") ?: "", "in use");

        return strprintf("%zu of %zu in use", n_used, json_array_size(part));
}

static int slots_print(const json_t *part, struct screen *screen) {
        static const struct table_member members[] = {
                {"SLOT", TABLE_LEFT, "designation"},
                {"LANES", TABLE_RIGHT, "lanes"},
                {"USAGE", TABLE_LEFT, "usage"},
                {"ADDRESS", TABLE_LEFT, "pci_address"},
                {},
        };

        return table_print_objects(part, members, screen);
}

const struct collector collector_slots = {
        .name = "slots",
        .description = "Slots for cards, as the firmware names them",
        .collect = slots_collect,
        .summarize = slots_summarize,
        .print = slots_print,
};
