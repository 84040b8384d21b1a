/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip.h: IP addresses of either family as bytes, in network order. */
#pragma once

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip_address {
        int family; /* AF_INET (the first 4 bytes), AF_INET6, or AF_UNSPEC for none */
        uint8_t bytes[16];
};

/* Bytes that an address of that family has: 4, 16, or 0. */
size_t ip_size(int family);

/* True for no address, 0.0.0.0 and ::. */
bool ip_is_unset(const struct ip_address *ip);

/* fe80::/10, which means something on one link only. */
bool ip_is_link_local_6(const struct ip_address *ip);

bool ip_same_network(const struct ip_address *a, const struct ip_address *b, unsigned prefix);

/* Turns a mask into the number of its leading one bits. Returns 0, -EINVAL when ones follow a zero. */
int ip_mask_to_prefix(const struct ip_address *mask, unsigned *ret);

/* Reads "10.0.0.17", "10.0.0.17:8443", "fe80::17" or "[fe80::17]:8443"; *ret_port stays as it is where none
 * is given. Returns 0, -EINVAL. */
int ip_parse_endpoint(const char *text, struct ip_address *ret, uint16_t *ret_port);

/* Reads an address with the length of its network's prefix, "10.0.0.18/24". Returns 0, -EINVAL. */
int ip_parse_network(const char *text, struct ip_address *ret, unsigned *ret_prefix);

/* "169.254.0.17", "fe80::1", "none". Returns buffer. */
#define FORMAT_IP_MAX INET6_ADDRSTRLEN
char *ip_format(char buffer[static FORMAT_IP_MAX], const struct ip_address *ip);
#define FORMAT_IP(ip) ip_format((char[FORMAT_IP_MAX]){}, ip)
