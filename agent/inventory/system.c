/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/screen.h"
#include "base/smbios.h"
#include "base/text.h"
#include "collectors.h"
#include "efi.h"
#include "field.h"

/* DSP0134 7.4.1 */
static const char *const chassis_types[] = {
        [0x03] = "desktop",
        [0x04] = "low-profile desktop",
        [0x05] = "pizza box",
        [0x06] = "mini tower",
        [0x07] = "tower",
        [0x08] = "portable",
        [0x09] = "laptop",
        [0x0a] = "notebook",
        [0x0b] = "hand held",
        [0x0c] = "docking station",
        [0x0d] = "all in one",
        [0x0e] = "sub notebook",
        [0x0f] = "space-saving",
        [0x10] = "lunch box",
        [0x11] = "main server chassis",
        [0x12] = "expansion chassis",
        [0x13] = "sub-chassis",
        [0x14] = "bus expansion chassis",
        [0x15] = "peripheral chassis",
        [0x16] = "RAID chassis",
        [0x17] = "rack mount chassis",
        [0x18] = "sealed-case PC",
        [0x19] = "multi-system chassis",
        [0x1a] = "compact PCI",
        [0x1b] = "advanced TCA",
        [0x1c] = "blade",
        [0x1d] = "blade enclosure",
        [0x1e] = "tablet",
        [0x1f] = "convertible",
        [0x20] = "detachable",
        [0x21] = "IoT gateway",
        [0x22] = "embedded PC",
        [0x23] = "mini PC",
        [0x24] = "stick PC",
};

static const struct smbios_field system_fields[] = {
        {"manufacturer", 0x04, smbios_set_string},
        {"product", 0x05, smbios_set_string},
        {"version", 0x06, smbios_set_string},
        {"serial_number", 0x07, smbios_set_string},
        {"sku", 0x19, smbios_set_string},
        {"family", 0x1a, smbios_set_string},
        {},
};

static const struct smbios_field board_fields[] = {
        {"manufacturer", 0x04, smbios_set_string},
        {"product", 0x05, smbios_set_string},
        {"version", 0x06, smbios_set_string},
        {"serial_number", 0x07, smbios_set_string},
        {"asset_tag", 0x08, smbios_set_string},
        {"location", 0x0a, smbios_set_string},
        {},
};

static int set_chassis_type(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        const char *type = NULL;
        uint8_t code;

        if (smbios_u8(s, offset, &code) && (code & 0x7f) < ELEMENTSOF(chassis_types))
                type = chassis_types[code & 0x7f]; /* bit 7: the chassis has a lock */

        return json_set_string(part, name, type);
}

/* The SKU number stands behind n contained elements of m bytes each. */
static int set_chassis_sku(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint8_t n, m;

        if (!smbios_u8(s, offset, &n) || !smbios_u8(s, offset + 1, &m))
                return json_set_string(part, name, NULL);

        return smbios_set_string(part, name, s, offset + 2 + (size_t) n * m);
}

static const struct smbios_field chassis_fields[] = {
        {"manufacturer", 0x04, smbios_set_string},
        {"type", 0x05, set_chassis_type},
        {"version", 0x06, smbios_set_string},
        {"serial_number", 0x07, smbios_set_string},
        {"asset_tag", 0x08, smbios_set_string},
        {"height_u", 0x11, smbios_set_nonzero_u8},
        {"sku", 0x13, set_chassis_sku},
        {},
};

/* "03/14/2024" as "2024-03-14". */
static int set_release_date(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        _cleanup_free_ char *text = NULL, *date = NULL;
        unsigned month, day, year;
        int end = -1, r;

        r = smbios_string(s, offset, &text);
        if (r < 0)
                return r;

        if (!text || sscanf(text, "%2u/%2u/%4u%n", &month, &day, &year, &end) < 3 || text[end] || month < 1 ||
            month > 12 || day < 1 || day > 31)
                return json_set_string(part, name, NULL);

        date = strprintf("%04u-%02u-%02u", year < 100 ? 1900 + year : year, month, day);
        return date ? json_set_string(part, name, date) : -ENOMEM;
}

/* Two bytes, major and minor; FFh where there is none. */
static int set_revision(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint8_t major, minor;
        char text[8];

        if (!smbios_u8(s, offset, &major) || !smbios_u8(s, offset + 1, &minor) || major == 0xff)
                return json_set_string(part, name, NULL);

        snprintf(text, sizeof(text), "%u.%u", major, minor);
        return json_set_string(part, name, text);
}

/* 64 KiB times one more than the byte says; from 16 MiB on it says FFh, and the size stands at 18h. */
static int set_rom_size(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint16_t extended;
        uint8_t size;

        if (!smbios_u8(s, offset, &size))
                return json_set_string(part, name, NULL);
        if (size != 0xff)
                return field_set_number(part, name, (size + 1U) * 65536U);
        if (!smbios_u16(s, 0x18, &extended) || extended >> 14 > 1)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, (uint64_t) (extended & 0x3fff) << (extended >> 14 ? 30 : 20));
}

static const struct smbios_field firmware_fields[] = {
        {"vendor", 0x04, smbios_set_string},
        {"version", 0x05, smbios_set_string},
        {"release_date", 0x08, set_release_date},
        {"revision", 0x14, set_revision},
        {"embedded_controller_revision", 0x16, set_revision},
        {"rom_size_bytes", 0x09, set_rom_size},
        {},
};

/* DSP0134 7.2.1: the first three groups are little-endian since version 2.6. All zeros: none; all ones: not
 * set. */
