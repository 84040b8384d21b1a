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

/* DSP0134 7.40.1, the characteristics' bits. */
#define HOT_REPLACEABLE (1U << 0)
#define PRESENT         (1U << 1)
#define UNPLUGGED       (1U << 2)
#define STATUS(c)       ((c) >> 7 & 7U)

static int set_bit(json_t *part, const char *name, const struct smbios_structure *s, size_t offset,
                   unsigned bit) {
        uint16_t characteristics;

        return smbios_u16(s, offset, &characteristics) ? json_set_bool(part, name, characteristics & bit)
                                                       : json_set_string(part, name, NULL);
}

static int set_present(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_bit(part, name, s, offset, PRESENT);
}

static int set_unplugged(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_bit(part, name, s, offset, UNPLUGGED);
}

static int set_hot_replaceable(json_t *part, const char *name, const struct smbios_structure *s,
                               size_t offset) {
        return set_bit(part, name, s, offset, HOT_REPLACEABLE);
}

static int set_status(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        static const char *const names[8] = {[3] = "ok", [4] = "warning", [5] = "critical"};
        uint16_t characteristics;

        return json_set_string(
                part, name, smbios_u16(s, offset, &characteristics) ? names[STATUS(characteristics)] : NULL);
}

/* Watts; 8000h: unknown. */
static int set_power(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint16_t watts;

        if (!smbios_u16(s, offset, &watts) || watts == 0x8000 || watts == 0)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, watts);
}

static const struct smbios_field supply_fields[] = {
        {"location", 0x05, smbios_set_string},
        {"name", 0x06, smbios_set_string},
        {"manufacturer", 0x07, smbios_set_string},
        {"serial_number", 0x08, smbios_set_string},
        {"asset_tag", 0x09, smbios_set_string},
        {"part_number", 0x0a, smbios_set_string},
        {"revision", 0x0b, smbios_set_string},
        {"maximum_power_w", 0x0c, set_power},
        {"present", 0x0e, set_present},
        {"unplugged", 0x0e, set_unplugged},
        {"hot_replaceable", 0x0e, set_hot_replaceable},
        {"status", 0x0e, set_status},
        {},
};

int power_supplies_decode(const struct smbios *smbios, json_t *part) {
        struct smbios_structure s = {};

        while (smbios && smbios_next_of(smbios, SMBIOS_POWER_SUPPLY, &s) > 0) {
                _cleanup_json_ json_t *supply = json_object();
                int r;

                r = supply ? smbios_fields_set(supply, &s, supply_fields) : -ENOMEM;
                if (r < 0)
                        return r;

                r = json_append(part, TAKE_PTR(supply));
                if (r < 0)
                        return r;
        }

        return 0;
}

static int power_supplies_collect(const struct inventory_roots *roots, json_t **ret) {
        return firmware_list_collect(roots, power_supplies_decode, ret);
}

static char *power_supplies_summarize(const json_t *part) {
        size_t n_present = 0, i;
        const json_t *supply;

        json_array_foreach(part, i, supply) n_present += json_is_true(json_object_get(supply, "present"));

        return strprintf("%zu of %zu present", n_present, json_array_size(part));
}

static int power_supplies_print(const json_t *part, struct screen *screen) {
        static const struct table_member members[] = {
                {"LOCATION", TABLE_LEFT, "location"},
                {"PRESENT", TABLE_LEFT, "present"},
                {"STATUS", TABLE_LEFT, "status"},
                {"W", TABLE_RIGHT, "maximum_power_w"},
                {"PART", TABLE_LEFT, "part_number"},
                {"SERIAL", TABLE_LEFT, "serial_number"},
                {},
        };

        return table_print_objects(part, members, screen);
}

const struct collector collector_power = {
        .name = "power",
        .description = "Power supplies, as the firmware names them",
        .collect = power_supplies_collect,
        .summarize = power_supplies_summarize,
        .print = power_supplies_print,
};
