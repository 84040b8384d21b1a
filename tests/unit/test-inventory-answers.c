/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What drives, transceivers, TPMs, BMCs and EFI variables answer, as bytes. */

#include <errno.h>
#include <string.h>

#include "inventory/efi.h"
#include "inventory/lldp.h"
#include "inventory/management.h"
#include "inventory/sfp.h"
#include "inventory/storage/ata.h"
#include "inventory/storage/multipath.h"
#include "inventory/storage/nvme.h"
#include "inventory/storage/scsi.h"
#include "inventory/tpm2.h"
#include "tests/unit/captured-tree.h"

static json_t *health_of(const struct health *health) {
        _cleanup_json_ json_t *object = json_object();
        struct fields f = fields_of(object);

        health_add(health, &f);
        assert_int_equal(f.error, 0);
        return json_incref(json_object_get(object, "health"));
}

static json_t *nvme_health(const uint8_t *log, size_t size) {
        _cleanup_json_ json_t *object = json_object();
        struct fields f = fields_of(object);

        nvme_health_decode(log, size, &f);
        assert_int_equal(f.error, 0);
        return json_incref(json_object_get(object, "health"));
}

static void nvme_health_tells_temperature_wear_and_counters(void **state _unused_) {
        uint8_t log[NVME_HEALTH_SIZE] = {0,    0x37,      0x01,      100,       10,
                                         3,    [32] = 2,  [48] = 1,  [112] = 7, [128] = 0x10,
                                         0x27, [144] = 4, [160] = 5, [176] = 6};

        _cleanup_json_ json_t *health = nvme_health(log, sizeof(log));
        assert_json(health,
                    "{\"status\": \"ok\", \"warnings\": [], \"temperature_c\": 38, \"percentage_used\": 3,"
                    " \"available_spare_percent\": 100, \"spare_threshold_percent\": 10,"
                    " \"read_bytes\": 1024000, \"written_bytes\": 512000, \"power_cycle_count\": 7,"
                    " \"power_on_hours\": 10000, \"unsafe_shutdown_count\": 4, \"media_error_count\": 5,"
                    " \"error_log_entry_count\": 6, \"reallocated_sector_count\": null}");
}

static void nvme_drive_that_is_read_only_is_failing(void **state _unused_) {
        uint8_t log[NVME_HEALTH_SIZE] = {0x09};

        _cleanup_json_ json_t *health = nvme_health(log, sizeof(log));
        assert_json(health,
                    "{\"status\": \"failing\", \"warnings\": [\"available spare below its threshold\","
                    " \"media read-only\"], \"temperature_c\": null}");
}

static void nvme_counter_of_more_than_63_bits_is_unknown(void **state _unused_) {
        uint8_t log[NVME_HEALTH_SIZE] = {[160 + 8] = 1, [112 + 7] = 0x80, [32 + 7] = 0x7f};

        _cleanup_json_ json_t *health = nvme_health(log, sizeof(log));
        assert_json(health,
                    "{\"media_error_count\": null, \"power_cycle_count\": null, \"read_bytes\": null}");
}

static void nvme_log_that_is_short_tells_nothing(void **state _unused_) {
        uint8_t log[NVME_HEALTH_SIZE - 1] = {};

        _cleanup_json_ json_t *health = nvme_health(log, sizeof(log));
        assert_true(json_is_null(health));
}

static void nvme_controller_tells_version_capacity_and_limits(void **state _unused_) {
        _cleanup_free_ uint8_t *identify = calloc(1, NVME_IDENTIFY_SIZE);
        _cleanup_json_ json_t *object = json_object();
        struct fields f = fields_of(object);

        identify[81] = 4;
        identify[82] = 1;
        identify[266] = 0x57;
        identify[267] = 0x01;
        identify[283] = 0x40;
        memcpy(identify + 768, "nqn.2019-08.org.qemu:N1", 23);

        nvme_controller_decode(identify, NVME_IDENTIFY_SIZE, &f);
        assert_json(object, "{\"nvme_version\": \"1.4.0\", \"subsystem_nqn\": \"nqn.2019-08.org.qemu:N1\","
                            " \"total_capacity_bytes\": 1073741824, \"warning_temperature_c\": 70,"
                            " \"critical_temperature_c\": null}");
}