static void add_uuid(const struct smbios *smbios, const struct smbios_structure *s, struct fields *f) {
        static const uint8_t little_endian[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
        bool swap = smbios && (smbios->major > 2 || (smbios->major == 2 && smbios->minor >= 6));
        const uint8_t *p = smbios_bytes(s, 0x08, 16);
        bool zeros = true, ones = true;
        char text[37] = "", *t = text;

        for (size_t i = 0; p && i < 16; i++) {
                zeros = zeros && p[i] == 0;
                ones = ones && p[i] == 0xff;
        }

        for (size_t i = 0; p && i < 16; i++) {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                        *t++ = '-';
                hex_encode(p + (swap ? little_endian[i] : i), 1, t);
                t += 2;
        }

        fields_source_smbios(f, s, 0x08);
        fields_word(f, "uuid", !p || zeros || ones ? NULL : text);
}

/* The first structure of that type; an empty one, of which every field is unknown, when there is none. */
static void find_first(const struct smbios *smbios, uint8_t type, struct smbios_structure *ret) {
        *ret = (struct smbios_structure){};

        if (!smbios || smbios_next_of(smbios, type, ret) <= 0)
                *ret = (struct smbios_structure){};
}

static int add_object(json_t *part, const char *name, const struct smbios_structure *s,
                      const struct smbios_field *fields) {
        _cleanup_json_ json_t *object = json_object();
        int r;

        r = object ? smbios_fields_set(object, s, fields) : -ENOMEM;
        if (r < 0)
                return r;

        return json_is_array(part) ? json_append(part, TAKE_PTR(object))
                                   : json_set(part, name, TAKE_PTR(object));
}

int system_decode(const struct smbios *smbios, json_t *part) {
        struct smbios_structure system, chassis, firmware, board = {};
        _cleanup_json_ json_t *boards = json_array();
        _cleanup_free_ char *version = NULL;
        struct fields f = fields_of(part);
        int r;

        if (!boards)
                return -ENOMEM;

        find_first(smbios, SMBIOS_SYSTEM, &system);
        find_first(smbios, SMBIOS_CHASSIS, &chassis);
        find_first(smbios, SMBIOS_FIRMWARE, &firmware);

        r = smbios_fields_set(part, &system, system_fields);
        if (r < 0)
                return r;

        add_uuid(smbios, &system, &f);
        if (f.error < 0)
                return f.error;

        while (smbios && smbios_next_of(smbios, SMBIOS_BASEBOARD, &board) > 0) {
                r = add_object(boards, NULL, &board, board_fields);
                if (r < 0)
                        return r;
        }

        r = json_set(part, "boards", TAKE_PTR(boards));
        if (r < 0)
                return r;

        r = add_object(part, "chassis", &chassis, chassis_fields);
        if (r < 0)
                return r;

        r = add_object(part, "firmware", &firmware, firmware_fields);
        if (r < 0)
                return r;

        if (smbios) {
                version = strprintf("%u.%u", smbios->major, smbios->minor);
                if (!version)
                        return -ENOMEM;
        }

        fields_source(&f, "SMBIOS entry point");
        fields_word(&f, "smbios_version", version);
        return f.error;
}

static int system_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        _cleanup_json_ json_t *part = json_object();
        int r;

        if (!part)
                return -ENOMEM;

        r = firmware_table_read(roots, &smbios);
        if (r < 0)
                return r;

        r = system_decode(smbios, part);
        if (r < 0)
                return r;

        r = efi_add_boot(roots, part);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static const char *or_unknown(const char *text) {
        return text ?: "unknown";
}

static char *system_summarize(const json_t *part) {
        const char *manufacturer = json_get_string(part, "manufacturer"),
                   *product = json_get_string(part, "product"),
                   *serial = json_get_string(part, "serial_number");

        if (!manufacturer && !product)
                return strdup("the firmware does not say what it is");

        return strprintf("%s%s%s, serial number %s", manufacturer ?: "", manufacturer && product ? " " : "",
                         product ?: "", or_unknown(serial));
}

static int system_print(const json_t *part, struct screen *screen) {
        const json_t *boards = json_object_get(part, "boards"), *chassis = json_object_get(part, "chassis"),
                     *firmware = json_object_get(part, "firmware"), *board,
                     *secure_boot = json_object_get(part, "secure_boot");
        const char *date = json_get_string(firmware, "release_date");
        size_t i;

        fprintf(screen->file, "  UUID      %s\n", or_unknown(json_get_string(part, "uuid")));

        json_array_foreach(boards, i, board) fprintf(screen->file, "  board     %s %s, serial number %s\n",
                                                     or_unknown(json_get_string(board, "manufacturer")),
                                                     or_unknown(json_get_string(board, "product")),
                                                     or_unknown(json_get_string(board, "serial_number")));

        if (json_get_string(chassis, "type") || json_get_string(chassis, "serial_number"))
                fprintf(screen->file, "  chassis   %s, serial number %s, asset tag %s\n",
                        or_unknown(json_get_string(chassis, "type")),
                        or_unknown(json_get_string(chassis, "serial_number")),
                        or_unknown(json_get_string(chassis, "asset_tag")));

        fprintf(screen->file, "  firmware  %s %s%s%s\n", or_unknown(json_get_string(firmware, "vendor")),
                or_unknown(json_get_string(firmware, "version")), date ? " of " : "", date ?: "");
        fprintf(screen->file, "  booted    %s, secure boot %s\n",
                streq(or_unknown(json_get_string(part, "boot_mode")), "uefi") ? "by UEFI" : "by BIOS",
                json_is_boolean(secure_boot) ? (json_is_true(secure_boot) ? "on" : "off") : "unknown");

        return 0;
}

const struct collector collector_system = {
        .name = "system",
        .description = "Machine, board, chassis and firmware",
        .collect = system_collect,
        .summarize = system_summarize,
        .print = system_print,
};
