/* SPDX-License-Identifier: GPL-3.0-or-later */
/* uplink.h: a network device on the way to servers: address, router and name servers by DHCP. In a process of
 * its own, whose name resolution it sets up. */
#pragma once

#include <stdint.h>

#include "bmc/link/dhcp.h"
#include "bmc/link/interface.h"

struct link;
struct wait;

struct uplink {
        struct interface interface;
        struct link *link;
        struct dhcp *dhcp;
        struct dhcp_lease lease;
        int route_fd;
        bool routed; /* the default route is ours */
};

#define UPLINK_NONE ((struct uplink){.route_fd = -EBADF})

/* Begins with a device, and leaves it as it is. Returns 0, a negative errno. */
int uplink_begin(struct uplink *uplink, const struct interface *interface);

/* Gives the lease back, and takes away what was set up. */
void uplink_done(struct uplink *uplink);

/* Brings the device up; its carrier comes later. Returns 0, a negative errno. */
int uplink_up(struct uplink *uplink);

/* Waits for a carrier and a lease, and goes by that. Returns 0, a negative errno with *ret_reason telling why
 * (NULL: memory is short). */
int uplink_configure(struct uplink *uplink, const char *script, struct wait *w, uint64_t until,
                     char **ret_reason);
