/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "base/screen.h"
#include "base/text.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/wait.h"
#include "collectors.h"
#include "management.h"
#include "sysfs.h"
#include "table.h"

/* A BMC answers in milliseconds, or has something better to do. */
#define ANSWER_LIMIT (2 * USEC_PER_SEC)

#define NETFN_TRANSPORT  0x0c
#define GET_CHANNEL_INFO 0x42
#define GET_LAN          0x02
#define MEDIUM_LAN       0x04
#define LAST_CHANNEL     0x0bU
#define IPV6_SLOTS_MAX   16U

enum {
        LAN_ADDRESS = 3,
        LAN_SOURCE = 4,
        LAN_MAC = 5,
        LAN_MASK = 6,
        LAN_GATEWAY = 12,
        LAN_IPV6_STATIC = 56,
        LAN_IPV6_DYNAMIC = 59,
};

/* Behind the completion code stands the parameter's revision. */
static const uint8_t *lan_data(const void *response, size_t size, size_t n) {
        const uint8_t *p = response;

        return size >= 2 + n && p[0] == IPMI_OK ? p + 2 : NULL;
}

void lan_add_ipv4(struct fields *f, const char *name, const void *response, size_t size) {
        const uint8_t *p = lan_data(response, size, 4);
        char text[INET_ADDRSTRLEN];

        if (p && (p[0] || p[1] || p[2] || p[3]))
                fields_word(f, name, inet_ntop(AF_INET, p, text, sizeof(text)));
        else
                fields_null(f, name);
}

void lan_add_source(struct fields *f, const char *name, const void *response, size_t size) {
        static const char *const sources[16] = {
                [1] = "static", [2] = "dhcp", [3] = "firmware", [4] = "other"};
        const uint8_t *p = lan_data(response, size, 1);

        fields_word(f, name, p ? sources[p[0] & 0x0f] : NULL);
}

void lan_add_mac(struct fields *f, const char *name, const void *response, size_t size) {
        const uint8_t *p = lan_data(response, size, 6);
        char text[18];

        if (!p || (!p[0] && !p[1] && !p[2] && !p[3] && !p[4] && !p[5])) {
                fields_null(f, name);
                return;
        }

        snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", p[0], p[1], p[2], p[3], p[4], p[5]);
        fields_word(f, name, text);
}

int lan_append_ipv6(json_t *addresses, const void *response, size_t size) {
        /* Slot, source, address, length of the prefix. */
        const uint8_t *p = lan_data(response, size, 19);
        static const uint8_t none[16];
        char text[INET6_ADDRSTRLEN];
        int r;

        if (!p)
                return 0;
        if (memcmp(p + 2, none, sizeof(none)) == 0)
                return 1;

        r = json_append(addresses,
                        json_sprintf("%s/%u", inet_ntop(AF_INET6, p + 2, text, sizeof(text)), p[18]));
        return r < 0 ? r : 1;
}

struct bmc {
        const struct inventory_roots *roots;
        struct ipmi *ipmi; /* NULL: of a captured tree */
        const char *name;  /* "ipmi0" */
};

struct question {
        struct ipmi *ipmi;
        uint8_t netfn, command, request[4];
        size_t size;
};

static ssize_t ask(void *userdata, void *buffer, size_t size _unused_) {
        const struct question *q = userdata;
        struct wait w = WAIT_ALONE;
        size_t n;
        int r;

        r = ipmi_ask(q->ipmi, &w, q->netfn, q->command, q->request, q->size, ANSWER_LIMIT, buffer, &n);
        return r < 0 ? r : (ssize_t) n;
}

/* Returns the size of the response, or 0 when there is none. */
static size_t get(const struct bmc *bmc, struct question q, const char *name,
                  uint8_t response[static IPMI_RESPONSE_MAX]) {
        ssize_t n;

        q.ipmi = bmc->ipmi;
        n = answer_read(bmc->roots, bmc->name, name, ask, &q, response, IPMI_RESPONSE_MAX);
        return n < 0 ? 0 : (size_t) n;
}

static size_t get_lan(const struct bmc *bmc, unsigned channel, unsigned parameter, unsigned slot,
                      uint8_t response[static IPMI_RESPONSE_MAX]) {
        char name[48];

        snprintf(name, sizeof(name), "lan-%u-%u-%u", channel, parameter, slot);
        return get(bmc,
                   (struct question){.netfn = NETFN_TRANSPORT,
                                     .command = GET_LAN,
                                     .request = {(uint8_t) channel, (uint8_t) parameter, (uint8_t) slot, 0},
                                     .size = 4},
                   name, response);
}

static int add_ipv6(const struct bmc *bmc, unsigned channel, struct fields *f) {
        static const unsigned parameters[] = {LAN_IPV6_STATIC, LAN_IPV6_DYNAMIC};
        _cleanup_json_ json_t *addresses = json_array();
        uint8_t response[IPMI_RESPONSE_MAX];

        if (!addresses)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(parameters); i++)
                for (unsigned slot = 0; slot < IPV6_SLOTS_MAX; slot++) {
                        size_t n = get_lan(bmc, channel, parameters[i], slot, response);
                        int r = lan_append_ipv6(addresses, response, n);

                        if (r < 0)
                                return r;
                        if (r == 0)
                                break;
                }

        fields_source(f, "IPMI LAN parameters 56 and 59 of channel %u", channel);
        fields_take(f, "ipv6_addresses", TAKE_PTR(addresses));
        return f->error;
}

