/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "ipmi.h"
#include "lan.h"

#define NETFN_TRANSPORT    0x0c
#define GET_LAN_PARAMETERS 0x02
#define GET_CHANNEL_INFO   0x42
#define MEDIUM_LAN         0x04
#define CHANNEL_MAX        0x0b /* what is above is no channel of its own */
#define TIMEOUT            (2 * USEC_PER_SEC)
#define PARAMETERS_DATA    2 /* after completion code and revision */
#define IPV4_SIZE          4
#define VLAN_ENABLED       0x8000
#define VLAN_ID_MASK       0x0fff

static int decode_mask(const uint8_t *data, struct ipmi_lan *lan) {
        struct ip_address mask = {.family = AF_INET};
        unsigned prefix;

        memcpy(mask.bytes, data, IPV4_SIZE);
        if (ip_mask_to_prefix(&mask, &prefix) < 0)
                return -EBADMSG;

        lan->prefix = prefix;
        return 0;
}

static void decode_ip(const uint8_t *data, struct ipmi_lan *lan) {
        struct ip_address ip = {.family = AF_INET};

        memcpy(ip.bytes, data, IPV4_SIZE);
        lan->ip = ip_is_unset(&ip) ? (struct ip_address){.family = AF_UNSPEC} : ip;
}

int ipmi_lan_decode(enum ipmi_lan_parameter parameter, const uint8_t *response, size_t size,
                    struct ipmi_lan *lan) {
        static const size_t sizes[] = {
                [IPMI_LAN_IP] = IPV4_SIZE,   [IPMI_LAN_IP_SOURCE] = 1, [IPMI_LAN_MAC] = sizeof(lan->mac),
                [IPMI_LAN_MASK] = IPV4_SIZE, [IPMI_LAN_VLAN] = 2,
        };
        static const uint8_t no_mac[sizeof(lan->mac)];
        const uint8_t *data = response + PARAMETERS_DATA;
        uint16_t vlan;

        if (size < 1)
                return -EBADMSG;
        if (response[0] != IPMI_OK)
                return -EREMOTEIO;
        if (size < PARAMETERS_DATA + sizes[parameter])
                return -EBADMSG;

        switch (parameter) {
        case IPMI_LAN_IP:
                decode_ip(data, lan);
                break;
        case IPMI_LAN_IP_SOURCE:
                lan->source = MIN(data[0] & 0x0fU, (unsigned) IPMI_LAN_OTHER);
                break;
        case IPMI_LAN_MAC:
                memcpy(lan->mac, data, sizeof(lan->mac));
                lan->has_mac = memcmp(lan->mac, no_mac, sizeof(no_mac)) != 0;
                break;
        case IPMI_LAN_MASK:
                return decode_mask(data, lan);
        case IPMI_LAN_VLAN:
                vlan = (uint16_t) (data[0] | data[1] << 8);
                lan->vlan = vlan & VLAN_ENABLED ? vlan & VLAN_ID_MASK : 0;
                break;
        }

        return 0;
}

bool ipmi_channel_is_lan(const uint8_t *response, size_t size) {
        return size >= 3 && response[0] == IPMI_OK && (response[2] & 0x7f) == MEDIUM_LAN;
}

/* A parameter that is not offered leaves *lan as it was: only the BMC's silence is an error. */
static int ask_parameter(struct ipmi *ipmi, struct wait *w, enum ipmi_lan_parameter parameter,
                         struct ipmi_lan *lan) {
        const uint8_t request[] = {lan->channel, (uint8_t) parameter, 0, 0};
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;
        int r;

        r = ipmi_ask(ipmi, w, NETFN_TRANSPORT, GET_LAN_PARAMETERS, request, sizeof(request), TIMEOUT,
                     response, &size);
        if (r >= 0)
                (void) ipmi_lan_decode(parameter, response, size, lan);

        return r;
}

int ipmi_lan_next(struct ipmi *ipmi, struct wait *w, uint8_t *channel, struct ipmi_lan *ret) {
        static const enum ipmi_lan_parameter parameters[] = {IPMI_LAN_IP, IPMI_LAN_IP_SOURCE, IPMI_LAN_MAC,
                                                             IPMI_LAN_MASK, IPMI_LAN_VLAN};

        for (uint8_t c = (uint8_t) (*channel + 1); c <= CHANNEL_MAX; c++) {
                struct ipmi_lan lan = {.channel = c};
                uint8_t response[IPMI_RESPONSE_MAX];
                size_t size;
                int r;

                r = ipmi_ask(ipmi, w, IPMI_NETFN_APP, GET_CHANNEL_INFO, &c, 1, TIMEOUT, response, &size);
                if (r < 0)
                        return r;
                if (!ipmi_channel_is_lan(response, size))
                        continue;

                for (size_t i = 0; i < ELEMENTSOF(parameters); i++) {
                        r = ask_parameter(ipmi, w, parameters[i], &lan);
                        if (r < 0)
                                return r;
                }

                *channel = c;
                *ret = lan;
                return 1;
        }

        return 0;
}
