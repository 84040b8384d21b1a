/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tree.h: the boot entries in a file system, and the files that they name. Nothing outside of it can be
 * reached. */
#pragma once

#include "boot.h"

/* Opens the regular file at path, in which "/", ".." and symbolic links lead no further up than root_fd.
 * Returns the fd, -EISDIR, -EINVAL for another thing that is no regular file, a negative errno. */
int tree_open_file(int root_fd, const char *path);

/* Appends the entries under loader/entries (type 1 of the specification) and the unified kernel images under
 * EFI/Linux (type 2), and sets *ret_default to the pattern in loader/loader.conf (NULL
 * when there is none). Source and device of the entries are left unset. What cannot be used is told through
 * log, with place before it. Returns 0 (also when there are none), a negative errno. */
int tree_read_entries(int root_fd, const char *place, struct boot_entries *entries, char **ret_default,
                      boot_log_t log, void *userdata);
