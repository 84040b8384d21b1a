/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smbios.h: the table in which firmware describes the machine (DMTF DSP0134), read from bytes of which
 * nothing is trusted: no length, no count, no string number, no terminator. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "macro.h"

enum {
        SMBIOS_FIRMWARE = 0,
        SMBIOS_SYSTEM = 1,
        SMBIOS_BASEBOARD = 2,
        SMBIOS_CHASSIS = 3,
        SMBIOS_PROCESSOR = 4,
        SMBIOS_CACHE = 7,
        SMBIOS_SYSTEM_SLOT = 9,
        SMBIOS_MEMORY_ARRAY = 16,
        SMBIOS_MEMORY_DEVICE = 17,
        SMBIOS_MEMORY_ARRAY_ADDRESS = 19,
        SMBIOS_MEMORY_DEVICE_ADDRESS = 20,
        SMBIOS_POWER_SUPPLY = 39,
        SMBIOS_HOST_INTERFACE = 42,
        SMBIOS_END = 127,
};

struct smbios {
        unsigned major, minor; /* of the specification that the table claims to follow */
        uint8_t *table;
        size_t size;
        size_t n_structures; /* how many the entry point announces; SIZE_MAX when it does not */
};

/* One structure, pointing into the table. A zeroed one stands before the first. */
struct smbios_structure {
        uint8_t type;
        uint8_t length; /* of data: header and formatted area, at least 4 */
        uint16_t handle;
        const uint8_t *data;
        const char *strings; /* the text behind the formatted area, perhaps without terminator */
        size_t strings_size;

        size_t index; /* of the structure in the table, from 1 */
        size_t end;   /* where the next one begins in the table */
};

/* Takes a copy of a table with its entry point, 32-bit ("_SM_") or 64-bit ("_SM3_"); what the table holds
 * beyond the size announced there is left out. Returns 0 and sets *ret, -EBADMSG when the entry point is none
 * (short, unknown anchor, wrong checksum), -ENOMEM. */
int smbios_new(const void *entry_point, size_t entry_point_size, const void *table, size_t table_size,
               struct smbios **ret);

/* The same from sys_root/firmware/dmi/tables. Returns also -ENOENT when the firmware has left no table, or
 * another negative errno. */
int smbios_read(const char *sys_root, struct smbios **ret);

struct smbios *smbios_free(struct smbios *smbios);
DEFINE_CLEANUP(struct smbios *, smbios_free);

/* Moves it on to the next structure, the end-of-table structure left out. Returns 1, 0 at the end, -EBADMSG
 * when what follows cannot be a structure (all before it are good). */
int smbios_next(const struct smbios *smbios, struct smbios_structure *it);

/* The same, to the next structure of that type. */
int smbios_next_of(const struct smbios *smbios, uint8_t type, struct smbios_structure *it);

/* Finds the structure with that type and handle. Returns 1 and sets *ret, 0 when there is none. */
int smbios_find(const struct smbios *smbios, uint8_t type, uint16_t handle, struct smbios_structure *ret);

/* size bytes at offset of the formatted area, or NULL where the structure is too short for them. */
const uint8_t *smbios_bytes(const struct smbios_structure *s, size_t offset, size_t size);

/* The little-endian number at offset. False, and *ret untouched, where the structure is too short for it. */
bool smbios_u8(const struct smbios_structure *s, size_t offset, uint8_t *ret);
bool smbios_u16(const struct smbios_structure *s, size_t offset, uint16_t *ret);
bool smbios_u32(const struct smbios_structure *s, size_t offset, uint32_t *ret);
bool smbios_u64(const struct smbios_structure *s, size_t offset, uint64_t *ret);

/* The text whose number stands at offset, printable ASCII only, without white space around it. *ret becomes
 * NULL when the structure has no such field, gives no text for it, names one that is not there, or nothing
 * but blanks. Returns 0, -ENOMEM. */
int smbios_string(const struct smbios_structure *s, size_t offset, char **ret);
