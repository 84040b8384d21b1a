/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <elf.h>
#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "initramfs/contents.h"
#include "initramfs/image.h"
#include "initramfs/newc.h"
#include "initramfs/xz.h"
#include "tests/unit/unit.h"

/* A directory to put programs and libraries into, removed at the end. */
static char directory[] = "/tmp/seatrial-test-pack-XXXXXX";

static int setup(void **state _unused_) {
        return mkdtemp(directory) ? 0 : -1;
}

static void in_directory(const char *name, const void *data, size_t size) {
        _cleanup_free_ char *path = strprintf("%s/%s", directory, name);

        assert_non_null(path);
        assert_int_equal(write_file_atomic(path, data, size, 0644), 0);
}

static int teardown(void **state _unused_) {
        static const char *const names[] = {"program", "libone.so", "libtwo.so", "ld.so", "libgcc_s.so.1"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *path = strprintf("%s/%s", directory, names[i]);

                unlink(path);
        }
        return rmdir(directory);
}

/* Writes an ELF file that needs up to two libraries, and an interpreter when it is a program. */
static void elf(const char *name, const char *interpreter, const char *first, const char *second) {
        struct {
                Elf64_Ehdr header;
                Elf64_Phdr segments[3];
                Elf64_Dyn dynamic[5];
                char interpreter[16];
                char strings[64];
                char applets[16];
        } f = {
                .header =
                        {
                                .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                            EV_CURRENT},
                                .e_type = ET_DYN,
                                .e_machine = EM_X86_64,
                                .e_phoff = sizeof(Elf64_Ehdr),
                                .e_phentsize = sizeof(Elf64_Phdr),
                                .e_phnum = interpreter ? 3 : 2,
                        },
                .applets = "\0cat\0ls",
        };
        Elf64_Dyn *d = f.dynamic;

        f.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_filesz = sizeof(f)};
        f.segments[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_filesz = sizeof(f.dynamic)};
        f.segments[1].p_offset = (Elf64_Off) ((char *) f.dynamic - (char *) &f);
        f.segments[2] = (Elf64_Phdr){.p_type = PT_INTERP, .p_filesz = sizeof(f.interpreter)};
        f.segments[2].p_offset = (Elf64_Off) (f.interpreter - (char *) &f);
        if (interpreter)
                snprintf(f.interpreter, sizeof(f.interpreter), "%s", interpreter);

        *d++ = (Elf64_Dyn){DT_STRTAB, {(Elf64_Xword) (f.strings - (char *) &f)}};
        *d++ = (Elf64_Dyn){DT_STRSZ, {sizeof(f.strings)}};
        if (first) {
                snprintf(f.strings + 1, 30, "%s", first);
                *d++ = (Elf64_Dyn){DT_NEEDED, {1}};
        }
        if (second) {
                snprintf(f.strings + 32, 30, "%s", second);
                *d++ = (Elf64_Dyn){DT_NEEDED, {32}};
        }

        in_directory(name, &f, sizeof(f));
}

/* program -> ld.so, libone.so -> libtwo.so -> libone.so (a circle), ld.so */
static void program_and_libraries(void) {
        elf("program", "/lib/ld.so", "libone.so", NULL);
        elf("libone.so", NULL, "libtwo.so", NULL);
        elf("libtwo.so", NULL, "libone.so", "ld.so");
        elf("ld.so", NULL, NULL, NULL);
}

static int parse(const char *list, struct contents *ret, char **ret_error) {
        const struct definition definitions[] = {{"here", directory}, {"file", "/etc/hostname"}};
        _cleanup_free_ char *text = strdup(list);

        assert_non_null(text);
        return contents_parse(text, "lists/contents", definitions, ELEMENTSOF(definitions), ret, ret_error);
}

/* Builds the image of a list, with "%s" in it the directory, and archives it. */
static int build(const char *format, char **ret_archive, size_t *ret_size, char **ret_error) {
        _cleanup_free_ char *list = strdup(""), *rest = strdup(format);
        _cleanup_(contents_done) struct contents contents = {};
        _cleanup_(image_done) struct image image = {};
        const char *directories[] = {"/nonexistent", directory};
        struct library_path path = {directories, ELEMENTSOF(directories)};
        char *part, *at = rest;
        int r;

        /* "@" stands for the directory. */
        while ((part = strsep(&at, "@"))) {
                char *longer = strprintf("%s%s%s", list, part, at ? directory : "");

                free(list);
                list = longer;
        }

        r = parse(list, &contents, ret_error);
        if (r >= 0)
                r = image_build(&contents, "lists/contents", &path, &image, ret_error);
        if (r >= 0)
                r = image_archive(&image, ret_archive, ret_size);

        return r;
}

