/* SPDX-License-Identifier: GPL-3.0-or-later */
/* field.h: members of an inventory part, and where each came from. A member whose source is missing,
 * unreadable or says "unknown" becomes null: it is never left out and never guessed.
 *
 * The source of a member stands under the same name in its object's member "sources"; what is inside an
 * object or an array without a source of its own has that of the member that holds it. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

#define FIELD_SOURCES "sources"

/* Whether sources are noted from here on; they are unless somebody says otherwise. Of the whole process, and
 * so for the worker to say before it collects: they take more than the values themselves. */
void fields_note_sources(bool wanted);

struct smbios_structure;
struct sysfs_device;

/* Members of one object, set one after the other. The first error stays, and those after it do nothing. */
struct fields {
        json_t *object;
        int error; /* 0, -ENOMEM */
        char source[256];
};

/* For an object that is the caller's; NULL counts as out of memory. */
static inline struct fields fields_of(json_t *object) {
        return (struct fields){.object = object, .error = object ? 0 : -ENOMEM};
}

/* Where the members that follow come from, as a person would look it up: "/proc/meminfo", "IPMI Get Device
 * ID". */
void fields_source(struct fields *f, const char *format, ...) _printf_(2, 3);

/* Text from outside, made printable; null for NULL, for blanks, and for what vendors leave in place of a
 * value
 * ("To be filled by O.E.M."). */
void fields_text(struct fields *f, const char *name, const char *text);

/* One of our own words; NULL: unknown. */
void fields_word(struct fields *f, const char *name, const char *word);

/* A number, or null where JSON's signed integers cannot hold it. */
void fields_number(struct fields *f, const char *name, uint64_t value);
void fields_signed(struct fields *f, const char *name, int64_t value);
void fields_real(struct fields *f, const char *name, double value);
void fields_bool(struct fields *f, const char *name, bool value);
void fields_null(struct fields *f, const char *name);

/* "0x8086" */
void fields_hex(struct fields *f, const char *name, uint64_t value, int digits);

/* Takes the reference; NULL counts as out of memory. */
void fields_take(struct fields *f, const char *name, json_t *value);

/* The same with one call each, without a source. Return 0, -ENOMEM. */
int field_set_number(json_t *part, const char *name, uint64_t value);
int field_set_text(json_t *part, const char *name, const char *text);

/* Notes a member's source. Returns 0, -ENOMEM. */
int field_set_source(json_t *part, const char *name, const char *source);

/* Puts the sources of everything below value behind the members that they speak of. Returns 0, -ENOMEM. */
int sources_move_behind(json_t *value);

/* Members as tables that say where each is found and how it is read. */
struct smbios_field {
        const char *name;
        uint8_t offset; /* in the formatted area */
        int (*set)(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
};

/* Sets every member of the table, which ends with a NULL name. Returns 0, -ENOMEM. */
int smbios_fields_set(json_t *part, const struct smbios_structure *s, const struct smbios_field *fields);

/* "SMBIOS type 17, handle 0x1100, offset 0x0c" as the source of what follows. */
void fields_source_smbios(struct fields *f, const struct smbios_structure *s, size_t offset);

/* Ways to read a field. The "nonzero" ones take 0, and the "known" ones all bits set, for unknown. */
int smbios_set_string(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
int smbios_set_nonzero_u8(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
int smbios_set_nonzero_u16(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
int smbios_set_known_u16(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
int smbios_set_u16(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);

/* The name that a table gives to the code at offset, null where it gives none. */
int smbios_set_name(json_t *part, const char *name, const struct smbios_structure *s, size_t offset,
                    const char *const *names, size_t n_names);

struct sysfs_field {
        const char *name;
        const char *attribute; /* path below the device */
        int (*set)(json_t *part, const char *name,
                   const char *value); /* NULL: the attribute cannot be read */
};

/* Sets every member of the table from the device's attributes. Returns 0, -ENOMEM. */
int sysfs_fields_set(json_t *part, const struct sysfs_device *device, const struct sysfs_field *fields);

/* The attribute as the source of what follows. */
void fields_source_sysfs(struct fields *f, const struct sysfs_device *device, const char *attribute);

/* Ways to read an attribute: text; a decimal or 0x number; one that may be negative; 0 or 1; 512-byte sectors
 * as bytes; "46f4" as "0x46f4"; "8.0 GT/s PCIe" and "1.5" as a number with a fraction. */
int sysfs_set_text(json_t *part, const char *name, const char *value);
int sysfs_set_number(json_t *part, const char *name, const char *value);
int sysfs_set_signed(json_t *part, const char *name, const char *value);
int sysfs_set_boolean(json_t *part, const char *name, const char *value);
int sysfs_set_sectors(json_t *part, const char *name, const char *value);
int sysfs_set_hex(json_t *part, const char *name, const char *value);
int sysfs_set_real(json_t *part, const char *name, const char *value);
int sysfs_set_transfers(json_t *part, const char *name, const char *value);
