/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "ip.h"

size_t ip_size(int family) {
        switch (family) {
        case AF_INET:
                return 4;
        case AF_INET6:
                return 16;
        default:
                return 0;
        }
}

bool ip_is_unset(const struct ip_address *ip) {
        for (size_t i = 0; i < ip_size(ip->family); i++)
                if (ip->bytes[i] != 0)
                        return false;

        return true;
}

bool ip_is_link_local_6(const struct ip_address *ip) {
        return ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

bool ip_same_network(const struct ip_address *a, const struct ip_address *b, unsigned prefix) {
        if (a->family != b->family || prefix > 8 * ip_size(a->family))
                return false;

        for (unsigned i = 0; i * 8 < prefix; i++) {
                unsigned bits = MIN(prefix - i * 8, 8U);
                uint8_t mask = (uint8_t) (0xff00U >> bits);

                if ((a->bytes[i] & mask) != (b->bytes[i] & mask))
                        return false;
        }

        return true;
}

int ip_mask_to_prefix(const struct ip_address *mask, unsigned *ret) {
        unsigned prefix = 0;
        bool ended = false;

        for (unsigned i = 0; i < 8 * ip_size(mask->family); i++) {
                bool bit = mask->bytes[i / 8] & (0x80U >> i % 8);

                if (bit && ended)
                        return -EINVAL;
                if (bit)
                        prefix++;
                else
                        ended = true;
        }

        *ret = prefix;
        return 0;
}

/* The size bytes at text, and nothing behind them. */
static int ip_parse(const char *text, size_t size, struct ip_address *ret) {
        struct ip_address ip = {.family = AF_INET};
        char copy[FORMAT_IP_MAX];

        if (size >= sizeof(copy))
                return -EINVAL;
        memcpy(copy, text, size);
        copy[size] = 0;

        if (inet_pton(AF_INET, copy, ip.bytes) != 1) {
                ip.family = AF_INET6;
                if (inet_pton(AF_INET6, copy, ip.bytes) != 1)
                        return -EINVAL;
        }
        if (ip_is_unset(&ip))
                return -EINVAL;

        *ret = ip;
        return 0;
}

int ip_parse_endpoint(const char *text, struct ip_address *ret, uint16_t *ret_port) {
        size_t size = strcspn(text, "]");
        struct ip_address ip;
        const char *port;
        uint64_t number;
        int r;

        /* Brackets keep the port apart from an IPv6 address. */
        if (text[0] == '[' && text[size] == ']') {
                r = ip_parse(text + 1, size - 1, &ip);
                if (r >= 0 && ip.family != AF_INET6)
                        r = -EINVAL;
                port = text + size + 1;
        } else {
                const char *colon = strchr(text, ':');

                if (colon && strchr(colon + 1, ':'))
                        colon = NULL;
                size = colon ? (size_t) (colon - text) : strlen(text);
                r = ip_parse(text, size, &ip);
                port = text + size;
        }
        if (r < 0)
                return r;

        if (*port) {
                if (*port != ':' || parse_u64(port + 1, &number) < 0 || number == 0 || number > UINT16_MAX)
                        return -EINVAL;
                *ret_port = (uint16_t) number;
        }

        *ret = ip;
        return 0;
}

int ip_parse_network(const char *text, struct ip_address *ret, unsigned *ret_prefix) {
        size_t size = strcspn(text, "/");
        struct ip_address ip;
        uint64_t prefix;
        int r;

        r = ip_parse(text, size, &ip);
        if (r < 0)
                return r;
        if (text[size] != '/' || parse_u64(text + size + 1, &prefix) < 0 || prefix == 0 ||
            prefix > 8 * ip_size(ip.family))
                return -EINVAL;

        *ret = ip;
        *ret_prefix = (unsigned) prefix;
        return 0;
}

char *ip_format(char buffer[static FORMAT_IP_MAX], const struct ip_address *ip) {
        if (ip->family == AF_UNSPEC || !inet_ntop(ip->family, ip->bytes, buffer, FORMAT_IP_MAX))
                memcpy(buffer, "none", sizeof("none"));

        return buffer;
}
