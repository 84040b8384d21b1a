/* SPDX-License-Identifier: GPL-3.0-or-later */
/* way.h: one way to the BMC: a candidate's network device, brought up as the candidate wants it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bmc/link/interface.h"
#include "bmc/link/ip.h"

struct candidate;
struct dhcp;
struct link;
struct wait;

/* A zeroed one is no way. */
struct way {
        const struct candidate *candidate;
        struct interface interface; /* its network device */
        enum interface_match match;

        struct link *link, *vlan; /* vlan, on link, is NULL where there is none */
        struct dhcp *dhcp;
        bool stands;
        struct ip_address service; /* known once it stands */

        char *problem; /* why it does not stand: what, where */
};

/* Begins to bring up the network device. Returns 0, or a negative errno with the reason in ->problem. */
int way_begin(struct way *way, const struct candidate *candidate, const struct interface *interface,
              enum interface_match match);

/* Waits for the rest: carrier, and address, each at most patience microseconds. Returns 0, or with the reason
 * in
 * ->problem -ETIMEDOUT, -ENXIO when it leads nowhere, a negative errno. */
int way_wait(struct way *way, struct wait *w, uint64_t patience);

/* The network interface that leads to the service: the device's, or its VLAN's. */
const char *way_name(const struct way *way);
unsigned way_index(const struct way *way);

/* "eth0 (USB 0525:a4a2), host interface 2a00h, 169.254.0.18/16 to 169.254.0.17". NULL when memory is short.
 */
char *way_describe(const struct way *way);

/* Takes down what was brought up; it is no way after that. */
void way_end(struct way *way);
