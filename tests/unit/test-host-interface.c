/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "bmc/link/addressing.h"
#include "bmc/link/host-interface.h"
#include "bmc/link/interface.h"
#include "tests/unit/smbios-table.h"

/* USB 0525:a4a2, MAC address 02:00:00:00:00:01: device type 04h as DSP0270 1.2 has it. */
#define USB_V2 0x0d, 0x04, 0x0d, 0x25, 0x05, 0xa2, 0xa4, 0, 0x02, 0, 0, 0, 0, 0x01

#define NETWORK 0x40

struct record {
        uint8_t bytes[0x5b];
};

static struct record ipv4_record(void) {
        struct record r = {};

        memcpy(r.bytes, "uuid-of-service!", 16);
        r.bytes[0x10] = 1;
        r.bytes[0x11] = 1;
        memcpy(r.bytes + 0x12, (uint8_t[]){169, 254, 0, 18}, 4);
        memcpy(r.bytes + 0x22, (uint8_t[]){255, 255, 0, 0}, 4);
        r.bytes[0x32] = 1;
        r.bytes[0x33] = 1;
        memcpy(r.bytes + 0x34, (uint8_t[]){169, 254, 0, 17}, 4);
        memcpy(r.bytes + 0x44, (uint8_t[]){255, 255, 0, 0}, 4);
        r.bytes[0x54] = 0xbb;
        r.bytes[0x55] = 0x01;
        return r;
}

static struct record ipv6_record(const char *host, const char *service, uint8_t assignment) {
        struct record r = {};

        r.bytes[0x10] = assignment;
        r.bytes[0x11] = 2;
        if (host)
                assert_int_equal(inet_pton(AF_INET6, host, r.bytes + 0x12), 1);
        memset(r.bytes + 0x22, 0xff, 8);
        r.bytes[0x32] = 1;
        r.bytes[0x33] = 2;
        assert_int_equal(inet_pton(AF_INET6, service, r.bytes + 0x34), 1);
        memset(r.bytes + 0x44, 0xff, 8);
        return r;
}

/* Appends a type 42 structure: interface type, device data behind its length, one Redfish-over-IP record. */
static void append(struct smbios_table *table, uint8_t interface_type, const uint8_t *device,
                   size_t device_size, const struct record *record) {
        uint8_t fields[200], *p = fields;

        *p++ = interface_type;
        memcpy(p, device, device_size);
        p += device_size;
        *p++ = 1;
        *p++ = 0x04;
        *p++ = sizeof(record->bytes);
        memcpy(p, record->bytes, sizeof(record->bytes));
        p += sizeof(record->bytes);
        table_append(table, 42, 0x2a00, fields, (size_t) (p - fields), TABLE_STRINGS("SERIAL-1"));
}

#define APPEND(table, record, ...)                                                                           \
        append(table, NETWORK, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), record)

static struct host_interfaces read_table(const struct smbios_table *table) {
        _cleanup_(smbios_freep) struct smbios *smbios = table_open(table);
        struct host_interfaces interfaces = {};

        assert_int_equal(host_interfaces_read(smbios, &interfaces), 0);
        return interfaces;
}

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

static const char *choose(const struct record *record, struct addressing *ret) {
        struct smbios_table table = {};

        APPEND(&table, record, USB_V2);
        {
                _cleanup_(host_interfaces_done) struct host_interfaces i = read_table(&table);

                assert_int_equal(i.n_items, 1);
                return addressing_choose(&i.items[0], ret);
        }
}

static void assert_static(const struct record *record, const char *address, unsigned prefix) {
        struct addressing a = {};

        assert_null(choose(record, &a));
        assert_int_equal(a.kind, ADDRESSING_STATIC);
        assert_string_equal(FORMAT_IP(&a.host), address);
        assert_int_equal(a.prefix, prefix);
}

static void address_is_the_static_one(void **state _unused_) {
        struct record record = ipv4_record();

        assert_static(&record, "169.254.0.18", 16);
}

static void address_given_without_its_assignment_counts_as_static(void **state _unused_) {
        struct record record = ipv4_record();

        record.bytes[0x10] = 0;
        assert_static(&record, "169.254.0.18", 16);
}

