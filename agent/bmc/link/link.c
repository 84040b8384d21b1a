/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "address.h"
#include "base/fd.h"
#include "base/text.h"
#include "bmc/wait.h"
#include "link.h"
#include "rtnetlink.h"

#define VLAN_TAG_SIZE 4U

struct link {
        unsigned index;
        char name[IF_NAMESIZE];
        int ask_fd, event_fd;
        bool vlan; /* made by us */
        bool take_prefix, brought_up, addressed;
        struct ip_address address;
        unsigned prefix;
};

struct link_state {
        unsigned flags;
        uint32_t mtu;
};

static int on_link(const struct nlmsghdr *message, void *userdata) {
        const struct ifinfomsg *info = NLMSG_DATA(message);
        struct link_state *state = userdata;
        const void *mtu;

        if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
                return 0;

        state->flags = info->ifi_flags;
        mtu = rtnl_attribute(message, sizeof(*info), IFLA_MTU, sizeof(state->mtu));
        if (mtu)
                memcpy(&state->mtu, mtu, sizeof(state->mtu));
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

int link_reaches(struct link *link, const struct ip_address *ip) {
        return address_search(link->ask_fd, link->index, ip, true);
}

int link_new(unsigned index, struct link **ret) {
        _cleanup_(link_freep) struct link *link = NULL;
        struct link_state state;
        int r;

        link = malloc(sizeof(*link));
        if (!link)
                return -ENOMEM;
        *link = (struct link){.index = index, .ask_fd = -EBADF, .event_fd = -EBADF};

        if (!if_indextoname(index, link->name))
                return errno == ENXIO ? -ENODEV : -errno;

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

static int link_remove(struct link *link, unsigned index) {
        struct ifinfomsg info = {.ifi_index = (int) index};
        struct rtnl_request request;

        rtnl_request_init(&request, RTM_DELLINK, 0, &info, sizeof(info));
        return rtnl_ask(link->ask_fd, &request, NULL, NULL);
}

int link_new_vlan(struct link *link, uint16_t id, struct link **ret) {
        struct ifinfomsg info = {};
        struct rtnl_request request;
        struct link_state state;
        size_t link_info, data;
        char name[IF_NAMESIZE];
        unsigned left;
        int r;

        r = link_get_state(link, &state);
        if (r < 0)
                return r;

        /* One of that name is what an agent that was killed has left. */
        snprintf(name, sizeof(name), "bmc.%u", id);
        left = if_nametoindex(name);
        if (left != 0)
                (void) link_remove(link, left);

        rtnl_request_init(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
        rtnl_request_add(&request, IFLA_LINK, &link->index, sizeof(link->index));
        rtnl_request_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
        /* Many a USB device carries no frame that is longer for its tag. */
        state.mtu -= VLAN_TAG_SIZE;
        rtnl_request_add(&request, IFLA_MTU, &state.mtu, sizeof(state.mtu));
        link_info = rtnl_request_open(&request, IFLA_LINKINFO);
        rtnl_request_add(&request, IFLA_INFO_KIND, "vlan", strlen("vlan"));
        data = rtnl_request_open(&request, IFLA_INFO_DATA);
        rtnl_request_add(&request, IFLA_VLAN_ID, &id, sizeof(id));
        rtnl_request_close(&request, data);
        rtnl_request_close(&request, link_info);
        r = rtnl_ask(link->ask_fd, &request, NULL, NULL);
        if (r < 0)
                return r;

        r = link_new(if_nametoindex(name), ret);
        if (r < 0)
                return r;

        (*ret)->vlan = true;
        return 0;
}

struct link *link_free(struct link *link) {
        if (!link)
                return NULL;

        /* The interface may be gone, and everything with it. */
        if (link->addressed)
                (void) address_remove(link->ask_fd, link->index, &link->address, link->prefix);
        if (link->brought_up)
                (void) link_set_up(link, false);
        if (link->vlan)
                (void) link_remove(link, link->index);

        safe_close(link->ask_fd);
        safe_close(link->event_fd);
        free(link);
        return NULL;
}

unsigned link_index(const struct link *link) {
        return link->index;
}

const char *link_name(const struct link *link) {
        return link->name;
}

void link_take_prefix(struct link *link) {
        link->take_prefix = true;
}

/* A BMC that advertises itself as a router must not become the way to anywhere: of what it advertises, at
 * most the prefix for an address. Kernels without IPv6, or without that part of it, lack the files. */
static int link_limit_routers(struct link *link) {
        const struct {
                const char *name, *value;
        } settings[] = {
                {"accept_ra_defrtr", "0"},
                {"accept_ra_rtr_pref", "0"},
                {"accept_ra_rt_info_max_plen", "0"},
                {"accept_ra", link->take_prefix ? "1" : "0"},
        };

        for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
                _cleanup_free_ char *path = NULL;
                int r;

                path = strprintf("/proc/sys/net/ipv6/conf/%s/%s", link->name, settings[i].name);
                if (!path)
                        return -ENOMEM;

                r = write_text_file(path, settings[i].value);
                if (r < 0 && r != -ENOENT)
                        return r;
        }

        return 0;
}

static int link_replace_address(struct link *link, const struct ip_address *address, unsigned prefix) {
        int r;

        r = address_search(link->ask_fd, link->index, address, false);
        if (r != 0)
                return r < 0 ? r : 0;

        if (link->addressed)
                (void) address_remove(link->ask_fd, link->index, &link->address, link->prefix);
        link->addressed = false;

        link->address = *address;
        link->prefix = prefix;
        r = address_add(link->ask_fd, link->index, &link->address, link->prefix);
        if (r < 0)
                return r;

        link->addressed = true;
        return 0;
}

int link_is_up(struct link *link) {
        struct link_state state;
        int r;

        r = link_get_state(link, &state);
        return r < 0 ? r : (state.flags & IFF_UP) != 0;
}

int link_up(struct link *link, const struct ip_address *address, unsigned prefix) {
        struct link_state state;
        int r;

        r = link_get_state(link, &state);
        if (r < 0)
                return r;

        if (!(state.flags & IFF_UP)) {
                r = link_limit_routers(link);
                if (r < 0)
                        return r;

                r = link_set_up(link, true);
                if (r < 0)
                        return r;
                link->brought_up = true;
        }

        return address->family == AF_UNSPEC ? 0 : link_replace_address(link, address, prefix);
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

/* Waits until condition says something other than 0. */
static int link_wait(struct link *link, struct wait *w, uint64_t until,
                     int (*condition)(struct link *link, const void *userdata), const void *userdata) {
        for (;;) {
                int r;

                r = condition(link, userdata);
                if (r != 0)
                        return MIN(r, 0);

                r = wait_for(w, link->event_fd, POLLIN, until);
                if (r < 0)
                        return r;

                r = drain(link->event_fd);
                if (r < 0)
                        return r;
        }
}

static int has_carrier(struct link *link, const void *userdata _unused_) {
        struct link_state state;
        int r;

        r = link_get_state(link, &state);
        return r < 0 ? r : (state.flags & IFF_RUNNING) != 0;
}

int link_wait_carrier(struct link *link, struct wait *w, uint64_t until) {
        return link_wait(link, w, until, has_carrier, NULL);
}

static int has_reach(struct link *link, const void *userdata) {
        int r;

        /* One that has gone has no address, and is to be told from one without. */
        r = has_carrier(link, NULL);
        return r < 0 ? r : link_reaches(link, userdata);
}

int link_wait_reach(struct link *link, struct wait *w, const struct ip_address *ip, uint64_t until) {
        return link_wait(link, w, until, has_reach, ip);
}
