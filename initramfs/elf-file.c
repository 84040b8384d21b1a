/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "elf-file.h"

static bool is_elf(const void *data, size_t size) {
        return size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

/* The size bytes at offset, NULL when they are not all in the file. */
static const uint8_t *elf_range(const struct elf_file *elf, uint64_t offset, uint64_t size) {
        if (offset > elf->size || size > elf->size - offset)
                return NULL;

        return elf->data + offset;
}

static int elf_segment(const struct elf_file *elf, size_t i, Elf64_Phdr *ret) {
        const uint8_t *p = elf_range(elf, elf->header.e_phoff, (uint64_t) elf->header.e_phnum * sizeof(*ret));

        if (!p)
                return -EBADMSG;

        memcpy(ret, p + i * sizeof(*ret), sizeof(*ret));
        return 0;
}

/* The size bytes that are loaded at address. */
static const uint8_t *elf_loaded(const struct elf_file *elf, uint64_t address, uint64_t size) {
        Elf64_Phdr segment;

        for (size_t i = 0; i < elf->header.e_phnum; i++) {
                if (elf_segment(elf, i, &segment) < 0)
                        return NULL;

                if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
                    address - segment.p_vaddr <= segment.p_filesz &&
                    size <= segment.p_filesz - (address - segment.p_vaddr) &&
                    elf_range(elf, segment.p_offset, segment.p_filesz))
                        return elf->data + segment.p_offset + (address - segment.p_vaddr);
        }

        return NULL;
}

static Elf64_Dyn elf_dynamic(const struct elf_file *elf, size_t i) {
        Elf64_Dyn d;

        memcpy(&d, elf->dynamic + i * sizeof(d), sizeof(d));
        return d;
}

static int elf_find_segments(struct elf_file *elf) {
        Elf64_Phdr segment;
        const uint8_t *p;

        for (size_t i = 0; i < elf->header.e_phnum; i++) {
                if (elf_segment(elf, i, &segment) < 0)
                        return -EBADMSG;
                if (segment.p_type != PT_INTERP && segment.p_type != PT_DYNAMIC)
                        continue;

                p = elf_range(elf, segment.p_offset, segment.p_filesz);
                if (!p || segment.p_filesz == 0)
                        return -EBADMSG;

                if (segment.p_type == PT_INTERP) {
                        if (p[0] != '/' || p[segment.p_filesz - 1] != 0)
                                return -EBADMSG;
                        elf->interpreter = (const char *) p;
                } else {
                        elf->dynamic = p;
                        elf->n_dynamic = segment.p_filesz / sizeof(Elf64_Dyn);
                }
        }

        return 0;
}

/* Finds the table that names in the dynamic section are offsets into. */
static int elf_find_strings(struct elf_file *elf) {
        uint64_t address = 0, size = 0;

        for (size_t i = 0; i < elf->n_dynamic; i++) {
                Elf64_Dyn d = elf_dynamic(elf, i);

                if (d.d_tag == DT_NULL)
                        break;
                if (d.d_tag == DT_STRTAB)
                        address = d.d_un.d_ptr;
                if (d.d_tag == DT_STRSZ)
                        size = d.d_un.d_val;
        }

        if (size == 0)
                return 0;

        elf->strings = (const char *) elf_loaded(elf, address, size);
        if (!elf->strings || elf->strings[size - 1] != 0)
                return -EBADMSG;

        elf->strings_size = size;
        return 0;
}

int elf_open(const void *data, size_t size, struct elf_file *ret) {
        struct elf_file elf = {.data = data, .size = size};
        int r;

        if (!is_elf(data, size) || size < sizeof(elf.header))
                return -ENOEXEC;

        memcpy(&elf.header, data, sizeof(elf.header));
        if (elf.header.e_ident[EI_CLASS] != ELFCLASS64 || elf.header.e_ident[EI_DATA] != ELFDATA2LSB ||
            elf.header.e_machine != EM_X86_64 ||
            (elf.header.e_type != ET_EXEC && elf.header.e_type != ET_DYN))
                return -ENOEXEC;
        if (elf.header.e_phnum > 0 && elf.header.e_phentsize != sizeof(Elf64_Phdr))
                return -EBADMSG;

        r = elf_find_segments(&elf);
        if (r >= 0)
                r = elf_find_strings(&elf);
        if (r < 0)
                return r;

        *ret = elf;
        return 0;
}

int elf_needed_next(const struct elf_file *elf, size_t *position, const char **ret) {
        while (*position < elf->n_dynamic) {
                Elf64_Dyn d = elf_dynamic(elf, (*position)++);

                if (d.d_tag == DT_NULL) {
                        *position = elf->n_dynamic;
                        return 0;
                }
                if (d.d_tag != DT_NEEDED)
                        continue;

                if (d.d_un.d_val >= elf->strings_size || !elf->strings[d.d_un.d_val])
                        return -EBADMSG;

                *ret = elf->strings + d.d_un.d_val;
                return 1;
        }

        return 0;
}

static int elf_section(const struct elf_file *elf, size_t i, Elf64_Shdr *ret) {
        const uint8_t *p = elf_range(elf, elf->header.e_shoff, (uint64_t) elf->header.e_shnum * sizeof(*ret));

        if (!p || elf->header.e_shentsize != sizeof(*ret) || i >= elf->header.e_shnum)
                return -EBADMSG;

        memcpy(ret, p + i * sizeof(*ret), sizeof(*ret));
        return 0;
}

int64_t elf_clear_unwind_tables(const struct elf_file *elf, uint8_t *data) {
        Elf64_Shdr names_section, section;
        const char *names;
        int64_t cleared = 0;

        if (elf->header.e_shnum == 0)
                return 0;

        if (elf_section(elf, elf->header.e_shstrndx, &names_section) < 0)
                return -EBADMSG;
        names = (const char *) elf_range(elf, names_section.sh_offset, names_section.sh_size);
        if (!names || names_section.sh_size == 0 || names[names_section.sh_size - 1] != 0)
                return -EBADMSG;

        for (size_t i = 0; i < elf->header.e_shnum; i++) {
                if (elf_section(elf, i, &section) < 0 || section.sh_name >= names_section.sh_size)
                        return -EBADMSG;
                if (section.sh_type == SHT_NOBITS || (!streq(names + section.sh_name, ".eh_frame") &&
                                                      !streq(names + section.sh_name, ".eh_frame_hdr")))
                        continue;
                if (!elf_range(elf, section.sh_offset, section.sh_size))
                        return -EBADMSG;

                memset(data + section.sh_offset, 0, section.sh_size);
                cleared += (int64_t) section.sh_size;
        }

        return cleared;
}
