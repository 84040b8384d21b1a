/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "trial/memory/numa.h"
#include "trial/memory/physical.h"
#include "trial/memory/ranges.h"

static void assert_ranges(const struct ranges *ranges, const char *expected) {
        _cleanup_free_ char *text = ranges_text(ranges, SIZE_MAX);

        assert_string_equal(text, expected);
}

static void ranges_join_where_they_touch(void **state _unused_) {
        _cleanup_(ranges_done) struct ranges r = {};

        assert_int_equal(ranges_add(&r, 0x3000, 0x4000), 0);
        assert_int_equal(ranges_add(&r, 0x1000, 0x2000), 0);
        assert_int_equal(ranges_add(&r, 0x5000, 0x5000), 0);
        assert_ranges(&r, "0x1000-0x1fff 0x3000-0x3fff");
        assert_int_equal(ranges_add(&r, 0x2000, 0x3000), 0);
        assert_ranges(&r, "0x1000-0x3fff");
        assert_int_equal(ranges_size(&r), 0x3000);
}

static void removing_cuts_and_splits(void **state _unused_) {
        _cleanup_(ranges_done) struct ranges r = {};

        assert_int_equal(ranges_add(&r, 0x1000, 0x9000), 0);
        assert_int_equal(ranges_remove(&r, 0x3000, 0x4000), 0);
        assert_ranges(&r, "0x1000-0x2fff 0x4000-0x8fff");
        assert_int_equal(ranges_remove(&r, 0, 0x2000), 0);
        assert_int_equal(ranges_remove(&r, 0x8000, UINT64_MAX), 0);
        assert_ranges(&r, "0x2000-0x2fff 0x4000-0x7fff");
        assert_int_equal(ranges_size_within(&r, 0x2800, 0x5000), 0x800 + 0x1000);
        assert_int_equal(ranges_remove(&r, 0x1000, 0x9000), 0);
        assert_int_equal(r.n_items, 0);
}

/* The same done to a set of flags, at random. */
static void ranges_agree_with_flags(void **state _unused_) {
        _cleanup_(ranges_done) struct ranges r = {};
        bool flags[64] = {};
        unsigned random = 1;

        for (unsigned i = 0; i < 5000; i++) {
                unsigned start, end, size = 0;
                bool add;

                random = random * 1103515245 + 12345;
                start = random >> 8 & 63;
                end = random >> 16 & 63;
                add = random >> 24 & 1;
                assert_int_equal(add ? ranges_add(&r, start, end) : ranges_remove(&r, start, end), 0);
                for (unsigned j = start; j < end; j++)
                        flags[j] = add;

                for (unsigned j = 0; j < 64; j++) {
                        assert_int_equal(ranges_size_within(&r, j, j + 1), flags[j]);
                        size += flags[j];
                }
                assert_int_equal(ranges_size(&r), size);
                for (size_t j = 1; j < r.n_items; j++)
                        assert_true(r.items[j - 1].end < r.items[j].start);
        }
}

static void only_whole_pages_stay(void **state _unused_) {
        _cleanup_(ranges_done) struct ranges r = {};

        assert_int_equal(ranges_add(&r, 0xfff, 0x3001), 0);
        assert_int_equal(ranges_add(&r, 0x4001, 0x5fff), 0);
        ranges_align(&r, 0x1000);
        assert_ranges(&r, "0x1000-0x2fff");
}

static void text_is_read_back_and_cut_short_where_it_is_long(void **state _unused_) {
        static const char text[] = "0x1000-0x1fff 0x100000000-0x13fffffff\n";
        _cleanup_(ranges_done) struct ranges r = {};
        _cleanup_free_ char *cut = NULL;

        assert_int_equal(ranges_parse(text, &r), 0);
        assert_ranges(&r, "0x1000-0x1fff 0x100000000-0x13fffffff");
        cut = ranges_text(&r, 1);
        assert_string_equal(cut, "0x1000-0x1fff and 1 more");
}

static void broken_texts_are_refused(void **state _unused_) {
        static const char *const texts[] = {
                "1000-2000",       "0x1000",  "0x2000-0x1000", "0x1000-0x1fff,", "0x0-0xffffffffffffffff",
                "0x1000-0x1fffX1", "garbage",
        };
        struct ranges r = {};

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_int_equal(ranges_parse(texts[i], &r), -EBADMSG);
        assert_int_equal(ranges_parse("", &r), 0);
        assert_int_equal(r.n_items, 0);
}

