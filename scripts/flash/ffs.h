/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ffs.h: reads firmware volumes, UEFI Platform Initialization specification 1.7A, volume 3, chapters 2 and 3.
 *
 * The BDS driver walks the payload with the same code in flash, where there is no C library: it allocates
 * nothing and has a result of its own instead of errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* EFI_GUID, little endian in memory. */
struct guid {
        uint32_t a;
        uint16_t b, c;
        uint8_t d[8];
};

/* EFI_FIRMWARE_FILE_SYSTEM2_GUID */
static const struct guid ffs2_guid = {
        0x8c8ce578, 0x8a3d, 0x4f1c, {0x99, 0x35, 0x89, 0x61, 0x85, 0xc3, 0x2d, 0xd3}};

/* EFI_FIRMWARE_VOLUME_HEADER with a block map of one entry and its terminator. */
struct ffs_volume_header {
        uint8_t zero_vector[16];
        struct guid file_system;
        uint64_t length;
        uint8_t signature[4]; /* "_FVH" */
        uint32_t attributes;
        uint16_t header_length;
        uint16_t checksum;   /* makes the 16 bit words of the header add up to 0 */
        uint16_t ext_offset; /* of EFI_FIRMWARE_VOLUME_EXT_HEADER, 0: none */
        uint8_t reserved;
        uint8_t revision;
        struct {
                uint32_t blocks, length;
        } map[2];
};

/* EFI_FIRMWARE_VOLUME_EXT_HEADER */
struct ffs_volume_ext_header {
        struct guid name;
        uint32_t size;
};

/* EFI_FFS_FILE_HEADER */
struct ffs_file_header {
        struct guid name;
        uint8_t header_checksum;
        uint8_t file_checksum;
        uint8_t type;
        uint8_t attributes;
        uint8_t size[3]; /* with this header */
        uint8_t state;
};

/* EFI_COMMON_SECTION_HEADER */
struct ffs_section_header {
        uint8_t size[3]; /* with this header; all ones: a 32 bit size follows */
        uint8_t type;
};

/* EFI_GUID_DEFINED_SECTION, what follows the common header. */
struct ffs_guid_defined_header {
        struct guid guid;
        uint16_t data_offset; /* from the common header's start */
        uint16_t attributes;
};

#define FFS_VOLUME_HEADER_SIZE  72U
#define FFS_FILE_HEADER_SIZE    24U
#define FFS_SECTION_HEADER_SIZE 4U
#define FFS_VOLUME_REVISION     2
#define FFS_SIZE_MAX            0xfffffeU /* of a file or section whose size has 24 bits */

_Static_assert(sizeof(struct ffs_volume_header) == FFS_VOLUME_HEADER_SIZE, "EFI_FIRMWARE_VOLUME_HEADER");
_Static_assert(sizeof(struct ffs_file_header) == FFS_FILE_HEADER_SIZE, "EFI_FFS_FILE_HEADER");
_Static_assert(sizeof(struct ffs_section_header) == FFS_SECTION_HEADER_SIZE, "EFI_COMMON_SECTION_HEADER");
_Static_assert(sizeof(struct ffs_guid_defined_header) == 20, "EFI_GUID_DEFINED_SECTION");

/* EFI_FV_FILETYPE_ */
enum ffs_file_type {
        FFS_FILE_FREEFORM = 0x02,
        FFS_FILE_PEI_CORE = 0x04,
        FFS_FILE_DXE_CORE = 0x05,
        FFS_FILE_DRIVER = 0x07,
        FFS_FILE_APPLICATION = 0x09,
        FFS_FILE_PAD = 0xf0,
};

/* EFI_SECTION_ */
enum ffs_section_type {
        FFS_SECTION_GUID_DEFINED = 0x02,
        FFS_SECTION_PE32 = 0x10,
        FFS_SECTION_DXE_DEPEX = 0x13,
        FFS_SECTION_USER_INTERFACE = 0x15,
        FFS_SECTION_VOLUME_IMAGE = 0x17,
        FFS_SECTION_RAW = 0x19,
};

/* FFS_ATTRIB_ */
#define FFS_ATTRIBUTE_LARGE_FILE  0x01
#define FFS_ATTRIBUTE_ALIGNMENT_2 0x02
#define FFS_ATTRIBUTE_CHECKSUM    0x40

/* EFI_FILE_HEADER_CONSTRUCTION, _HEADER_VALID and _DATA_VALID in a volume whose erased bits are ones. */
#define FFS_STATE_DATA_VALID 0xf8

/* EFI_FIRMWARE_VOLUME_HEADER.Attributes: EFI_FVB2_ERASE_POLARITY */
#define FFS_VOLUME_ERASE_POLARITY 0x800U

enum ffs_result {
        FFS_BROKEN = -1, /* a length, a checksum or a signature is wrong */
        FFS_END = 0,
        FFS_OK = 1,
};

struct ffs_volume {
        const uint8_t *data;
        size_t size;  /* as its header says, never more than the caller's bytes */
        size_t files; /* offset of the first file */
};

struct ffs_file {
        struct guid name;
        uint8_t type;
        uint8_t attributes;
        size_t offset;       /* in the volume */
        const uint8_t *data; /* its header */
        size_t size;         /* with its header */
};

struct ffs_section {
        uint8_t type;
        size_t header_size;
        size_t offset;       /* of its header, from the first section's */
        const uint8_t *data; /* behind its header */
        size_t size;         /* without its header */
};

bool guid_equal(const struct guid *a, const struct guid *b);
uint8_t ffs_sum8(const void *data, size_t size);
uint16_t ffs_sum16(const void *data, size_t size);

/* The alignment, in bytes, that a file's attributes ask for what follows its header. */
size_t ffs_alignment(uint8_t attributes);

/* Checks the header of the volume at data and sets *ret. FFS_OK or FFS_BROKEN; broken is also what holds no
 * FFS2. */
enum ffs_result ffs_volume_open(const void *data, size_t size, struct ffs_volume *ret);

/* Takes the file at or after *position (volume->files to begin with), pad files among them, and moves on
 * behind it. FFS_OK and *ret, FFS_END, FFS_BROKEN for a header that is wrong or a length that leaves the
 * volume. Volumes with files over 16 MiB (FFS3) are broken to us. */
enum ffs_result ffs_file_next(const struct ffs_volume *volume, size_t *position, struct ffs_file *ret);

/* Adds up the body of a file that carries a checksum. FFS_OK or FFS_BROKEN. */
enum ffs_result ffs_file_check(const struct ffs_file *file);

/* Takes the section at *position (0 to begin with) among those that fill data, and moves on behind it. FFS_OK
 * and *ret, FFS_END, FFS_BROKEN. */
enum ffs_result ffs_section_next(const void *data, size_t size, size_t *position, struct ffs_section *ret);

/* Finds the first file of that name; FFS_END when there is none. */
enum ffs_result ffs_file_find(const struct ffs_volume *volume, const struct guid *name, struct ffs_file *ret);

/* Finds the first section of that type in a file; FFS_END when there is none. */
enum ffs_result ffs_section_find(const struct ffs_file *file, enum ffs_section_type type,
                                 struct ffs_section *ret);
