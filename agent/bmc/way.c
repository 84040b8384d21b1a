/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bmc/link/dhcp.h"
#include "bmc/link/link.h"
#include "candidate.h"
#include "wait.h"
#include "way.h"

static struct link *way_link(const struct way *way) {
        return way->vlan ?: way->link;
}

const char *way_name(const struct way *way) {
        return way_link(way) ? link_name(way_link(way)) : way->interface.name;
}

unsigned way_index(const struct way *way) {
        return way_link(way) ? link_index(way_link(way)) : way->interface.index;
}

static int bring_up(struct way *way) {
        static const struct ip_address none = {.family = AF_UNSPEC};
        const struct host_interface *i = &way->candidate->interface;
        const struct addressing *a = &way->candidate->addressing;
        int r;

        r = link_new(way->interface.index, &way->link);
        if (r < 0)
                return r;

        if (i->vlan > 0) {
                r = link_up(way->link, &none, 0);
                if (r >= 0)
                        r = link_new_vlan(way->link, (uint16_t) i->vlan, &way->vlan);
                if (r < 0)
                        return r;
        }

        if (a->kind == ADDRESSING_ROUTER)
                link_take_prefix(way_link(way));
        return link_up(way_link(way), a->kind == ADDRESSING_STATIC ? &a->host : &none, a->prefix);
}

int way_begin(struct way *way, const struct candidate *candidate, const struct interface *interface,
              enum interface_match match) {
        int r;

        way_end(way);
        way->candidate = candidate;
        way->interface = *interface;
        way->match = match;

        r = bring_up(way);
        if (r == -EOPNOTSUPP)
                return explain_error(&way->problem, -ENXIO,
                                     "%s is to carry VLAN %u, which this kernel does not know",
                                     interface->name, candidate->interface.vlan);
        if (r < 0)
                return explain_error(&way->problem, r, "%s cannot be brought up: %s", interface->name,
                                     strerror(-r));

        return 0;
}

static int wait_for_lease(struct way *way, struct wait *w, uint64_t patience) {
        const struct ip_address *service = &way->candidate->interface.service;
        const char *name = way_name(way);
        struct dhcp_lease lease;
        int r;

        /* On a machine that is in service already, the network is somebody else's to set up, and is. */
        if (service->family != AF_UNSPEC && link_reaches(way_link(way), service) > 0)
                return 0;

        r = dhcp_start(name, DHCP_ADDRESS, DHCP_SCRIPT, &way->dhcp);
        if (r >= 0)
                r = dhcp_wait(way->dhcp, w, wait_until(w, patience), &lease);
        if (r == -ENODATA || r == -ETIMEDOUT)
                return explain_error(&way->problem, -ETIMEDOUT, "no DHCP server on %s gives an address",
                                     name);
        if (r == -EBADMSG)
                return explain_error(&way->problem, -ENXIO,
                                     "the DHCP server on %s gives no address that can be used", name);
        if (r < 0)
                return explain_error(&way->problem, r, "DHCP on %s: %s", name, strerror(-r));

        if (service->family == AF_UNSPEC)
                service = &lease.server;
        if (service->family == AF_UNSPEC)
                return explain_error(&way->problem, -ENXIO,
                                     "the DHCP server on %s does not say who it is, and nobody else "
                                     "tells the service's address",
                                     name);
        if (!ip_same_network(&lease.address, service, lease.prefix))
                return explain_error(&way->problem, -ENXIO,
                                     "%s is on another network (%s/%u, by DHCP) than the BMC (%s)", name,
                                     FORMAT_IP(&lease.address), lease.prefix, FORMAT_IP(service));

        r = link_up(way_link(way), &lease.address, lease.prefix);
        if (r < 0)
                return explain_error(&way->problem, r, "%s does not take the address %s: %s", name,
                                     FORMAT_IP(&lease.address), strerror(-r));

        way->service = *service;
        return 0;
}

static int wait_for_address(struct way *way, struct wait *w, uint64_t patience) {
        const struct ip_address *service = &way->candidate->interface.service;
        enum addressing_kind kind = way->candidate->addressing.kind;
        int r;

        if (kind == ADDRESSING_DHCP)
                return wait_for_lease(way, w, patience);

        r = link_wait_reach(way_link(way), w, service, wait_until(w, patience));
        if (r == -ETIMEDOUT && kind == ADDRESSING_ROUTER)
                return explain_error(&way->problem, r, "no router on %s advertises the network of %s",
                                     way_name(way), FORMAT_IP(service));
        if (r == -ETIMEDOUT)
                return explain_error(&way->problem, r, "%s has got no address to reach %s from",
                                     way_name(way), FORMAT_IP(service));
        if (r < 0)
                return explain_error(&way->problem, r, "%s: %s", way_name(way), strerror(-r));

        return 0;
}

int way_wait(struct way *way, struct wait *w, uint64_t patience) {
        int r;

        if (way->stands)
                return 0;

        r = link_wait_carrier(way_link(way), w, wait_until(w, patience));
        if (r == -ETIMEDOUT)
                return explain_error(&way->problem, r, "%s has no carrier: the BMC's end of the link is down",
                                     way->interface.name);
        if (r < 0)
                return explain_error(&way->problem, r, "%s: %s", way->interface.name, strerror(-r));

        way->service = way->candidate->interface.service;
        r = wait_for_address(way, w, patience);
        if (r < 0)
                return r;

        way->stands = true;
        return 0;
}

char *way_describe(const struct way *way) {
        static const char *const kinds[] = {
                [ADDRESSING_STATIC] = "a fixed address",
                [ADDRESSING_DHCP] = "an address by DHCP",
                [ADDRESSING_LINK_LOCAL] = "a link-local address",
                [ADDRESSING_ROUTER] = "an address of the network that a router advertises",
        };
        const struct interface *i = &way->interface;

        return strprintf(
                "%s (%s %04x:%04x, %02x:%02x:%02x:%02x:%02x:%02x), as %s has it, from %s to %s port %u",
                way_name(way), i->bus_type == HOST_BUS_USB ? "USB" : "PCI", i->vendor, i->product, i->mac[0],
                i->mac[1], i->mac[2], i->mac[3], i->mac[4], i->mac[5], way->candidate->source,
                kinds[way->candidate->addressing.kind], FORMAT_IP(&way->service),
                way->candidate->interface.port);
}

void way_end(struct way *way) {
        /* The client gives its lease back over the link. */
        dhcp_free(way->dhcp);
        link_free(way->vlan);
        link_free(way->link);
        free(way->problem);
        *way = (struct way){};
}
