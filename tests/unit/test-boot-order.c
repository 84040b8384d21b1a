/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "boot/bls.h"
#include "boot/boot.h"
#include "boot/order.h"
#include "tests/unit/unit.h"

static int sign(int r) {
        return (r > 0) - (r < 0);
}

static void assert_older(const char *a, const char *b) {
        assert_int_equal(sign(version_compare(a, b)), -1);
        assert_int_equal(sign(version_compare(b, a)), 1);
}

static void assert_same(const char *a, const char *b) {
        assert_int_equal(version_compare(a, b), 0);
        assert_int_equal(version_compare(b, a), 0);
}

static void versions_compare_as_the_specification_s_examples(void **state _unused_) {
        assert_same("11", "11");
        assert_same("systemd-123", "systemd-123");
        assert_older("bar-123", "foo-123");
        assert_older("123", "123a");
        assert_older("123", "123.a");
        assert_older("123.a", "123.b");
        assert_older("123.a", "123a");
        assert_same("11\xce\xb1", "11\xce\xb2");
        assert_older("A", "a");
        assert_older("", "0");
        assert_older("0", "0.");
        assert_older("0", "0.0");
        assert_same("1_", "1");
        assert_same("_1", "1");
        assert_older("1_", "1.2");
        assert_older("1.3.3", "1_2_3");
        assert_same("1+", "1");
        assert_older("1+", "1.2");
        assert_older("1.3.3", "1+2+3");
}

/* The list stands in systemd's own source, above its comparison. */
static void versions_compare_as_systemd_says(void **state _unused_) {
        static const char *const versions[] = {"122.1",   "123~rc1-1", "123",     "123-a",
                                               "123-a.1", "123-1",     "123-1.1", "123^post1",
                                               "123.a-1", "123.1-1",   "123a-1",  "124-1"};

        for (size_t i = 0; i < ELEMENTSOF(versions); i++)
                for (size_t k = i + 1; k < ELEMENTSOF(versions); k++)
                        assert_older(versions[i], versions[k]);
}

static void versions_of_kernels_compare_by_number(void **state _unused_) {
        assert_older("6.1.0-9-amd64", "6.1.0-13-amd64");
        assert_older("5.14.0-362.8.1.el9_3.x86_64", "5.14.0-427.13.1.el9_4.x86_64");
        assert_older("6.1.0-13-amd64", "6.5.0-0.deb12.4-amd64");
        assert_older("6.12~rc7", "6.12");
        assert_older("6.9", "6.10");
}

static void numbers_longer_than_any_integer_compare(void **state _unused_) {
        assert_older("99999999999999999999999999999999998", "99999999999999999999999999999999999");
        assert_same("00000000000000000000000000000000000001", "1");
}

static void missing_version_is_the_oldest(void **state _unused_) {
        assert_same(NULL, NULL);
        assert_same(NULL, "");
        assert_older(NULL, "0");
}

/* An entry of that file name and text. */
static struct boot_entry *entry_new(const char *device, const char *name, const char *text) {
        _cleanup_free_ char *reason = NULL;
        struct boot_entry *entry;

        assert_int_equal(bls_parse_entry(name, text, strlen(text), &entry, &reason), 1);
        entry->device = strdup(device);
        assert_non_null(entry->device);
        return entry;
}

static void add(struct boot_entries *entries, const char *name, const char *text) {
        assert_int_equal(boot_entries_add(entries, entry_new("/dev/sda1", name, text)), 0);
}

static void assert_order(struct boot_entries *entries, const char *pattern, const char *const *ids) {
        size_t n = 0;

        boot_entries_sort(entries, pattern);
        for (; ids[n]; n++) {
                assert_true(n < entries->n_items);
                assert_string_equal(entries->items[n]->id, ids[n]);
        }
        assert_int_equal(entries->n_items, n);
}

#define IDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void entries_sort_by_sort_key_from_a_to_z(void **state _unused_) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};

        add(&entries, "1.conf", "linux /l\nsort-key fedora\nversion 9\n");
        add(&entries, "2.conf", "linux /l\nsort-key debian\nversion 1\n");
        assert_order(&entries, NULL, IDS("2", "1"));
}

static void entries_with_a_sort_key_come_before_those_without(void **state _unused_) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};

        add(&entries, "z-99.conf", "linux /l\nversion 99\n");
        add(&entries, "a-1.conf", "linux /l\nsort-key zzz\nversion 1\n");
        assert_order(&entries, NULL, IDS("a-1", "z-99"));
}

static void entries_of_a_sort_key_sort_by_machine_id_then_newest_version(void **state _unused_) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};

        add(&entries, "old-b.conf", "linux /l\nsort-key debian\nmachine-id bbbb\nversion 6.1.0-9\n");
        add(&entries, "new-b.conf", "linux /l\nsort-key debian\nmachine-id bbbb\nversion 6.1.0-13\n");
        add(&entries, "old-a.conf", "linux /l\nsort-key debian\nmachine-id aaaa\nversion 5.10\n");
        assert_order(&entries, NULL, IDS("old-a", "new-b", "old-b"));
}

static void without_a_sort_key_the_newest_file_name_comes_first(void **state _unused_) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};

        add(&entries, "debian-6.1.0-9.conf", "linux /l\nversion 99\n");
        add(&entries, "debian-6.1.0-13.conf", "linux /l\nversion 1\n");
        add(&entries, "arch.conf", "linux /l\n");
        assert_order(&entries, NULL, IDS("debian-6.1.0-13", "debian-6.1.0-9", "arch"));
}

