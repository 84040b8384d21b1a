/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "tests/unit/captured-tree.h"

static json_t *dut_info(const char *inventory_text) {
        _cleanup_json_ json_t *inventory = json_loads(inventory_text, 0, NULL);
        json_t *info = NULL;

        assert_non_null(inventory);
        assert_int_equal(inventory_dut_info(inventory, &info), 0);
        return info;
}

static const json_t *find(const json_t *info, const char *list, const char *key, const char *id) {
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(info, list), i,
                           item) if (streq(json_get_string(item, key), id)) return item;

        fail_msg("no \"%s\" in %s", id, list);
        return NULL;
}

static const json_t *hardware(const json_t *info, const char *id) {
        return find(info, "hardwareInfos", "hardwareInfoId", id);
}

static void machine_of_which_nothing_is_known_is_valid_all_the_same(void **state _unused_) {
        _cleanup_json_ json_t *info = dut_info("{}");

        assert_json(info, "{\"dutInfoId\": \"unidentified\", \"hardwareInfos\": [], \"softwareInfos\": []}");
        assert_null(json_object_get(info, "name"));
}

static void machine_is_named_by_uuid_maker_and_product(void **state _unused_) {
        _cleanup_json_ json_t *info =
                dut_info("{\"system\": {\"uuid\": \"00112233-4455-6677-8899-aabbccddeeff\", "
                         "\"manufacturer\": \"Maker\","
                         " \"product\": \"Server 1000\", \"serial_number\": \"SN\","
                         " \"boards\": [{\"product\": \"B-1\", \"serial_number\": \"SB\"}],"
                         " \"chassis\": {\"type\": \"blade\", \"serial_number\": null},"
                         " \"firmware\": {\"vendor\": \"Vendor\", \"version\": \"3.4\"}}}");

        assert_json(
                info,
                "{\"dutInfoId\": \"00112233-4455-6677-8899-aabbccddeeff\", \"name\": \"Maker Server 1000\","
                " \"platformInfos\": [{\"info\": \"Maker Server 1000\"}]}");
        assert_json(hardware(info, "board-0"),
                    "{\"name\": \"B-1\", \"partType\": \"board\", \"serialNumber\": \"SB\"}");
        assert_json(find(info, "softwareInfos", "softwareInfoId", "firmware-system"),
                    "{\"name\": \"Vendor\", \"version\": \"3.4\", \"softwareType\": \"FIRMWARE\"}");
}

static void unknown_is_left_out_as_the_format_wants(void **state _unused_) {
        _cleanup_json_ json_t *info = dut_info("{\"memory\": {\"modules\": [{\"locator\": \"DIMM_A1\", "
                                               "\"populated\": true, \"size_bytes\": null,"
                                               " \"type\": null, \"serial_number\": null}]}}");
        _cleanup_free_ char *text = json_dumps(info, 0);

        assert_json(hardware(info, "dimm-DIMM_A1"),
                    "{\"name\": \"memory module\", \"location\": \"DIMM_A1\"}");
        assert_null(strstr(text, "null"));
}

static void filled_slots_have_ids_by_locator(void **state _unused_) {
        _cleanup_json_ json_t *info = dut_info(
                "{\"memory\": {\"modules\": ["
                "{\"locator\": \"DIMM_A1\", \"populated\": true, \"size_bytes\": 17179869184, \"type\": "
                "\"DDR5\","
                " \"manufacturer\": \"Samsung\", \"serial_number\": \"S1\", \"part_number\": \"M3\"},"
                "{\"locator\": \"DIMM_A2\", \"populated\": false, \"size_bytes\": 0}]}}");

        assert_int_equal(json_array_size(json_object_get(info, "hardwareInfos")), 1);
        assert_json(hardware(info, "dimm-DIMM_A1"),
                    "{\"name\": \"DDR5 16 GiB\", \"partType\": \"DIMM\", \"location\": \"DIMM_A1\","
                    " \"manufacturer\": \"Samsung\", \"serialNumber\": \"S1\", \"partNumber\": \"M3\"}");
}

