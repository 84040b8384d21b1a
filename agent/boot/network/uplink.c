/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "bmc/link/link.h"
#include "bmc/link/route.h"
#include "bmc/link/rtnetlink.h"
#include "bmc/wait.h"
#include "uplink.h"

#define DNS_PORT 53

int uplink_begin(struct uplink *uplink, const struct interface *interface) {
        *uplink = UPLINK_NONE;
        uplink->interface = *interface;

        uplink->route_fd = rtnl_open(0);
        if (uplink->route_fd < 0)
                return uplink->route_fd;

        return link_new(interface->index, &uplink->link);
}

void uplink_done(struct uplink *uplink) {
        if (uplink->routed)
                (void) route_remove_default(uplink->route_fd, uplink->interface.index, &uplink->lease.router);

        /* While the way to the server still stands. */
        dhcp_free(uplink->dhcp);
        link_free(uplink->link);
        safe_close(uplink->route_fd);
        *uplink = UPLINK_NONE;
}

int uplink_up(struct uplink *uplink) {
        return link_up(uplink->link, &(struct ip_address){.family = AF_UNSPEC}, 0);
}

/* For this process alone, whatever /etc/resolv.conf says. */
static int set_name_servers(const struct dhcp_lease *lease) {
        if (lease->n_name_servers == 0)
                return 0;
        if (res_init() < 0)
                return -EIO;

        _res.nscount = (int) MIN(lease->n_name_servers, (size_t) MAXNS);
        for (int i = 0; i < _res.nscount; i++) {
                struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};

                memcpy(&address.sin_addr, lease->name_servers[i].bytes, sizeof(address.sin_addr));
                _res.nsaddr_list[i] = address;
        }

        return 0;
}

static int follow_lease(struct uplink *uplink) {
        const struct dhcp_lease *lease = &uplink->lease;
        int r;

        r = link_up(uplink->link, &lease->address, lease->prefix);
        if (r < 0)
                return r;

        if (!ip_is_unset(&lease->router)) {
                r = route_add_default(uplink->route_fd, uplink->interface.index, &lease->router);
                if (r < 0)
                        return r;
                uplink->routed = true;
        }

        return set_name_servers(lease);
}

int uplink_configure(struct uplink *uplink, const char *script, struct wait *w, uint64_t until,
                     char **ret_reason) {
        const char *name = uplink->interface.name;
        int r;

        r = link_wait_carrier(uplink->link, w, until);
        if (r < 0) {
                *ret_reason = r == -ETIMEDOUT ? strprintf("%s has no carrier", name)
                                              : strprintf("%s: %s", name, strerror(-r));
                return r;
        }

        r = dhcp_start(name, DHCP_BOOT, script, &uplink->dhcp);
        if (r >= 0)
                r = dhcp_wait(uplink->dhcp, w, until, &uplink->lease);
        if (r < 0) {
                *ret_reason =
                        r == -ENODATA || r == -ETIMEDOUT
                                ? strprintf("no DHCP server on %s gives an address", name)
                        : r == -EBADMSG
                                ? strprintf("the DHCP server on %s gives no address that can be used", name)
                                : strprintf("DHCP on %s: %s", name, strerror(-r));
                return r;
        }

        r = follow_lease(uplink);
        if (r < 0)
                *ret_reason = strprintf("%s does not take the address %s/%u and the router %s: %s", name,
                                        FORMAT_IP(&uplink->lease.address), uplink->lease.prefix,
                                        FORMAT_IP(&uplink->lease.router), strerror(-r));
        return r;
}
