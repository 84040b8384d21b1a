/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <uchar.h>

#include "ffs-write.h"
#include "lzma-alone.h"
#include "ovmf.h"

/* PEI and DXE take 12.9 MiB in Debian's build. */
#define DECODED_MAX (64U * 1024 * 1024)

/* edk2, OvmfPkg/OvmfPkgX64.fdf: the file in FVMAIN_COMPACT around the compressed volumes. */
static const struct guid compressed_file_guid = {
        0x9e21fd93, 0x9c72, 0x4c15, {0x8c, 0x4b, 0xe7, 0x7f, 0x1d, 0xb2, 0xd7, 0x92}};

/* edk2, MdeModulePkg/Include/Guid/LzmaDecompress.h */
static const struct guid lzma_guid = {
        0xee4e5898, 0x3914, 0x4259, {0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf}};

/* edk2, MdeModulePkg/Universal/BdsDxe/BdsDxe.inf */
static const struct guid bds_guid = {
        0x6d33944a, 0xec75, 0x4855, {0xa5, 0x4d, 0x80, 0x9c, 0x75, 0x24, 0x1f, 0x6c}};

/* The driver waits for nothing: TRUE, END (PI 1.7A volume 2, 10.7). The architectural protocols that it calls
 * are there when the DXE core calls it. */
static const uint8_t depex_true[] = {0x06, 0x08};
static const char16_t bds_name[] = u"SeatrialBds";

const char *ovmf_part_to_string(enum ovmf_part part) {
        switch (part) {
        case OVMF_VOLUME:
                return "a firmware volume at its start";
        case OVMF_COMPRESSED:
                return "the LZMA section that holds PEI and DXE";
        case OVMF_PEI:
                return "a volume with the PEI core";
        case OVMF_DXE:
                return "a volume with the DXE core";
        case OVMF_BDS:
                return "the module BdsDxe";
        default:
                return "nothing";
        }
}

static bool volume_has(const struct ffs_volume *volume, enum ffs_file_type type) {
        size_t position = volume->files;
        struct ffs_file file;

        while (ffs_file_next(volume, &position, &file) == FFS_OK)
                if (file.type == type)
                        return true;

        return false;
}

/* Dropped modules become pad files, everything else stays where it is. */
static int repack_pei(uint8_t *data, const struct ffs_volume *volume, struct modules *drop) {
        size_t position = volume->files;
        struct ffs_file file;
        enum ffs_result r;

        while ((r = ffs_file_next(volume, &position, &file)) == FFS_OK) {
                struct module *module = modules_find(drop, &file.name);

                if (!module)
                        continue;

                module->found = true;
                ffs_file_erase(data, &file);
        }

        return r == FFS_END ? 0 : -EBADMSG;
}

static int add_bds(struct ffs_writer *w, const void *driver, size_t driver_size) {
        const struct ffs_section_content sections[] = {
                {FFS_SECTION_DXE_DEPEX, depex_true, sizeof(depex_true)},
                {FFS_SECTION_PE32, driver, driver_size},
                {FFS_SECTION_USER_INTERFACE, bds_name, sizeof(bds_name)},
        };

        return ffs_writer_add(w, &bds_guid, FFS_FILE_DRIVER, 0, sections, ELEMENTSOF(sections));
}

/* The files that stay move together; old pad files go, the writer makes those that alignment asks for. */
static int repack_dxe(uint8_t *data, const struct ffs_volume *volume, const void *driver, size_t driver_size,
                      struct modules *drop, enum ovmf_part *ret_missing) {
        _cleanup_free_ uint8_t *rebuilt = NULL;
        size_t position = volume->files;
        struct ffs_writer w;
        struct ffs_file file;
        enum ffs_result result;
        bool replaced = false;
        int r;

        rebuilt = malloc(volume->size);
        if (!rebuilt)
                return -ENOMEM;

        ffs_writer_restart(&w, volume, rebuilt);
        while ((result = ffs_file_next(volume, &position, &file)) == FFS_OK) {
                struct module *module = modules_find(drop, &file.name);

                if (file.type == FFS_FILE_PAD)
                        continue;
                if (module) {
                        module->found = true;
                        continue;
                }

                if (guid_equal(&file.name, &bds_guid)) {
                        r = add_bds(&w, driver, driver_size);
                        replaced = true;
                } else
                        r = ffs_writer_copy(&w, &file);
                if (r < 0)
                        return r;
        }
        if (result != FFS_END)
                return -EBADMSG;

        if (!replaced) {
                *ret_missing = OVMF_BDS;
                return -ENOENT;
        }

        memcpy(data, rebuilt, volume->size);
        return 0;
}

