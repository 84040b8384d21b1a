/* SPDX-License-Identifier: GPL-3.0-or-later */
/* route.h: IPv4's way out of a link's own network, asked for over a socket of rtnl_open(0). */
#pragma once

#include "ip.h"

/* The default route by the router, on the interface. Return 0, the kernel's error, a negative errno. */
int route_add_default(int fd, unsigned index, const struct ip_address *router);
int route_remove_default(int fd, unsigned index, const struct ip_address *router);
