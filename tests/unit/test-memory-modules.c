/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From addresses to modules, and what the hardware noticed by itself. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/captured-tree.h"
#include "tests/unit/smbios-table.h"
#include "tests/unit/unit.h"
#include "trial/memory/dimm.h"
#include "trial/memory/ecc.h"
#include "trial/memory/position.h"

#define GIB UINT64_C(0x40000000)

static void put(uint8_t *p, uint64_t value, size_t size) {
        memcpy(p, &value, size);
}

/* Type 16: use and error correction. */
static void add_array(struct smbios_table *t, uint16_t handle, uint8_t use, uint8_t correction) {
        uint8_t f[0x17 - 4] = {3, use, correction};

        table_append(t, 16, handle, f, sizeof(f), NULL);
}

/* Type 17, in MiB; widths in bits. */
static void add_module(struct smbios_table *t, uint16_t handle, uint16_t array, uint16_t size, uint16_t total,
                       uint16_t data, const char *locator) {
        uint8_t f[0x22 - 4] = {};

        put(f + 0x04 - 4, array, 2);
        put(f + 0x08 - 4, total, 2);
        put(f + 0x0a - 4, data, 2);
        put(f + 0x0c - 4, size, 2);
        f[0x10 - 4] = 1;
        table_append(t, 17, handle, f, sizeof(f), TABLE_STRINGS(locator));
}

/* Type 20, in bytes. */
static void add_mapping(struct smbios_table *t, uint16_t device, uint64_t start, uint64_t end,
                        uint8_t position, uint8_t depth) {
        uint8_t f[0x23 - 4] = {};

        put(f, UINT32_MAX, 4);
        put(f + 4, UINT32_MAX, 4);
        put(f + 0x0c - 4, device, 2);
        f[0x10 - 4] = 0xff;
        f[0x11 - 4] = position;
        f[0x12 - 4] = depth;
        put(f + 0x13 - 4, start, 8);
        put(f + 0x1b - 4, end - 1, 8);
        table_append(t, 20, 0x50, f, sizeof(f), NULL);
}

/* Type 19, in KiB. */
static void add_array_mapping(struct smbios_table *t, uint16_t array, uint64_t start, uint64_t end) {
        uint8_t f[0x0f - 4] = {};

        put(f, start / 1024, 4);
        put(f + 4, end / 1024 - 1, 4);
        put(f + 0x0c - 4, array, 2);
        table_append(t, 19, 0x40, f, sizeof(f), NULL);
}

static struct dimm_map decode(struct smbios_table *t) {
        _cleanup_(smbios_freep) struct smbios *smbios = table_open(t);
        struct dimm_map map = {};

        assert_int_equal(dimm_map_decode(smbios, &map), 0);
        return map;
}

static void assert_module(const struct dimm_map *map, uint64_t place, const char *expected) {
        _cleanup_free_ char *text = dimm_map_text(map, place);

        assert_string_equal(text, expected);
}

static void modules_one_above_the_other_are_certain(void **state _unused_) {
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        struct smbios_table t = {};

        add_array(&t, 9, 3, 6);
        add_module(&t, 1, 9, 1024, 72, 64, "DIMM_A1");
        add_module(&t, 2, 9, 0, 72, 64, "DIMM_A2");
        add_module(&t, 3, 9, 1024, 72, 64, "DIMM_B1");
        add_mapping(&t, 1, 0, GIB, 0, 0);
        add_mapping(&t, 3, GIB, 2 * GIB, 0, 0);
        map = decode(&t);
        assert_int_equal(map.n_dimms, 2);
        assert_true(map.ecc);
        assert_module(&map, 0, "DIMM_A1");
        assert_module(&map, GIB - 1, "DIMM_A1");
        assert_module(&map, GIB, "DIMM_B1");
        assert_module(&map, 2 * GIB, "a module that SMBIOS does not tell");
}

