/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "address.h"
#include "rtnetlink.h"

static int address_change(int fd, unsigned index, const struct ip_address *ip, unsigned prefix, uint16_t type,
                          uint16_t flags) {
        struct ifaddrmsg message = {
                .ifa_family = (uint8_t) ip->family,
                .ifa_prefixlen = (uint8_t) prefix,
                .ifa_index = index,
                /* On a link of two nobody else can have the address, and on another one it is the plan that
                 * gives it: it is not asked for. */
                .ifa_flags = ip->family == AF_INET6 ? IFA_F_NODAD : 0,
                .ifa_scope = RT_SCOPE_LINK,
        };
        size_t size = ip_size(ip->family);
        struct rtnl_request request;

        rtnl_request_init(&request, type, flags, &message, sizeof(message));
        rtnl_request_add(&request, IFA_LOCAL, ip->bytes, size);
        rtnl_request_add(&request, IFA_ADDRESS, ip->bytes, size);
        return rtnl_ask(fd, &request, NULL, NULL);
}

int address_add(int fd, unsigned index, const struct ip_address *ip, unsigned prefix) {
        return address_change(fd, index, ip, prefix, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
}

int address_remove(int fd, unsigned index, const struct ip_address *ip, unsigned prefix) {
        return address_change(fd, index, ip, prefix, RTM_DELADDR, 0);
}

/* What to look for among all addresses of all interfaces. */
struct address_search {
        unsigned index;
        const struct ip_address *ip;
        bool network; /* any usable address of ip's network, rather than ip itself */
        bool found;
};

static int on_address(const struct nlmsghdr *message, void *userdata) {
        const struct ifaddrmsg *info = NLMSG_DATA(message);
        struct address_search *search = userdata;
        struct ip_address address = {.family = search->ip->family};
        const void *bytes;

        if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
                return 0;
        if (info->ifa_index != search->index || info->ifa_family != address.family)
                return 0;

        /* IPv4 puts the interface's own address into IFA_LOCAL, IPv6 into IFA_ADDRESS. */
        bytes = rtnl_attribute(message, sizeof(*info), address.family == AF_INET ? IFA_LOCAL : IFA_ADDRESS,
                               ip_size(address.family));
        if (!bytes)
                return 0;
        memcpy(address.bytes, bytes, ip_size(address.family));

        if (!search->network)
                search->found |= memcmp(address.bytes, search->ip->bytes, ip_size(address.family)) == 0;
        else if (!(info->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
                search->found |= ip_same_network(&address, search->ip, info->ifa_prefixlen);
        return 0;
}

int address_search(int fd, unsigned index, const struct ip_address *ip, bool network) {
        struct address_search search = {.index = index, .ip = ip, .network = network};
        struct ifaddrmsg message = {.ifa_family = (uint8_t) ip->family};
        struct rtnl_request request;
        int r;

        rtnl_request_init(&request, RTM_GETADDR, NLM_F_DUMP, &message, sizeof(message));
        r = rtnl_ask(fd, &request, on_address, &search);
        return r < 0 ? r : search.found;
}