/* The names in an archive, one after the other with a space between. */
static char *names(const char *archive, size_t size) {
        char *all = strdup("");

        for (size_t at = 0; at + 110 < size;) {
                unsigned name_size, data_size;
                char *longer;

                assert_memory_equal(archive + at, "070701", 6);
                assert_int_equal(sscanf(archive + at + 6 + 6 * 8, "%8x", &data_size), 1);
                assert_int_equal(sscanf(archive + at + 6 + 11 * 8, "%8x", &name_size), 1);
                longer = strprintf("%s%s%s", all, *all ? " " : "", archive + at + 110);
                free(all);
                all = longer;
                at += (110 + name_size + 3) / 4 * 4 + (data_size + 3) / 4 * 4;
        }

        return all;
}

static void archive_is_the_kernel_s_format_byte_for_byte(void **state _unused_) {
        static const char expected[] = "070701"
                                       "00000001"
                                       "000081a4"
                                       "00000000"
                                       "00000000"
                                       "00000001"
                                       "00000000"
                                       "00000005"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "00000006"
                                       "00000000"
                                       "etc/a\0"
                                       "hello\0\0\0"
                                       "070701"
                                       "00000002"
                                       "000021b6"
                                       "00000000"
                                       "00000000"
                                       "00000001"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "00000001"
                                       "00000003"
                                       "00000009"
                                       "00000000"
                                       "dev/null\0\0"
                                       "070701"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "00000001"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "00000000"
                                       "0000000b"
                                       "00000000"
                                       "TRAILER!!!\0\0\0\0";
        _cleanup_free_ char *buffer = NULL;
        struct newc newc = {};
        size_t size;

        newc.stream = open_memstream(&buffer, &size);
        assert_non_null(newc.stream);
        assert_int_equal(newc_add(&newc, &(struct newc_entry){.path = "/etc/a",
                                                              .mode = S_IFREG | 0644,
                                                              .data = "hello",
                                                              .size = 5}),
                         0);
        assert_int_equal(newc_add(&newc, &(struct newc_entry){.path = "/dev/null",
                                                              .mode = S_IFCHR | 0666,
                                                              .major = 1,
                                                              .minor = 3}),
                         0);
        assert_int_equal(newc_finish(&newc), 0);
        fclose(newc.stream);
        assert_int_equal(size, sizeof(expected) - 1);
        assert_memory_equal(buffer, expected, size);
}

static void content_over_32_bits_is_refused(void **state _unused_) {
        struct newc newc = {.stream = stdout};

        assert_int_equal(newc_add(&newc, &(struct newc_entry){.path = "/a", .size = 1ULL << 32}), -EFBIG);
}

static void every_directive_is_read(void **state _unused_) {
        _cleanup_(contents_done) struct contents c = {};
        _cleanup_free_ char *message = NULL;

        assert_int_equal(parse("# comment\n"
                               "dir /a 0755 # another\n"
                               "file /a/b relative 0644\n"
                               "\tlink  /a/c\t../target\n"
                               "node /a/d b 8 1 0660\n"
                               "elf /a/e $file\n"
                               "applets /a /a/e one two\n"
                               "libraries /lib\n"
                               "discard unwind-tables\n",
                               &c, &message),
                         0);
        assert_null(message);
        assert_int_equal(c.n_items, 7);
        assert_int_equal(c.items[0].mode, S_IFDIR | 0755);
        assert_string_equal(c.items[1].source, "lists/relative");
        assert_int_equal(c.items[1].mode, S_IFREG | 0644);
        assert_string_equal(c.items[2].target, "../target");
        assert_int_equal(c.items[3].mode, S_IFBLK | 0660);
        assert_int_equal(c.items[3].major, 8);
        assert_int_equal(c.items[3].minor, 1);
        assert_string_equal(c.items[4].source, "/etc/hostname");
        assert_true(c.items[4].elf);
        assert_string_equal(c.items[6].path, "/a/two");
        assert_string_equal(c.items[6].target, "/a/e");
        assert_int_equal(c.items[6].line, 7);
        assert_string_equal(c.libraries, "/lib");
        assert_true(c.discard_unwind_tables);
}

