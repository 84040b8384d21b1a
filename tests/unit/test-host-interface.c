/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "bmc/link/interface.h"
#include "tests/unit/host-interface-table.h"

static void assert_rejected(const struct smbios_table *table, const char *reason) {
        _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(table);

        assert_int_equal(i.n_items, 0);
        assert_int_equal(i.n_rejected, 1);
        assert_int_equal(i.rejected[0].handle, 0x2a00);
        assert_string_equal(i.rejected[0].reason, reason);
}

static void host_interface_of_a_usb_v2_device_is_read(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, USB_V2);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);
                _cleanup_free_ char *device = NULL;

                assert_int_equal(i.n_items, 1);
                assert_int_equal(i.n_rejected, 0);
                device = host_device_describe(&i.items[0].device);
                assert_string_equal(device, "USB 0525:a4a2, MAC address 02:00:00:00:00:01");
                assert_int_equal(i.items[0].handle, 0x2a00);
                assert_memory_equal(i.items[0].service_uuid, "uuid-of-service!", 16);
                assert_string_equal(FORMAT_IP(&i.items[0].host), "169.254.0.18");
                assert_int_equal(i.items[0].host_prefix, 16);
                assert_string_equal(FORMAT_IP(&i.items[0].service), "169.254.0.17");
                assert_int_equal(i.items[0].port, 443);
                assert_null(i.items[0].device.serial);
                assert_false(i.items[0].device.has_bootstrapping);
        }
}

static void host_interface_of_dsp0270_1_3_tells_of_bootstrapping(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, 0x11, 0x04, 0x11, 0x25, 0x05, 0xa2, 0xa4, 1, 0x02, 0, 0, 0, 0, 0x01, 0x01, 0,
               0x34, 0x12);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);

                assert_int_equal(i.n_items, 1);
                assert_true(i.items[0].device.has_bootstrapping);
                assert_true(i.items[0].device.bootstrapping);
                assert_string_equal(i.items[0].device.serial, "SERIAL-1");
        }
}

static void host_interface_of_a_usb_v1_device_has_its_serial_number_in_utf16(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, 11, 0x02, 0x25, 0x05, 0xa2, 0xa4, 6, 3, 'A', 0, '7', 0);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);

                assert_int_equal(i.n_items, 1);
                assert_int_equal(i.items[0].device.bus_type, HOST_BUS_USB);
                assert_int_equal(i.items[0].device.product, 0xa4a2);
                assert_string_equal(i.items[0].device.serial, "A7");
                assert_false(i.items[0].device.has_mac);
        }
}

static void usb_v1_serial_number_beyond_the_device_data_counts_as_none(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, 9, 0x02, 0x25, 0x05, 0xa2, 0xa4, 0xff, 3, 'A', 0);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);

                assert_int_equal(i.n_items, 1);
                assert_null(i.items[0].device.serial);
        }
}

static void host_interface_of_pci_devices_is_read(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, 9, 0x03, 0x86, 0x80, 0x33, 0x15, 0x28, 0x10, 0x01, 0x00);
        APPEND(&table, &record, 20, 0x05, 0x14, 0x86, 0x80, 0x33, 0x15, 0x28, 0x10, 0x01, 0x00, 0x02, 0, 0, 0,
               0, 0x02, 1, 0, 0x5e, 0x0b);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);
                _cleanup_free_ char *v1 = NULL, *v2 = NULL;

                assert_int_equal(i.n_items, 2);
                v1 = host_device_describe(&i.items[0].device);
                v2 = host_device_describe(&i.items[1].device);
                assert_string_equal(v1, "PCI 8086:1533");
                assert_string_equal(v2, "PCI 8086:1533 at 0001:5e:01.3, MAC address 02:00:00:00:00:02");
                assert_int_equal(i.items[0].device.subsystem_vendor, 0x1028);
        }
}

static void kcs_structure_before_the_network_one_does_not_hide_it(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        table_append(&table, 42, 0x2900, (uint8_t[]){0x02, 1, 0x00, 0}, 4, NULL);
        APPEND(&table, &record, USB_V2);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);

                assert_int_equal(i.n_items, 1);
                assert_int_equal(i.n_rejected, 1);
                assert_int_equal(i.rejected[0].handle, 0x2900);
                assert_string_equal(i.rejected[0].reason, "interface type 02h is no network interface");
        }
}

static void other_protocol_before_redfish_is_stepped_over(void **state _unused_) {
        uint8_t fields[2 + 13 + 1 + 2 + 3 + 2 + 0x5b] = {NETWORK, USB_V2, 2,    0x02, 3,
                                                         0xaa,    0xbb,   0xcc, 0x04, 0x5b};
        struct record record = ipv4_record();
        struct smbios_table table = {};

        memcpy(fields + sizeof(fields) - 0x5b, record.bytes, 0x5b);
        table_append(&table, 42, 0x2a00, fields, sizeof(fields), NULL);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);

                assert_int_equal(i.n_items, 1);
                assert_int_equal(i.n_rejected, 1);
                assert_string_equal(i.rejected[0].reason, "protocol type 02h is not Redfish over IP");
        }
}

