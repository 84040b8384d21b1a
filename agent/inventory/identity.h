/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identity.h: which parts a machine is made of, so short that it can be kept in flash from boot to boot. */
#pragma once

#include "base/json.h"

/* The EFI variable that the identity of the last boot is kept in. */
#define IDENTITY_VARIABLE "SeatrialIdentity"

/* Returns 0 and an object in *ret with a digest for each part that bears identity: of slots, models, serial
 * numbers and addresses, and of nothing that changes while the parts stay; null for a part that could not be
 * had this time. Parts that the machine does not have are left out. -ENOMEM. */
int inventory_identity(const json_t *inventory, json_t **ret);

/* The parts of which old and new differ, and those that only one of them has; not those of which one does not
 * know. Returns 0 and an array of names in *ret, -ENOMEM. */
int inventory_identity_changes(const json_t *old, const json_t *new, json_t **ret);

/* Takes from old (NULL: nothing is known of before) what identity does not know. Returns 0, -ENOMEM. */
int inventory_identity_complete(json_t *identity, const json_t *old);
