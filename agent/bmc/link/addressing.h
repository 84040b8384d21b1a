/* SPDX-License-Identifier: GPL-3.0-or-later */
/* addressing.h: how the host comes by its own address on the link to the BMC. */
#pragma once

#include "ip.h"

struct host_interface;

enum addressing_kind {
        ADDRESSING_STATIC, /* ->host */
        ADDRESSING_DHCP,   /* unless it has one already; tells the service's address where nobody else does */
        ADDRESSING_LINK_LOCAL, /* IPv6: the one that the kernel makes by itself */
        ADDRESSING_ROUTER,     /* IPv6: of the prefix that a router on the link advertises */
};

struct addressing {
        enum addressing_kind kind;
        struct ip_address host;
        unsigned prefix;
};

/* Returns NULL and sets *ret, or says why there is no way: "it does not say how the host gets its address".
 */
const char *addressing_choose(const struct host_interface *i, struct addressing *ret);
