/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "initramfs/elf-file.h"
#include "tests/unit/unit.h"

#define ADDRESS 0x400000U

/* A program with an interpreter and two libraries, laid out by hand. */
struct program {
        Elf64_Ehdr header;
        Elf64_Phdr load, interpreter_segment, dynamic_segment;
        Elf64_Dyn dynamic[6];
        Elf64_Shdr sections[3];
        char interpreter[16];
        char strings[32];
        char section_names[32];
        uint8_t unwind[16];
};

#define SPAN(type, field)                                                                                    \
        .p_type = (type), .p_offset = offsetof(struct program, field),                                       \
        .p_filesz = sizeof(((struct program *) NULL)->field)

static const struct program program = {
        .header =
                {
                        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                        .e_type = ET_DYN,
                        .e_machine = EM_X86_64,
                        .e_phoff = offsetof(struct program, load),
                        .e_phentsize = sizeof(Elf64_Phdr),
                        .e_phnum = 3,
                        .e_shoff = offsetof(struct program, sections),
                        .e_shentsize = sizeof(Elf64_Shdr),
                        .e_shnum = 3,
                        .e_shstrndx = 1,
                },
        .load = {.p_type = PT_LOAD, .p_vaddr = ADDRESS, .p_filesz = sizeof(struct program)},
        .interpreter_segment = {SPAN(PT_INTERP, interpreter)},
        .dynamic_segment = {SPAN(PT_DYNAMIC, dynamic)},
        .dynamic =
                {
                        {DT_NEEDED, {1}},
                        {DT_STRTAB, {ADDRESS + offsetof(struct program, strings)}},
                        {DT_NEEDED, {10}},
                        {DT_STRSZ, {32}},
                        {DT_NULL, {0}},
                        {DT_NEEDED, {1}}, /* behind the end */
                },
        .sections =
                {
                        [1] = {.sh_name = 1,
                               .sh_type = SHT_STRTAB,
                               .sh_size = 32,
                               .sh_offset = offsetof(struct program, section_names)},
                        [2] = {.sh_name = 11,
                               .sh_type = SHT_PROGBITS,
                               .sh_size = 16,
                               .sh_offset = offsetof(struct program, unwind)},
                },
        .interpreter = "/lib64/ld.so",
        .strings = "\0libc.so.\0libz.so.1",
        .section_names = "\0.shstrtab\0.eh_frame",
        .unwind = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
};

/* Opens exactly these bytes, in their own allocation, and reads all that it asks for. */
static int read_all(const void *bytes, size_t size) {
        _cleanup_free_ uint8_t *data = malloc(size + 1);
        struct elf_file elf;
        const char *needed;
        size_t position = 0;
        int r;

        assert_non_null(data);
        memcpy(data + 1, bytes, size); /* at an odd address: nothing may count on alignment */

        r = elf_open(data + 1, size, &elf);
        if (r < 0)
                return r;

        if (elf.interpreter)
                assert_true(strlen(elf.interpreter) < size);
        while ((r = elf_needed_next(&elf, &position, &needed)) > 0)
                assert_true(strlen(needed) < size);
        if (r < 0)
                return r;

        return elf_clear_unwind_tables(&elf, data + 1) < 0 ? -EBADMSG : 0;
}

static void program_s_interpreter_and_libraries_are_found(void **state _unused_) {
        struct elf_file elf;
        size_t position = 0;
        const char *needed;

        assert_int_equal(elf_open(&program, sizeof(program), &elf), 0);
        assert_string_equal(elf.interpreter, "/lib64/ld.so");
        assert_int_equal(elf_needed_next(&elf, &position, &needed), 1);
        assert_string_equal(needed, "libc.so.");
        assert_int_equal(elf_needed_next(&elf, &position, &needed), 1);
        assert_string_equal(needed, "libz.so.1");
        assert_int_equal(elf_needed_next(&elf, &position, &needed), 0);
        assert_int_equal(elf_needed_next(&elf, &position, &needed), 0);
}

static void static_program_needs_nothing(void **state _unused_) {
        struct program p = program;
        struct elf_file elf;
        size_t position = 0;
        const char *needed;

        p.header.e_phnum = 1;
        assert_int_equal(elf_open(&p, sizeof(p), &elf), 0);
        assert_null(elf.interpreter);
        assert_int_equal(elf_needed_next(&elf, &position, &needed), 0);
}

static void unwind_tables_become_zeros_and_nothing_else_changes(void **state _unused_) {
        struct program p = program, expected = program;
        struct elf_file elf;

        memset(expected.unwind, 0, sizeof(expected.unwind));
        assert_int_equal(elf_open(&p, sizeof(p), &elf), 0);
        assert_int_equal(elf_clear_unwind_tables(&elf, (uint8_t *) &p), 16);
        assert_memory_equal(&p, &expected, sizeof(p));
}

static void file_without_sections_has_no_unwind_tables_to_clear(void **state _unused_) {
        struct program p = program;
        struct elf_file elf;

        p.header.e_shnum = 0;
        assert_int_equal(elf_open(&p, sizeof(p), &elf), 0);
        assert_int_equal(elf_clear_unwind_tables(&elf, (uint8_t *) &p), 0);
}

