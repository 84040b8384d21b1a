/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ffs-write.h: writes firmware volumes: ffs.h's other half, for the build machine only. */
#pragma once

#include "ffs.h"

/* Files go back to back into a volume at data, whose free space is erased flash. */
struct ffs_writer {
        uint8_t *data;
        size_t size;
        size_t used;
};

/* One section to be written. */
struct ffs_section_content {
        enum ffs_section_type type;
        const void *data;
        size_t size;
};

/* Writes a section's header and content to buffer, or only counts when that is NULL. Returns its size, -EFBIG
 * when it needs more than 24 bits. */
int64_t ffs_section_write(uint8_t *buffer, const struct ffs_section_content *section);

/* Erases the size bytes at data and writes a volume's header there, with an extended header that carries the
 * name. Returns 0, -EINVAL when size is no multiple of 4 KiB or too small. */
int ffs_writer_init(struct ffs_writer *w, void *data, size_t size, const struct guid *name);

/* Goes on with a volume: keeps everything before its first file and erases the rest. */
void ffs_writer_restart(struct ffs_writer *w, const struct ffs_volume *volume, void *data);

/* Adds a file of these sections. Returns 0, -EFBIG, -ENOSPC; the volume stays as it is then. */
int ffs_writer_add(struct ffs_writer *w, const struct guid *name, enum ffs_file_type type, uint8_t attributes,
                   const struct ffs_section_content *sections, size_t n_sections);

/* Adds a file as it stands elsewhere, behind a pad file when its alignment asks for one. Returns 0, -ENOSPC.
 */
int ffs_writer_copy(struct ffs_writer *w, const struct ffs_file *file);

/* Turns a file into a pad file where it is, so that nothing else moves. data is the volume's. */
void ffs_file_erase(uint8_t *data, const struct ffs_file *file);