static void an_interleave_without_its_order_leaves_candidates(void **state _unused_) {
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        struct smbios_table t = {};
        bool may[2];

        add_array(&t, 9, 3, 3);
        add_module(&t, 1, 9, 1024, 64, 64, "DIMM_A1");
        add_module(&t, 2, 9, 1024, 64, 64, "DIMM_B1");
        add_mapping(&t, 1, 0, 2 * GIB, 1, 0xff);
        add_mapping(&t, 2, 0, 2 * GIB, 2, 0xff);
        map = decode(&t);
        assert_false(map.ecc);
        assert_int_equal(dimm_map_find(&map, 4096, may), DIMM_ONE_OF);
        assert_true(may[0] && may[1]);
        assert_module(&map, 4096, "DIMM_A1 or DIMM_B1");
}

static void an_interleave_with_its_order_tells_one_but_says_how(void **state _unused_) {
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        struct smbios_table t = {};
        bool may[2];

        /* Eight rows of 64 bits in turn: 64 bytes. */
        add_array(&t, 9, 3, 6);
        add_module(&t, 1, 9, 1024, 72, 64, "DIMM_A1");
        add_module(&t, 2, 9, 1024, 72, 64, "DIMM_B1");
        add_mapping(&t, 1, 0, 2 * GIB, 1, 8);
        add_mapping(&t, 2, 0, 2 * GIB, 2, 8);
        map = decode(&t);
        assert_int_equal(dimm_map_find(&map, 0x1040, may), DIMM_BY_ORDER);
        assert_module(&map, 0x1000, "DIMM_A1 (by the interleave in SMBIOS)");
        assert_module(&map, 0x103f, "DIMM_A1 (by the interleave in SMBIOS)");
        assert_module(&map, 0x1040, "DIMM_B1 (by the interleave in SMBIOS)");
}

static void without_mappings_of_modules_the_array_narrows_it_down(void **state _unused_) {
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        struct smbios_table t = {};

        add_array(&t, 8, 3, 6);
        add_array(&t, 9, 3, 6);
        for (uint16_t i = 0; i < 5; i++)
                add_module(&t, (uint16_t) (0x10 + i), 8, 1024, 72, 64, "DIMM_A");
        add_module(&t, 0x20, 9, 1024, 72, 64, "DIMM_B1");
        add_array_mapping(&t, 8, 0, GIB);
        add_array_mapping(&t, 9, GIB, 2 * GIB);
        map = decode(&t);
        assert_module(&map, 0, "one of 5 modules");
        assert_module(&map, GIB, "DIMM_B1");
}

static void the_only_module_needs_no_mapping(void **state _unused_) {
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        struct smbios_table t = {};

        add_module(&t, 1, 9, 1024, 72, 64, "DIMM_A1");
        map = decode(&t);
        assert_module(&map, 77, "DIMM_A1");
}

static void video_memory_and_flash_are_no_system_memory(void **state _unused_) {
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        struct smbios_table t = {};

        add_array(&t, 8, 5, 6);
        add_module(&t, 1, 8, 1024, 72, 64, "FLASH");
        map = decode(&t);
        assert_int_equal(map.n_dimms, 0);
        assert_false(map.ecc);
}

static void cut_structures_are_left_out(void **state _unused_) {
        static const uint8_t short_mapping[] = {0, 0, 0, 0, 1, 0, 0, 0};
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        struct smbios_table t = {};

        table_append(&t, 17, 1, short_mapping, 1, NULL);
        table_append(&t, 20, 2, short_mapping, sizeof(short_mapping), NULL);
        table_append(&t, 19, 3, short_mapping, 2, NULL);
        table_append(&t, 16, 4, short_mapping, 1, NULL);
        map = decode(&t);
        assert_int_equal(map.n_dimms + map.n_devices + map.n_arrays, 0);
}

