/* SPDX-License-Identifier: GPL-3.0-or-later */
/* collectors.h: the collectors that the table names, and what they decode from bytes. */
#pragma once

#include "inventory.h"

struct smbios;

extern const struct collector collector_system;
extern const struct collector collector_processors;
extern const struct collector collector_memory;
extern const struct collector collector_pci;
extern const struct collector collector_storage;
extern const struct collector collector_network;
extern const struct collector collector_usb;

/* Reads the firmware's table. A machine without one, or one whose table only root may read, is a machine of
 * which less is known: *ret is NULL then. Returns 0, or why there is a table that cannot be used: -EBADMSG, a
 * negative errno. */
int firmware_table_read(const struct inventory_roots *roots, struct smbios **ret);

/* Each adds to part, an object, what the firmware's table says about it; without a table (NULL) every member
 * is null, and lists are empty. Return 0, -ENOMEM. */
int system_decode(const struct smbios *smbios, json_t *part);
int processors_decode(const struct smbios *smbios, json_t *part);
int memory_decode(const struct smbios *smbios, json_t *part);