static void two_redfish_records_of_one_device_are_two_interfaces(void **state _unused_) {
        uint8_t fields[1 + 6 + 1 + 2 * (2 + 0x5b)] = {NETWORK, 5,    0x02, 0x25, 0x05,
                                                      0xa2,    0xa4, 2,    0x04, 0x5b};
        struct record four = ipv4_record(), six = ipv6_record("fd00::1", "fd00::2", 1);
        struct smbios_table table = {};
        uint8_t *p = fields + 10;

        memcpy(p, four.bytes, 0x5b);
        p += 0x5b;
        *p++ = 0x04;
        *p++ = 0x5b;
        memcpy(p, six.bytes, 0x5b);
        table_append(&table, 42, 0x2a00, fields, sizeof(fields), NULL);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);

                assert_int_equal(i.n_items, 2);
                assert_string_equal(FORMAT_IP(&i.items[1].service), "fd00::2");
                assert_int_equal(i.items[1].host_prefix, 64);
                assert_int_equal(i.items[1].port, 443);
        }
}

static void oem_device_is_kept_for_a_plan_that_names_its_network_device(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, 5, 0x80, 0x00, 0x00, 0x02, 0xa2);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);
                _cleanup_free_ char *device = NULL;

                assert_int_equal(i.n_items, 1);
                assert_int_equal(i.items[0].device.oem_type, 0x80);
                device = host_device_describe(&i.items[0].device);
                assert_string_equal(device, "device type 80h of the OEM's own (IANA number 674)");
        }
}

static void device_without_id_and_mac_is_rejected(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, 0x0d, 0x04, 0x0d, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
        assert_rejected(&table, "it does not say which network device it is");
}

/* Some firmware says PCI of its USB network, and gives nothing but the MAC address. */
static void device_without_id_may_be_on_any_bus(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, 20, 0x05, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0x02, 0, 0, 0, 0);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);
                struct interface usb = {.bus_type = HOST_BUS_USB,
                                        .vendor = 0x0525,
                                        .product = 0xa4a2,
                                        .mac = {2, 0, 0, 0, 0, 2}};

                assert_int_equal(i.n_items, 1);
                assert_int_equal(interface_match(&usb, &i.items[0].device), INTERFACE_MATCHES);
                usb.mac[0] = 4;
                assert_int_equal(interface_match(&usb, &i.items[0].device), INTERFACE_OTHER);
        }
}

static void vlan_is_read_where_there_is_one(void **state _unused_) {
        static const struct {
                uint8_t bytes[4];
                uint32_t vlan;
        } cases[] = {
                {{0, 0, 0, 0}, 0},
                {{5, 0, 0, 0}, 5},
                {{0xfe, 0x0f, 0, 0}, 4094},
                {{0xff, 0xff, 0xff, 0xff}, 0}, /* as edk2's samples have it */
        };

        for (size_t k = 0; k < ELEMENTSOF(cases); k++) {
                struct record record = ipv4_record();
                struct smbios_table table = {};

                memcpy(record.bytes + 0x56, cases[k].bytes, 4);
                APPEND(&table, &record, USB_V2);
                {
                        _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);

                        assert_int_equal(i.n_items, 1);
                        assert_int_equal(i.items[0].vlan, cases[k].vlan);
                }
        }
}

static void unknown_device_type_is_rejected(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, 5, 0x06, 1, 2, 3, 4);
        assert_rejected(&table, "device type 06h is unknown");
}

static void device_data_shorter_than_its_type_is_rejected(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table table = {};

        APPEND(&table, &record, 4, 0x04, 0x0d, 0x25, 0x05);
        assert_rejected(&table, "4 bytes of device data are too few for device type 04h");
}

static void structure_without_room_for_its_header_is_rejected(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, 42, 0x2a00, (uint8_t[]){NETWORK}, 1, NULL);
        assert_rejected(&table, "it has only 5 bytes");
}

static void device_data_beyond_the_structure_is_rejected(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, 42, 0x2a00, (uint8_t[]){NETWORK, 0xff, 0x04, 0x0d}, 4, NULL);
        assert_rejected(&table, "255 bytes of device data do not fit into its 8 bytes");
}

static void protocol_record_beyond_the_structure_is_rejected(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, 42, 0x2a00,
                     (uint8_t[]){NETWORK, 5, 0x02, 0x25, 0x05, 0xa2, 0xa4, 1, 0x04, 0x5b, 0}, 11, NULL);
        assert_rejected(&table, "protocol record 1 of 1 does not fit into its 15 bytes");
}