static void static_address_must_be_there_and_in_the_services_network(void **state _unused_) {
        static const struct {
                size_t offset;
                uint8_t bytes[4];
                const char *reason;
        } cases[] = {
                {0x12, {0, 0, 0, 0}, "the host's address is static, but it does not say which"},
                {0x34, {0, 0, 0, 0}, "it gives no address of the service"},
                {0x34, {10, 0, 0, 1}, "the service's address is outside the host's network"},
                {0x34, {169, 254, 0, 18}, "host and service have the same address"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct record record = ipv4_record();
                struct addressing a;

                memcpy(record.bytes + cases[i].offset, cases[i].bytes, 4);
                assert_string_equal(choose(&record, &a), cases[i].reason);
        }
}

/* With a mask of no bits the address would bring a default route. */
static void host_mask_of_zero_is_never_used(void **state _unused_) {
        struct record record = ipv4_record();
        struct addressing a;

        memset(record.bytes + 0x22, 0, 4);
        assert_static(&record, "169.254.0.18", 16); /* the service's */
        memset(record.bytes + 0x44, 0, 4);
        assert_string_equal(choose(&record, &a), "the host's address is static, but without a mask");
}

static void address_selected_by_the_host_is_beside_the_services(void **state _unused_) {
        static const struct {
                uint8_t service[4], mask[4];
                const char *host;
                unsigned prefix;
        } cases[] = {
                {{169, 254, 0, 17}, {255, 255, 0, 0}, "169.254.0.16", 16},
                {{169, 254, 0, 18}, {255, 255, 0, 0}, "169.254.0.19", 16},
                {{192, 168, 7, 1}, {255, 255, 255, 0}, "192.168.7.2", 24},     /* not the network's own */
                {{192, 168, 7, 254}, {255, 255, 255, 0}, "192.168.7.253", 24}, /* not the broadcast address */
                {{192, 168, 7, 1}, {255, 255, 255, 252}, "192.168.7.2", 30},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct record record = ipv4_record();

                record.bytes[0x10] = 4;
                memset(record.bytes + 0x12, 0, 4);
                memcpy(record.bytes + 0x34, cases[i].service, 4);
                memcpy(record.bytes + 0x44, cases[i].mask, 4);
                assert_static(&record, cases[i].host, cases[i].prefix);
        }
}

static void address_of_an_ipv6_host_is_chosen_after_the_services(void **state _unused_) {
        static const struct {
                const char *service;
                uint8_t assignment;
                enum addressing_kind kind;
                const char *host;
        } cases[] = {
                {"fe80::17", 3, ADDRESSING_LINK_LOCAL, "none"},
                {"fe80::17", 4, ADDRESSING_LINK_LOCAL, "none"},
                {"fe80::17", 2, ADDRESSING_LINK_LOCAL, "none"},
                {"fe80::17", 0, ADDRESSING_LINK_LOCAL, "none"},
                {"fd00::17", 3, ADDRESSING_ROUTER, "none"},
                {"fd00::17", 4, ADDRESSING_STATIC, "fd00::16"},
                {"fd00::1", 4, ADDRESSING_STATIC, "fd00::2"}, /* not the routers' */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct record record = ipv6_record(NULL, cases[i].service, cases[i].assignment);
                struct addressing a;

                assert_null(choose(&record, &a));
                assert_int_equal(a.kind, cases[i].kind);
                assert_string_equal(FORMAT_IP(&a.host), cases[i].host);
        }
}

static void address_by_dhcp_needs_none_of_the_service(void **state _unused_) {
        struct record record = ipv4_record();
        struct addressing a;

        record.bytes[0x10] = 2;
        assert_null(choose(&record, &a));
        assert_int_equal(a.kind, ADDRESSING_DHCP);
        memset(record.bytes + 0x34, 0, 4);
        assert_null(choose(&record, &a));
        assert_int_equal(a.kind, ADDRESSING_DHCP);
}

static void address_that_cannot_be_had_is_told(void **state _unused_) {
        struct record unknown = ipv4_record(), nowhere = ipv4_record(), six = ipv6_record(NULL, "fd00::1", 2);
        struct addressing a;

        unknown.bytes[0x10] = 0;
        memset(unknown.bytes + 0x12, 0, 4);
        assert_string_equal(choose(&unknown, &a), "it does not say how the host gets its address");
        nowhere.bytes[0x10] = 4;
        memset(nowhere.bytes + 0x34, 0, 4);
        assert_string_equal(choose(&nowhere, &a), "it gives no address of the service");
        assert_string_equal(choose(&six, &a),
                            "the host's address is to come from DHCP for IPv6, which is not offered here");
}

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
                cmocka_unit_test(address_is_the_static_one),
                cmocka_unit_test(address_given_without_its_assignment_counts_as_static),
                cmocka_unit_test(static_address_must_be_there_and_in_the_services_network),
                cmocka_unit_test(host_mask_of_zero_is_never_used),
                cmocka_unit_test(address_selected_by_the_host_is_beside_the_services),
                cmocka_unit_test(address_of_an_ipv6_host_is_chosen_after_the_services),
                cmocka_unit_test(address_by_dhcp_needs_none_of_the_service),
                cmocka_unit_test(address_that_cannot_be_had_is_told),
                cmocka_unit_test(endpoint_is_read_as_a_person_writes_it),
                cmocka_unit_test(network_is_read_with_its_prefix),
                cmocka_unit_test(device_is_read_as_a_person_writes_it),
                cmocka_unit_test(interface_is_matched_by_all_that_the_firmware_gives),
                cmocka_unit_test(table_may_end_anywhere),
        };

        return cmocka_run_group_tests_name("host-interface", tests, NULL, NULL);
}
