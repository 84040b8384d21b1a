/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ethtool.h: what a network adapter's driver tells about it beyond sysfs. */
#pragma once

#include "base/json.h"

struct inventory_roots;

/* Sets permanent_mac_address, firmware_version and transceiver (an object: type, vendor, part_number,
 * revision, serial_number; null where none is plugged in) of the interface's object, whose mac_address is
 * set. Returns 0, -ENOMEM. */
int ethtool_describe(const struct inventory_roots *roots, const char *interface, bool address_is_permanent,
                     json_t *object);
