/* SPDX-License-Identifier: GPL-3.0-or-later */
/* efi-variable.h: what survives a reset: EFI variables of our own vendor GUID, which the kernel offers as
 * files (Documentation/filesystems/efivarfs.rst). They are in flash, which wears: write seldom, and little.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Tests have other places, and directories of any file system will do. */
#define EFI_VARIABLE_ROOT "/sys/firmware/efi/efivars"

#define EFI_VARIABLE_GUID "72c406d7-1483-474b-9c56-4622acff4049"

/* Some firmware refuses larger ones (edk2's PcdMaxVariableSize is 2000h, which counts a header and the name).
 */
#define EFI_VARIABLE_MAX ((size_t) 7 * 1024)

/* name: the variable's, without the GUID: "SeatrialMark". Each function returns 0 or a negative errno;
 * -EOPNOTSUPP where the firmware offers no variables. */

/* Reads its data into a new buffer with a NUL behind it, which *ret_size does not count. Returns -ENOENT when
 * there is no such variable, -EBADMSG when it lacks its attributes, -EFBIG when it holds more than
 * EFI_VARIABLE_MAX. */
int efi_variable_read(const char *root, const char *name, char **ret, size_t *ret_size);

/* Makes it hold data, at least one byte, from now on; nothing is written when it does already. Returns
 * -ENOSPC when the firmware has no room for it, -EFBIG when it is larger than EFI_VARIABLE_MAX. */
int efi_variable_write(const char *root, const char *name, const void *data, size_t size);

/* Removes it. Returns 0 also when there is none. */
int efi_variable_delete(const char *root, const char *name);