static void the_kernels_map_is_read_at_its_top_level(void **state _unused_) {
        static const char iomem[] = "00000000-00000fff : Reserved\n"
                                    "00001000-0009ffff : System RAM\n"
                                    "00100000-3ee5cfff : System RAM\n"
                                    "  02000000-02c01e70 : Kernel code\n"
                                    "  04000000-04ffffff : System RAM\n"
                                    "3ee5d000-3eedbfff : Reserved\n"
                                    "fee00000-fee00fff : Local APIC\n";
        _cleanup_(ranges_done) struct ranges ram = {}, all = {};

        assert_int_equal(physical_kernel_map(iomem, &ram, &all), 0);
        assert_ranges(&ram, "0x1000-0x9ffff 0x100000-0x3ee5cfff");
        assert_ranges(&all, "0x0-0x9ffff 0x100000-0x3eedbfff 0xfee00000-0xfee00fff");
}

static void efi_tables_are_found_in_the_kernels_log(void **state _unused_) {
        static const char log[] =
                "<6>[    0.000000] efi: EFI v2.70 by EDK II\n"
                "<6>[    0.000000] efi: SMBIOS=0x3f918000 ACPI 2.0=0x3fb7e014 TPMEventLog=0x3f624f18 \n"
                "<6>[    0.391881] efi: Freeing EFI boot services memory: 19820K\n"
                "<6>[    0.500000] e1000: irq=0x10000000\n";
        _cleanup_(ranges_done) struct ranges tables = {}, none = {};

        assert_int_equal(physical_efi_tables(log, &tables), 0);
        assert_ranges(&tables, "0x3f624000-0x3f633fff 0x3f918000-0x3f927fff 0x3fb7e000-0x3fb8dfff");
        assert_int_equal(physical_efi_tables("", &none), 0);
        assert_int_equal(none.n_items, 0);
}

static void a_map_without_addresses_is_no_map(void **state _unused_) {
        struct ranges ram = {}, all = {};

        assert_int_equal(physical_kernel_map("00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n",
                                             &ram, &all),
                         -EPERM);
        assert_int_equal(physical_kernel_map("", &ram, &all), -EPERM);
}

static void collect(unsigned number, void *userdata) {
        *(uint64_t *) userdata |= UINT64_C(1) << number;
}

static void lists_of_processors_are_read(void **state _unused_) {
        uint64_t set = 0;

        assert_int_equal(numa_list_parse("0-3,8,10-11\n", 64, collect, &set), 0);
        assert_int_equal(set, 0xd0f);
        assert_int_equal(numa_list_parse("\n", 64, collect, &set), 0);
        assert_int_equal(numa_list_parse("0-64", 64, collect, &set), -EBADMSG);
        assert_int_equal(numa_list_parse("3-1", 64, collect, &set), -EBADMSG);
        assert_int_equal(numa_list_parse("1,x", 64, collect, &set), -EBADMSG);
        assert_int_equal(numa_list_parse("1-", 64, collect, &set), -EBADMSG);
        assert_int_equal(numa_list_parse("1 2", 64, collect, &set), -EBADMSG);
}

static void a_kernel_without_nodes_has_one(void **state _unused_) {
        _cleanup_free_ struct numa_node *nodes = NULL;
        size_t n;

        assert_int_equal(numa_read("/nonexistent", &nodes, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(nodes[0].id, NUMA_ANY);
        assert_int_equal(numa_node_of(nodes, n, 17), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ranges_join_where_they_touch),
                cmocka_unit_test(removing_cuts_and_splits),
                cmocka_unit_test(ranges_agree_with_flags),
                cmocka_unit_test(only_whole_pages_stay),
                cmocka_unit_test(text_is_read_back_and_cut_short_where_it_is_long),
                cmocka_unit_test(broken_texts_are_refused),
                cmocka_unit_test(the_kernels_map_is_read_at_its_top_level),
                cmocka_unit_test(efi_tables_are_found_in_the_kernels_log),
                cmocka_unit_test(a_map_without_addresses_is_no_map),
                cmocka_unit_test(lists_of_processors_are_read),
                cmocka_unit_test(a_kernel_without_nodes_has_one),
        };

        return cmocka_run_group_tests_name("memory-ranges", tests, NULL, NULL);
}
