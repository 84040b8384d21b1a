/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "inventory/collectors.h"
#include "tests/unit/captured-tree.h"
#include "tests/unit/smbios-table.h"

/* Fields stand at the offsets that the specification counts, from the header on; the builder wants them from
 * 4 on. */
#define FIELDS(size, ...)  ((uint8_t[size]){__VA_ARGS__}) + 4, (size) -4
#define U16(offset, value) [offset] = (uint8_t) (value), [(offset) + 1] = (uint8_t) ((value) >> 8)
#define U32(offset, value) U16(offset, (value) &0xffff), U16((offset) + 2, (value) >> 16)

static json_t *decode(const struct smbios_table *table, int (*decoder)(const struct smbios *, json_t *)) {
        _cleanup_(smbios_freep) struct smbios *smbios = table_open(table);
        json_t *part = json_object();

        assert_non_null(part);
        assert_int_equal(decoder(smbios, part), 0);
        return part;
}

/* The only module of a table with this one structure. */
static json_t *decode_module(const uint8_t *fields, size_t n_fields, const char *const *strings) {
        struct smbios_table table = {};
        json_t *module;

        table_append(&table, SMBIOS_MEMORY_DEVICE, 0x1100, fields, n_fields, strings);

        _cleanup_json_ json_t *part = decode(&table, memory_decode);
        module = json_array_get(json_object_get(part, "modules"), 0);
        assert_non_null(module);
        return json_incref(module);
}

static void system_tells_who_it_is(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_SYSTEM, 0x0100,
                     FIELDS(0x1b, [0x04] = 1, 2, 3, 4, 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88,
                            0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, [0x19] = 5, 6),
                     TABLE_STRINGS("Maker", "Server 1000", "rev 2", "SN-42", "SKU-7", "1000"));

        _cleanup_json_ json_t *part = decode(&table, system_decode);
        assert_json(part,
                    "{\"manufacturer\": \"Maker\", \"product\": \"Server 1000\", \"version\": \"rev 2\","
                    " \"serial_number\": \"SN-42\", \"sku\": \"SKU-7\", \"family\": \"1000\","
                    " \"uuid\": \"00112233-4455-6677-8899-aabbccddeeff\", \"smbios_version\": \"3.6\"}");
}

static void uuid_of_zeros_or_ones_is_none(void **state _unused_) {
        struct smbios_table zeros = {}, ones = {};
        uint8_t fields[0x19] = {};

        table_append(&zeros, SMBIOS_SYSTEM, 0x0100, fields + 4, sizeof(fields) - 4, NULL);
        memset(fields + 8, 0xff, 16);
        table_append(&ones, SMBIOS_SYSTEM, 0x0100, fields + 4, sizeof(fields) - 4, NULL);

        _cleanup_json_ json_t *a = decode(&zeros, system_decode), *b = decode(&ones, system_decode);
        assert_json(a, "{\"uuid\": null}");
        assert_json(b, "{\"uuid\": null}");
}

static void placeholders_are_unknown(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_SYSTEM, 0x0100, FIELDS(0x08, [0x04] = 1, 2, 3, 4),
                     TABLE_STRINGS("To Be Filled By O.E.M.", "Default string", "Not Specified", "  N/A "));

        _cleanup_json_ json_t *part = decode(&table, system_decode);
        assert_json(
                part,
                "{\"manufacturer\": null, \"product\": null, \"version\": null, \"serial_number\": null}");
}

static void every_board_is_listed(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_BASEBOARD, 0x0200, FIELDS(0x08, [0x05] = 1), TABLE_STRINGS("main board"));
        table_append(&table, SMBIOS_BASEBOARD, 0x0201, FIELDS(0x08, [0x05] = 1), TABLE_STRINGS("riser"));

        _cleanup_json_ json_t *part = decode(&table, system_decode);
        const json_t *boards = json_object_get(part, "boards");
        assert_int_equal(json_array_size(boards), 2);
        assert_json(json_array_get(boards, 1), "{\"product\": \"riser\", \"manufacturer\": null}");
}

