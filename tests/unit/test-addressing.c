/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the host's address on the link comes from, by what the firmware says. */

#include "bmc/link/addressing.h"
#include "tests/unit/host-interface-table.h"

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

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(address_is_the_static_one),
                cmocka_unit_test(address_given_without_its_assignment_counts_as_static),
                cmocka_unit_test(static_address_must_be_there_and_in_the_services_network),
                cmocka_unit_test(host_mask_of_zero_is_never_used),
                cmocka_unit_test(address_selected_by_the_host_is_beside_the_services),
                cmocka_unit_test(address_of_an_ipv6_host_is_chosen_after_the_services),
                cmocka_unit_test(address_by_dhcp_needs_none_of_the_service),
                cmocka_unit_test(address_that_cannot_be_had_is_told),
        };

        return cmocka_run_group_tests_name("addressing", tests, NULL, NULL);
}
