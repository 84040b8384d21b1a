/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link.h: the network link to the BMC. It is for the BMC alone: no default route, no router's advertisements,
 * and what was set up is taken away at the end. What was there before stays. */
#pragma once

#include <stdint.h>

#include "base/macro.h"
#include "ip.h"

struct link;
struct wait;

/* Returns 0, -ENODEV when there is no such interface (any more), a negative errno. */
int link_new(unsigned index, struct link **ret);

/* Makes an interface of its own for that VLAN on the link, which must outlive it. Returns 0, -EOPNOTSUPP when
 * the kernel knows no VLANs, a negative errno. */
int link_new_vlan(struct link *link, uint16_t id, struct link **ret);

/* Takes the address away, the interface down, and a VLAN's interface away, so far as they were set up here.
 */
struct link *link_free(struct link *link);
DEFINE_CLEANUP(struct link *, link_free);

unsigned link_index(const struct link *link);
const char *link_name(const struct link *link);

/* Has the kernel take an IPv6 address from the prefix that a router on this link advertises; still no route.
 * To be called before link_up(). */
void link_take_prefix(struct link *link);

/* Whether it is up already: then it is somebody else's. Returns 1, 0, a negative errno. */
int link_is_up(struct link *link);

/* Brings the interface up, and gives it the address unless that is of AF_UNSPEC; an address given before is
 * replaced. Returns 0, a negative errno. */
int link_up(struct link *link, const struct ip_address *address, unsigned prefix);

/* Whether it has an address of the network that ip is in, which may be used. Returns 1, 0, a negative errno.
 */
int link_reaches(struct link *link, const struct ip_address *ip);

/* Waits until it has a carrier. Returns 0, -ETIMEDOUT, -ENODEV when it has gone, a negative errno. */
int link_wait_carrier(struct link *link, struct wait *w, uint64_t until);

/* The same for an address, as link_reaches() has it. */
int link_wait_reach(struct link *link, struct wait *w, const struct ip_address *ip, uint64_t until);
