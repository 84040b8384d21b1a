/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filesystem.h: what is written on a drive, as libblkid reads it. */
#pragma once

#include <stdint.h>

#include "base/json.h"

/* Looks at size bytes (0: up to the end) of an open drive or image from offset on: sets "partition_table"
 * ("gpt", "dos", ...), "partition_table_uuid" and "filesystem" (an object with type, label, uuid, usage) of
 * object, each null when there is none. Into partitions (NULL: do not look for any) it appends an object for
 * each entry of the table: number, start_bytes, size_bytes, uuid, label, type, and its own filesystem.
 * Returns 0, -ENOMEM, or another negative errno when the drive cannot be read (the members are null then). */
int filesystem_probe(int fd, uint64_t offset, uint64_t size, json_t *object, json_t *partitions);