static void slots_of_the_same_name_have_different_ids(void **state _unused_) {
        _cleanup_json_ json_t *info = dut_info("{\"memory\": {\"modules\": ["
                                               "{\"locator\": \"DIMM 0\", \"populated\": true},"
                                               "{\"locator\": \"DIMM 0\", \"populated\": true},"
                                               "{\"locator\": \"DIMM 0\", \"populated\": true}]}}");

        hardware(info, "dimm-DIMM_0");
        hardware(info, "dimm-DIMM_0-2");
        hardware(info, "dimm-DIMM_0-3");
}

static void processor_is_named_by_package_and_has_microcode(void **state _unused_) {
        _cleanup_json_ json_t *info = dut_info(
                "{\"processors\": {\"sockets\": ["
                "{\"socket\": \"CPU 1\", \"populated\": true, \"package\": 0, \"model\": \"Fast 9000\","
                " \"microcode\": \"0x2b000461\"},"
                "{\"socket\": \"CPU 2\", \"populated\": true, \"package\": null, \"version\": \"Fast 9000\"},"
                "{\"socket\": \"CPU 3\", \"populated\": false, \"package\": null}]}}");

        assert_int_equal(json_array_size(json_object_get(info, "hardwareInfos")), 2);
        assert_json(hardware(info, "cpu-0"), "{\"name\": \"Fast 9000\", \"location\": \"CPU 1\"}");
        assert_json(hardware(info, "socket-CPU_2"), "{\"name\": \"Fast 9000\", \"location\": \"CPU 2\"}");
        assert_json(find(info, "softwareInfos", "softwareInfoId", "microcode-cpu-0"),
                    "{\"version\": \"0x2b000461\"}");
}

static void drives_interfaces_and_adapters_are_listed(void **state _unused_) {
        _cleanup_json_ json_t *info = dut_info(
                "{\"storage\": [{\"name\": \"nvme0n1\", \"model\": \"Fine Drive\", \"serial_number\": \"S1\","
                " \"firmware_version\": \"F1\"}],"
                " \"network\": [{\"name\": \"eth0\", \"permanent_mac_address\": \"52:54:00:12:34:56\","
                " \"pci_address\": \"0000:00:04.0\"}],"
                " \"pci\": [{\"address\": \"0000:00:04.0\", \"class\": \"0x020000\","
                " \"class_name\": \"Ethernet controller\", \"vendor_id\": \"0x8086\", \"device_id\": "
                "\"0x10d3\"},"
                " {\"address\": \"0000:00:00.0\", \"class\": \"0x060000\", \"vendor_id\": \"0x8086\","
                " \"device_id\": \"0x29c0\"}]}");

        assert_int_equal(json_array_size(json_object_get(info, "hardwareInfos")), 3);
        assert_json(hardware(info, "drive-nvme0n1"), "{\"name\": \"Fine Drive\", \"serialNumber\": \"S1\"}");
        assert_json(hardware(info, "nic-eth0"), "{\"serialNumber\": \"52:54:00:12:34:56\"}");
        assert_json(hardware(info, "pci-0000:00:04.0"),
                    "{\"name\": \"Ethernet controller\", \"partNumber\": \"8086:10d3\"}");
        find(info, "softwareInfos", "softwareInfoId", "firmware-drive-nvme0n1");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(machine_of_which_nothing_is_known_is_valid_all_the_same),
                cmocka_unit_test(machine_is_named_by_uuid_maker_and_product),
                cmocka_unit_test(unknown_is_left_out_as_the_format_wants),
                cmocka_unit_test(filled_slots_have_ids_by_locator),
                cmocka_unit_test(slots_of_the_same_name_have_different_ids),
                cmocka_unit_test(processor_is_named_by_package_and_has_microcode),
                cmocka_unit_test(drives_interfaces_and_adapters_are_listed),
        };

        return cmocka_run_group_tests_name("inventory-dut-info", tests, NULL, NULL);
}
