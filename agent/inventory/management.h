/* SPDX-License-Identifier: GPL-3.0-or-later */
/* management.h: the BMC as it describes itself over IPMI (Intelligent Platform Management Interface 2.0). */
#pragma once

#include <stddef.h>

#include "field.h"

/* What a response to Get LAN Configuration Parameters (23.2) holds; all begin with the completion code. Each
 * sets the member, to null for anything but a whole and successful response. */
void lan_add_ipv4(struct fields *f, const char *name, const void *response,
                  size_t size); /* parameters 3, 6, 12 */
void lan_add_source(struct fields *f, const char *name, const void *response, size_t size); /* 4 */
void lan_add_mac(struct fields *f, const char *name, const void *response, size_t size);    /* 5 */

/* Parameters 56 and 59: appends the address of one slot as "fe80::1/64" unless the slot is empty. Returns 1
 * when the response was a slot, 0 when not, -ENOMEM. */
int lan_append_ipv6(json_t *addresses, const void *response, size_t size);