static void line_that_is_wrong_is_named_with_what_is_wrong(void **state _unused_) {
        static const struct {
                const char *list, *message;
        } cases[] = {
                {"\ncopy /a b", "lists/contents:2: unknown directive \"copy\""},
                {"dir /a", "lists/contents:1: dir takes 2 words, not 1"},
                {"dir /a 0755 x", "lists/contents:1: dir takes 2 words, not 3"},
                {"applets /bin /bin/busybox", "lists/contents:1: applets takes 3 words or more, not 2"},
                {"dir a 0755", "lists/contents:1: \"a\" is no absolute path in the image"},
                {"dir / 0755", "lists/contents:1: \"/\" is no absolute path in the image"},
                {"dir /a/ 0755", "lists/contents:1: \"/a/\" is no absolute path in the image"},
                {"dir /a/../b 0755", "lists/contents:1: \"/a/../b\" is no absolute path in the image"},
                {"dir /../a 0755", "lists/contents:1: \"/../a\" is no absolute path in the image"},
                {"dir /a/.. 0755", "lists/contents:1: \"/a/..\" is no absolute path in the image"},
                {"dir /a 0789", "lists/contents:1: \"0789\" is no octal mode such as 0755"},
                {"dir /a 10000", "lists/contents:1: \"10000\" is no octal mode such as 0755"},
                {"dir /a -1", "lists/contents:1: \"-1\" is no octal mode such as 0755"},
                {"dir /a 0755\nlink /a b", "lists/contents:2: /a stands in line 1 already"},
                {"file /a $agent 0644", "lists/contents:1: $agent is not defined; give -D agent=FILE"},
                {"node /a x 1 2 0600", "lists/contents:1: \"x\" is neither b nor c"},
                {"node /a c 1 65536 0600", "lists/contents:1: \"65536\" is no device number"},
                {"libraries /a\nlibraries /b", "lists/contents:2: libraries go to /a already"},
                {"discard everything", "lists/contents:1: \"everything\" is nothing that can be discarded"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(contents_done) struct contents c = {};
                _cleanup_free_ char *message = NULL;

                assert_int_equal(parse(cases[i].list, &c, &message), -EINVAL);
                assert_string_equal(message, cases[i].message);
        }
}

static void endless_line_is_refused(void **state _unused_) {
        _cleanup_(contents_done) struct contents c = {};
        _cleanup_free_ char *message = NULL;
        char list[1024] = "applets /bin /bin/busybox";

        for (size_t n = strlen(list); n < sizeof(list) - 3; n += 2)
                memcpy(list + n, " x", 3);
        assert_int_equal(parse(list, &c, &message), -EINVAL);
        assert_non_null(strstr(message, "lists/contents:1: more than"));
}

static void libraries_of_libraries_come_along_once(void **state _unused_) {
        _cleanup_free_ char *archive = NULL, *message = NULL, *found = NULL;
        size_t size;

        program_and_libraries();
        assert_int_equal(
                build("dir /lib 0755\nlibraries /lib\nelf /program @/program\n", &archive, &size, &message),
                0);
        found = names(archive, size);
        assert_string_equal(found, "lib lib/ld.so lib/libone.so lib/libtwo.so program TRAILER!!!");
}

static void same_contents_in_another_order_give_the_same_bytes(void **state _unused_) {
        _cleanup_free_ char *first = NULL, *second = NULL, *message = NULL;
        size_t first_size, second_size;

        program_and_libraries();
        assert_int_equal(build("dir /lib 0755\nlibraries /lib\nelf /program @/program\nlink /init program\n",
                               &first, &first_size, &message),
                         0);

        /* Later and with other times on the files. */
        program_and_libraries();
        assert_int_equal(build("link /init program\nelf /program @/program\nlibraries /lib\ndir /lib 0755\n",
                               &second, &second_size, &message),
                         0);
        assert_int_equal(first_size, second_size);
        assert_memory_equal(first, second, first_size);
}

static void missing_library_is_named_with_who_needs_it_and_where_it_was_searched(void **state _unused_) {
        _cleanup_free_ char *archive = NULL, *message = NULL, *expected = NULL;
        size_t size;

        program_and_libraries();
        elf("libone.so", NULL, "libthree.so", NULL);
        expected = strprintf("/lib/libone.so needs the library libthree.so: No such file or directory; "
                             "searched: /nonexistent, %s",
                             directory);
        assert_int_equal(
                build("dir /lib 0755\nlibraries /lib\nelf /program @/program\n", &archive, &size, &message),
                -EINVAL);
        assert_string_equal(message, expected);
}

static void what_cannot_be_packed_is_named(void **state _unused_) {
        static const struct {
                const char *list, *message;
        } cases[] = {
                {"file /a @/none 0644", "lists/contents:1: "},
                {"file /a/b @/program 0644", "/a/b (lists/contents:1): no \"dir /a\" line"},
                {"link /a b\nfile /a/b @/program 0644", "/a/b (lists/contents:2): no \"dir /a\" line"},
                {"elf /program @/program", "/program needs libone.so: no \"libraries\" line says where to"},
                {"libraries /lib\nelf /program @/program",
                 "/lib/ld.so (needed by /program): no \"dir /lib\" line"},
                {"elf /hosts /etc/passwd", "/hosts (lists/contents:1): no 64 bit x86 program or library"},
                {"link /cat /none\napplets / /none ls", "\"//ls\" is no absolute path"},
                {"dir /b 0755\napplets /b /none ls",
                 "/b/ls is to be a link to /none, which is no elf of this list"},
                {"dir /b 0755\nelf /ld.so @/ld.so\napplets /b /ld.so cat ls sed", "/ld.so has no applet sed"},
                {"dir /b 0755\nelf /ld.so @/ld.so\napplets /b /ld.so at", "/ld.so has no applet at"},
        };

        program_and_libraries();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *archive = NULL, *message = NULL;
                size_t size;

                assert_int_equal(build(cases[i].list, &archive, &size, &message), -EINVAL);
                assert_non_null(strstr(message, cases[i].message));
        }
}