static void other_machine_class_or_kind_is_no_program_of_ours(void **state _unused_) {
        struct program p = program;

        p.header.e_machine = EM_AARCH64;
        assert_int_equal(read_all(&p, sizeof(p)), -ENOEXEC);
        p = program;
        p.header.e_ident[EI_CLASS] = ELFCLASS32;
        assert_int_equal(read_all(&p, sizeof(p)), -ENOEXEC);
        p = program;
        p.header.e_ident[EI_DATA] = ELFDATA2MSB;
        assert_int_equal(read_all(&p, sizeof(p)), -ENOEXEC);
        p = program;
        p.header.e_type = ET_REL;
        assert_int_equal(read_all(&p, sizeof(p)), -ENOEXEC);
        assert_int_equal(read_all("#!/bin/sh\n", 10), -ENOEXEC);
        assert_int_equal(read_all("", 0), -ENOEXEC);
}

static void file_cut_off_anywhere_is_refused(void **state _unused_) {
        for (size_t size = 0; size < sizeof(program); size++)
                assert_true(read_all(&program, size) < 0);
        assert_int_equal(read_all(&program, sizeof(program)), 0);
}

static void segment_table_that_leaves_the_file_is_refused(void **state _unused_) {
        struct program p = program;

        p.header.e_phoff = sizeof(p) - 3 * sizeof(Elf64_Phdr) + 1;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p.header.e_phoff = UINT64_MAX - 8;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p = program;
        p.header.e_phentsize--;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p = program;
        p.header.e_phnum = UINT16_MAX;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
}

static void segment_that_leaves_the_file_is_refused(void **state _unused_) {
        static const uint64_t values[] = {sizeof(struct program) + 1, UINT64_MAX, UINT64_MAX - 16,
                                          1ULL << 63};

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                struct program p = program;

                p.dynamic_segment.p_offset = values[i];
                assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
                p = program;
                p.dynamic_segment.p_filesz = values[i];
                assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
                p = program;
                p.interpreter_segment.p_offset = values[i];
                assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
                p = program;
                p.load.p_offset = values[i];
                assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        }
}

static void interpreter_without_end_or_beginning_is_refused(void **state _unused_) {
        struct program p = program;

        memset(p.interpreter, '/', sizeof(p.interpreter));
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p = program;
        p.interpreter[0] = 'l';
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p = program;
        p.interpreter_segment.p_filesz = 0;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
}

static void string_table_outside_of_what_is_loaded_is_refused(void **state _unused_) {
        static const uint64_t addresses[] = {0, ADDRESS - 1, ADDRESS + sizeof(struct program), UINT64_MAX};
        struct program p = program;

        for (size_t i = 0; i < ELEMENTSOF(addresses); i++) {
                p.dynamic[1].d_un.d_ptr = addresses[i];
                assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        }

        p = program;
        p.dynamic[3].d_un.d_val = UINT64_MAX;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);

        p = program;
        p.strings[sizeof(p.strings) - 1] = 'x'; /* nothing ends the last name */
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
}

static void library_name_outside_of_the_strings_or_empty_is_refused(void **state _unused_) {
        static const uint64_t names[] = {0, 32, UINT64_MAX};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct program p = program;

                p.dynamic[2].d_un.d_val = names[i];
                assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        }
}

static void library_name_without_any_strings_is_refused(void **state _unused_) {
        struct program p = program;

        p.dynamic[3].d_un.d_val = 0;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
}

static void section_that_leaves_the_file_is_refused(void **state _unused_) {
        struct program p = program;

        p.sections[2].sh_size = sizeof(p);
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p = program;
        p.sections[2].sh_offset = UINT64_MAX;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p = program;
        p.sections[2].sh_name = 32;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p = program;
        p.header.e_shstrndx = 3;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p = program;
        p.header.e_shentsize = 1;
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
        p = program;
        p.section_names[31] = 'x';
        assert_int_equal(read_all(&p, sizeof(p)), -EBADMSG);
}

static void random_damage_never_leads_out_of_the_file(void **state _unused_) {
        unsigned seed = 1, refused = 0;

        for (unsigned round = 0; round < 100000; round++) {
                struct program p = program;

                for (unsigned i = 0; i < 1 + round % 4; i++)
                        ((uint8_t *) &p)[(size_t) rand_r(&seed) % sizeof(p)] = (uint8_t) rand_r(&seed);
                if (read_all(&p, sizeof(p)) < 0)
                        refused++;
        }

        assert_in_range(refused, 10000, 99999);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(program_s_interpreter_and_libraries_are_found),
                cmocka_unit_test(static_program_needs_nothing),
                cmocka_unit_test(unwind_tables_become_zeros_and_nothing_else_changes),
                cmocka_unit_test(file_without_sections_has_no_unwind_tables_to_clear),
                cmocka_unit_test(other_machine_class_or_kind_is_no_program_of_ours),
                cmocka_unit_test(file_cut_off_anywhere_is_refused),
                cmocka_unit_test(segment_table_that_leaves_the_file_is_refused),
                cmocka_unit_test(segment_that_leaves_the_file_is_refused),
                cmocka_unit_test(interpreter_without_end_or_beginning_is_refused),
                cmocka_unit_test(string_table_outside_of_what_is_loaded_is_refused),
                cmocka_unit_test(library_name_outside_of_the_strings_or_empty_is_refused),
                cmocka_unit_test(library_name_without_any_strings_is_refused),
                cmocka_unit_test(section_that_leaves_the_file_is_refused),
                cmocka_unit_test(random_damage_never_leads_out_of_the_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