static void what_was_tested_is_divided_among_modules_that_share(void **state _unused_) {
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        _cleanup_(ranges_done) struct ranges tested = {};
        struct smbios_table t = {};
        uint64_t sizes[3];

        add_module(&t, 1, 9, 1024, 72, 64, "DIMM_A1");
        add_module(&t, 2, 9, 1024, 72, 64, "DIMM_B1");
        add_module(&t, 3, 9, 1024, 72, 64, "DIMM_C1");
        add_mapping(&t, 1, 0, 2 * GIB, 1, 0xff);
        add_mapping(&t, 2, 0, 2 * GIB, 2, 0xff);
        add_mapping(&t, 3, 4 * GIB, 5 * GIB, 0, 0);
        map = decode(&t);
        assert_int_equal(ranges_add(&tested, GIB, 3 * GIB), 0);
        assert_int_equal(ranges_add(&tested, 4 * GIB, 4 * GIB + 4096), 0);
        assert_true(dimm_map_share(&map, &tested, sizes));
        assert_int_equal(sizes[0], GIB / 2);
        assert_int_equal(sizes[1], GIB / 2);
        assert_int_equal(sizes[2], 4096);
}

static void modules_without_room_for_a_code_are_noticed(void **state _unused_) {
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        struct smbios_table t = {};

        add_array(&t, 9, 3, 6);
        add_module(&t, 1, 9, 1024, 64, 64, "DIMM_A1");
        add_module(&t, 2, 9, 1024, 0xffff, 0xffff, "DIMM_B1");
        map = decode(&t);
        assert_true(map.dimms[0].data_only);
        assert_false(map.dimms[1].data_only);
}

#define MC "sys/devices/system/edac/mc/"

static void edac_counts_by_module(void **state _unused_) {
        _cleanup_(edac_done) struct edac edac = {};
        struct captured_tree tree;

        tree_setup(&tree);
        tree_write(&tree, MC "mc0/dimm3/dimm_ce_count", "17\n");
        tree_write(&tree, MC "mc0/dimm3/dimm_ue_count", "1\n");
        tree_write(&tree, MC "mc0/dimm3/dimm_label", "CPU_SrcID#0_MC#0_Chan#1_DIMM#0\n");
        tree_write(&tree, MC "mc0/dimm3/dimm_location", "channel 1 slot 0 \n");
        tree_write(&tree, MC "mc0/dimm3/dimm_edac_mode", "None\n");
        tree_write(&tree, MC "mc1/rank0/dimm_ce_count", "0\n");
        tree_write(&tree, MC "mc1/rank0/dimm_ue_count", "0\n");
        tree_write(&tree, MC "mc1/rank0/dimm_edac_mode", "SECDED\n");
        tree_write(&tree, MC "mc1/dimm_none/unrelated", "x\n");

        assert_int_equal(edac_read(tree.sys, &edac), 0);
        assert_int_equal(edac.n_modules, 2);
        for (size_t i = 0; i < 2; i++) {
                const struct edac_module *m = &edac.modules[i];

                if (m->corrected == 17) {
                        assert_string_equal(m->label, "CPU_SrcID#0_MC#0_Chan#1_DIMM#0");
                        assert_string_equal(m->location, "channel 1 slot 0");
                        assert_int_equal(m->uncorrected, 1);
                        assert_false(m->ecc);
                } else {
                        assert_string_equal(m->label, "rank0");
                        assert_null(m->location);
                        assert_true(m->ecc);
                }
        }
        tree_teardown(&tree);
}

static void without_a_driver_there_are_no_modules(void **state _unused_) {
        _cleanup_(edac_done) struct edac edac = {};

        assert_int_equal(edac_read("/nonexistent", &edac), 0);
        assert_int_equal(edac.n_modules, 0);
}

static void a_machine_check_has_status_and_address(void **state _unused_) {
        static const char line[] =
                "          <idle>-0       [000] d.h1.    12.345678: mce_record: CPU: 0, MCGc/s: 900010a/0, "
                "MC9: "
                "9c00000000000090, IPID: 0000000000000000, ADDR/MISC/SYND: "
                "000000001a000ff8/000000000000008c/0000000000000000, RIP: 00:<0000000000000000>, TSC: 5, "
                "PROCESSOR: 2:663, TIME: 1763856000, SOCKET: 0, APIC: 0";
        struct machine_check check;

        assert_int_equal(machine_check_parse(line, &check), 1);
        assert_int_equal(check.status, 0x9c00000000000090);
        assert_int_equal(check.address, 0x1a000ff8);
        assert_true(machine_check_has_address(&check));
        assert_false(machine_check_uncorrected(&check));
}

