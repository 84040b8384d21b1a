/* SPDX-License-Identifier: GPL-3.0-or-later */
/* modules.h: lists of firmware modules, by name, that an image leaves out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "ffs.h"

struct module {
        struct guid guid;
        char *name;
        bool found; /* by ovmf_repack() */
};

struct modules {
        struct module *entries;
        size_t n_entries;
};

/* Reads "8-4-4-4-12" hexadecimal digits. Returns 0, -EINVAL. */
int guid_parse(const char *text, struct guid *ret);

/* Adds what a list holds: a GUID and the module's name in each line, '#' comments. text is taken to pieces.
 * Returns 0, -EBADMSG with *ret_line the line that is wrong or names a module for the second time, -ENOMEM.
 */
int modules_parse(struct modules *modules, char *text, unsigned *ret_line);

struct module *modules_find(const struct modules *modules, const struct guid *guid);
void modules_done(struct modules *modules);
