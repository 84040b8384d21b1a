/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ffs.h"

/* No header has these where there is no C library; the BDS driver brings its own. */
#define memcmp __builtin_memcmp
#define memcpy __builtin_memcpy

bool guid_equal(const struct guid *a, const struct guid *b) {
        return memcmp(a, b, sizeof(*a)) == 0;
}

static uint32_t read_size(const uint8_t size[static 3]) {
        return (uint32_t) size[0] | (uint32_t) size[1] << 8 | (uint32_t) size[2] << 16;
}

uint8_t ffs_sum8(const void *data, size_t size) {
        const uint8_t *p = data;
        uint32_t sum = 0;

        for (size_t i = 0; i < size; i++)
                sum += p[i];

        return (uint8_t) sum;
}

uint16_t ffs_sum16(const void *data, size_t size) {
        const uint8_t *p = data;
        uint32_t sum = 0;

        for (size_t i = 0; i + 1 < size; i += 2)
                sum += (uint32_t) p[i] | (uint32_t) p[i + 1] << 8;

        return (uint16_t) sum;
}

size_t ffs_alignment(uint8_t attributes) {
        /* PI 1.7A volume 3, table 3-3: FFS_ATTRIB_DATA_ALIGNMENT, as powers of two. */
        static const uint8_t small[8] = {0, 4, 7, 9, 10, 12, 15, 16};
        unsigned value = (attributes >> 3) & 7;

        return (size_t) 1 << (attributes & FFS_ATTRIBUTE_ALIGNMENT_2 ? 17 + value : small[value]);
}

enum ffs_result ffs_volume_open(const void *data, size_t size, struct ffs_volume *ret) {
        struct ffs_volume_header header;
        struct ffs_volume_ext_header ext;
        size_t files;

        if (size < sizeof(header))
                return FFS_BROKEN;

        memcpy(&header, data, sizeof(header));
        if (memcmp(header.signature, "_FVH", sizeof(header.signature)) != 0 ||
            !guid_equal(&header.file_system, &ffs2_guid) || header.revision != FFS_VOLUME_REVISION ||
            !(header.attributes & FFS_VOLUME_ERASE_POLARITY))
                return FFS_BROKEN;

        if (header.length > size || header.header_length < sizeof(header) || header.header_length % 2 != 0 ||
            header.header_length > header.length || ffs_sum16(data, header.header_length) != 0)
                return FFS_BROKEN;

        files = header.header_length;
        if (header.ext_offset != 0) {
                /* The files begin behind the extended header, which lies in the body of a pad file. */
                if (header.ext_offset < header.header_length || header.ext_offset > header.length ||
                    header.length - header.ext_offset < sizeof(ext))
                        return FFS_BROKEN;

                memcpy(&ext, (const uint8_t *) data + header.ext_offset, sizeof(ext));
                if (ext.size < sizeof(ext) || ext.size > header.length - header.ext_offset)
                        return FFS_BROKEN;

                files = (size_t) header.ext_offset + ext.size;
        }

        *ret = (struct ffs_volume){
                .data = data,
                .size = (size_t) header.length,
                .files = files,
        };
        return FFS_OK;
}

/* Erased flash: nothing was ever written here, so no file stands behind it. */
static bool is_erased(const uint8_t *p, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (p[i] != 0xff)
                        return false;

        return true;
}

enum ffs_result ffs_file_next(const struct ffs_volume *volume, size_t *position, struct ffs_file *ret) {
        struct ffs_file_header header;
        size_t offset, size;
        uint8_t sum;

        offset = *position <= volume->size ? (*position + 7) & ~(size_t) 7 : volume->size;
        if (offset > volume->size || volume->size - offset < sizeof(header))
                return FFS_END;
        if (is_erased(volume->data + offset, sizeof(header)))
                return FFS_END;

        memcpy(&header, volume->data + offset, sizeof(header));
        if (header.attributes & FFS_ATTRIBUTE_LARGE_FILE)
                return FFS_BROKEN;

        /* The header's checksum leaves out the file's and the state, which change after it was written. */
        sum = (uint8_t) (ffs_sum8(&header, sizeof(header)) - header.file_checksum - header.state);
        size = read_size(header.size);
        if (sum != 0 || size < sizeof(header) || size > volume->size - offset)
                return FFS_BROKEN;

        *ret = (struct ffs_file){
                .name = header.name,
                .type = header.type,
                .attributes = header.attributes,
                .offset = offset,
                .data = volume->data + offset,
                .size = size,
        };
        *position = offset + size;
        return FFS_OK;
}

enum ffs_result ffs_file_check(const struct ffs_file *file) {
        struct ffs_file_header header;
        uint8_t sum;

        if (!(file->attributes & FFS_ATTRIBUTE_CHECKSUM))
                return FFS_OK;

        memcpy(&header, file->data, sizeof(header));
        sum = ffs_sum8(file->data + sizeof(header), file->size - sizeof(header));
        return (uint8_t) (sum + header.file_checksum) == 0 ? FFS_OK : FFS_BROKEN;
}

enum ffs_result ffs_section_next(const void *data, size_t size, size_t *position, struct ffs_section *ret) {
        struct ffs_section_header header;
        size_t offset, header_size = sizeof(header);
        uint32_t section_size;

        /* Up to three bytes align the next section; what is left after the last one may be shorter than that.
         */
        offset = *position <= size ? (*position + 3) & ~(size_t) 3 : size;
        if (offset >= size)
                return FFS_END;
        if (size - offset < sizeof(header))
                return FFS_BROKEN;

        memcpy(&header, (const uint8_t *) data + offset, sizeof(header));
        section_size = read_size(header.size);
        if (section_size > FFS_SIZE_MAX) {
                header_size += sizeof(section_size);
                if (size - offset < header_size)
                        return FFS_BROKEN;

                memcpy(&section_size, (const uint8_t *) data + offset + sizeof(header), sizeof(section_size));
        }

        if (section_size < header_size || section_size > size - offset)
                return FFS_BROKEN;

        *ret = (struct ffs_section){
                .type = header.type,
                .header_size = header_size,
                .offset = offset,
                .data = (const uint8_t *) data + offset + header_size,
                .size = section_size - header_size,
        };
        *position = offset + section_size;
        return FFS_OK;
}

enum ffs_result ffs_file_find(const struct ffs_volume *volume, const struct guid *name,
                              struct ffs_file *ret) {
        size_t position = volume->files;
        struct ffs_file file;
        enum ffs_result r;

        while ((r = ffs_file_next(volume, &position, &file)) == FFS_OK)
                if (guid_equal(&file.name, name)) {
                        *ret = file;
                        return FFS_OK;
                }

        return r;
}

enum ffs_result ffs_section_find(const struct ffs_file *file, enum ffs_section_type type,
                                 struct ffs_section *ret) {
        struct ffs_section section;
        size_t position = 0;
        enum ffs_result r;

        while ((r = ffs_section_next(file->data + FFS_FILE_HEADER_SIZE, file->size - FFS_FILE_HEADER_SIZE,
                                     &position, &section)) == FFS_OK)
                if (section.type == type) {
                        *ret = section;
                        return FFS_OK;
                }

        return r;
}
