/* SPDX-License-Identifier: GPL-3.0-or-later */
/* efi.h: how the machine was booted, and what its firmware keeps in variables. */
#pragma once

#include <stddef.h>

#include "base/json.h"

struct inventory_roots;

/* Decodes an EFI_LOAD_OPTION (UEFI 2.10, 3.1.3): whether it is active, and its description, printable ASCII,
 * newly allocated. Returns 0, -EBADMSG when it is too short or its description has no end, -ENOMEM. */
int efi_load_option_decode(const void *option, size_t size, bool *ret_active, char **ret_description);

/* Sets boot_mode, secure_boot, and efi: null on a machine without, or an object with setup_mode, the number
 * and size of the variables in use, boot_current, boot_order and boot_entries. Returns 0, a negative errno.
 */
int efi_add_boot(const struct inventory_roots *roots, json_t *part);
