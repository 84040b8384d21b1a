/* SPDX-License-Identifier: GPL-3.0-or-later */
/* content.h: what is written on a drive or volume: partitions and file systems, read by libblkid. */
#pragma once

#include "base/json.h"

struct inventory_roots;

/* Sets the members that content_read() sets, and read_error, to null, and partitions to none. Returns 0,
 * -ENOMEM. */
int content_set_unknown(json_t *object);

/* Opens the block device of that name. In a captured tree it may be an image; where there is none, *ret is
 * -EBADF, and content_read() takes what capture kept. Returns 0, a negative errno. */
int content_open(const struct inventory_roots *roots, const char *name, int *ret);

/* Reads the drive or volume, open as fd, whose object has a name. Returns 0, a negative errno. */
int content_read(const struct inventory_roots *roots, int fd, json_t *object);
