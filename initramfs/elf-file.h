/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elf-file.h: what a 64 bit x86 program or library asks of its loader, as the System V ABI's generic part,
 * chapters 4 and 5, has it. */
#pragma once

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file {
        const uint8_t *data;
        size_t size;
        Elf64_Ehdr header;
        const char *interpreter; /* NULL: a library, or a static program */
        const uint8_t *dynamic;  /* may not be aligned */
        size_t n_dynamic;
        const char *strings; /* its last byte is a NUL */
        size_t strings_size;
};

/* Reads the size bytes at data, which must stay, and sets *ret. Returns 0, -ENOEXEC when they are no ELF file
 * for this machine, -EBADMSG when an offset or a size in it leads out of it. */
int elf_open(const void *data, size_t size, struct elf_file *ret);

/* Takes the next library that the file needs, by its DT_NEEDED name; *position is 0 to begin with. Returns 1
 * and sets *ret, 0 at the end, -EBADMSG. */
int elf_needed_next(const struct elf_file *elf, size_t *position, const char **ret);

/* Overwrites the unwind tables (.eh_frame, .eh_frame_hdr) in data, the file's own bytes, by zeros, which an
 * unwinder takes for a file without any. Returns their size, -EBADMSG when a section leads out of the file.
 */
int64_t elf_clear_unwind_tables(const struct elf_file *elf, uint8_t *data);