static void chassis_sku_stands_behind_the_contained_elements(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_CHASSIS, 0x0300,
                     FIELDS(0x1c, [0x04] = 1, [0x05] = 0x80 | 0x17, [0x07] = 2, [0x11] = 2, [0x13] = 2,
                            [0x14] = 3, [0x1b] = 3),
                     TABLE_STRINGS("Maker", "CH-1", "2U-24"));

        _cleanup_json_ json_t *part = decode(&table, system_decode);
        assert_json(json_object_get(part, "chassis"),
                    "{\"type\": \"rack mount chassis\", \"serial_number\": \"CH-1\", \"height_u\": 2,"
                    " \"sku\": \"2U-24\"}");
}

static void chassis_with_lying_element_count_has_no_sku(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_CHASSIS, 0x0300, FIELDS(0x16, [0x13] = 255, [0x14] = 255, [0x15] = 1),
                     TABLE_STRINGS("text"));

        _cleanup_json_ json_t *part = decode(&table, system_decode);
        assert_json(json_object_get(part, "chassis"), "{\"sku\": null}");
}

static void firmware_tells_version_date_and_size(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_FIRMWARE, 0,
                     FIELDS(0x1a, [0x04] = 1, 2, [0x08] = 3, [0x09] = 0xff, [0x14] = 5, 27, 0xff, 0xff,
                            U16(0x18, 32)),
                     TABLE_STRINGS("Vendor", "3.4", "03/14/2024"));

        _cleanup_json_ json_t *part = decode(&table, system_decode);
        assert_json(json_object_get(part, "firmware"),
                    "{\"vendor\": \"Vendor\", \"version\": \"3.4\", \"release_date\": \"2024-03-14\","
                    " \"revision\": \"5.27\", \"embedded_controller_revision\": null, \"rom_size_bytes\": "
                    "33554432}");
}

static void firmware_date_that_is_none_is_unknown(void **state _unused_) {
        static const char *const bad[] = {"",           "yesterday",   "2024-03-14", "13/01/2024",
                                          "03/32/2024", "03/14/2024x", "0/0/0"};

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                struct smbios_table table = {};

                table_append(&table, SMBIOS_FIRMWARE, 0, FIELDS(0x12, [0x08] = 1), TABLE_STRINGS(bad[i]));

                _cleanup_json_ json_t *part = decode(&table, system_decode);
                assert_json(json_object_get(part, "firmware"), "{\"release_date\": null}");
        }
}

static void machine_without_a_table_has_every_member_as_null(void **state _unused_) {
        _cleanup_json_ json_t *system = json_object(), *memory = json_object(), *processors = json_object();

        assert_int_equal(system_decode(NULL, system), 0);
        assert_int_equal(memory_decode(NULL, memory), 0);
        assert_int_equal(processors_decode(NULL, processors), 0);
        assert_json(system,
                    "{\"manufacturer\": null, \"uuid\": null, \"boards\": [], \"smbios_version\": null}");
        assert_json(memory, "{\"installed_bytes\": null, \"slot_count\": null, \"modules\": []}");
        assert_json(processors, "{\"sockets\": []}");
}