static void put_attribute(uint8_t *data, size_t i, uint8_t id, uint8_t raw) {
        data[2 + 12 * i] = id;
        data[2 + 12 * i + 5] = raw;
}

static void ata_attributes_are_told_by_their_numbers(void **state _unused_) {
        uint8_t data[ATA_SMART_SIZE] = {};
        struct health health = {};

        put_attribute(data, 0, 5, 8);
        put_attribute(data, 1, 9, 100);
        put_attribute(data, 2, 194, 41);
        put_attribute(data, 3, 197, 2);
        for (size_t i = 0; i < 511; i++)
                data[511] = (uint8_t) (data[511] - data[i]);

        ata_smart_decode(data, sizeof(data), &health);
        _cleanup_json_ json_t *object = health_of(&health);
        assert_json(object, "{\"status\": \"ok\", \"reallocated_sector_count\": 8, \"power_on_hours\": 100,"
                            " \"temperature_c\": 41, \"pending_sector_count\": 2,"
                            " \"uncorrectable_sector_count\": null}");
}

static void ata_attributes_with_a_wrong_checksum_tell_nothing(void **state _unused_) {
        uint8_t data[ATA_SMART_SIZE] = {[511] = 1};
        struct health health = {};

        ata_smart_decode(data, sizeof(data), &health);
        assert_false(health.known);
}

static void ata_drive_that_expects_to_fail_says_so(void **state _unused_) {
        uint8_t sense[22] = {0x72, [7] = 14, 0x09, 0x0c, [17] = 0xf4, [19] = 0x2c};
        struct health health = {};

        ata_smart_status_decode(sense, sizeof(sense), &health);
        assert_true(health.known && health.failing);

        health = (struct health){};
        sense[17] = 0x4f;
        sense[19] = 0xc2;
        ata_smart_status_decode(sense, sizeof(sense), &health);
        assert_true(health.known && !health.failing);

        health = (struct health){};
        ata_smart_status_decode(sense, sizeof(sense) - 1, &health);
        assert_false(health.known);
}

static void scsi_drive_that_expects_to_fail_says_so(void **state _unused_) {
        uint8_t page[12] = {0x2f, 0, 0, 8, 0, 0, 3, 4, 0x5d, 0x10, 40, 0},
                temperature[10] = {0x0d, [7] = 2, 0, 33};
        struct health health = {};

        scsi_exceptions_decode(page, sizeof(page), &health);
        scsi_temperature_decode(temperature, sizeof(temperature), &health);
        _cleanup_json_ json_t *object = health_of(&health);
        assert_json(object, "{\"status\": \"failing\", \"warnings\": [\"the drive expects to fail\"],"
                            " \"temperature_c\": 33}");
}

static void scsi_pages_that_are_short_tell_nothing(void **state _unused_) {
        uint8_t page[9] = {0x2f, 0, 0, 8, 0, 0, 3, 4, 0x5d};
        struct health health = {};

        scsi_exceptions_decode(page, sizeof(page), &health);
        assert_false(health.known);
}

static void wwn_and_rotation_stand_in_the_ata_page(void **state _unused_) {
        uint8_t page[60 + 512] = {0, 0x89}, *identify = page + 60;
        static const uint16_t wwn[4] = {0x5000, 0xc500, 0xa1b2, 0xc3d4};
        struct ata_identity identity;

        identify[87 * 2 + 1] = 0x41;
        for (size_t i = 0; i < 4; i++) {
                identify[(108 + i) * 2] = (uint8_t) wwn[i];
                identify[(108 + i) * 2 + 1] = (uint8_t) (wwn[i] >> 8);
        }
        identify[217 * 2] = 0x20;
        identify[217 * 2 + 1] = 0x1c;

        assert_int_equal(ata_identity_decode(page, sizeof(page), &identity), 0);
        assert_string_equal(identity.wwn, "5000c500a1b2c3d4");
        assert_int_equal(identity.rotation_rate, 7200);
}

