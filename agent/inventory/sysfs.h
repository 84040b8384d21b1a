/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sysfs.h: devices as sysfs shows them, of the running machine or in a captured tree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

struct inventory_roots;

/* True when the roots are the running machine's own, so that its kernel may be asked about a device by name.
 */
bool inventory_roots_are_live(const struct inventory_roots *roots);

/* The real paths of the devices of a subsystem, ordered by name, numbers in it by their value. */
struct sysfs_devices {
        char **paths;
        size_t n_paths;
};

/* Enumerates through libudev on the running machine. libudev knows no other root than /sys, so a captured
 * tree's class/ and bus/ directories are read instead, which name the same devices. A subsystem that is not
 * there has no devices. Returns 0, a negative errno. */
int sysfs_enumerate(const struct inventory_roots *roots, const char *subsystem, struct sysfs_devices *ret);

void sysfs_devices_done(struct sysfs_devices *devices);

/* The last component of a device's path: the name that the kernel gave it. */
const char *sysfs_name(const char *device);

/* Opens the device's directory, to read attributes below it. Returns the file descriptor, -ENOENT when it has
 * gone in the meantime, a negative errno. */
int sysfs_open(const char *device);

/* The name of what a link of the device, such as "driver", points to. Returns 1 and sets *ret, 0 when there
 * is no such link, -ENOMEM. */
int sysfs_link_name(int device_fd, const char *link, char **ret);

/* The nearest device above that belongs to the subsystem. Returns 1 and sets *ret to its path, 0 when there
 * is none, -ENOMEM. */
int sysfs_find_parent(const char *device, const char *subsystem, char **ret);

/* The USB device that the device is, or is part of: not its interface, but what has vendor, product and
 * serial number. Returns as sysfs_find_parent() does. */
int sysfs_find_usb_device(const char *device, char **ret);

/* True when a directory on the way from the devices' root down to the device begins with prefix, e.g. "ata".
 */
bool sysfs_is_below(const char *device, const char *prefix);
