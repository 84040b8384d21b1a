/* SPDX-License-Identifier: GPL-3.0-or-later */
/* collectors.h: the collectors that the table names, and what they decode from bytes. */
#pragma once

#include "inventory.h"

struct smbios;

extern const struct collector collector_system;
extern const struct collector collector_management;
extern const struct collector collector_processors;
extern const struct collector collector_memory;
extern const struct collector collector_pci;
extern const struct collector collector_slots;
extern const struct collector collector_accelerators;
extern const struct collector collector_controllers;
extern const struct collector collector_storage;
extern const struct collector collector_volumes;
extern const struct collector collector_network;
extern const struct collector collector_usb;
extern const struct collector collector_tpm;
extern const struct collector collector_sensors;
extern const struct collector collector_power;
extern const struct collector collector_watchdogs;
extern const struct collector collector_serial;

/* Reads the firmware's table. A machine without one, or one whose table only root may read, is a machine of
 * which less is known: *ret is NULL then. Returns 0, or why there is a table that cannot be used: -EBADMSG, a
 * negative errno. */
int firmware_table_read(const struct inventory_roots *roots, struct smbios **ret);

/* A part that is a list out of the firmware's table alone. Returns 0, -ENODEV when there is no table, a
 * negative errno. */
int firmware_list_collect(const struct inventory_roots *roots,
                          int (*decode)(const struct smbios *smbios, json_t *part), json_t **ret);

/* Each appends to part, an array. Return 0, -ENOMEM. */
int slots_decode(const struct smbios *smbios, json_t *part);
int power_supplies_decode(const struct smbios *smbios, json_t *part);

/* Each adds to part, an object, what the firmware's table says about it; without a table (NULL) every member
 * is null, and lists are empty. Return 0, -ENOMEM. */
int system_decode(const struct smbios *smbios, json_t *part);
int processors_decode(const struct smbios *smbios, json_t *part);
int memory_decode(const struct smbios *smbios, json_t *part);
