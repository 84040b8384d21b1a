/* SPDX-License-Identifier: GPL-3.0-or-later */
/* console.h: the terminals on which a person may sit. */
#pragma once

#include <stddef.h>

#include "base/macro.h"

#define CONSOLES_MAX 8U

struct consoles {
        char names[CONSOLES_MAX][32]; /* "ttyS0", "tty0"; the one behind /dev/console is the last */
        size_t n_names;
};

/* Reads the text of /sys/class/tty/console/active: names with blanks between. */
void consoles_parse(const char *active, struct consoles *ret);

/* Asks the kernel; at least one is returned, "console" where it does not tell. */
void consoles_get(struct consoles *ret);

/* Whether that terminal can be opened. Returns 0, a negative errno. */
int console_probe(const char *name);

/* In a new process: makes that terminal the controlling one and standard input, output and error, with sane
 * modes. Returns 0, a negative errno. */
int console_take(const char *name);
