/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/text.h"
#include "trial.h"

const struct trial *const trials[] = {
        &trial_memory,
        &trial_processor,
        NULL,
};

const struct trial *trial_find(const char *name) {
        for (size_t i = 0; trials[i]; i++)
                if (streq(trials[i]->name, name))
                        return trials[i];

        return NULL;
}