static int add_channel(const struct bmc *bmc, unsigned channel, json_t *channels) {
        static const struct {
                const char *member;
                unsigned parameter;
                void (*add)(struct fields *f, const char *name, const void *response, size_t size);
        } parameters[] = {
                {"mac_address", LAN_MAC, lan_add_mac},       {"ipv4_address", LAN_ADDRESS, lan_add_ipv4},
                {"ipv4_mask", LAN_MASK, lan_add_ipv4},       {"ipv4_gateway", LAN_GATEWAY, lan_add_ipv4},
                {"ipv4_source", LAN_SOURCE, lan_add_source},
        };
        _cleanup_json_ json_t *object = json_object();
        uint8_t response[IPMI_RESPONSE_MAX];
        struct fields f = fields_of(object);
        int r;

        fields_source(&f, "IPMI Get Channel Info");
        fields_number(&f, "channel", channel);
        for (size_t i = 0; i < ELEMENTSOF(parameters); i++) {
                size_t n = get_lan(bmc, channel, parameters[i].parameter, 0, response);

                fields_source(&f, "IPMI LAN parameter %u of channel %u", parameters[i].parameter, channel);
                parameters[i].add(&f, parameters[i].member, response, n);
        }

        r = add_ipv6(bmc, channel, &f);
        return r < 0 ? r : json_append(channels, TAKE_PTR(object));
}

static int add_channels(const struct bmc *bmc, struct fields *f) {
        _cleanup_json_ json_t *channels = json_array();

        if (!channels)
                return -ENOMEM;

        for (unsigned channel = 1; channel <= LAST_CHANNEL; channel++) {
                uint8_t response[IPMI_RESPONSE_MAX];
                char name[24];
                size_t n;
                int r;

                snprintf(name, sizeof(name), "channel-%u", channel);
                n = get(bmc,
                        (struct question){.netfn = IPMI_NETFN_APP,
                                          .command = GET_CHANNEL_INFO,
                                          .request = {(uint8_t) channel},
                                          .size = 1},
                        name, response);
                if (n < 3 || response[0] != IPMI_OK || (response[2] & 0x7f) != MEDIUM_LAN)
                        continue;

                r = add_channel(bmc, channel, channels);
                if (r < 0)
                        return r;
        }

        fields_take(f, "lan_channels", TAKE_PTR(channels));
        return f->error;
}

static int describe(const struct bmc *bmc, json_t *part) {
        uint8_t response[IPMI_RESPONSE_MAX];
        struct fields f = fields_of(part);
        struct ipmi_device_id id;
        char version[16];
        size_t n;

        n = get(bmc, (struct question){.netfn = IPMI_NETFN_APP, .command = IPMI_GET_DEVICE_ID}, "device-id",
                response);
        if (n == 0)
                return -ENODEV;
        if (ipmi_decode_device_id(response, n, &id) < 0)
                return -EBADMSG;

        fields_source(&f, "IPMI Get Device ID of /dev/%s", bmc->name);
        fields_text(&f, "interface", bmc->name);
        fields_number(&f, "device_id", id.id);
        fields_number(&f, "device_revision", id.revision);
        fields_number(&f, "manufacturer_iana", id.manufacturer);
        fields_number(&f, "product_number", id.product);
        snprintf(version, sizeof(version), "%u.%02u", id.firmware_major, id.firmware_minor);
        fields_word(&f, "firmware_version", version);
        snprintf(version, sizeof(version), "%u.%u", id.version_major, id.version_minor);
        fields_word(&f, "ipmi_version", version);
        return f.error < 0 ? f.error : add_channels(bmc, &f);
}

static int management_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(ipmi_list_done) struct ipmi_list list = {};
        struct bmc bmc = {.roots = roots, .name = "ipmi0"};
        _cleanup_json_ json_t *part = json_object();
        int r;

        if (!part)
                return -ENOMEM;
        if (!roots->dev)
                return -ENODEV;

        if (inventory_roots_are_live(roots)) {
                r = ipmi_open_all(roots->dev, &list);
                if (r < 0)
                        return r;
                if (list.n_items == 0)
                        return -ENODEV;

                bmc.ipmi = list.items[0];
                bmc.name = sysfs_name(list.items[0]->name);
        }

        r = describe(&bmc, part);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static char *management_summarize(const json_t *part) {
        const json_t *channel = json_array_get(json_object_get(part, "lan_channels"), 0);
        const char *address = json_get_string(channel, "ipv4_address");

        return strprintf("firmware %s, IPMI %s%s%s", json_get_string(part, "firmware_version") ?: "unknown",
                         json_get_string(part, "ipmi_version") ?: "unknown", address ? ", at " : "",
                         address ?: "");
}

static int management_print(const json_t *part, struct screen *screen) {
        static const struct table_member members[] = {
                {"CHANNEL", TABLE_RIGHT, "channel"},
                {"MAC ADDRESS", TABLE_LEFT, "mac_address"},
                {"IPv4", TABLE_LEFT, "ipv4_address"},
                {"MASK", TABLE_LEFT, "ipv4_mask"},
                {"GATEWAY", TABLE_LEFT, "ipv4_gateway"},
                {"BY", TABLE_LEFT, "ipv4_source"},
                {},
        };

        return table_print_objects(json_object_get(part, "lan_channels"), members, screen);
}

const struct collector collector_management = {
        .waits_for = "class/ipmi/*",
        .name = "management",
        .description = "The BMC, and where it is on the network",
        .collect = management_collect,
        .summarize = management_summarize,
        .print = management_print,
};
