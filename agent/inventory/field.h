/* SPDX-License-Identifier: GPL-3.0-or-later */
/* field.h: members of an inventory part as tables that say where each is found and how it is read. A member
 * whose source is missing, unreadable or says "unknown" becomes null: it is never left out and never guessed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct smbios_structure;

struct smbios_field {
        const char *name;
        uint8_t offset; /* in the formatted area */
        int (*set)(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
};

/* Sets every member of the table, which ends with a NULL name. Returns 0, -ENOMEM. */
int smbios_fields_set(json_t *part, const struct smbios_structure *s, const struct smbios_field *fields);

/* Ways to read a field. The "nonzero" ones take 0, and the "known" ones all bits set, for unknown. */
int smbios_set_string(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
int smbios_set_nonzero_u8(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
int smbios_set_nonzero_u16(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
int smbios_set_known_u16(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);
int smbios_set_u16(json_t *part, const char *name, const struct smbios_structure *s, size_t offset);

struct sysfs_field {
        const char *name;
        const char *attribute; /* path below the device */
        int (*set)(json_t *part, const char *name,
                   const char *value); /* NULL: the attribute cannot be read */
};

/* Sets every member of the table from the attributes of the device whose directory is open. Returns 0,
 * -ENOMEM. */
int sysfs_fields_set(json_t *part, int device_fd, const struct sysfs_field *fields);

/* Ways to read an attribute: text; a decimal or 0x number; 0 or 1; 512-byte sectors as bytes. */
int sysfs_set_text(json_t *part, const char *name, const char *value);
int sysfs_set_number(json_t *part, const char *name, const char *value);
int sysfs_set_boolean(json_t *part, const char *name, const char *value);
int sysfs_set_sectors(json_t *part, const char *name, const char *value);

/* Sets a number, or null where JSON's signed integers cannot hold it. Returns 0, -ENOMEM. */
int field_set_number(json_t *part, const char *name, uint64_t value);

/* Sets text from outside, made printable; null for NULL, for blanks, and for what vendors leave in place of a
 * value
 * ("To be filled by O.E.M."). Returns 0, -ENOMEM. */
int field_set_text(json_t *part, const char *name, const char *text);
