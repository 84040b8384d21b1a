/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/efi-variable.h"
#include "base/fd.h"
#include "base/text.h"
#include "tests/unit/unit.h"

static char root[] = "/tmp/test-efi-variable.XXXXXX";

static char *path_of(const char *name) {
        static char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s-" EFI_VARIABLE_GUID, root, name);
        return path;
}

static void assert_holds(const char *name, const char *text) {
        _cleanup_free_ char *data = NULL;
        size_t size;

        assert_int_equal(efi_variable_read(root, name, &data, &size), 0);
        assert_int_equal(size, strlen(text));
        assert_string_equal(data, text);
}

static void put(const char *name, const void *content, size_t size) {
        assert_int_equal(write_file_atomic(path_of(name), content, size, 0600), 0);
}

static void what_is_written_is_read(void **state _unused_) {
        assert_int_equal(efi_variable_write(root, "Written", "first", 5), 0);
        assert_holds("Written", "first");
}

static void attributes_keep_it_over_a_reset_and_let_the_os_see_it(void **state _unused_) {
        _cleanup_free_ char *content = NULL;
        size_t size;

        assert_int_equal(efi_variable_write(root, "Attributes", "x", 1), 0);
        assert_int_equal(read_file(path_of("Attributes"), 64, &content, &size), 0);
        assert_int_equal(size, 5);
        assert_memory_equal(content, "\x07\0\0\0x", 5);
}

static void shorter_data_leaves_nothing_of_the_longer(void **state _unused_) {
        assert_int_equal(efi_variable_write(root, "Shorter", "much longer", 11), 0);
        assert_int_equal(efi_variable_write(root, "Shorter", "now", 3), 0);
        assert_holds("Shorter", "now");
}

static void same_data_is_not_written_again(void **state _unused_) {
        const struct timespec past[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
        struct stat s;

        assert_int_equal(efi_variable_write(root, "Same", "data", 4), 0);
        assert_int_equal(utimensat(AT_FDCWD, path_of("Same"), past, 0), 0);

        assert_int_equal(efi_variable_write(root, "Same", "data", 4), 0);
        assert_int_equal(stat(path_of("Same"), &s), 0);
        assert_int_equal(s.st_mtim.tv_sec, 1000);

        assert_int_equal(efi_variable_write(root, "Same", "date", 4), 0);
        assert_int_equal(stat(path_of("Same"), &s), 0);
        assert_int_not_equal(s.st_mtim.tv_sec, 1000);
}

static void missing_variable_is_told_from_missing_firmware(void **state _unused_) {
        char *data = NULL;
        size_t size;

        assert_int_equal(efi_variable_read(root, "Missing", &data, &size), -ENOENT);
        assert_int_equal(efi_variable_read("/nonexistent", "Missing", &data, &size), -EOPNOTSUPP);
        assert_int_equal(efi_variable_write("/nonexistent", "Missing", "x", 1), -EOPNOTSUPP);
        assert_int_equal(efi_variable_delete("/nonexistent", "Missing"), -EOPNOTSUPP);
        assert_null(data);
}

static void variable_without_attributes_is_refused(void **state _unused_) {
        char *data = NULL;
        size_t size;

        put("Truncated", "\x07\0\0", 3);
        assert_int_equal(efi_variable_read(root, "Truncated", &data, &size), -EBADMSG);
        assert_null(data);

        assert_int_equal(efi_variable_write(root, "Truncated", "whole", 5), 0);
        assert_holds("Truncated", "whole");
}

static void variable_of_attributes_alone_is_empty(void **state _unused_) {
        put("Empty", "\x07\0\0\0", 4);
        assert_holds("Empty", "");
}

static void what_no_firmware_takes_is_not_tried(void **state _unused_) {
        static char large[EFI_VARIABLE_MAX + 1];

        assert_int_equal(efi_variable_write(root, "Large", large, sizeof(large)), -EFBIG);
        assert_int_equal(efi_variable_write(root, "Large", large, 0), -EINVAL);
        assert_int_equal(access(path_of("Large"), F_OK), -1);
        assert_int_equal(efi_variable_write(root, "Large", large, EFI_VARIABLE_MAX), 0);
}

static void deleted_variable_is_gone_and_may_be_deleted_again(void **state _unused_) {
        char *data = NULL;
        size_t size;

        assert_int_equal(efi_variable_write(root, "Deleted", "x", 1), 0);
        assert_int_equal(efi_variable_delete(root, "Deleted"), 0);
        assert_int_equal(efi_variable_read(root, "Deleted", &data, &size), -ENOENT);
        assert_int_equal(efi_variable_delete(root, "Deleted"), 0);
}

static void protect(const char *name) {
        _cleanup_close_ int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
        int flags;

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                skip(); /* a file system without flags */
        flags |= FS_IMMUTABLE_FL;
        if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
                skip(); /* not root */
}

static void protected_variable_is_changed_and_deleted_all_the_same(void **state _unused_) {
        assert_int_equal(efi_variable_write(root, "Protected", "old", 3), 0);
        protect("Protected");
        assert_int_equal(efi_variable_write(root, "Protected", "new", 3), 0);
        assert_holds("Protected", "new");

        protect("Protected");
        assert_int_equal(efi_variable_delete(root, "Protected"), 0);
        assert_int_equal(access(path_of("Protected"), F_OK), -1);
}

static void write_that_fails_leaves_no_file_without_a_variable(void **state _unused_) {
        const struct rlimit none = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
        struct rlimit before;

        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
        assert_int_equal(efi_variable_write(root, "Failed", "x", 1), -EFBIG);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(access(path_of("Failed"), F_OK), -1);
}

static int make_root(void **state _unused_) {
        return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state _unused_) {
        static const char *const names[] = {"Written", "Attributes", "Shorter", "Same",     "Truncated",
                                            "Empty",   "Large",      "Deleted", "Protected"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (efi_variable_delete(root, names[i]) < 0)
                        return -1;

        return rmdir(root);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_written_is_read),
                cmocka_unit_test(attributes_keep_it_over_a_reset_and_let_the_os_see_it),
                cmocka_unit_test(shorter_data_leaves_nothing_of_the_longer),
                cmocka_unit_test(same_data_is_not_written_again),
                cmocka_unit_test(missing_variable_is_told_from_missing_firmware),
                cmocka_unit_test(variable_without_attributes_is_refused),
                cmocka_unit_test(variable_of_attributes_alone_is_empty),
                cmocka_unit_test(what_no_firmware_takes_is_not_tried),
                cmocka_unit_test(deleted_variable_is_gone_and_may_be_deleted_again),
                cmocka_unit_test(write_that_fails_leaves_no_file_without_a_variable),
                cmocka_unit_test(protected_variable_is_changed_and_deleted_all_the_same),
        };

        return cmocka_run_group_tests_name("EFI variables", tests, make_root, remove_root);
}
