/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "field.h"
#include "lldp.h"

#define HEADER_SIZE 14U
#define ETHERTYPE   0x88cc

/* 802.1AB 8.4 */
enum {
        TLV_END = 0,
        TLV_CHASSIS_ID = 1,
        TLV_PORT_ID = 2,
        TLV_TTL = 3,
        TLV_PORT_DESCRIPTION = 4,
        TLV_SYSTEM_NAME = 5,
        TLV_SYSTEM_DESCRIPTION = 6,
        TLV_MANAGEMENT_ADDRESS = 8,
        TLV_ORGANIZATION = 127,
};

/* The subtypes whose id is a MAC address: 4 of a chassis, 3 of a port. */
#define CHASSIS_MAC 4
#define PORT_MAC    3

#define ADDRESS_IPV4 1
#define ADDRESS_IPV6 2

static void add_text(struct fields *f, const char *name, const uint8_t *p, size_t size) {
        _cleanup_free_ char *text = text_sanitize(p, size);

        if (!text)
                f->error = -ENOMEM;
        else
                fields_text(f, name, text);
}

/* A byte says what follows: mostly text, or a MAC address. */
static void add_id(struct fields *f, const char *name, const uint8_t *p, size_t size, uint8_t mac_subtype) {
        char text[18];

        if (size == 7 && p[0] == mac_subtype) {
                snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", p[1], p[2], p[3], p[4], p[5],
                         p[6]);
                fields_word(f, name, text);
        } else if (size > 1)
                add_text(f, name, p + 1, size - 1);
}

/* Length of what follows, family, address. */
static void add_address(struct fields *f, const uint8_t *p, size_t size) {
        char text[INET6_ADDRSTRLEN];

        if (size >= 6 && p[0] == 5 && p[1] == ADDRESS_IPV4)
                fields_word(f, "management_address", inet_ntop(AF_INET, p + 2, text, sizeof(text)));
        else if (size >= 18 && p[0] == 17 && p[1] == ADDRESS_IPV6)
                fields_word(f, "management_address", inet_ntop(AF_INET6, p + 2, text, sizeof(text)));
}

/* IEEE 802.1Q annex D.2.1: the port's VLAN. */
static void add_organization(struct fields *f, const uint8_t *p, size_t size) {
        if (size >= 6 && memcmp(p, "\x00\x80\xc2\x01", 4) == 0 && (p[4] || p[5]))
                fields_number(f, "vlan", (uint64_t) (p[4] << 8 | p[5]));
}

static void add_tlv(struct fields *f, unsigned type, const uint8_t *p, size_t size) {
        switch (type) {
        case TLV_CHASSIS_ID:
                add_id(f, "chassis_id", p, size, CHASSIS_MAC);
                break;
        case TLV_PORT_ID:
                add_id(f, "port_id", p, size, PORT_MAC);
                break;
        case TLV_TTL:
                if (size >= 2)
                        fields_number(f, "ttl_s", (uint64_t) (p[0] << 8 | p[1]));
                break;
        case TLV_PORT_DESCRIPTION:
                add_text(f, "port_description", p, size);
                break;
        case TLV_SYSTEM_NAME:
                add_text(f, "system_name", p, size);
                break;
        case TLV_SYSTEM_DESCRIPTION:
                add_text(f, "system_description", p, size);
                break;
        case TLV_MANAGEMENT_ADDRESS:
                add_address(f, p, size);
                break;
        case TLV_ORGANIZATION:
                add_organization(f, p, size);
                break;
        }
}

int lldp_decode(const void *frame, size_t size, json_t **ret) {
        static const char *const members[] = {"chassis_id",
                                              "port_id",
                                              "port_description",
                                              "system_name",
                                              "system_description",
                                              "management_address",
                                              "vlan",
                                              "ttl_s"};
        _cleanup_json_ json_t *object = json_object();
        const uint8_t *p = frame, *end = p + size;
        struct fields f = fields_of(object);

        if (size < HEADER_SIZE || (p[12] << 8 | p[13]) != ETHERTYPE)
                return -EBADMSG;

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                fields_null(&f, members[i]);

        /* Seven bits of type, nine of length. */
        for (p += HEADER_SIZE; end - p >= 2;) {
                unsigned type = p[0] >> 1, length = (unsigned) (p[0] & 1) << 8 | p[1];

                if (type == TLV_END)
                        break;

                p += 2;
                if (length > (size_t) (end - p))
                        return -EBADMSG;

                add_tlv(&f, type, p, length);
                p += length;
        }

        if (f.error < 0)
                return f.error;
        if (!json_get_string(object, "chassis_id") || !json_get_string(object, "port_id") ||
            !json_is_integer(json_object_get(object, "ttl_s")))
                return -EBADMSG;

        *ret = TAKE_PTR(object);
        return 0;
}
