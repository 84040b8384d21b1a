/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/text.h"
#include "bmc/wait.h"
#include "link.h"
#include "rtnetlink.h"

struct link {
        unsigned index;
        int ask_fd, event_fd;
        bool brought_up, addressed;
        struct ip_address address;
        unsigned prefix;
};

struct link_state {
        unsigned flags;
        char name[IF_NAMESIZE];
};

static int on_link(const struct nlmsghdr *message, void *userdata) {
        const struct ifinfomsg *info = NLMSG_DATA(message);
        struct link_state *state = userdata;
        const char *name;

        if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
                return 0;

        state->flags = info->ifi_flags;
        name = rtnl_attribute(message, sizeof(*info), IFLA_IFNAME, 1);
        if (name)
                strncpy(state->name, name, sizeof(state->name) - 1);
        return 0;
}

static int link_get_state(struct link *link, struct link_state *ret) {
        struct ifinfomsg info = {.ifi_index = (int) link->index};
        struct rtnl_request request;

        *ret = (struct link_state){};
        rtnl_request_init(&request, RTM_GETLINK, 0, &info, sizeof(info));
        return rtnl_ask(link->ask_fd, &request, on_link, ret);
}

static int link_set_up(struct link *link, bool up) {
        struct ifinfomsg info = {
                .ifi_index = (int) link->index,
                .ifi_flags = up ? IFF_UP : 0,
                .ifi_change = IFF_UP,
        };
        struct rtnl_request request;

        rtnl_request_init(&request, RTM_NEWLINK, 0, &info, sizeof(info));
        return rtnl_ask(link->ask_fd, &request, NULL, NULL);
}

static int link_change_address(struct link *link, uint16_t type, uint16_t flags) {
        struct ifaddrmsg message = {
                .ifa_family = (uint8_t) link->address.family,
                .ifa_prefixlen = (uint8_t) link->prefix,
                .ifa_index = link->index,
                /* Nobody but the BMC is there, so nobody needs to be asked whether the address is free. */
                .ifa_flags = link->address.family == AF_INET6 ? IFA_F_NODAD : 0,
                .ifa_scope = RT_SCOPE_LINK,
        };
        size_t size = ip_size(link->address.family);
        struct rtnl_request request;

        rtnl_request_init(&request, type, flags, &message, sizeof(message));
        rtnl_request_add(&request, IFA_LOCAL, link->address.bytes, size);
        rtnl_request_add(&request, IFA_ADDRESS, link->address.bytes, size);
        return rtnl_ask(link->ask_fd, &request, NULL, NULL);
}

/* What to look for among all addresses of all interfaces. */
struct address_search {
        const struct link *link;
        const struct ip_address *address; /* NULL: any usable one of the family */
        int family;
        bool found;
};

static int on_address(const struct nlmsghdr *message, void *userdata) {
        const struct ifaddrmsg *info = NLMSG_DATA(message);
        struct address_search *search = userdata;
        const void *bytes;

        if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
                return 0;
        if (info->ifa_index != search->link->index || info->ifa_family != search->family)
                return 0;

        if (!search->address) {
                if (!(info->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
                        search->found = true;
                return 0;
        }

        /* IPv4 puts the interface's own address into IFA_LOCAL, IPv6 into IFA_ADDRESS. */
        bytes = rtnl_attribute(message, sizeof(*info), search->family == AF_INET ? IFA_LOCAL : IFA_ADDRESS,
                               ip_size(search->family));
        if (bytes && memcmp(bytes, search->address->bytes, ip_size(search->family)) == 0)
                search->found = true;
        return 0;
}

static int link_has_address(struct link *link, int family, const struct ip_address *address) {
        struct address_search search = {.link = link, .address = address, .family = family};
        struct ifaddrmsg message = {.ifa_family = (uint8_t) family};
        struct rtnl_request request;
        int r;

        rtnl_request_init(&request, RTM_GETADDR, NLM_F_DUMP, &message, sizeof(message));
        r = rtnl_ask(link->ask_fd, &request, on_address, &search);
        return r < 0 ? r : search.found;
}

int link_new(unsigned index, struct link **ret) {
        _cleanup_(link_freep) struct link *link = NULL;
        struct link_state state;
        int r;

        link = malloc(sizeof(*link));
        if (!link)
                return -ENOMEM;
        *link = (struct link){.index = index, .ask_fd = -EBADF, .event_fd = -EBADF};

        link->ask_fd = rtnl_open(0);
        if (link->ask_fd < 0)
                return link->ask_fd;

        link->event_fd = rtnl_open(RTMGRP_LINK | RTMGRP_IPV6_IFADDR);
        if (link->event_fd < 0)
                return link->event_fd;

        r = link_get_state(link, &state);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(link);
        return 0;
}

struct link *link_free(struct link *link) {
        if (!link)
                return NULL;

        /* The interface may be gone, and everything with it. */
        if (link->addressed)
                (void) link_change_address(link, RTM_DELADDR, 0);
        if (link->brought_up)
                (void) link_set_up(link, false);

        safe_close(link->ask_fd);
        safe_close(link->event_fd);
        free(link);
        return NULL;
}

/* A BMC that advertises itself as a router must not become the way to anywhere. Kernels without IPv6 lack the
 * file. */
static int link_refuse_routers(const char *name) {
        _cleanup_free_ char *path = NULL;
        int r;

        path = strprintf("/proc/sys/net/ipv6/conf/%s/accept_ra", name);
        if (!path)
                return -ENOMEM;

        r = write_text_file(path, "0");
        return r == -ENOENT ? 0 : r;
}

int link_up(struct link *link, const struct ip_address *address, unsigned prefix) {
        struct link_state state;
        int r;

        r = link_get_state(link, &state);
        if (r < 0)
                return r;

        if (!(state.flags & IFF_UP)) {
                r = link_refuse_routers(state.name);
                if (r < 0)
                        return r;

                r = link_set_up(link, true);
                if (r < 0)
                        return r;
                link->brought_up = true;
        }

        if (address->family == AF_UNSPEC)
                return 0;

        r = link_has_address(link, address->family, address);
        if (r != 0)
                return r < 0 ? r : 0;

        link->address = *address;
        link->prefix = prefix;
        r = link_change_address(link, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
        if (r < 0)
                return r;

        link->addressed = true;
        return 0;
}

/* Events only tell that it is time to look again. They may come faster than they are read: then some are lost
 * (ENOBUFS), and looking again is right all the more. */
static int drain(int fd) {
        uint8_t buffer[8 * 1024];

        for (;;) {
                if (recv(fd, buffer, sizeof(buffer), 0) >= 0 || errno == ENOBUFS || errno == EINTR)
                        continue;

                return errno == EAGAIN ? 0 : -errno;
        }
}

int link_wait(struct link *link, struct wait *w, int family, uint64_t until) {
        for (;;) {
                struct link_state state;
                int r;

                r = link_get_state(link, &state);
                if (r < 0)
                        return r;

                if (state.flags & IFF_RUNNING) {
                        r = family == AF_INET6 ? link_has_address(link, AF_INET6, NULL) : 1;
                        if (r != 0)
                                return r < 0 ? r : 0;
                }

                r = wait_for(w, link->event_fd, POLLIN, until);
                if (r < 0)
                        return r;

                r = drain(link->event_fd);
                if (r < 0)
                        return r;
        }
}