static void module_tells_everything_about_itself(void **state _unused_) {
        _cleanup_json_ json_t *module = decode_module(
                FIELDS(0x5c, U16(0x08, 80), U16(0x0a, 64), U16(0x0c, 0x7fff), [0x0e] = 9, [0x10] = 1, 2, 0x22,
                       U16(0x13, 1 << 13), U16(0x15, 5600), [0x17] = 3, 4, 5, 6, [0x1b] = 2, U32(0x1c, 65536),
                       U16(0x20, 4800), U16(0x22, 1100), U16(0x24, 1100), U16(0x26, 1100)),
                TABLE_STRINGS("DIMM_A1", "NODE 0", "Samsung", "03A1", "tag", "M321R8GA0BB0"));

        assert_json(module,
                    "{\"locator\": \"DIMM_A1\", \"bank_locator\": \"NODE 0\", \"populated\": true,"
                    " \"size_bytes\": 68719476736, \"type\": \"DDR5\", \"form_factor\": \"DIMM\","
                    " \"buffering\": \"registered\", \"ranks\": 2, \"speed_mts\": 5600, "
                    "\"configured_speed_mts\": 4800,"
                    " \"total_width_bits\": 80, \"data_width_bits\": 64, \"configured_voltage_mv\": 1100,"
                    " \"manufacturer\": \"Samsung\", \"serial_number\": \"03A1\", \"asset_tag\": \"tag\","
                    " \"part_number\": \"M321R8GA0BB0\"}");
}

static void module_size_counts_mib_or_kib(void **state _unused_) {
        _cleanup_json_ json_t *mib = decode_module(FIELDS(0x15, U16(0x0c, 16384)), NULL),
                              *kib = decode_module(FIELDS(0x15, U16(0x0c, 0x8000 | 512)), NULL);

        assert_json(mib, "{\"populated\": true, \"size_bytes\": 17179869184}");
        assert_json(kib, "{\"populated\": true, \"size_bytes\": 524288}");
}

static void module_size_uses_extended_field_at_32_gib(void **state _unused_) {
        _cleanup_json_ json_t *module =
                decode_module(FIELDS(0x20, U16(0x0c, 0x7fff), U32(0x1c, 32768)), NULL);

        assert_json(module, "{\"populated\": true, \"size_bytes\": 34359738368}");
}

static void module_too_short_for_its_extended_size_has_none(void **state _unused_) {
        _cleanup_json_ json_t *module = decode_module(FIELDS(0x1e, U16(0x0c, 0x7fff)), NULL);

        assert_json(module, "{\"populated\": true, \"size_bytes\": null}");
}

static void slot_is_empty_when_its_size_is_zero(void **state _unused_) {
        _cleanup_json_ json_t *module = decode_module(FIELDS(0x15, [0x10] = 1), TABLE_STRINGS("DIMM_B2"));

        assert_json(module, "{\"locator\": \"DIMM_B2\", \"populated\": false, \"size_bytes\": 0}");
}

static void module_of_unknown_size_is_there_all_the_same(void **state _unused_) {
        _cleanup_json_ json_t *module = decode_module(FIELDS(0x15, U16(0x0c, 0xffff)), NULL);

        assert_json(module, "{\"populated\": true, \"size_bytes\": null}");
}

static void module_speed_uses_extended_field_beyond_16_bits(void **state _unused_) {
        _cleanup_json_ json_t *module = decode_module(
                FIELDS(0x5c, U16(0x15, 0xffff), U16(0x20, 0xffff), U32(0x54, 70000), U32(0x58, 66000)), NULL);

        assert_json(module, "{\"speed_mts\": 70000, \"configured_speed_mts\": 66000}");
}

static void module_structure_cut_anywhere_leaves_the_rest_unknown(void **state _unused_) {
        uint8_t fields[0x5c];

        memset(fields, 0x01, sizeof(fields));
        for (size_t size = 4; size <= sizeof(fields); size++) {
                _cleanup_json_ json_t *module = decode_module(fields + 4, size - 4, TABLE_STRINGS("text"));

                assert_json(module, size > 0x10 ? "{\"locator\": \"text\"}" : "{\"locator\": null}");
                assert_json(module, size > 0x1a ? "{\"part_number\": \"text\"}" : "{\"part_number\": null}");
                assert_json(module, size > 0x0d ? "{\"size_bytes\": 269484032}" : "{\"size_bytes\": null}");
        }
}