static void redfish_record_that_is_too_short_is_rejected(void **state _unused_) {
        struct smbios_table table = {};

        table_append(&table, 42, 0x2a00, (uint8_t[]){NETWORK, 5, 0x02, 0x25, 0x05, 0xa2, 0xa4, 1, 0x04, 1, 0},
                     11, NULL);
        assert_rejected(&table, "its Redfish over IP record has 1 bytes instead of at least 91");
}

static void record_that_contradicts_itself_is_rejected(void **state _unused_) {
        static const struct {
                size_t offset;
                uint8_t bytes[4];
                const char *reason;
        } cases[] = {
                {0x22, {255, 0, 255, 0}, "its Redfish over IP record has a host mask with holes in it"},
                {0x44, {255, 255, 0, 1}, "its Redfish over IP record has a service mask with holes in it"},
                {0x56, {0xff, 0x0f, 0, 0}, "its Redfish over IP record has a VLAN that cannot be"},
                {0x10,
                 {5, 1, 169, 254},
                 "its Redfish over IP record has an address assignment that DSP0270 does not know"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct record record = ipv4_record();
                struct smbios_table table = {};

                memcpy(record.bytes + cases[i].offset, cases[i].bytes, 4);
                APPEND(&table, &record, USB_V2);
                assert_rejected(&table, cases[i].reason);
        }
}

static void service_name_is_read_within_its_bounds(void **state _unused_) {
        static const struct {
                uint8_t length;
                const char *bytes;
                size_t size;
                const char *name;
        } cases[] = {
                {4, "bmc1", 4, "bmc1"},       {5, "bmc1", 5, "bmc1"}, /* counts the NUL */
                {255, "bmc1", 4, "bmc1"},                             /* more than there is */
                {4, "b\x01\xffm", 4, "b??m"}, {0, "", 0, NULL},
        };

        for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
                uint8_t fields[1 + 6 + 1 + 2 + 0x5b + 8] = {NETWORK, 5,    0x02, 0x25, 0x05,
                                                            0xa2,    0xa4, 1,    0x04};
                struct record record = ipv4_record();
                struct smbios_table table = {};

                record.bytes[0x5a] = cases[k].length;
                fields[9] = (uint8_t) (0x5b + cases[k].size);
                memcpy(fields + 10, record.bytes, 0x5b);
                memcpy(fields + 10 + 0x5b, cases[k].bytes, cases[k].size);
                table_append(&table, 42, 0x2a00, fields, 10 + 0x5b + cases[k].size, NULL);
                {
                        _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);

                        assert_int_equal(i.n_items, 1);
                        if (cases[k].name)
                                assert_string_equal(i.items[0].service_name, cases[k].name);
                        else
                                assert_null(i.items[0].service_name);
                }
        }
}

/* Whatever is cut off the end of the table, nothing beyond it is read (the sanitizers watch). */
static void table_may_end_anywhere(void **state _unused_) {
        struct record record = ipv4_record();
        struct smbios_table whole = {};

        APPEND(&whole, &record, USB_V2);
        for (size_t size = 0; size <= whole.size; size++) {
                struct smbios_table cut = whole;

                cut.size = size;
                {
                        _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&cut);

                        assert_true(i.n_items <= 1);
                }
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(host_interface_of_a_usb_v2_device_is_read),
                cmocka_unit_test(host_interface_of_dsp0270_1_3_tells_of_bootstrapping),
                cmocka_unit_test(host_interface_of_a_usb_v1_device_has_its_serial_number_in_utf16),
                cmocka_unit_test(usb_v1_serial_number_beyond_the_device_data_counts_as_none),
                cmocka_unit_test(host_interface_of_pci_devices_is_read),
                cmocka_unit_test(kcs_structure_before_the_network_one_does_not_hide_it),
                cmocka_unit_test(other_protocol_before_redfish_is_stepped_over),
                cmocka_unit_test(two_redfish_records_of_one_device_are_two_interfaces),
                cmocka_unit_test(oem_device_is_kept_for_a_plan_that_names_its_network_device),
                cmocka_unit_test(device_without_id_and_mac_is_rejected),
                cmocka_unit_test(device_without_id_may_be_on_any_bus),
                cmocka_unit_test(vlan_is_read_where_there_is_one),
                cmocka_unit_test(unknown_device_type_is_rejected),
                cmocka_unit_test(device_data_shorter_than_its_type_is_rejected),
                cmocka_unit_test(structure_without_room_for_its_header_is_rejected),
                cmocka_unit_test(device_data_beyond_the_structure_is_rejected),
                cmocka_unit_test(protocol_record_beyond_the_structure_is_rejected),
                cmocka_unit_test(redfish_record_that_is_too_short_is_rejected),
                cmocka_unit_test(record_that_contradicts_itself_is_rejected),
                cmocka_unit_test(service_name_is_read_within_its_bounds),
                cmocka_unit_test(table_may_end_anywhere),
        };

        return cmocka_run_group_tests_name("host-interface", tests, NULL, NULL);
}
