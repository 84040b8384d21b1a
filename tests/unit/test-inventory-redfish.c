/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/text.h"
#include "inventory/format/format.h"
#include "tests/unit/unit.h"

#define SYSTEM  "/redfish/v1/Systems/S-1"
#define CHASSIS "/redfish/v1/Chassis/S-1"

/* The resources of a machine with that serial number and those parts. */
static json_t *convert(const char *parts) {
        _cleanup_json_ json_t *inventory = NULL;
        _cleanup_free_ char *text = NULL;
        json_t *resources = NULL;

        text = strprintf("{\"system\": {\"serial_number\": \"S-1\"}, %s}", parts);
        assert_int_equal(json_parse(text, strlen(text), &inventory), 0);
        assert_int_equal(inventory_redfish(inventory, &resources), 0);
        return resources;
}

static void assert_member(const json_t *resources, const char *uri, const char *member,
                          const char *expected) {
        json_t *value = json_object_get(json_object_get(resources, uri), member);
        _cleanup_free_ char *text =
                value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("none");

        assert_string_equal(text, expected);
}

static void memory_has_redfishs_word_for_its_type_or_none(void **state _unused_) {
        _cleanup_json_ json_t *resources = convert(
                "\"memory\": {\"modules\": [{\"locator\": \"A\", \"type\": \"DDR5\"},"
                " {\"locator\": \"B\", \"type\": \"LPDDR5\"}, {\"locator\": \"C\", \"type\": \"DRAM\"}]}");

        assert_member(resources, SYSTEM "/Memory/A", "MemoryDeviceType", "\"DDR5\"");
        assert_member(resources, SYSTEM "/Memory/B", "MemoryDeviceType", "\"LPDDR5_SDRAM\"");
        assert_member(resources, SYSTEM "/Memory/C", "MemoryDeviceType", "none");
}

static void identifiers_have_the_form_of_their_kind(void **state _unused_) {
        _cleanup_json_ json_t *resources =
                convert("\"storage\": [{\"name\": \"nvme0n1\", \"eui64\": \"0025388b710116a1\","
                        " \"nguid\": \"36344830528000810025384100000001\"},"
                        " {\"name\": \"sda\", \"wwn\": \"5000c500a1b2c3d4\"}]");

        assert_member(
                resources, SYSTEM "/Storage/1/Drives/nvme0n1", "Identifiers",
                "[{\"DurableName\":\"00-25-38-8b-71-01-16-a1\",\"DurableNameFormat\":\"EUI\"},"
                "{\"DurableName\":\"36344830528000810025384100000001\",\"DurableNameFormat\":\"NGUID\"}]");
        assert_member(resources, SYSTEM "/Storage/1/Drives/sda", "Identifiers",
                      "[{\"DurableName\":\"5000c500a1b2c3d4\",\"DurableNameFormat\":\"NAA\"}]");
}

static void functions_of_one_device_stand_below_it(void **state _unused_) {
        _cleanup_json_ json_t *resources =
                convert("\"pci\": [{\"address\": \"0000:41:00.0\"}, {\"address\": \"0000:41:00.1\"},"
                        " {\"address\": \"0001:41:00.0\"}]");

        assert_member(resources, CHASSIS "/PCIeDevices", "Members@odata.count", "2");
        assert_member(resources, CHASSIS "/PCIeDevices/0000_41_00", "DeviceType", "\"MultiFunction\"");
        assert_member(resources, CHASSIS "/PCIeDevices/0001_41_00", "DeviceType", "\"SingleFunction\"");
        assert_member(resources, CHASSIS "/PCIeDevices/0000_41_00/PCIeFunctions/1", "FunctionId", "1");
        assert_member(resources, SYSTEM, "PCIeDevices",
                      "[{\"@odata.id\":\"" CHASSIS "/PCIeDevices/0000_41_00\"},"
                      "{\"@odata.id\":\"" CHASSIS "/PCIeDevices/0001_41_00\"}]");
}

static void ports_of_one_adapter_share_it(void **state _unused_) {
        _cleanup_json_ json_t *resources = convert(
                "\"pci\": [{\"address\": \"0000:41:00.0\", \"vendor\": \"Fast\", \"device\": \"NIC 9\"},"
                " {\"address\": \"0000:41:00.1\"}],"
                "\"network\": [{\"name\": \"a\", \"pci_address\": \"0000:41:00.0\", \"firmware_version\": "
                "\"1.2\"},"
                " {\"name\": \"b\", \"pci_address\": \"0000:41:00.1\"}, {\"name\": \"usb0\"}]");

        assert_member(resources, SYSTEM "/EthernetInterfaces", "Members@odata.count", "3");
        assert_member(resources, SYSTEM "/NetworkInterfaces", "Members@odata.count", "1");
        assert_member(resources, SYSTEM "/NetworkInterfaces/0000_41_00", "Links",
                      "{\"NetworkAdapter\":{\"@odata.id\":\"" CHASSIS "/NetworkAdapters/0000_41_00\"}}");
        assert_member(resources, CHASSIS "/NetworkAdapters/0000_41_00", "Model", "\"NIC 9\"");
        assert_member(resources, CHASSIS "/NetworkAdapters/0000_41_00", "Controllers",
                      "[{\"FirmwarePackageVersion\":\"1.2\",\"Links\":{\"PCIeDevices\":"
                      "[{\"@odata.id\":\"" CHASSIS "/PCIeDevices/0000_41_00\"}]}}]");
}

static void address_that_is_not_of_ethernet_is_left_out(void **state _unused_) {
        _cleanup_json_ json_t *resources = convert(
                "\"network\": [{\"name\": \"ib0\", \"mac_address\":"
                " \"80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:31:78:f2\"}, {\"name\": \"eth0\","
                " \"mac_address\": \"52:54:00:12:34:56\"}]");

        assert_member(resources, SYSTEM "/EthernetInterfaces/ib0", "MACAddress", "none");
        assert_member(resources, SYSTEM "/EthernetInterfaces/eth0", "MACAddress", "\"52:54:00:12:34:56\"");
}

static void machine_without_parts_has_no_collections(void **state _unused_) {
        _cleanup_json_ json_t *resources = convert("\"pci\": null, \"network\": null, \"storage\": []");

        assert_int_equal(json_object_size(resources), 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(memory_has_redfishs_word_for_its_type_or_none),
                cmocka_unit_test(identifiers_have_the_form_of_their_kind),
                cmocka_unit_test(functions_of_one_device_stand_below_it),
                cmocka_unit_test(ports_of_one_adapter_share_it),
                cmocka_unit_test(address_that_is_not_of_ethernet_is_left_out),
                cmocka_unit_test(machine_without_parts_has_no_collections),
        };

        return cmocka_run_group_tests_name("inventory-redfish", tests, NULL, NULL);
}