static void installed_memory_is_the_sum_of_the_slots(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_MEMORY_ARRAY, 0x1000,
                     FIELDS(0x17, [0x04] = 3, 3, 6, U32(0x07, 0x80000000), U16(0x0d, 3), [0x0f + 5] = 0x02),
                     NULL);
        table_append(&table, SMBIOS_MEMORY_DEVICE, 0x1100, FIELDS(0x15, U16(0x04, 0x1000), U16(0x0c, 1024)),
                     NULL);
        table_append(&table, SMBIOS_MEMORY_DEVICE, 0x1101, FIELDS(0x15, U16(0x04, 0x1000)), NULL);
        table_append(&table, SMBIOS_MEMORY_DEVICE, 0x1102, FIELDS(0x15, U16(0x04, 0x1000), U16(0x0c, 2048)),
                     NULL);

        _cleanup_json_ json_t *part = decode(&table, memory_decode);
        assert_json(part,
                    "{\"installed_bytes\": 3221225472, \"slot_count\": 3, \"populated_slot_count\": 2}");
        assert_json(json_array_get(json_object_get(part, "arrays"), 0),
                    "{\"location\": \"system board\", \"use\": \"system memory\","
                    " \"error_correction\": \"multi-bit ECC\", \"maximum_capacity_bytes\": 2199023255552,"
                    " \"slot_count\": 3}");
}

static void flash_chip_is_no_system_memory(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_MEMORY_ARRAY, 0x1000, FIELDS(0x0f, [0x05] = 3), NULL);
        table_append(&table, SMBIOS_MEMORY_ARRAY, 0x1001, FIELDS(0x0f, [0x05] = 5), NULL);
        table_append(&table, SMBIOS_MEMORY_DEVICE, 0x1100, FIELDS(0x15, U16(0x04, 0x1000), U16(0x0c, 1024)),
                     NULL);
        table_append(&table, SMBIOS_MEMORY_DEVICE, 0x1101, FIELDS(0x15, U16(0x04, 0x1001), U16(0x0c, 16)),
                     NULL);

        _cleanup_json_ json_t *part = decode(&table, memory_decode);
        assert_json(part, "{\"installed_bytes\": 1073741824, \"slot_count\": 1}");
}

static void installed_memory_is_unknown_when_one_slot_is(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_MEMORY_DEVICE, 0x1100, FIELDS(0x15, U16(0x0c, 1024)), NULL);
        table_append(&table, SMBIOS_MEMORY_DEVICE, 0x1101, FIELDS(0x15, U16(0x0c, 0xffff)), NULL);

        _cleanup_json_ json_t *part = decode(&table, memory_decode);
        assert_json(part, "{\"installed_bytes\": null, \"slot_count\": 2, \"populated_slot_count\": 2}");
}

static void mapped_ranges_count_both_ends(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_MEMORY_ARRAY_ADDRESS, 0x1300,
                     FIELDS(0x0f, U32(0x04, 0x00400000), U32(0x08, 0x005fffff)), NULL);
        table_append(&table, SMBIOS_MEMORY_ARRAY_ADDRESS, 0x1301,
                     FIELDS(0x1f, U32(0x04, 0xffffffff), U32(0x08, 0xffffffff), [0x0f + 5] = 0x01,
                            U32(0x17, 0xffffffff), [0x17 + 4] = 0xff, [0x17 + 5] = 0x01),
                     NULL);
        table_append(&table, SMBIOS_MEMORY_ARRAY_ADDRESS, 0x1302, FIELDS(0x0f, U32(0x04, 2), U32(0x08, 1)),
                     NULL);

        _cleanup_json_ json_t *part = decode(&table, memory_decode);
        assert_json(part, "{\"mapped_ranges\": [{\"address\": 4294967296, \"size_bytes\": 2147483648},"
                          " {\"address\": 1099511627776, \"size_bytes\": 1099511627776}]}");
}

