/* SPDX-License-Identifier: GPL-3.0-or-later */
/* location.h: what there is to boot where a DHCP server, the plan or an operator says: a kernel, an entry of
 * the Boot Loader Specification, or a PXELINUX configuration. */
#pragma once

#include "boot/boot.h"

struct fetch;
struct uplink;

/* Appends what is at uri, or where that is NULL, at what the lease names: its configuration file (RFC 5071),
 * else its boot file, else, as PXELINUX looks for it, the machine's own configuration beside that. The
 * entries' paths are URIs. What cannot be used is told through log. Returns 0 (also when there are none), a
 * negative errno. */
int location_read(const struct uplink *uplink, const struct fetch *fetch, const char *uri,
                  struct boot_entries *entries, boot_log_t log, void *userdata);

/* The names under which PXELINUX looks for a machine's configuration in pxelinux.cfg, best first: 8 digits of
 * the IPv4 address, 7, and so on stand between the MAC address and "default". NULL at the end. Free each and
 * the array with location_names_free(). NULL when memory is short. */
char **location_names(const char *uuid, const uint8_t mac[static 6], const uint8_t address[static 4]);
char **location_names_free(char **names);
