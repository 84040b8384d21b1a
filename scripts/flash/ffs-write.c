/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "ffs-write.h"

#define ERASED     0xff
#define BLOCK_SIZE 0x1000U

/* edk2's BaseTools give every volume of OVMF's these EFI_FVB2_ attributes: readable, writable, erase
 * polarity, ... */
#define VOLUME_ATTRIBUTES 0x4feffU

/* PI 1.7A volume 3, 3.2.3: the file checksum's value in a file without one. */
#define NO_CHECKSUM 0xaa

static const struct guid pad_guid = {
        0xffffffff, 0xffff, 0xffff, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static size_t align_up(size_t value, size_t alignment) {
        return (value + alignment - 1) & ~(alignment - 1);
}

static void write_size(uint8_t size[static 3], size_t value) {
        size[0] = (uint8_t) value;
        size[1] = (uint8_t) (value >> 8);
        size[2] = (uint8_t) (value >> 16);
}

int64_t ffs_section_write(uint8_t *buffer, const struct ffs_section_content *section) {
        struct ffs_section_header header = {.type = (uint8_t) section->type};

        if (section->size > FFS_SIZE_MAX - sizeof(header))
                return -EFBIG;

        if (buffer) {
                write_size(header.size, sizeof(header) + section->size);
                memcpy(buffer, &header, sizeof(header));
                memcpy(buffer + sizeof(header), section->data, section->size);
        }

        return (int64_t) (sizeof(header) + section->size);
}

/* Sets a file's size, FFS_SIZE_MAX at the most, and both checksums, in a header that has all the rest and
 * begins the size bytes at data. */
static void seal_file(uint8_t *data, size_t size) {
        struct ffs_file_header header;

        memcpy(&header, data, sizeof(header));
        write_size(header.size, size);
        header.header_checksum = 0;
        header.file_checksum = 0;
        header.state = 0;
        header.header_checksum = (uint8_t) -ffs_sum8(&header, sizeof(header));
        header.file_checksum = header.attributes & FFS_ATTRIBUTE_CHECKSUM
                                       ? (uint8_t) -ffs_sum8(data + sizeof(header), size - sizeof(header))
                                       : NO_CHECKSUM;
        header.state = FFS_STATE_DATA_VALID;
        memcpy(data, &header, sizeof(header));
}

/* A pad file of size bytes, its header among them. */
static void write_pad(uint8_t *data, size_t size) {
        struct ffs_file_header header = {.name = pad_guid, .type = FFS_FILE_PAD};

        memset(data, ERASED, size);
        memcpy(data, &header, sizeof(header));
        seal_file(data, size);
}

int ffs_writer_init(struct ffs_writer *w, void *data, size_t size, const struct guid *name) {
        struct ffs_volume_ext_header ext = {.name = *name, .size = sizeof(ext)};
        struct ffs_volume_header header = {
                .file_system = ffs2_guid,
                .length = size,
                .signature = {'_', 'F', 'V', 'H'},
                .attributes = VOLUME_ATTRIBUTES,
                .header_length = sizeof(header),
                .ext_offset = sizeof(header) + FFS_FILE_HEADER_SIZE,
                .revision = FFS_VOLUME_REVISION,
                .map = {{(uint32_t) (size / BLOCK_SIZE), BLOCK_SIZE}, {0, 0}},
        };

        if (size == 0 || size % BLOCK_SIZE != 0 || size / BLOCK_SIZE > UINT32_MAX)
                return -EINVAL;

        header.checksum = (uint16_t) -ffs_sum16(&header, sizeof(header));

        memset(data, ERASED, size);
        memcpy(data, &header, sizeof(header));
        write_pad((uint8_t *) data + sizeof(header), FFS_FILE_HEADER_SIZE + sizeof(ext));
        memcpy((uint8_t *) data + header.ext_offset, &ext, sizeof(ext));

        *w = (struct ffs_writer){
                .data = data,
                .size = size,
                .used = header.ext_offset + sizeof(ext),
        };
        return 0;
}

void ffs_writer_restart(struct ffs_writer *w, const struct ffs_volume *volume, void *data) {
        memcpy(data, volume->data, volume->files);
        memset((uint8_t *) data + volume->files, ERASED, volume->size - volume->files);

        *w = (struct ffs_writer){
                .data = data,
                .size = volume->size,
                .used = volume->files,
        };
}

/* Where a file of size bytes can go: pads when what follows its header is to be aligned. */
static int writer_place(struct ffs_writer *w, size_t size, size_t alignment, size_t *ret) {
        size_t start = align_up(w->used, 8), offset = start;

        if ((start + FFS_FILE_HEADER_SIZE) % alignment != 0)
                /* The pad file's own header needs room, and the file's comes right before the boundary. */
                offset = align_up(start + 2 * FFS_FILE_HEADER_SIZE, alignment) - FFS_FILE_HEADER_SIZE;

        if (offset > w->size || size > w->size - offset)
                return -ENOSPC;

        if (offset > start)
                write_pad(w->data + start, offset - start);

        *ret = offset;
        return 0;
}

int ffs_writer_add(struct ffs_writer *w, const struct guid *name, enum ffs_file_type type, uint8_t attributes,
                   const struct ffs_section_content *sections, size_t n_sections) {
        struct ffs_file_header header = {.name = *name, .type = (uint8_t) type, .attributes = attributes};
        size_t size = sizeof(header), offset, position;
        int r;

        for (size_t i = 0; i < n_sections; i++) {
                int64_t n = ffs_section_write(NULL, &sections[i]);

                if (n < 0)
                        return (int) n;
                size = align_up(size, 4) + (size_t) n;
        }
        if (size > FFS_SIZE_MAX)
                return -EFBIG;

        r = writer_place(w, size, ffs_alignment(attributes), &offset);
        if (r < 0)
                return r;

        memset(w->data + offset, 0, size);
        memcpy(w->data + offset, &header, sizeof(header));

        position = sizeof(header);
        for (size_t i = 0; i < n_sections; i++) {
                position = align_up(position, 4);
                position += (size_t) ffs_section_write(w->data + offset + position, &sections[i]);
        }

        seal_file(w->data + offset, size);
        w->used = offset + size;
        return 0;
}

int ffs_writer_copy(struct ffs_writer *w, const struct ffs_file *file) {
        size_t offset;
        int r;

        r = writer_place(w, file->size, ffs_alignment(file->attributes), &offset);
        if (r < 0)
                return r;

        memcpy(w->data + offset, file->data, file->size);
        w->used = offset + file->size;
        return 0;
}

void ffs_file_erase(uint8_t *data, const struct ffs_file *file) {
        write_pad(data + file->offset, file->size);
}
