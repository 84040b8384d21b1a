/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.h: the addresses of a network interface, asked for over a socket of rtnl_open(0). */
#pragma once

#include <stdbool.h>

#include "ip.h"

/* Return 0, the kernel's error, a negative errno. */
int address_add(int fd, unsigned index, const struct ip_address *ip, unsigned prefix);
int address_remove(int fd, unsigned index, const struct ip_address *ip, unsigned prefix);

/* Whether the interface has that address; network: whether it has any usable address of the network that ip
 * is in. Returns 1, 0, a negative errno. */
int address_search(int fd, unsigned index, const struct ip_address *ip, bool network);
