/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network device that leads to the BMC: as a person names it, and as it is matched; and addresses as a
 * person writes them. */

#include <errno.h>
#include <string.h>

#include "bmc/link/host-interface.h"
#include "bmc/link/interface.h"
#include "tests/unit/unit.h"

static void endpoint_is_read_as_a_person_writes_it(void **state _unused_) {
        static const struct {
                const char *text, *ip;
                uint16_t port;
        } good[] = {
                {"10.0.0.17", "10.0.0.17", 443}, {"10.0.0.17:8443", "10.0.0.17", 8443},
                {"fe80::17", "fe80::17", 443},   {"[fe80::17]", "fe80::17", 443},
                {"[fe80::17]:1", "fe80::17", 1},
        };
        static const char *const bad[] = {"",           "bmc",         "10.0.0.17:",    "10.0.0.17:0",
                                          "10.0.0",     "10.0.0.17/8", "[10.0.0.17]:1", "[fe80::17",
                                          "0.0.0.0",    "::",          "[fe80::17]x",   "10.0.0.17:65536",
                                          "[fe80::1]:", "fe80::17%1",  " 10.0.0.17"};

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                struct ip_address ip;
                uint16_t port = 443;

                assert_int_equal(ip_parse_endpoint(good[i].text, &ip, &port), 0);
                assert_string_equal(FORMAT_IP(&ip), good[i].ip);
                assert_int_equal(port, good[i].port);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                struct ip_address ip;
                uint16_t port;

                assert_int_equal(ip_parse_endpoint(bad[i], &ip, &port), -EINVAL);
        }
}

static void network_is_read_with_its_prefix(void **state _unused_) {
        static const char *const bad[] = {"10.0.0.18", "10.0.0.18/", "10.0.0.18/0", "10.0.0.18/33", "/8"};
        struct ip_address ip;
        unsigned prefix;

        assert_int_equal(ip_parse_network("10.0.0.18/24", &ip, &prefix), 0);
        assert_string_equal(FORMAT_IP(&ip), "10.0.0.18");
        assert_int_equal(prefix, 24);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(ip_parse_network(bad[i], &ip, &prefix), -EINVAL);
}

static void device_is_read_as_a_person_writes_it(void **state _unused_) {
        static const struct {
                const char *text, *description;
        } good[] = {
                {"eth1", "eth1"},
                {"02:00:00:00:00:0a", "any network device, MAC address 02:00:00:00:00:0a"},
                {"usb:0525:a4a2", "USB 0525:a4a2"},
                {"pci:8086:1533", "PCI 8086:1533"},
                {"0001:5e:01.3", "PCI at 0001:5e:01.3"},
        };
        static const char *const bad[] = {"",
                                          "usb:0525",
                                          "usb:0525:a4a2x",
                                          "0001:5e:20.0",
                                          "0001:5e:01.9",
                                          "an-interface-name-too-long",
                                          "a/b",
                                          "02:00:00:00:00",
                                          "-2:00:00:00:00:0a"};

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_free_ char *description = NULL;
                struct host_device d;

                assert_int_equal(host_device_parse(good[i].text, &d), 0);
                description = host_device_describe(&d);
                assert_string_equal(description, good[i].description);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                struct host_device d;

                assert_int_equal(host_device_parse(bad[i], &d), -EINVAL);
        }
}

static void interface_is_matched_by_all_that_the_firmware_gives(void **state _unused_) {
        struct interface usb = {.bus_type = HOST_BUS_USB,
                                .vendor = 0x0525,
                                .product = 0xa4a2,
                                .name = "eth0",
                                .serial = "S1",
                                .mac = {2, 0, 0, 0, 0, 1}};
        struct interface pci = {.bus_type = HOST_BUS_PCI,
                                .vendor = 0x8086,
                                .product = 0x1533,
                                .subsystem_vendor = 0x1028,
                                .location = "0001:5e:01.3"};
        struct interface neither = {.name = "bond0", .mac = {2, 0, 0, 0, 0, 1}};
        char serial[] = "S1", other[] = "S2";
        struct host_device d = {
                .bus_type = HOST_BUS_USB, .has_id = true, .vendor = 0x0525, .product = 0xa4a2};

        assert_int_equal(interface_match(&usb, &d), INTERFACE_MATCHES);
        d.serial = serial;
        assert_int_equal(interface_match(&usb, &d), INTERFACE_MATCHES);
        d.serial = other;
        assert_int_equal(interface_match(&usb, &d), INTERFACE_OTHER);
        d.serial = NULL;
        d.has_mac = true;
        assert_int_equal(interface_match(&usb, &d), INTERFACE_BUT_FOR_MAC);
        memcpy(d.mac, usb.mac, 6);
        assert_int_equal(interface_match(&usb, &d), INTERFACE_MATCHES);
        d.mac[5]++;
        assert_int_equal(interface_match(&usb, &d), INTERFACE_BESIDE_MAC);
        d.mac[5] = 0;
        assert_int_equal(interface_match(&usb, &d), INTERFACE_BUT_FOR_MAC);
        d.bus_type = HOST_BUS_PCI;
        assert_int_equal(interface_match(&usb, &d), INTERFACE_OTHER);

        d = (struct host_device){.bus_type = HOST_BUS_PCI,
                                 .has_id = true,
                                 .vendor = 0x8086,
                                 .product = 0x1533,
                                 .has_location = true,
                                 .segment = 1,
                                 .bus = 0x5e,
                                 .device_function = 0x0b};
        assert_int_equal(interface_match(&pci, &d), INTERFACE_MATCHES);
        d.bus = 0x5f;
        assert_int_equal(interface_match(&pci, &d), INTERFACE_OTHER);
        d.bus = 0x5e;
        d.has_subsystem = true;
        d.subsystem_vendor = 0x1029;
        assert_int_equal(interface_match(&pci, &d), INTERFACE_OTHER);

        /* Of which nothing is known: any device, but nothing that stands on one. */
        d = (struct host_device){};
        assert_int_equal(interface_match(&usb, &d), INTERFACE_MATCHES);
        assert_int_equal(interface_match(&neither, &d), INTERFACE_OTHER);
        d = (struct host_device){.has_mac = true, .mac = {2, 0, 0, 0, 0, 1}};
        assert_int_equal(interface_match(&neither, &d), INTERFACE_OTHER);
        d = (struct host_device){.name = "bond0"};
        assert_int_equal(interface_match(&neither, &d), INTERFACE_MATCHES);
        assert_int_equal(interface_match(&usb, &d), INTERFACE_OTHER);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(endpoint_is_read_as_a_person_writes_it),
                cmocka_unit_test(network_is_read_with_its_prefix),
                cmocka_unit_test(device_is_read_as_a_person_writes_it),
                cmocka_unit_test(interface_is_matched_by_all_that_the_firmware_gives),
        };

        return cmocka_run_group_tests_name("host-device", tests, NULL, NULL);
}