static json_t *joined(const char *text) {
        json_t *drives = json_loads(text, 0, NULL);

        assert_non_null(drives);
        assert_int_equal(multipath_join(drives), 0);
        return drives;
}

#define DRIVE(name, wwid, serial)                                                                            \
        "{\"name\": \"" name "\", \"wwid\": " wwid ", \"serial_number\": \"" serial "\", \"size_bytes\": 8," \
        " \"controller\": null, \"pci_address\": \"0000:00:01.0\", \"read_error\": null}"

static void paths_of_one_drive_are_joined(void **state _unused_) {
        _cleanup_json_ json_t *drives = joined("[" DRIVE("sda", "\"naa.5000\"", "S1") "," DRIVE(
                "sdb", "\"naa.5001\"", "S2") "," DRIVE("sdc", "\"naa.5000\"", "S1") "]");
        const json_t *paths = json_object_get(json_array_get(drives, 0), "paths");

        assert_int_equal(json_array_size(drives), 2);
        assert_int_equal(json_array_size(paths), 2);
        assert_string_equal(json_get_string(json_array_get(paths, 1), "name"), "sdc");
        assert_string_equal(json_get_string(json_array_get(drives, 1), "name"), "sdb");
}

static void drives_without_an_id_or_with_the_same_by_mistake_stay_apart(void **state _unused_) {
        _cleanup_json_ json_t *drives =
                joined("[" DRIVE("sda", "null", "S1") "," DRIVE("sdb", "null", "S1") "," DRIVE(
                        "sdc", "\"naa.0\"", "S1") "," DRIVE("sdd", "\"naa.0\"", "S2") "," DRIVE("nvme0n1",
                                                                                                "\"naa.0\"",
                                                                                                "S1") "]");

        assert_int_equal(json_array_size(drives), 5);
}

static void transceiver_says_who_made_it(void **state _unused_) {
        uint8_t eeprom[256];
        struct sfp sfp;

        memset(eeprom, ' ', sizeof(eeprom));
        eeprom[0] = 0x11;
        memcpy(eeprom + 148, "FINE OPTICS", 11);
        memcpy(eeprom + 168, "FTL4C1QE1C", 10);
        memcpy(eeprom + 196, "X1234", 5);

        assert_int_equal(sfp_decode(eeprom, sizeof(eeprom), &sfp), 0);
        assert_string_equal(sfp.type, "QSFP28");
        assert_string_equal(sfp.vendor, "FINE OPTICS     ");
        assert_string_equal(sfp.part_number, "FTL4C1QE1C      ");
        assert_string_equal(sfp.serial_number, "X1234           ");
        assert_int_equal(sfp_decode(eeprom, 211, &sfp), -EBADMSG);
        eeprom[0] = 0x02;
        assert_int_equal(sfp_decode(eeprom, sizeof(eeprom), &sfp), -EBADMSG);
        assert_int_equal(sfp_decode(eeprom, 0, &sfp), -EBADMSG);
}

static void tpm_tells_maker_and_firmware(void **state _unused_) {
        static const uint8_t response[] = {0x80, 0x01, 0,   0,   0,   43, 0, 0, 0,   0,   1,   0,   0, 0, 6,
                                           0,    0,    0,   3,   0,   0,  1, 5, 'I', 'F', 'X', ' ', 0, 0, 1,
                                           6,    'S',  'L', 'B', '9', 0,  0, 1, 11,  0,   7,   0,   83};
        struct tpm2_properties properties;

        assert_int_equal(tpm2_properties_decode(response, sizeof(response), &properties), 0);
        assert_string_equal(properties.manufacturer, "IFX ");
        assert_string_equal(properties.vendor, "SLB9");
        assert_int_equal(properties.firmware[0], 0x00070053);
}

