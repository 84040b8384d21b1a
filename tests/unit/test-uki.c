/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "boot/kexec.h"
#include "boot/uki.h"
#include "tests/unit/uki-file.h"
#include "tests/unit/unit.h"

static const struct uki_section sections[] = {
        {".text", "code"},      {".osrel", "ID=debian\n"},      {".cmdline", "root=/dev/sda1 quiet\n"},
        {".linux", "a kernel"}, {".initrd", "an initrd here."},
};

static int make_file(const uint8_t *data, size_t size) {
        int fd = memfd_create("test", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write_all(fd, data, size), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

static void assert_holds(int fd, const char *text) {
        char data[64] = "";

        assert_int_equal(read(fd, data, sizeof(data)), strlen(text));
        assert_string_equal(data, text);
}

static void sections_are_found(void **state _unused_) {
        _cleanup_free_ char *reason = NULL;
        uint8_t file[UKI_FILE_SIZE];
        struct uki uki;

        uki_file_make(file, sections, ELEMENTSOF(sections));
        assert_int_equal(uki_parse(file, sizeof(file), sizeof(file), &uki, &reason), 1);
        assert_int_equal(uki.parts[UKI_LINUX].offset, 1024 + 3 * 512);
        assert_int_equal(uki.parts[UKI_LINUX].size, 8);
        assert_int_equal(uki.parts[UKI_INITRD].size, 15);
        assert_int_equal(uki.parts[UKI_UNAME].size, 0);
}

static void other_programs_are_none(void **state _unused_) {
        static const struct uki_section others[] = {{".text", "code"}, {".linuxer", "no"}};
        _cleanup_free_ char *reason = NULL;
        uint8_t file[UKI_FILE_SIZE];
        struct uki uki;

        uki_file_make(file, others, ELEMENTSOF(others));
        assert_int_equal(uki_parse(file, sizeof(file), sizeof(file), &uki, &reason), 0);
        assert_int_equal(uki_parse((const uint8_t *) "", 0, 0, &uki, &reason), 0);
        assert_int_equal(uki_parse((const uint8_t *) "MZ", 2, 2, &uki, &reason), 0);
}

/* Whatever is missing, nothing behind the end is looked at: the sanitizers would tell. */
static void cut_off_files_are_none_or_broken(void **state _unused_) {
        uint8_t file[UKI_FILE_SIZE];

        uki_file_make(file, sections, ELEMENTSOF(sections));
        for (size_t size = 0; size < 1024 + 4 * 512 + 15; size++) {
                _cleanup_free_ uint8_t *copy = malloc(size + 1);
                _cleanup_free_ char *reason = NULL;
                struct uki uki;
                int r;

                assert_non_null(copy);
                memcpy(copy, file, size);
                r = uki_parse(copy, size, size, &uki, &reason);
                assert_true(r == 0 || r == -EBADMSG);
                assert_int_equal(r == -EBADMSG, reason != NULL);
        }
}

static void section_behind_the_end_is_told(void **state _unused_) {
        _cleanup_free_ char *reason = NULL;
        uint8_t file[UKI_FILE_SIZE];
        struct uki uki;

        uki_file_make(file, sections, ELEMENTSOF(sections));
        assert_int_equal(uki_parse(file, sizeof(file), 2000, &uki, &reason), -EBADMSG);
        assert_string_equal(reason, "its section .cmdline ends behind the end of the file");
}

static void parts_take_their_places(void **state _unused_) {
        _cleanup_(boot_image_done) struct boot_image image = BOOT_IMAGE_NONE;
        _cleanup_free_ char *line = NULL, *reason = NULL;
        uint8_t file[UKI_FILE_SIZE];

        uki_file_make(file, sections, ELEMENTSOF(sections));
        image.kernel_fd = make_file(file, sizeof(file));
        assert_int_equal(boot_image_add_initrd(&image, make_file((const uint8_t *) "more", 4)), 0);

        assert_int_equal(uki_unwrap(&image, &line, &reason), 1);
        assert_string_equal(line, "root=/dev/sda1 quiet");
        assert_int_equal(image.n_initrds, 2);
        assert_holds(image.kernel_fd, "a kernel");
        assert_holds(image.initrd_fds[0], "an initrd here.");
        assert_holds(image.initrd_fds[1], "more");
}

static void bare_kernel_stays_as_it_is(void **state _unused_) {
        _cleanup_(boot_image_done) struct boot_image image = BOOT_IMAGE_NONE;
        _cleanup_free_ char *line = NULL, *reason = NULL;

        image.kernel_fd = make_file((const uint8_t *) "a kernel", 8);
        assert_int_equal(uki_unwrap(&image, &line, &reason), 0);
        assert_null(line);
        assert_int_equal(image.n_initrds, 0);
        assert_holds(image.kernel_fd, "a kernel");
}

static void os_release_is_read(void **state _unused_) {
        static const char text[] =
                "# os-release\nPRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID='12'\n"
                "BUILD_ID=\nESCAPE=\033[2J";
        static const struct {
                const char *field, *value;
        } cases[] = {
                {"PRETTY_NAME", "Debian GNU/Linux 12"},
                {"ID", "debian"},
                {"VERSION_ID", "12"},
                {"ESCAPE", "?[2J"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *value = uki_os_release(text, cases[i].field);

                assert_string_equal(value, cases[i].value);
        }
        assert_null(uki_os_release(text, "BUILD_ID"));
        assert_null(uki_os_release(text, "NAME"));
        assert_null(uki_os_release(NULL, "ID"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sections_are_found),
                cmocka_unit_test(other_programs_are_none),
                cmocka_unit_test(cut_off_files_are_none_or_broken),
                cmocka_unit_test(section_behind_the_end_is_told),
                cmocka_unit_test(parts_take_their_places),
                cmocka_unit_test(bare_kernel_stays_as_it_is),
                cmocka_unit_test(os_release_is_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
