/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sysfs.h: devices as sysfs shows them, of the running machine or in a captured tree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/macro.h"

struct inventory_roots;
struct sysfs_device;

/* True when the roots are the running machine's own, so that its kernel may be asked about a device by name.
 */
bool inventory_roots_are_live(const struct inventory_roots *roots);

/* The real paths of the devices of a subsystem, ordered by name, numbers in it by their value. */
struct sysfs_devices {
        char **paths;
        size_t n_paths;
};

/* The device's own directories whose names hold that text. Returns 0, a negative errno. */
int sysfs_children(const struct sysfs_device *device, const char *text, struct sysfs_devices *ret);

void sysfs_devices_done(struct sysfs_devices *devices);

/* One device while it is looked at. */
struct sysfs_device {
        const char *path;
        int fd; /* of its directory, O_PATH */
};

/* What a collector wants of a subsystem's devices. */
struct sysfs_walk {
        const char *subsystem;
        const char *named; /* only those whose names hold this; NULL: all of them */

        /* On the running machine libudev enumerates. Otherwise class/ or bus/ is read, which names the same
         * devices with a hundredth of the system calls, and is the only way in a captured tree. */
        bool through_udev;

        int (*order)(const char *a, const char *b);       /* of two paths, as strcmp(); NULL: as enumerated */
        int (*wanted)(const struct sysfs_device *device); /* 1, 0, a negative errno; NULL: all of them */

        /* Sets the members of object. Returns 0, a negative errno. */
        int (*describe)(const struct inventory_roots *roots, const struct sysfs_device *device,
                        json_t *object, void *userdata);
};

/* Appends to part an object for each device that is wanted; a subsystem that is not there has none. One that
 * goes away in the meantime is left out, even when half of it could be read. Returns 0, a negative errno. */
int sysfs_collect(const struct inventory_roots *roots, const struct sysfs_walk *walk, void *userdata,
                  json_t *part);

/* The same as a part of its own. */
int sysfs_collect_part(const struct inventory_roots *roots, const struct sysfs_walk *walk, json_t **ret);

/* The last component of a device's path: the name that the kernel gave it. */
const char *sysfs_name(const char *device);

/* What stands behind the root in the device's path: "/devices/...". */
const char *sysfs_path_below_root(const char *device);

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
