/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "boot/bls.h"
#include "boot/tree.h"
#include "tests/unit/uki-file.h"
#include "tests/unit/unit.h"

/* A directory that stands for the root of a file system, with a file beside it that must not be reached, and
 * what was logged. */
struct fixture {
        char path[32];
        int outside_fd, root_fd;
        struct boot_entries entries;
        char *pattern, *log;
};

static void on_log(const char *severity, const char *message, void *userdata) {
        struct fixture *f = userdata;
        char *log = strprintf("%s%s: %s\n", f->log ?: "", severity, message);

        assert_non_null(log);
        free(f->log);
        f->log = log;
}

static void put_bytes(int dir_fd, const char *path, const char *text, size_t size) {
        _cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write_all(fd, text, size), 0);
}

static void put(struct fixture *f, const char *path, const char *text) {
        put_bytes(f->root_fd, path, text, strlen(text));
}

static int set_up(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        strcpy(f->path, "/tmp/seatrial-tree-XXXXXX");
        assert_non_null(mkdtemp(f->path));

        f->outside_fd = open(f->path, O_DIRECTORY | O_CLOEXEC);
        assert_true(f->outside_fd >= 0);
        put_bytes(f->outside_fd, "secret", "secret", 6);
        assert_int_equal(mkdirat(f->outside_fd, "root", 0700), 0);

        f->root_fd = openat(f->outside_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_true(f->root_fd >= 0);
        assert_int_equal(mkdirat(f->root_fd, "loader", 0700), 0);
        assert_int_equal(mkdirat(f->root_fd, "loader/entries", 0700), 0);

        *state = f;
        return 0;
}

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
                      struct FTW *ftw _unused_) {
        return remove(path);
}

static int tear_down(void **state) {
        struct fixture *f = *state;

        boot_entries_done(&f->entries);
        free(f->pattern);
        free(f->log);
        safe_close(f->root_fd);
        safe_close(f->outside_fd);
        assert_int_equal(nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
        free(f);
        return 0;
}

static int read_entries(struct fixture *f) {
        return tree_read_entries(f->root_fd, "/dev/test1", &f->entries, &f->pattern, on_log, f);
}

static void assert_log(const struct fixture *f, const char *log) {
        assert_string_equal(f->log ?: "", log);
}

/* Opens path, and tells by the size what was reached: -errno, or the size. */
static int reach(const struct fixture *f, const char *path) {
        _cleanup_close_ int fd = tree_open_file(f->root_fd, path);
        struct stat st;

        if (fd < 0)
                return fd;

        assert_int_equal(fstat(fd, &st), 0);
        return (int) st.st_size;
}

static void entries_and_default_are_read(void **state) {
        struct fixture *f = *state;

        put(f, "loader/loader.conf", "timeout 3\ndefault debian-*\n");
        put(f, "loader/entries.srel", "type1\n");
        put(f, "loader/entries/debian.conf", "title Debian\nlinux /vmlinuz\n");
        put(f, "loader/entries/spare+2-1.conf", "title Spare\nlinux /spare\n");

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "");
        assert_string_equal(f->pattern, "debian-*");
        assert_int_equal(f->entries.n_items, 2);
}

static void unified_kernel_images_are_entries(void **state) {
        static const struct uki_section sections[] = {
                {".osrel", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"},
                {".uname", "6.1.0-56-amd64"},
                {".linux", "a kernel"},
        };
        struct fixture *f = *state;
        uint8_t file[UKI_FILE_SIZE];
        const struct boot_entry *entry;

        assert_int_equal(mkdirat(f->root_fd, "EFI", 0700), 0);
        assert_int_equal(mkdirat(f->root_fd, "EFI/Linux", 0700), 0);
        uki_file_make(file, sections, ELEMENTSOF(sections));
        put_bytes(f->root_fd, "EFI/Linux/debian-6.1+3-1.efi", (const char *) file, sizeof(file));
        put(f, "EFI/Linux/shell.efi", "MZ");

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "INFO: /dev/test1: shell.efi is left out: it is no unified kernel image, and other "
                      "programs for "
                      "the firmware do not run here\n");
        assert_int_equal(f->entries.n_items, 1);
        entry = f->entries.items[0];
        assert_string_equal(entry->id, "debian-6.1");
        assert_int_equal(entry->tries_left, 3);
        assert_string_equal(entry->title, "Debian GNU/Linux 12");
        assert_string_equal(entry->version, "6.1.0-56-amd64");
        assert_string_equal(entry->sort_key, "debian");
        assert_string_equal(entry->linux_path, "/EFI/Linux/debian-6.1+3-1.efi");
        assert_null(entry->options);
}