static void bad_entries_come_last(void **state _unused_) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};

        add(&entries, "debian-13+0-3.conf", "linux /l\nsort-key debian\nversion 13\n");
        add(&entries, "debian-12+1-2.conf", "linux /l\nsort-key debian\nversion 12\n");
        add(&entries, "debian-11.conf", "linux /l\nsort-key debian\nversion 11\n");
        add(&entries, "other.conf", "linux /l\n");
        assert_order(&entries, NULL, IDS("debian-12", "debian-11", "other", "debian-13"));
}

static void bad_entry_compares_as_later_than_any_other(void **state _unused_) {
        _cleanup_(boot_entry_freep) struct boot_entry *good = entry_new("/dev/sda1", "a.conf", "linux /l\n"),
                                                      *bad = entry_new("/dev/sda1", "z+0.conf",
                                                                       "linux /l\nsort-key a\n");

        assert_true(boot_entry_compare(good, bad) < 0);
        assert_true(boot_entry_compare(bad, good) > 0);
        assert_int_equal(boot_entry_compare(bad, bad), 0);
}

static void what_was_tried_less_often_comes_first(void **state _unused_) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};

        add(&entries, "debian+0-3.conf", "linux /three\n");
        add(&entries, "debian+0-2.conf", "linux /two\n");
        boot_entries_sort(&entries, NULL);
        assert_string_equal(entries.items[0]->linux_path, "/two");
}

static void loader_s_default_comes_first_unless_it_is_bad(void **state _unused_) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};

        add(&entries, "debian-13.conf", "linux /l\nsort-key debian\nversion 13\n");
        add(&entries, "debian-12.conf", "linux /l\nsort-key debian\nversion 12\n");
        entries.items[1]->is_default = true;
        assert_order(&entries, NULL, IDS("debian-12", "debian-13"));

        entries.items[0]->tries_left = 0;
        assert_order(&entries, NULL, IDS("debian-13", "debian-12"));
}

static void what_the_plan_names_comes_before_the_loader_s_default(void **state _unused_) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};

        add(&entries, "debian-13.conf", "linux /l\nsort-key debian\nversion 13\n");
        add(&entries, "rescue-1.conf", "linux /l\nsort-key rescue\nversion 1\n");
        add(&entries, "rescue-2.conf", "linux /l\nsort-key rescue\nversion 2\n");
        entries.items[0]->is_default = true;
        assert_order(&entries, "rescue-*", IDS("rescue-2", "rescue-1", "debian-13"));
}

static void same_entry_on_two_disks_sorts_by_device(void **state _unused_) {
        static const char *const devices[] = {"/dev/nvme10n1p1", "/dev/nvme2n1p1"};
        _cleanup_(boot_entries_done) struct boot_entries entries = {};

        for (size_t i = 0; i < ELEMENTSOF(devices); i++)
                assert_int_equal(
                        boot_entries_add(&entries, entry_new(devices[i], "debian.conf", "linux /l\n")), 0);
        boot_entries_sort(&entries, NULL);
        assert_string_equal(entries.items[0]->device, "/dev/nvme2n1p1");
}

static void pattern_matches_with_and_without_suffix_in_either_case(void **state _unused_) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry =
                entry_new("/dev/sda1", "Debian-12+3.conf", "linux /l\n");

        assert_true(boot_entry_matches(entry, "debian-12"));
        assert_true(boot_entry_matches(entry, "debian-*"));
        assert_true(boot_entry_matches(entry, "debian-*.conf"));
        assert_true(boot_entry_matches(entry, "DEBIAN-12.CONF"));
        assert_false(boot_entry_matches(entry, "debian"));
        assert_false(boot_entry_matches(entry, "@saved"));
        assert_false(boot_entry_matches(entry, ".conf"));
        assert_false(boot_entry_matches(entry, ""));
}

static void empty_list_sorts(void **state _unused_) {
        struct boot_entries entries = {};

        boot_entries_sort(&entries, "debian-*");
        assert_int_equal(entries.n_items, 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(versions_compare_as_the_specification_s_examples),
                cmocka_unit_test(versions_compare_as_systemd_says),
                cmocka_unit_test(versions_of_kernels_compare_by_number),
                cmocka_unit_test(numbers_longer_than_any_integer_compare),
                cmocka_unit_test(missing_version_is_the_oldest),
                cmocka_unit_test(entries_sort_by_sort_key_from_a_to_z),
                cmocka_unit_test(entries_with_a_sort_key_come_before_those_without),
                cmocka_unit_test(entries_of_a_sort_key_sort_by_machine_id_then_newest_version),
                cmocka_unit_test(without_a_sort_key_the_newest_file_name_comes_first),
                cmocka_unit_test(bad_entries_come_last),
                cmocka_unit_test(bad_entry_compares_as_later_than_any_other),
                cmocka_unit_test(what_was_tried_less_often_comes_first),
                cmocka_unit_test(loader_s_default_comes_first_unless_it_is_bad),
                cmocka_unit_test(what_the_plan_names_comes_before_the_loader_s_default),
                cmocka_unit_test(same_entry_on_two_disks_sorts_by_device),
                cmocka_unit_test(pattern_matches_with_and_without_suffix_in_either_case),
                cmocka_unit_test(empty_list_sorts),
        };

        return cmocka_run_group_tests_name("boot-order", tests, NULL, NULL);
}
