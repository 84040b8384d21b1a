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

/* Takes the address away and the interface down, so far as link_up() has set them up. */
struct link *link_free(struct link *link);
DEFINE_CLEANUP(struct link *, link_free);

/* Brings the interface up, and gives it the address unless that is of AF_UNSPEC. Returns 0, a negative errno.
 */
int link_up(struct link *link, const struct ip_address *address, unsigned prefix);

/* Waits until it has a carrier and, when family is AF_INET6, an IPv6 address that may be used. Returns 0,
 * -ETIMEDOUT, -ENODEV when it has gone, a negative errno. */
int link_wait(struct link *link, struct wait *w, int family, uint64_t until);
