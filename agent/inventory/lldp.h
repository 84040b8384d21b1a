/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lldp.h: which switch port an interface is plugged into, as the switch itself announces it (IEEE 802.1AB).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct inventory_roots;

#define LLDP_FRAME_MAX 1518U

/* Decodes a frame from its destination address on. Returns 0 and sets *ret to an object with chassis_id,
 * port_id, port_description, system_name, system_description, management_address, vlan and ttl_s, null for
 * what it does not tell; -EBADMSG for another frame, one without the three members that every frame has, or
 * one that is cut off; -ENOMEM. */
int lldp_decode(const void *frame, size_t size, json_t **ret);

/* Listens on all interfaces of the array at once, until each with a link has been heard or the time is over,
 * and sets "neighbour" of each: null when nothing was heard. Takes interfaces that are down up meanwhile. In
 * a captured tree, or with a time of 0, nothing is listened to. Returns 0, a negative errno. */
int lldp_add_neighbours(const struct inventory_roots *roots, json_t *interfaces);