static const char events[] =
        "  <idle>-0 [000] d.h1. 1.0: mce_record: CPU: 0, MCGc/s: 0/0, MC9: 9c00000000000090, ...\n"
        "  kworker/0:1-8 [000] ..... 1.1: mc_event: 1 Corrected error: memory read error on "
        "CPU_SrcID#0_MC#1_Chan#0_DIMM#0 (mc:1 location:0:0:-1 address:0x1a000040 grain:32 "
        "syndrome:0x00000000  err_code:0x0101:0x0090 ProcessorSocketId:0x0 MemoryControllerId:0x1 "
        "PhysicalRankId:0x1 Row:0x15da Column:0x100 Bank:0x3 BankGroup:0x2 retry_rd_err_log[0001a209 0000])\n"
        "  kworker/0:1-8 [000] ..... 1.2: mc_event: 2 Uncorrected errors: on DIMM A 2 (mc:0 "
        "location:1:0:-1 address:0x200000000 grain:4096 syndrome:0x00000000)\n"
        "  kworker/0:1-8 [000] ..... 1.3: mc_event: 1 Corrected error: memory scrubbing error on "
        "CPU_SrcID#0_MC#1_Chan#0_DIMM#0 (mc:1 location:0:0:-1 address:0x1c000000 grain:32 "
        "syndrome:0x00000000)\n";

static void edac_decodes_an_address_where_it_has_a_driver(void **state _unused_) {
        _cleanup_(edac_event_done) struct edac_event first = {}, second = {}, none = {};

        assert_int_equal(edac_event_at(events, 0x1a000040, &first), 1);
        assert_string_equal(first.module, "CPU_SrcID#0_MC#1_Chan#0_DIMM#0");
        assert_non_null(strstr(first.detail, " PhysicalRankId:0x1 "));
        assert_int_equal(edac_event_at(events, 0x200000abc, &second), 1);
        assert_string_equal(second.module, "DIMM A 2");
        assert_int_equal(edac_event_at(events, 0x1a000080, &none), 0);
        assert_int_equal(edac_event_at("", 0, &none), 0);
        assert_int_equal(
                edac_event_at("mc_event: 1 Corrected error on X (mc:0 address:0x0 grain:0 ", 0, &none), 0);
        assert_int_equal(edac_event_at("mc_event: 1 Corrected error on X (mc:0 address:0x0", 0, &none), 0);
        assert_null(none.module);
}

static void the_last_event_of_a_module_is_found_by_its_whole_name(void **state _unused_) {
        _cleanup_(edac_event_done) struct edac_event last = {}, none = {};

        assert_int_equal(edac_event_of(events, "CPU_SrcID#0_MC#1_Chan#0_DIMM#0", &last), 1);
        assert_int_equal(last.address, 0x1c000000);
        assert_int_equal(edac_event_of(events, "DIMM A", &none), 0);
        assert_null(none.module);
}

static void assert_position(const char *location, const char *detail, const char *expected) {
        _cleanup_free_ char *text = position_text(location, detail);

        assert_string_equal(text, expected);
}

