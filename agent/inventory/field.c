/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/smbios.h"
#include "base/text.h"
#include "field.h"
#include "sysfs.h"

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
        "-",
};

static bool sources_wanted = true;

void fields_note_sources(bool wanted) {
        sources_wanted = wanted;
}

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
                if (tolower((unsigned char) *stripped) == tolower((unsigned char) *placeholders[i]) &&
                    strcasecmp(stripped, placeholders[i]) == 0)
                        return json_set_string(part, name, NULL);

        return json_set_string(part, name, *stripped ? stripped : NULL);
}

int field_set_source(json_t *part, const char *name, const char *source) {
        json_t *sources;
        int r;

        if (!sources_wanted)
                return 0;

        /* What is unknown came from nowhere. */
        sources = json_object_get(part, FIELD_SOURCES);
        if (!*source || json_is_null(json_object_get(part, name))) {
                (void) json_object_del(sources, name);
                return 0;
        }

        if (!sources) {
                sources = json_object();
                r = json_set(part, FIELD_SOURCES, sources);
                if (r < 0)
                        return r;
        }

        return json_set_string(sources, name, source);
}

void fields_source(struct fields *f, const char *format, ...) {
        va_list ap;

        if (!sources_wanted)
                return;

        va_start(ap, format);
        vsnprintf(f->source, sizeof(f->source), format, ap);
        va_end(ap);
}

void fields_source_smbios(struct fields *f, const struct smbios_structure *s, size_t offset) {
        /* One that is not there has no length. */
        if (s->length > 0)
                fields_source(f, "SMBIOS type %u, handle 0x%04x, offset 0x%02zx", s->type, s->handle, offset);
        else
                fields_source(f, "%s", "");
}

void fields_source_sysfs(struct fields *f, const struct sysfs_device *device, const char *attribute) {
        fields_source(f, "/sys%s%s%s", sysfs_path_below_root(device->path), *attribute ? "/" : "", attribute);
}

/* Every setter ends here. */
static void fields_end(struct fields *f, const char *name, int r) {
        if (r >= 0)
                r = field_set_source(f->object, name, f->source);
        if (r < 0)
                f->error = r;
}

void fields_text(struct fields *f, const char *name, const char *text) {
        if (f->error >= 0)
                fields_end(f, name, field_set_text(f->object, name, text));
}

void fields_word(struct fields *f, const char *name, const char *word) {
        if (f->error >= 0)
                fields_end(f, name, json_set_string(f->object, name, word));
}

void fields_number(struct fields *f, const char *name, uint64_t value) {
        if (f->error >= 0)
                fields_end(f, name, field_set_number(f->object, name, value));
}

void fields_signed(struct fields *f, const char *name, int64_t value) {
        fields_take(f, name, json_integer(value));
}

void fields_real(struct fields *f, const char *name, double value) {
        fields_take(f, name, json_real(value));
}

void fields_bool(struct fields *f, const char *name, bool value) {
        fields_take(f, name, json_boolean(value));
}

void fields_null(struct fields *f, const char *name) {
        fields_take(f, name, json_null());
}

void fields_hex(struct fields *f, const char *name, uint64_t value, int digits) {
        char text[24];

        snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, value);
        fields_word(f, name, text);
}

void fields_take(struct fields *f, const char *name, json_t *value) {
        if (f->error < 0)
                json_decref(value);
        else
                fields_end(f, name, json_set(f->object, name, value));
}

static int move_behind(json_t *object) {
        json_t *sources = json_object_get(object, FIELD_SOURCES);

        if (!sources)
                return 0;

        json_incref(sources);
        (void) json_object_del(object, FIELD_SOURCES);
        return json_set(object, FIELD_SOURCES, sources);
}

int sources_move_behind(json_t *value) {
        json_t *member;
        const char *key;
        size_t i;
        int r;

        json_array_foreach(value, i, member) {
                r = sources_move_behind(member);
                if (r < 0)
                        return r;
        }

        json_object_foreach(value, key, member) {
                r = sources_move_behind(member);
                if (r < 0)
                        return r;
        }

        return json_is_object(value) ? move_behind(value) : 0;
}

int smbios_fields_set(json_t *part, const struct smbios_structure *s, const struct smbios_field *fields) {
        struct fields f = fields_of(part);

        for (; fields->name && f.error >= 0; fields++) {
                fields_source_smbios(&f, s, fields->offset);
                fields_end(&f, fields->name, fields->set(part, fields->name, s, fields->offset));
        }

        return f.error;
}

int sysfs_fields_set(json_t *part, const struct sysfs_device *device, const struct sysfs_field *fields) {
        struct fields f = fields_of(part);

        for (; fields->name && f.error >= 0; fields++) {
                _cleanup_free_ char *value = NULL;
                int r;

                r = read_line_file_at(device->fd, fields->attribute, &value);
                if (r == -ENOMEM)
                        return r;

                fields_source_sysfs(&f, device, fields->attribute);
                fields_end(&f, fields->name, fields->set(part, fields->name, value));
        }

        return f.error;
}

int smbios_set_name(json_t *part, const char *name, const struct smbios_structure *s, size_t offset,
                    const char *const *names, size_t n_names) {
        uint8_t code;

        return json_set_string(part, name,
                               smbios_u8(s, offset, &code) && code < n_names ? names[code] : NULL);
}

int sysfs_set_signed(json_t *part, const char *name, const char *value) {
        long long number;
        int end = -1;

        if (!value || sscanf(value, "%lld%n", &number, &end) != 1 || value[end])
                return json_set_string(part, name, NULL);

        return json_set(part, name, json_integer(number));
}

int sysfs_set_hex(json_t *part, const char *name, const char *value) {
        _cleanup_free_ char *text = NULL;

        if (!value)
                return json_set_string(part, name, NULL);

        text = strprintf("0x%s", startswith(value, "0x") ?: value);
        return text ? field_set_text(part, name, text) : -ENOMEM;
}

int sysfs_set_real(json_t *part, const char *name, const char *value) {
        double number;
        int end = -1;

        if (!value || sscanf(value, "%lf%n", &number, &end) != 1 || value[end])
                return json_set_string(part, name, NULL);

        return json_set(part, name, json_real(number));
}

int sysfs_set_transfers(json_t *part, const char *name, const char *value) {
        double speed;
        int end = -1;

        if (!value || sscanf(value, "%lf GT/s%n", &speed, &end) != 1 || end < 0)
                return json_set_string(part, name, NULL);

        return json_set(part, name, json_real(speed));
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