/* The volumes stand in the decoded bytes as sections, one after the other. */
static int repack_volumes(uint8_t *data, size_t size, const void *driver, size_t driver_size,
                          struct modules *drop, enum ovmf_part *ret_missing) {
        bool pei = false, dxe = false;
        struct ffs_section section;
        enum ffs_result result;
        size_t position = 0;
        int r = 0;

        while ((result = ffs_section_next(data, size, &position, &section)) == FFS_OK) {
                uint8_t *body = data + section.offset + section.header_size;
                struct ffs_volume volume;

                if (section.type != FFS_SECTION_VOLUME_IMAGE)
                        continue;
                if (ffs_volume_open(body, section.size, &volume) != FFS_OK)
                        return -EBADMSG;

                if (volume_has(&volume, FFS_FILE_PEI_CORE)) {
                        pei = true;
                        r = repack_pei(body, &volume, drop);
                } else if (volume_has(&volume, FFS_FILE_DXE_CORE)) {
                        dxe = true;
                        r = repack_dxe(body, &volume, driver, driver_size, drop, ret_missing);
                }
                if (r < 0)
                        return r;
        }
        if (result != FFS_END)
                return -EBADMSG;

        if (!pei || !dxe) {
                *ret_missing = pei ? OVMF_DXE : OVMF_PEI;
                return -ENOENT;
        }

        return 0;
}

/* Finds the compressed section in its file. */
static int find_compressed(const struct ffs_volume *volume, struct ffs_file *ret_file,
                           struct ffs_section *ret_section, struct ffs_guid_defined_header *ret_header) {
        struct ffs_guid_defined_header header;
        struct ffs_section section;
        struct ffs_file file;

        if (ffs_file_find(volume, &compressed_file_guid, &file) != FFS_OK ||
            ffs_section_find(&file, FFS_SECTION_GUID_DEFINED, &section) != FFS_OK ||
            section.size < sizeof(header))
                return -ENOENT;

        memcpy(&header, section.data, sizeof(header));
        if (!guid_equal(&header.guid, &lzma_guid))
                return -ENOENT;
        if (header.data_offset < section.header_size + sizeof(header) ||
            header.data_offset > section.header_size + section.size)
                return -EBADMSG;

        *ret_file = file;
        *ret_section = section;
        *ret_header = header;
        return 0;
}

/* Writes the volume anew around a packed section that has another size now. */
static int replace_compressed(uint8_t *code, const struct ffs_volume *volume, const struct ffs_file *file,
                              const struct ffs_guid_defined_header *header, const uint8_t *packed,
                              size_t packed_size) {
        _cleanup_free_ uint8_t *rebuilt = NULL, *content = NULL;
        size_t position = volume->files;
        struct ffs_section_content section;
        struct ffs_writer w;
        struct ffs_file other;
        int r;

        /* What edk2 put between the header and the data (nothing, for LZMA) is not ours to make up. */
        if (header->data_offset != FFS_SECTION_HEADER_SIZE + sizeof(*header))
                return -EBADMSG;

        content = malloc(sizeof(*header) + packed_size);
        rebuilt = malloc(volume->size);
        if (!content || !rebuilt)
                return -ENOMEM;

        memcpy(content, header, sizeof(*header));
        memcpy(content + sizeof(*header), packed, packed_size);
        section = (struct ffs_section_content){FFS_SECTION_GUID_DEFINED, content,
                                               sizeof(*header) + packed_size};

        ffs_writer_restart(&w, volume, rebuilt);
        while (ffs_file_next(volume, &position, &other) == FFS_OK) {
                if (other.offset == file->offset)
                        r = ffs_writer_add(&w, &file->name, file->type, file->attributes, &section, 1);
                else if (other.type == FFS_FILE_PAD)
                        continue;
                else
                        r = ffs_writer_copy(&w, &other);
                if (r < 0)
                        return r;
        }

        memcpy(code, rebuilt, volume->size);
        return 0;
}

int ovmf_repack(uint8_t *code, size_t size, const void *driver, size_t driver_size, struct modules *drop,
                enum ovmf_part *ret_missing) {
        _cleanup_free_ uint8_t *volumes = NULL, *packed = NULL;
        size_t volumes_size, packed_size;
        struct ffs_guid_defined_header header;
        struct ffs_section section;
        struct ffs_volume volume;
        struct ffs_file file;
        int r;

        if (ffs_volume_open(code, size, &volume) != FFS_OK) {
                *ret_missing = OVMF_VOLUME;
                return -ENOENT;
        }

        r = find_compressed(&volume, &file, &section, &header);
        if (r == -ENOENT)
                *ret_missing = OVMF_COMPRESSED;
        if (r < 0)
                return r;

        r = alone_decode(section.data - section.header_size + header.data_offset,
                         section.size + section.header_size - header.data_offset, DECODED_MAX, &volumes,
                         &volumes_size);
        if (r < 0)
                return r;

        r = repack_volumes(volumes, volumes_size, driver, driver_size, drop, ret_missing);
        if (r < 0)
                return r;

        r = alone_encode(volumes, volumes_size, &packed, &packed_size);
        if (r < 0)
                return r;

        return replace_compressed(code, &volume, &file, &header, packed, packed_size);
}
