/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "route.h"
#include "rtnetlink.h"

static int route_change(int fd, unsigned index, const struct ip_address *router, uint16_t type,
                        uint16_t flags) {
        struct rtmsg message = {
                .rtm_family = AF_INET,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = RTPROT_DHCP,
                .rtm_scope = RT_SCOPE_UNIVERSE,
                .rtm_type = RTN_UNICAST,
        };
        struct rtnl_request request;

        rtnl_request_init(&request, type, flags, &message, sizeof(message));
        rtnl_request_add(&request, RTA_GATEWAY, router->bytes, ip_size(AF_INET));
        rtnl_request_add(&request, RTA_OIF, &index, sizeof(index));
        return rtnl_ask(fd, &request, NULL, NULL);
}

int route_add_default(int fd, unsigned index, const struct ip_address *router) {
        return route_change(fd, index, router, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
}

int route_remove_default(int fd, unsigned index, const struct ip_address *router) {
        return route_change(fd, index, router, RTM_DELROUTE, 0);
}
