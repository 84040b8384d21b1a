/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drive.h: who a drive is and how it is attached. */
#pragma once

#include "base/json.h"

struct inventory_roots;
struct sysfs_device;

/* Sets what sysfs tells of a whole drive, and what drive_ask() sets to null. Returns 0, -ENOMEM. */
int drive_describe(const struct sysfs_device *device, json_t *object);

/* Asks the drive itself, open as fd, for its health and the like. Returns 0, -ENOMEM. */
int drive_ask(const struct inventory_roots *roots, int fd, json_t *object);