static void tpm_response_that_counts_more_than_it_holds_is_refused(void **state _unused_) {
        uint8_t response[] = {0x80, 0x01, 0, 0, 0, 19, 0, 0, 0, 0, 1, 0, 0, 0, 6, 0xff, 0xff, 0xff, 0xff};
        struct tpm2_properties properties;

        assert_int_equal(tpm2_properties_decode(response, sizeof(response), &properties), -EBADMSG);
        assert_int_equal(tpm2_properties_decode(response, sizeof(response) - 1, &properties), -EBADMSG);
        response[9] = 1;
        assert_int_equal(tpm2_properties_decode(response, sizeof(response), &properties), -EIO);
}

static void tpm_index_has_a_size_and_data(void **state _unused_) {
        static const uint8_t public[] = {0x80, 0x01, 0, 0,  0, 62, 0, 0, 0, 0, 0,    14,   1,       0xc0,
                                         0,    2,    0, 11, 0, 0,  0, 0, 0, 0, 0x04, 0x00, [61] = 0},
                             data[] = {0x80, 0x02, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0, 0, 4, 0, 3, 'a', 'b', 'c'};
        const uint8_t *bytes;
        uint16_t size;

        assert_int_equal(tpm2_nv_size_decode(public, sizeof(public), &size), 0);
        assert_int_equal(size, 0x400);
        assert_int_equal(tpm2_nv_data_decode(data, sizeof(data), &bytes), 3);
        assert_memory_equal(bytes, "abc", 3);
        assert_int_equal(tpm2_nv_data_decode(data, sizeof(data) - 1, &bytes), -EBADMSG);
}

static void load_option_tells_its_description(void **state _unused_) {
        static const uint8_t option[] = {1, 0, 0, 0, 4, 0, 'd', 0, 0xe9, 0, 'b', 0, 0, 0};
        _cleanup_free_ char *description = NULL;
        bool active = false;

        assert_int_equal(efi_load_option_decode(option, sizeof(option), &active, &description), 0);
        assert_true(active);
        assert_string_equal(description, "d?b");
}

static void load_option_without_an_end_is_refused(void **state _unused_) {
        static const uint8_t option[] = {1, 0, 0, 0, 4, 0, 'd', 0, 'e', 0, 'b', 0, 0};
        char *description = NULL;
        bool active;

        for (size_t size = 0; size <= sizeof(option); size++)
                assert_int_equal(efi_load_option_decode(option, size, &active, &description), -EBADMSG);
        assert_null(description);
}

static void lan_parameters_become_addresses(void **state _unused_) {
        _cleanup_json_ json_t *object = json_object();
        struct fields f = fields_of(object);

        lan_add_ipv4(&f, "address", "\0\x11\x0a\0\0\x07", 6);
        lan_add_ipv4(&f, "none", "\0\x11\0\0\0\0", 6);
        lan_add_ipv4(&f, "refused", "\x80", 1);
        lan_add_ipv4(&f, "short", "\0\x11\x0a\0\0", 5);
        lan_add_mac(&f, "mac", "\0\x11\x02\0\0\xaa\xbb\xcc", 8);
        lan_add_source(&f, "source", "\0\x11\x02", 3);
        assert_json(object, "{\"address\": \"10.0.0.7\", \"none\": null, \"refused\": null, \"short\": null,"
                            " \"mac\": \"02:00:00:aa:bb:cc\", \"source\": \"dhcp\"}");
}

static void lan_ipv6_slots_become_a_list(void **state _unused_) {
        uint8_t response[21] = {0, 0x11, 0, 0, 0xfe, 0x80, [19] = 1, [20] = 64};
        _cleanup_json_ json_t *addresses = json_array();

        assert_int_equal(lan_append_ipv6(addresses, response, sizeof(response)), 1);
        assert_int_equal(lan_append_ipv6(addresses, response, sizeof(response) - 1), 0);
        memset(response + 4, 0, 16);
        assert_int_equal(lan_append_ipv6(addresses, response, sizeof(response)), 1);
        assert_int_equal(json_array_size(addresses), 1);
        assert_string_equal(json_string_value(json_array_get(addresses, 0)), "fe80::1/64");
}

