/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lan.h: what IPMI tells of the BMC's own network ports (IPMI 2.0, 22.24 Get Channel Info, 23.2 Get LAN
 * Configuration Parameters and table 23-4). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bmc/link/ip.h"

struct ipmi;
struct wait;

enum ipmi_lan_source {
        IPMI_LAN_UNKNOWN = 0,
        IPMI_LAN_STATIC = 1,
        IPMI_LAN_DHCP = 2,
        IPMI_LAN_FIRMWARE = 3, /* host firmware loads it */
        IPMI_LAN_OTHER = 4,
};

struct ipmi_lan {
        uint8_t channel;
        struct ip_address ip; /* IPv4; AF_UNSPEC when it has none */
        unsigned prefix;
        enum ipmi_lan_source source;
        bool has_mac;
        uint8_t mac[6];
        uint16_t vlan; /* 0: none */
};

/* Parameters of the configuration, table 23-4. */
enum ipmi_lan_parameter {
        IPMI_LAN_IP = 3,
        IPMI_LAN_IP_SOURCE = 4,
        IPMI_LAN_MAC = 5,
        IPMI_LAN_MASK = 6,
        IPMI_LAN_VLAN = 20,
};

/* Takes a response to Get LAN Configuration Parameters over into *lan; response: from the completion code on.
 * Returns 0, -EREMOTEIO when it is a refusal, -EBADMSG when it is none for that parameter: then *lan is as it
 * was. */
int ipmi_lan_decode(enum ipmi_lan_parameter parameter, const uint8_t *response, size_t size,
                    struct ipmi_lan *lan);

/* Whether the response to Get Channel Info tells of a LAN. */
bool ipmi_channel_is_lan(const uint8_t *response, size_t size);

/* Asks for the next LAN channel after *channel (0 to begin with). Returns 1 and sets *channel and *ret, 0
 * when there is none, -ETIMEDOUT when the BMC does not answer, a negative errno. */
int ipmi_lan_next(struct ipmi *ipmi, struct wait *w, uint8_t *channel, struct ipmi_lan *ret);
