/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/macro.h"
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

char *ip_format(char buffer[static FORMAT_IP_MAX], const struct ip_address *ip) {
        if (ip->family == AF_UNSPEC || !inet_ntop(ip->family, ip->bytes, buffer, FORMAT_IP_MAX))
                memcpy(buffer, "none", sizeof("none"));

        return buffer;
}
