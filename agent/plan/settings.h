/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings.h: the table of everything that a plan can say. A new setting is a field of struct plan and a line
 * here. */
#pragma once

#include <stddef.h>

#include "base/macro.h"

struct setting {
        const char *key;
        const char *value; /* built in */
        const char *help;

        /* Parses value into the field. choices is the table's own. Returns 0, -EINVAL, -ENOMEM. */
        int (*parse)(const char *value, const char *const *choices, void *field);
        const char *const *choices; /* NULL at the end, in the order of the enum; NULL where there are none */
        const char *
                expected; /* "a size such as 512M or a share such as 90%"; with choices, what precedes them */
        size_t offset;    /* of the field in struct plan */
        void (*release)(void *field);
};

extern const struct setting settings[];
extern const size_t n_settings;

/* What its values are: "rescue, poweroff or reboot", "a time such as 500ms, 30s or 10min". NULL when memory
 * is short. */
char *setting_expected(const struct setting *setting);