#define LLDP_HEADER "\x01\x80\xc2\x00\x00\x0e\x52\x54\x00\x00\x00\x01\x88\xcc"
#define LLDP_FRAME                                                                                           \
        LLDP_HEADER "\x02\x07\x04\x52\x54\x00\x00\x00\x01"                                                   \
                    "\x04\x09\x05"                                                                           \
                    "Eth1/1/7"                                                                               \
                    "\x06\x02\x00\x78"                                                                       \
                    "\x0a\x05"                                                                               \
                    "leaf7"                                                                                  \
                    "\x10\x0c\x05\x01\x0a\x00\x00\x01\x02\x00\x00\x00\x01\x00"                               \
                    "\xfe\x06\x00\x80\xc2\x01\x00\x2a"                                                       \
                    "\x00\x00"

static void neighbour_names_switch_port_and_vlan(void **state _unused_) {
        _cleanup_json_ json_t *neighbour = NULL;

        assert_int_equal(lldp_decode(LLDP_FRAME, sizeof(LLDP_FRAME) - 1, &neighbour), 0);
        assert_json(neighbour,
                    "{\"chassis_id\": \"52:54:00:00:00:01\", \"port_id\": \"Eth1/1/7\", \"ttl_s\": 120,"
                    " \"system_name\": \"leaf7\", \"management_address\": \"10.0.0.1\", \"vlan\": 42,"
                    " \"port_description\": null}");
}

static void frame_that_is_cut_off_anywhere_is_refused_or_harmless(void **state _unused_) {
        size_t whole = sizeof(LLDP_HEADER) - 1 + 9 + 11 + 4;

        for (size_t size = 0; size < sizeof(LLDP_FRAME) - 1; size++) {
                _cleanup_free_ void *frame = malloc(size + 1);
                _cleanup_json_ json_t *neighbour = NULL;

                memcpy(frame, LLDP_FRAME, size);
                if (lldp_decode(frame, size, &neighbour) >= 0)
                        assert_true(size >= whole);
                else
                        assert_null(neighbour);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(nvme_health_tells_temperature_wear_and_counters),
                cmocka_unit_test(nvme_drive_that_is_read_only_is_failing),
                cmocka_unit_test(nvme_counter_of_more_than_63_bits_is_unknown),
                cmocka_unit_test(nvme_log_that_is_short_tells_nothing),
                cmocka_unit_test(nvme_controller_tells_version_capacity_and_limits),
                cmocka_unit_test(ata_attributes_are_told_by_their_numbers),
                cmocka_unit_test(ata_attributes_with_a_wrong_checksum_tell_nothing),
                cmocka_unit_test(ata_drive_that_expects_to_fail_says_so),
                cmocka_unit_test(scsi_drive_that_expects_to_fail_says_so),
                cmocka_unit_test(scsi_pages_that_are_short_tell_nothing),
                cmocka_unit_test(wwn_and_rotation_stand_in_the_ata_page),
                cmocka_unit_test(paths_of_one_drive_are_joined),
                cmocka_unit_test(drives_without_an_id_or_with_the_same_by_mistake_stay_apart),
                cmocka_unit_test(transceiver_says_who_made_it),
                cmocka_unit_test(tpm_tells_maker_and_firmware),
                cmocka_unit_test(tpm_response_that_counts_more_than_it_holds_is_refused),
                cmocka_unit_test(tpm_index_has_a_size_and_data),
                cmocka_unit_test(load_option_tells_its_description),
                cmocka_unit_test(load_option_without_an_end_is_refused),
                cmocka_unit_test(lan_parameters_become_addresses),
                cmocka_unit_test(neighbour_names_switch_port_and_vlan),
                cmocka_unit_test(frame_that_is_cut_off_anywhere_is_refused_or_harmless),
                cmocka_unit_test(lan_ipv6_slots_become_a_list),
        };

        return cmocka_run_group_tests_name("inventory-answers", tests, NULL, NULL);
}