static void file_system_without_a_loader_directory_has_no_entries(void **state) {
        struct fixture *f = *state;

        assert_int_equal(unlinkat(f->root_fd, "loader/entries", AT_REMOVEDIR), 0);
        assert_int_equal(unlinkat(f->root_fd, "loader", AT_REMOVEDIR), 0);

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "");
        assert_int_equal(f->entries.n_items, 0);
        assert_null(f->pattern);
}

static void esp_with_only_a_loader_conf_gives_its_default(void **state) {
        struct fixture *f = *state;

        assert_int_equal(unlinkat(f->root_fd, "loader/entries", AT_REMOVEDIR), 0);
        put(f, "loader/loader.conf", "default debian\n");

        assert_int_equal(read_entries(f), 0);
        assert_string_equal(f->pattern, "debian");
}

static void files_that_are_no_entries_are_passed_over(void **state) {
        struct fixture *f = *state;

        put(f, "loader/entries/README", "linux /vmlinuz\n");
        put(f, "loader/entries/debian.conf.dpkg-old", "linux /vmlinuz\n");
        put(f, "loader/entries/.debian.conf", "linux /vmlinuz\n");

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "");
        assert_int_equal(f->entries.n_items, 0);
}

static void bad_entry_costs_a_warning_and_only_itself(void **state) {
        struct fixture *f = *state;

        put(f, "loader/entries/bad.conf", "title no kernel\n");
        put(f, "loader/entries/good.conf", "linux /vmlinuz\n");

        assert_int_equal(read_entries(f), 0);
        assert_log(
                f,
                "WARNING: /dev/test1: bad.conf is left out: it has no line \"linux PATH\" or \"uki PATH\"\n");
        assert_int_equal(f->entries.n_items, 1);
        assert_string_equal(f->entries.items[0]->id, "good");
}

static void entry_for_another_machine_is_told_but_no_warning(void **state) {
        struct fixture *f = *state;

        put(f, "loader/entries/arm.conf", "linux /vmlinuz\narchitecture aa64\n");

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "INFO: /dev/test1: arm.conf is left out: it is for the architecture aa64, and this "
                      "machine is "
                      "x64\n");
        assert_int_equal(f->entries.n_items, 0);
}

static void file_name_with_an_escape_sequence_is_shown_harmlessly(void **state) {
        struct fixture *f = *state;

        put(f, "loader/entries/\x1b[2J.conf", "linux /vmlinuz\n");

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "WARNING: /dev/test1: ?[2J.conf is left out: its file name is not one for an entry\n");
}

static void entry_that_is_a_directory_costs_a_warning(void **state) {
        struct fixture *f = *state;

        assert_int_equal(mkdirat(f->root_fd, "loader/entries/a.conf", 0700), 0);

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "WARNING: /dev/test1: a.conf is left out: Is a directory\n");
}

static void entry_that_is_a_fifo_does_not_block(void **state) {
        struct fixture *f = *state;

        assert_int_equal(mkfifoat(f->root_fd, "loader/entries/a.conf", 0600), 0);

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "WARNING: /dev/test1: a.conf is left out: Invalid argument\n");
}

static void entry_too_large_costs_a_warning(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *text = calloc(1, BLS_FILE_MAX + 1);

        assert_non_null(text);
        put_bytes(f->root_fd, "loader/entries/a.conf", text, BLS_FILE_MAX + 1);

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "WARNING: /dev/test1: a.conf is left out: it is larger than 64 KiB\n");
}

static void directory_by_other_rules_is_left_alone(void **state) {
        struct fixture *f = *state;

        put(f, "loader/entries.srel", "grub\n");
        put(f, "loader/entries/debian.conf", "linux /vmlinuz\n");

        assert_int_equal(read_entries(f), 0);
        assert_log(f,
                   "INFO: /dev/test1: loader/entries is left alone: its rules are \"grub\", not \"type1\"\n");
        assert_int_equal(f->entries.n_items, 0);
}

static void bad_loader_conf_costs_a_warning_and_no_entries(void **state) {
        struct fixture *f = *state;

        put(f, "loader/loader.conf", "default \x01\n");
        put(f, "loader/entries/debian.conf", "linux /vmlinuz\n");

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "WARNING: /dev/test1: loader/loader.conf is not followed: line 1 has a byte that is no "
                      "text in "
                      "UTF-8\n");
        assert_null(f->pattern);
        assert_int_equal(f->entries.n_items, 1);
}

