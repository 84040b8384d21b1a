/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spool-store.h: where a packed spool is kept until the next boot: in EFI variables SeatrialSpool0 and on. */
#pragma once

#include <stddef.h>

#include "base/efi-variable.h"

/* A server's firmware has some 64 KiB or more for all variables, and other uses for them. */
#define SPOOL_VARIABLES 4
#define SPOOL_MAX       (SPOOL_VARIABLES * EFI_VARIABLE_MAX)

/* root: as in efi-variable.h, whose errors all return. */

/* Reads it into a new buffer. Returns -ENOENT when there is none. */
int spool_store_read(const char *root, void **ret, size_t *ret_size);

/* Puts it in the place of what was there. When that fails, nothing is there. */
int spool_store_write(const char *root, const void *data, size_t size);

int spool_store_delete(const char *root);
