/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resources.h: finding one's way through what a Redfish service offers. */
#pragma once

#include <stddef.h>

#include "base/json.h"

struct redfish;

/* All return as redfish.h says, with the reason in redfish_problem(). */

/* Called with each member of a collection as it stands there: a reference, or in full. Returns 0 to go on, 1
 * when it was the one, a negative errno. */
typedef int (*redfish_member_t)(struct redfish *redfish, const json_t *member, void *userdata);

/* Goes through a collection, page by page; more than max members are none (-EBADMSG). Returns 1 when the
 * callback did, 0. */
int redfish_each_member(struct redfish *redfish, const char *collection, size_t max,
                        redfish_member_t callback, void *userdata);

/* Ends what redfish_stray_user() tells of; does nothing when it tells of none. */
int redfish_end_strays(struct redfish *redfish);

/* Finds the computer system that this is: the one with this UUID, or else the only one with this serial
 * number (each NULL: unknown), or the only one there is. -ENOENT when there is none. */
int redfish_find_system(struct redfish *redfish, const char *uuid, const char *serial, json_t **ret);

/* Finds the path of the entries of the system's log service with that Id. -ENOENT when it is not offered. */
int redfish_find_log(struct redfish *redfish, const json_t *system, const char *id, char **ret_entries);