static void library_that_unwinds_is_refused_without_unwind_tables(void **state _unused_) {
        _cleanup_free_ char *archive = NULL, *message = NULL;
        size_t size;

        elf("program", NULL, "libgcc_s.so.1", NULL);
        elf("libgcc_s.so.1", NULL, NULL, NULL);
        assert_int_equal(
                build("dir /lib 0755\nlibraries /lib\nelf /program @/program\ndiscard unwind-tables\n",
                      &archive, &size, &message),
                -EINVAL);
        assert_string_equal(
                message, "/lib/libgcc_s.so.1, needed by /program, unwinds the stack, but the unwind tables "
                         "are to be discarded");
}

static void library_s_name_that_is_a_path_is_refused(void **state _unused_) {
        _cleanup_free_ char *archive = NULL, *message = NULL;
        size_t size;

        elf("program", NULL, "../../etc/passwd", NULL);
        assert_int_equal(
                build("dir /lib 0755\nlibraries /lib\nelf /program @/program\n", &archive, &size, &message),
                -EINVAL);
        assert_string_equal(message,
                            "/program needs ../../etc/passwd, which is a path, not a library's name");
}

static void packed_bytes_are_what_the_kernel_s_decoder_takes(void **state _unused_) {
        /* Block header: two filters, x86 BCJ without properties, then LZMA2 with a dictionary of 1 MiB. */
        static const uint8_t filters[] = {0x04, 0x00, 0x21, 0x01, 0x10};
        _cleanup_free_ uint8_t *first = NULL, *second = NULL;
        size_t first_size, second_size, in = 0, out = 0;
        uint64_t limit = UINT64_MAX;
        char data[3000], again[3000];

        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (char) (i * i % 251);

        assert_int_equal(xz_encode(data, sizeof(data), &first, &first_size), 0);
        assert_int_equal(xz_encode(data, sizeof(data), &second, &second_size), 0);
        assert_int_equal(first_size, second_size);
        assert_memory_equal(first, second, first_size);

        assert_memory_equal(first,
                            "\xfd"
                            "7zXZ\0\0\x01",
                            8); /* CRC32, all that the kernel checks */
        assert_non_null(memmem(first + 12, 24, filters, sizeof(filters)));
        assert_int_equal(lzma_stream_buffer_decode(&limit, 0, NULL, first, &in, first_size, (uint8_t *) again,
                                                   &out, sizeof(again)),
                         LZMA_OK);
        assert_int_equal(out, sizeof(data));
        assert_memory_equal(again, data, sizeof(data));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(archive_is_the_kernel_s_format_byte_for_byte),
                cmocka_unit_test(content_over_32_bits_is_refused),
                cmocka_unit_test(every_directive_is_read),
                cmocka_unit_test(line_that_is_wrong_is_named_with_what_is_wrong),
                cmocka_unit_test(endless_line_is_refused),
                cmocka_unit_test(libraries_of_libraries_come_along_once),
                cmocka_unit_test(same_contents_in_another_order_give_the_same_bytes),
                cmocka_unit_test(missing_library_is_named_with_who_needs_it_and_where_it_was_searched),
                cmocka_unit_test(what_cannot_be_packed_is_named),
                cmocka_unit_test(library_that_unwinds_is_refused_without_unwind_tables),
                cmocka_unit_test(library_s_name_that_is_a_path_is_refused),
                cmocka_unit_test(packed_bytes_are_what_the_kernel_s_decoder_takes),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
