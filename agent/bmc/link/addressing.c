/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "addressing.h"
#include "host-interface.h"

/* An address in the service's own network, where only host and BMC are: the one beside the service's. */
static bool ip_beside(const struct ip_address *service, unsigned prefix, struct ip_address *ret) {
        unsigned size = (unsigned) ip_size(service->family);

        if (prefix == 0 || prefix + 2 > 8 * size)
                return false;

        /* With the last bit turned over it would be the network's or the broadcast address where all bits of
         * the host part before it are alike: then the next one is turned over as well. */
        for (uint8_t change = 1; change <= 3; change = (uint8_t) (change + 2)) {
                bool zeros = true, ones = true;

                *ret = *service;
                ret->bytes[size - 1] ^= change;
                for (unsigned bit = prefix; bit < 8 * size; bit++) {
                        bool one = ret->bytes[bit / 8] & (0x80U >> bit % 8);

                        zeros = zeros && !one;
                        ones = ones && one;
                }
                if (!zeros && !ones)
                        return true;
        }

        return false;
}

static const char *choose_static(const struct host_interface *i, struct addressing *ret) {
        unsigned prefix = i->host_prefix ?: i->service_prefix;

        if (i->host.family == AF_UNSPEC)
                return "the host's address is static, but it does not say which";
        if (i->service.family == AF_UNSPEC)
                return "it gives no address of the service";
        if (i->host.family != i->service.family)
                return "host and service have addresses of different families";
        /* With a mask of no bits the address would bring a default route. */
        if (prefix == 0 || prefix > 8 * ip_size(i->host.family))
                return "the host's address is static, but without a mask";
        if (!ip_same_network(&i->host, &i->service, prefix))
                return "the service's address is outside the host's network";
        if (memcmp(i->host.bytes, i->service.bytes, ip_size(i->host.family)) == 0)
                return "host and service have the same address";

        *ret = (struct addressing){ADDRESSING_STATIC, i->host, prefix};
        return NULL;
}

static const char *choose_beside(const struct host_interface *i, struct addressing *ret) {
        struct addressing a = {.kind = ADDRESSING_STATIC, .prefix = i->service_prefix};

        if (i->service_prefix == 0)
                return "the host is to choose its address, but the service's network is not known";
        if (!ip_beside(&i->service, i->service_prefix, &a.host))
                return "the service's network has no address left for the host";

        *ret = a;
        return NULL;
}

const char *addressing_choose(const struct host_interface *i, struct addressing *ret) {
        if (i->host_assignment == ASSIGNMENT_STATIC)
                return choose_static(i, ret);
        if (i->service.family == AF_UNSPEC && i->host_assignment != ASSIGNMENT_DHCP)
                return "it gives no address of the service";

        /* Whatever else it says: this is the address that such a service can be reached from. */
        if (ip_is_link_local_6(&i->service)) {
                *ret = (struct addressing){.kind = ADDRESSING_LINK_LOCAL};
                return NULL;
        }

        switch (i->host_assignment) {
        case ASSIGNMENT_HOST_SELECTED:
                return choose_beside(i, ret);

        case ASSIGNMENT_AUTOCONFIGURE:
                if (i->service.family != AF_INET6)
                        return choose_beside(i, ret);
                *ret = (struct addressing){.kind = ADDRESSING_ROUTER};
                return NULL;

        case ASSIGNMENT_DHCP:
                if (i->service.family == AF_INET6)
                        return "the host's address is to come from DHCP for IPv6, which is not offered here";
                *ret = (struct addressing){.kind = ADDRESSING_DHCP};
                return NULL;

        case ASSIGNMENT_STATIC:
        case ASSIGNMENT_UNKNOWN:
                break;
        }

        return "it does not say how the host gets its address";
}