static void entries_by_the_thousand_are_cut_off(void **state) {
        struct fixture *f = *state;

        for (unsigned i = 0; i < 513; i++) {
                _cleanup_free_ char *path = strprintf("loader/entries/%u.conf", i);

                put(f, path, "linux /vmlinuz\n");
        }

        assert_int_equal(read_entries(f), 0);
        assert_log(f, "WARNING: /dev/test1: only 512 files of loader/entries are looked at\n");
        assert_int_equal(f->entries.n_items, 512);
}

static void entries_directory_that_links_outside_is_not_followed(void **state) {
        struct fixture *f = *state;

        assert_int_equal(mkdirat(f->outside_fd, "entries", 0700), 0);
        put_bytes(f->outside_fd, "entries/debian.conf", "linux /vmlinuz\n", 15);
        assert_int_equal(unlinkat(f->root_fd, "loader/entries", AT_REMOVEDIR), 0);
        assert_int_equal(symlinkat("../../entries", f->root_fd, "loader/entries"), 0);

        assert_int_equal(read_entries(f), 0);
        assert_int_equal(f->entries.n_items, 0);
}

static void path_is_relative_to_the_root_with_or_without_slash(void **state) {
        struct fixture *f = *state;

        put(f, "vmlinuz", "four");
        assert_int_equal(reach(f, "/vmlinuz"), 4);
        assert_int_equal(reach(f, "vmlinuz"), 4);
        assert_int_equal(reach(f, "//loader/../vmlinuz"), 4);
}

static void dots_lead_no_further_up_than_the_root(void **state) {
        struct fixture *f = *state;

        assert_int_equal(reach(f, "../secret"), -ENOENT);
        assert_int_equal(reach(f, "/../../../../etc/passwd"), -ENOENT);

        put(f, "secret", "four");
        assert_int_equal(reach(f, "../secret"), 4);
}

static void symbolic_links_are_resolved_within_the_root(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *outside = strprintf("%s/secret", f->path);

        put(f, "vmlinuz-6.1", "four");
        assert_int_equal(symlinkat("vmlinuz-6.1", f->root_fd, "vmlinuz"), 0);
        assert_int_equal(symlinkat("/vmlinuz-6.1", f->root_fd, "absolute"), 0);
        assert_int_equal(symlinkat("../secret", f->root_fd, "up"), 0);
        assert_int_equal(symlinkat(outside, f->root_fd, "out"), 0);
        assert_int_equal(symlinkat("loop", f->root_fd, "loop"), 0);

        assert_int_equal(reach(f, "vmlinuz"), 4);
        assert_int_equal(reach(f, "absolute"), 4);
        assert_int_equal(reach(f, "up"), -ENOENT);
        assert_int_equal(reach(f, "out"), -ENOENT);
        assert_int_equal(reach(f, "loop"), -ELOOP);
}

static void only_regular_files_are_opened(void **state) {
        struct fixture *f = *state;

        assert_int_equal(mkfifoat(f->root_fd, "fifo", 0600), 0);
        assert_int_equal(reach(f, "fifo"), -EINVAL);
        assert_int_equal(reach(f, "loader"), -EISDIR);
        assert_int_equal(reach(f, "/"), -EISDIR);
        assert_int_equal(reach(f, ""), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(entries_and_default_are_read),
                TEST(unified_kernel_images_are_entries),
                TEST(file_system_without_a_loader_directory_has_no_entries),
                TEST(esp_with_only_a_loader_conf_gives_its_default),
                TEST(files_that_are_no_entries_are_passed_over),
                TEST(bad_entry_costs_a_warning_and_only_itself),
                TEST(entry_for_another_machine_is_told_but_no_warning),
                TEST(file_name_with_an_escape_sequence_is_shown_harmlessly),
                TEST(entry_that_is_a_directory_costs_a_warning),
                TEST(entry_that_is_a_fifo_does_not_block),
                TEST(entry_too_large_costs_a_warning),
                TEST(directory_by_other_rules_is_left_alone),
                TEST(bad_loader_conf_costs_a_warning_and_no_entries),
                TEST(entries_by_the_thousand_are_cut_off),
                TEST(entries_directory_that_links_outside_is_not_followed),
                TEST(path_is_relative_to_the_root_with_or_without_slash),
                TEST(dots_lead_no_further_up_than_the_root),
                TEST(symbolic_links_are_resolved_within_the_root),
                TEST(only_regular_files_are_opened),
        };

        return cmocka_run_group_tests_name("boot-tree", tests, NULL, NULL);
}
