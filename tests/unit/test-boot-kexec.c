/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "boot/kexec.h"
#include "tests/unit/unit.h"

/* The setup header as Debian's linux-image-6.1.0 has it, in so far as it is looked at. */
static void make_header(uint8_t header[static KEXEC_HEADER_SIZE]) {
        static const uint8_t command_line_size[] = {0xff, 0x07, 0, 0}; /* 2047 */

        memset(header, 0, KEXEC_HEADER_SIZE);
        memcpy(header + 0x202, "HdrS", 4);
        header[0x206] = 0x0f; /* 2.15 */
        header[0x207] = 0x02;
        memcpy(header + 0x238, command_line_size, 4);
}

static void assert_refused(const uint8_t *header, size_t size, size_t command_line_length, int error,
                           const char *words) {
        _cleanup_free_ char *reason = NULL;

        assert_int_equal(kexec_check_kernel(header, size, command_line_length, &reason), error);
        assert_string_equal(reason, words);
}

static void bz_image_is_taken(void **state _unused_) {
        uint8_t header[KEXEC_HEADER_SIZE];
        char *reason = NULL;

        make_header(header);
        assert_int_equal(kexec_check_kernel(header, sizeof(header), 2047, &reason), 0);
        assert_null(reason);
}

static void command_line_longer_than_the_kernel_takes_is_refused(void **state _unused_) {
        uint8_t header[KEXEC_HEADER_SIZE];

        make_header(header);
        assert_refused(header, sizeof(header), 2048, -E2BIG,
                       "it takes a command line of 2047 bytes, and this one has 2048");
}

static void file_without_the_magic_is_refused(void **state _unused_) {
        uint8_t header[KEXEC_HEADER_SIZE];

        make_header(header);
        header[0x202] = 'h';
        assert_refused(header, sizeof(header), 0, -ENOEXEC,
                       "it is no x86 kernel: the header of a bzImage is missing");
}

static void file_cut_off_anywhere_in_its_header_is_refused(void **state _unused_) {
        uint8_t header[KEXEC_HEADER_SIZE];

        make_header(header);
        for (size_t size = 0; size < sizeof(header); size++) {
                _cleanup_free_ uint8_t *copy = malloc(size ?: 1);

                assert_non_null(copy);
                memcpy(copy, header, size);
                assert_refused(copy, size, 0, -ENOEXEC,
                               "it is no x86 kernel: the header of a bzImage is missing");
        }
}

static void kernel_too_old_for_kexec_file_load_is_refused(void **state _unused_) {
        uint8_t header[KEXEC_HEADER_SIZE];

        make_header(header);
        header[0x206] = 0x0b;
        assert_refused(header, sizeof(header), 0, -ENOEXEC,
                       "it is a kernel of boot protocol 2.11, and kexec needs 2.12");
}

static int make_file(const void *data, size_t size) {
        int fd = memfd_create("test", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write_all(fd, data, size), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

static void initrds_are_joined_each_at_a_multiple_of_four(void **state _unused_) {
        _cleanup_close_ int one = make_file("abcde", 5), two = make_file("", 0), three = make_file("fghi", 4),
                            four = make_file("j", 1), joined = -EBADF;
        char content[32];

        joined = kexec_join_initrds((const int[]){one, two, three, four}, 4);
        assert_true(joined >= 0);
        assert_int_equal(pread(joined, content, sizeof(content), 0), 16);
        assert_memory_equal(content, "abcde\0\0\0fghij\0\0\0", 16);
}

static void large_initrd_is_joined_whole(void **state _unused_) {
        size_t size = (5U << 20) + 3;
        _cleanup_free_ char *data = malloc(size), *read_back = malloc(size);
        _cleanup_close_ int one = -EBADF, two = make_file("end", 3), joined = -EBADF;
        struct stat st;

        assert_non_null(data);
        assert_non_null(read_back);
        for (size_t i = 0; i < size; i++)
                data[i] = (char) (i * 7 + i / 251);
        one = make_file(data, size);

        joined = kexec_join_initrds((const int[]){one, two}, 2);
        assert_true(joined >= 0);
        assert_int_equal(fstat(joined, &st), 0);
        assert_int_equal(st.st_size, size + 1 + 4);
        assert_int_equal(pread(joined, read_back, size, 0), size);
        assert_memory_equal(read_back, data, size);
        assert_int_equal(pread(joined, read_back, 4, (off_t) size + 1), 4);
        assert_memory_equal(read_back, "end\0", 4);
}

static void unreadable_initrd_is_an_error(void **state _unused_) {
        _cleanup_close_ int one = make_file("abc", 3);

        assert_int_equal(kexec_join_initrds((const int[]){one, -1}, 2), -EBADF);
}

static void loading_what_is_no_kernel_says_so(void **state _unused_) {
        _cleanup_(boot_image_done) struct boot_image image = BOOT_IMAGE_NONE;
        _cleanup_free_ char *reason = NULL;

        image.kernel_fd = make_file("\x7f"
                                    "ELF",
                                    4);
        assert_int_equal(kexec_load(&image, "quiet", &reason), -ENOEXEC);
        assert_string_equal(reason, "it is no x86 kernel: the header of a bzImage is missing");
}

static void image_closes_its_files(void **state _unused_) {
        struct boot_image image = BOOT_IMAGE_NONE;
        int kernel = make_file("", 0), initrd = make_file("", 0);
        struct stat st;

        image.kernel_fd = kernel;
        assert_int_equal(boot_image_add_initrd(&image, initrd), 0);
        boot_image_done(&image);
        assert_int_equal(fstat(kernel, &st), -1);
        assert_int_equal(fstat(initrd, &st), -1);
        assert_int_equal(image.n_initrds, 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(bz_image_is_taken),
                cmocka_unit_test(command_line_longer_than_the_kernel_takes_is_refused),
                cmocka_unit_test(file_without_the_magic_is_refused),
                cmocka_unit_test(file_cut_off_anywhere_in_its_header_is_refused),
                cmocka_unit_test(kernel_too_old_for_kexec_file_load_is_refused),
                cmocka_unit_test(initrds_are_joined_each_at_a_multiple_of_four),
                cmocka_unit_test(large_initrd_is_joined_whole),
                cmocka_unit_test(unreadable_initrd_is_an_error),
                cmocka_unit_test(loading_what_is_no_kernel_says_so),
                cmocka_unit_test(image_closes_its_files),
        };

        return cmocka_run_group_tests_name("boot-kexec", tests, NULL, NULL);
}
