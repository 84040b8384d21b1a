/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dhcp.h: an IPv4 address from a DHCP server on the link, by busybox's udhcpc, which lives as long as the
 * lease is wanted. It changes nothing by itself: our script hands on what it has got. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "ip.h"

#define DHCP_SCRIPT      "/etc/udhcpc/bmc.script"
#define DHCP_BOOT_SCRIPT "/etc/udhcpc/boot.script"

#define DHCP_NAME_SERVERS_MAX 3U
#define DHCP_TEXT_MAX         256U

struct dhcp;
struct wait;

/* What the lease is for. */
enum dhcp_purpose {
        DHCP_ADDRESS, /* an address alone: on the link to the BMC neither router nor name server is wanted */
        DHCP_BOOT,    /* to boot over the network, as a PXE client */
};

struct dhcp_lease {
        struct ip_address address;
        unsigned prefix;
        struct ip_address server; /* AF_UNSPEC when it does not say who it is */

        /* Only for a boot; unset or empty when not given. */
        struct ip_address router;
        struct ip_address name_servers[DHCP_NAME_SERVERS_MAX];
        size_t n_name_servers;
        char boot_server[DHCP_TEXT_MAX];                             /* name or address: of TFTP */
        char boot_file[DHCP_TEXT_MAX];                               /* a path there, or a URI */
        char config_file[DHCP_TEXT_MAX], path_prefix[DHCP_TEXT_MAX]; /* options 209 and 210, RFC 5071 */
};

/* Reads a line of either script, such as "bound ip=169.254.0.15 subnet=255.255.0.0 serverid=169.254.0.17".
 * Returns 1 and sets *ret for a lease, 0 for any other event, -EBADMSG for a lease that cannot be used:
 * without an address, or without a mask of a network. */
int dhcp_parse(const char *line, struct dhcp_lease *ret);

/* Starts the client on an interface that is up. Returns 0, a negative errno. */
int dhcp_start(const char *interface, enum dhcp_purpose purpose, const char *script, struct dhcp **ret);

/* Waits for a lease. Returns 0, -ENODATA when no server gives one, -EBADMSG when one gives what cannot be
 * used, -ETIMEDOUT, a negative errno. */
int dhcp_wait(struct dhcp *dhcp, struct wait *w, uint64_t until, struct dhcp_lease *ret);

/* Gives the lease back and ends the client. */
struct dhcp *dhcp_free(struct dhcp *dhcp);
DEFINE_CLEANUP(struct dhcp *, dhcp_free);