static void a_driver_tells_rank_row_and_column(void **state _unused_) {
        _cleanup_(edac_event_done) struct edac_event event = {};

        /* skx_edac and i10nm_edac by themselves. */
        assert_int_equal(edac_event_at(events, 0x1a000040, &event), 1);
        assert_position("channel 0 slot 0", event.detail,
                        "channel 0 slot 0, rank 1, bank group 2, bank 3, row 0x15da, column 0x100");

        /* With the firmware's help, and of a module of stacked chips. */
        assert_position(
                "channel 1 slot 0",
                " err_code:0x0080:0x0090  SystemAddress:0x90ba03400 ProcessorSocketId:0x0 "
                "MemoryControllerId:0x2 ChannelAddress:0x222e80e00 ChannelId:0x1 RankAddress:0x445d01c0 "
                "PhysicalRankId:0x2 DimmSlotId:0x0 DimmRankId:0x0 Row:0x1424 Column:0x520 Bank:0x0 "
                "BankGroup:0x2 ChipSelect:0x0 ChipId:0x4",
                "channel 1 slot 0, rank 2, chip 4, bank group 2, bank 0, row 0x1424, column 0x520");

        /* sb_edac. */
        assert_position(
                "channel 2 slot 1",
                " area:DRAM err_code:0001:0090 socket:0 ha:0 channel_mask:4 rank:5 row:0x1f00 col:0x3f8 "
                "bank_addr:1 bank_group:3",
                "channel 2 slot 1, rank 5, bank group 3, bank 1, row 0x1f00, column 0x3f8");

        /* ghes_edac, which knows no channel. */
        assert_position(
                "memory 3",
                "APEI location: node:0 card:1 module:0 rank:0 bank:10 device:7 row:4660 column:86 "
                "bit_position:3 DIMM location: P0 CHANNEL B DIMM 0 status(0x0000000000000400): Storage "
                "error in DRAM memory",
                "memory 3, rank 0, device 7, bank 10, row 0x1234, column 0x56, bit 3 (no driver tells: "
                "channel)");
}

static void what_no_driver_tells_is_said_to_be_missing(void **state _unused_) {
        /* amd64_edac: a chip select is a rank. */
        assert_position("csrow 2 channel 1", "", "csrow 2 channel 1 (no driver tells: row, column)");
        assert_position(NULL, NULL, "no driver tells: channel, rank, row, column");
        assert_position("channel 0 slot 0", "Row:zz arrow:1 Rowing:2 row 3 col:-1",
                        "channel 0 slot 0 (no driver tells: rank, row, column)");
}

static void other_lines_of_the_trace_are_no_machine_checks(void **state _unused_) {
        static const char *const lines[] = {
                "",
                "# tracer: nop",
                "mce_record: CPU: 0",
                "mce_record: CPU: 0, MC9: 9c00000000000090",
                "mce_record: CPU: 0, MCx: zz, ADDR/MISC/SYND: 1",
                "mce_record: CPU: 0, MC9: 0c00000000000090, ADDR/MISC/SYND: 1", /* not valid */
                "mc_event: 1 Corrected error",
        };
        struct machine_check check = {};

        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                assert_int_equal(machine_check_parse(lines[i], &check), 0);
        assert_int_equal(check.status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(modules_one_above_the_other_are_certain),
                cmocka_unit_test(an_interleave_without_its_order_leaves_candidates),
                cmocka_unit_test(an_interleave_with_its_order_tells_one_but_says_how),
                cmocka_unit_test(without_mappings_of_modules_the_array_narrows_it_down),
                cmocka_unit_test(the_only_module_needs_no_mapping),
                cmocka_unit_test(video_memory_and_flash_are_no_system_memory),
                cmocka_unit_test(cut_structures_are_left_out),
                cmocka_unit_test(what_was_tested_is_divided_among_modules_that_share),
                cmocka_unit_test(modules_without_room_for_a_code_are_noticed),
                cmocka_unit_test(edac_counts_by_module),
                cmocka_unit_test(without_a_driver_there_are_no_modules),
                cmocka_unit_test(a_machine_check_has_status_and_address),
                cmocka_unit_test(edac_decodes_an_address_where_it_has_a_driver),
                cmocka_unit_test(the_last_event_of_a_module_is_found_by_its_whole_name),
                cmocka_unit_test(a_driver_tells_rank_row_and_column),
                cmocka_unit_test(what_no_driver_tells_is_said_to_be_missing),
                cmocka_unit_test(other_lines_of_the_trace_are_no_machine_checks),
        };

        return cmocka_run_group_tests_name("memory-modules", tests, NULL, NULL);
}
