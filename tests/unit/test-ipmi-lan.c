/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "bmc/ipmi/ipmi.h"
#include "bmc/ipmi/lan.h"
#include "bmc/wait.h"
#include "tests/unit/unit.h"

#define DECODE(lan, parameter, ...)                                                                          \
        ipmi_lan_decode(parameter, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}),   \
                        lan)

static void parameters_are_read(void **state _unused_) {
        struct ipmi_lan lan = {};

        assert_int_equal(DECODE(&lan, IPMI_LAN_IP, 0, 0x11, 10, 0, 0, 17), 0);
        assert_int_equal(DECODE(&lan, IPMI_LAN_IP_SOURCE, 0, 0x11, 0xf2), 0);
        assert_int_equal(DECODE(&lan, IPMI_LAN_MAC, 0, 0x11, 2, 0, 0, 0, 0, 1), 0);
        assert_int_equal(DECODE(&lan, IPMI_LAN_MASK, 0, 0x11, 255, 255, 254, 0), 0);
        assert_int_equal(DECODE(&lan, IPMI_LAN_VLAN, 0, 0x11, 0x05, 0x8f), 0);
        assert_string_equal(FORMAT_IP(&lan.ip), "10.0.0.17");
        assert_int_equal(lan.source, IPMI_LAN_DHCP);
        assert_true(lan.has_mac);
        assert_int_equal(lan.mac[5], 1);
        assert_int_equal(lan.prefix, 23);
        assert_int_equal(lan.vlan, 0xf05);
}

static void parameters_that_are_not_set_are_none(void **state _unused_) {
        struct ipmi_lan lan = {};

        assert_int_equal(DECODE(&lan, IPMI_LAN_IP, 0, 0x11, 0, 0, 0, 0), 0);
        assert_int_equal(DECODE(&lan, IPMI_LAN_MAC, 0, 0x11, 0, 0, 0, 0, 0, 0), 0);
        assert_int_equal(DECODE(&lan, IPMI_LAN_VLAN, 0, 0x11, 0x05, 0x00), 0);
        assert_int_equal(DECODE(&lan, IPMI_LAN_IP_SOURCE, 0, 0x11, 0x0f), 0);
        assert_int_equal(lan.ip.family, AF_UNSPEC);
        assert_false(lan.has_mac);
        assert_int_equal(lan.vlan, 0);
        assert_int_equal(lan.source, IPMI_LAN_OTHER);
}

static void refusal_and_short_answer_change_nothing(void **state _unused_) {
        static const uint8_t whole[] = {0, 0x11, 1, 2, 3, 4, 5, 6};
        static const struct {
                enum ipmi_lan_parameter parameter;
                size_t size;
        } cases[] = {{IPMI_LAN_IP, 6}, {IPMI_LAN_IP_SOURCE, 3}, {IPMI_LAN_MAC, 8}, {IPMI_LAN_VLAN, 4}};
        static const struct ipmi_lan nothing;
        struct ipmi_lan lan = {};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                for (size_t size = 0; size < cases[i].size; size++)
                        assert_int_equal(ipmi_lan_decode(cases[i].parameter, whole, size, &lan), -EBADMSG);
                assert_memory_equal(&lan, &nothing, sizeof(lan));
                assert_int_equal(DECODE(&lan, cases[i].parameter, 0x80, 0x11, 1, 2, 3, 4, 5, 6), -EREMOTEIO);
                assert_memory_equal(&lan, &nothing, sizeof(lan));
        }
        assert_int_equal(DECODE(&lan, IPMI_LAN_MASK, 0, 0x11, 255, 0, 255, 0), -EBADMSG);
        assert_int_equal(lan.prefix, 0);
}

static void channel_is_a_lan_by_its_medium(void **state _unused_) {
        assert_true(ipmi_channel_is_lan((const uint8_t[]){0, 1, 0x04, 1}, 4));
        assert_true(ipmi_channel_is_lan((const uint8_t[]){0, 1, 0x84, 1}, 4));
        assert_false(ipmi_channel_is_lan((const uint8_t[]){0, 0, 0x01, 1}, 4));
        assert_false(ipmi_channel_is_lan((const uint8_t[]){0xcb, 1, 0x04, 1}, 4));
        assert_false(ipmi_channel_is_lan((const uint8_t[]){0, 1}, 2));
}

/* Channels 3 and 8 are LANs, of which the second knows nothing of itself. */
static int exchange(struct ipmi *ipmi _unused_, struct wait *w _unused_, uint8_t netfn, uint8_t command,
                    const void *request, size_t size, uint64_t until _unused_,
                    uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size) {
        const uint8_t *q = request;

        response[0] = 0xcb;
        *ret_size = 1;
        if (netfn == 0x06) {
                assert_int_equal(command, 0x42);
                assert_int_equal(size, 1);
                if (q[0] == 3 || q[0] == 8) {
                        memcpy(response, (const uint8_t[]){0, q[0], 4, 1}, 4);
                        *ret_size = 4;
                }
                return 0;
        }

        assert_int_equal(netfn, 0x0c);
        assert_int_equal(command, 0x02);
        assert_int_equal(size, 4);
        if (q[0] == 3 && q[1] == IPMI_LAN_IP) {
                memcpy(response, (const uint8_t[]){0, 0x11, 10, 0, 0, 17}, 6);
                *ret_size = 6;
        }
        return 0;
}

static int silence(struct ipmi *ipmi _unused_, struct wait *w _unused_, uint8_t netfn _unused_,
                   uint8_t command _unused_, const void *request _unused_, size_t size _unused_,
                   uint64_t until _unused_, uint8_t response[static IPMI_RESPONSE_MAX] _unused_,
                   size_t *ret_size _unused_) {
        return -ETIMEDOUT;
}

static void lan_channels_are_walked(void **state _unused_) {
        static const struct ipmi_operations operations = {.exchange = exchange};
        struct ipmi ipmi = {.operations = &operations};
        struct wait w = WAIT_ALONE;
        struct ipmi_lan lan;
        uint8_t channel = 0;

        assert_int_equal(ipmi_lan_next(&ipmi, &w, &channel, &lan), 1);
        assert_int_equal(channel, 3);
        assert_string_equal(FORMAT_IP(&lan.ip), "10.0.0.17");
        assert_int_equal(ipmi_lan_next(&ipmi, &w, &channel, &lan), 1);
        assert_int_equal(channel, 8);
        assert_int_equal(lan.ip.family, AF_UNSPEC);
        assert_int_equal(ipmi_lan_next(&ipmi, &w, &channel, &lan), 0);
}

static void bmc_that_is_silent_is_asked_once(void **state _unused_) {
        static const struct ipmi_operations operations = {.exchange = silence};
        struct ipmi ipmi = {.operations = &operations};
        struct wait w = WAIT_ALONE;
        struct ipmi_lan lan;
        uint8_t channel = 0;

        assert_int_equal(ipmi_lan_next(&ipmi, &w, &channel, &lan), -ETIMEDOUT);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(parameters_are_read),
                cmocka_unit_test(parameters_that_are_not_set_are_none),
                cmocka_unit_test(refusal_and_short_answer_change_nothing),
                cmocka_unit_test(channel_is_a_lan_by_its_medium),
                cmocka_unit_test(lan_channels_are_walked),
                cmocka_unit_test(bmc_that_is_silent_is_asked_once),
        };

        return cmocka_run_group_tests_name("ipmi-lan", tests, NULL, NULL);
}