static void socket_counts_cores_beyond_one_byte(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_PROCESSOR, 0x0400,
                     FIELDS(0x30, [0x04] = 1, 3, [0x07] = 2, [0x10] = 3, U16(0x12, 100), U16(0x14, 3800),
                            U16(0x16, 2400), [0x18] = 0x41, [0x23] = 0xff, 0xff, 0xff, U16(0x2a, 288),
                            U16(0x2c, 280), U16(0x2e, 576)),
                     TABLE_STRINGS("CPU 1", "Maker", "Fast 9000"));

        _cleanup_json_ json_t *part = decode(&table, processors_decode);
        assert_json(json_array_get(json_object_get(part, "sockets"), 0),
                    "{\"socket\": \"CPU 1\", \"populated\": true, \"status\": \"enabled\", \"manufacturer\": "
                    "\"Maker\","
                    " \"version\": \"Fast 9000\", \"maximum_speed_mhz\": 3800, \"boot_speed_mhz\": 2400,"
                    " \"external_clock_mhz\": 100, \"core_count\": 288, \"enabled_core_count\": 280,"
                    " \"thread_count\": 576}");
}

static void empty_socket_and_failed_processor_are_told_apart(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_PROCESSOR, 0x0400, FIELDS(0x1a, [0x05] = 3, [0x18] = 0x00), NULL);
        table_append(&table, SMBIOS_PROCESSOR, 0x0401, FIELDS(0x1a, [0x05] = 3, [0x18] = 0x43), NULL);

        _cleanup_json_ json_t *part = decode(&table, processors_decode);
        const json_t *sockets = json_object_get(part, "sockets");
        assert_json(json_array_get(sockets, 0), "{\"populated\": false, \"status\": \"empty\"}");
        assert_json(json_array_get(sockets, 1),
                    "{\"populated\": true, \"status\": \"disabled by the firmware after an error\"}");
}

static void processors_that_run_no_system_are_left_out(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, SMBIOS_PROCESSOR, 0x0400, FIELDS(0x1a, [0x05] = 6, [0x18] = 0x41), NULL);

        _cleanup_json_ json_t *part = decode(&table, processors_decode);
        assert_int_equal(json_array_size(json_object_get(part, "sockets")), 0);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(system_tells_who_it_is),
                cmocka_unit_test(uuid_of_zeros_or_ones_is_none),
                cmocka_unit_test(placeholders_are_unknown),
                cmocka_unit_test(every_board_is_listed),
                cmocka_unit_test(chassis_sku_stands_behind_the_contained_elements),
                cmocka_unit_test(chassis_with_lying_element_count_has_no_sku),
                cmocka_unit_test(firmware_tells_version_date_and_size),
                cmocka_unit_test(firmware_date_that_is_none_is_unknown),
                cmocka_unit_test(machine_without_a_table_has_every_member_as_null),
                cmocka_unit_test(module_tells_everything_about_itself),
                cmocka_unit_test(module_size_counts_mib_or_kib),
                cmocka_unit_test(module_size_uses_extended_field_at_32_gib),
                cmocka_unit_test(module_too_short_for_its_extended_size_has_none),
                cmocka_unit_test(slot_is_empty_when_its_size_is_zero),
                cmocka_unit_test(module_of_unknown_size_is_there_all_the_same),
                cmocka_unit_test(module_speed_uses_extended_field_beyond_16_bits),
                cmocka_unit_test(module_structure_cut_anywhere_leaves_the_rest_unknown),
                cmocka_unit_test(installed_memory_is_the_sum_of_the_slots),
                cmocka_unit_test(flash_chip_is_no_system_memory),
                cmocka_unit_test(installed_memory_is_unknown_when_one_slot_is),
                cmocka_unit_test(mapped_ranges_count_both_ends),
                cmocka_unit_test(socket_counts_cores_beyond_one_byte),
                cmocka_unit_test(empty_socket_and_failed_processor_are_told_apart),
                cmocka_unit_test(processors_that_run_no_system_are_left_out),
        };

        return cmocka_run_group_tests_name("inventory-smbios", tests, NULL, NULL);
}
