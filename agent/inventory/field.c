/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/smbios.h"
#include "base/text.h"
#include "field.h"

/* Seen in the field where a serial number or a name should stand. */
static const char *const placeholders[] = {
        "To be filled by O.E.M.",
        "Not Specified",
        "Not Provided",
        "Not Available",
        "Not Applicable",
        "Default string",
        "System manufacturer",
        "System Product Name",
        "System Version",
        "System Serial Number",
        "Base Board Serial Number",
        "Chassis Serial Number",
        "Asset Tag",
        "SKU",
        "Unknown",
        "Undefined",
        "Empty",
        "NO DIMM",
        "None",
        "N/A",
        "INVALID",
};

int field_set_number(json_t *part, const char *name, uint64_t value) {
        return json_set(part, name, value <= INT64_MAX ? json_integer((json_int_t) value) : json_null());
}

int field_set_text(json_t *part, const char *name, const char *text) {
        _cleanup_free_ char *clean = NULL;
        const char *stripped;

        if (!text)
                return json_set_string(part, name, NULL);

        clean = text_sanitize(text, strlen(text));
        if (!clean)
                return -ENOMEM;

        stripped = strstrip(clean);
        for (size_t i = 0; i < ELEMENTSOF(placeholders); i++)
                if (strcasecmp(stripped, placeholders[i]) == 0)
                        return json_set_string(part, name, NULL);

        return json_set_string(part, name, *stripped ? stripped : NULL);
}

int smbios_fields_set(json_t *part, const struct smbios_structure *s, const struct smbios_field *fields) {
        for (; fields->name; fields++) {
                int r = fields->set(part, fields->name, s, fields->offset);

                if (r < 0)
                        return r;
        }

        return 0;
}

int smbios_set_string(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = smbios_string(s, offset, &text);
        if (r < 0)
                return r;

        return field_set_text(part, name, text);
}

int smbios_set_nonzero_u8(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint8_t value;

        if (!smbios_u8(s, offset, &value) || value == 0)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, value);
}

int smbios_set_u16(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint16_t value;

        if (!smbios_u16(s, offset, &value))
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, value);
}

int smbios_set_nonzero_u16(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint16_t value;

        if (!smbios_u16(s, offset, &value) || value == 0)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, value);
}

int smbios_set_known_u16(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint16_t value;

        if (!smbios_u16(s, offset, &value) || value == UINT16_MAX)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, value);
}

int sysfs_fields_set(json_t *part, int device_fd, const struct sysfs_field *fields) {
        for (; fields->name; fields++) {
                _cleanup_free_ char *value = NULL;
                int r;

                r = read_line_file_at(device_fd, fields->attribute, &value);
                if (r == -ENOMEM)
                        return r;

                r = fields->set(part, fields->name, value);
                if (r < 0)
                        return r;
        }

        return 0;
}

int sysfs_set_text(json_t *part, const char *name, const char *value) {
        return field_set_text(part, name, value);
}

int sysfs_set_number(json_t *part, const char *name, const char *value) {
        uint64_t number;

        if (!value || parse_u64(value, &number) < 0)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, number);
}

int sysfs_set_boolean(json_t *part, const char *name, const char *value) {
        if (!value || (!streq(value, "0") && !streq(value, "1")))
                return json_set_string(part, name, NULL);

        return json_set_bool(part, name, streq(value, "1"));
}

int sysfs_set_sectors(json_t *part, const char *name, const char *value) {
        uint64_t sectors;

        if (!value || parse_u64(value, &sectors) < 0 || sectors > INT64_MAX / 512)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, sectors * 512);
}
