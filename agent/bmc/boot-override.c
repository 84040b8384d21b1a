/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "base/macro.h"
#include "base/text.h"
#include "boot-override.h"

static const char *const texts[] = {
        [BOOT_OVERRIDE_NONE] = "none", [BOOT_OVERRIDE_DISK] = "disk", [BOOT_OVERRIDE_NETWORK] = "network",
        [BOOT_OVERRIDE_CD] = "cd",     [BOOT_OVERRIDE_DIAG] = "diag", [BOOT_OVERRIDE_SETUP] = "setup",
};

const char *boot_override_text(enum boot_override override) {
        return texts[override];
}

int boot_override_parse(const char *text, enum boot_override *ret) {
        for (unsigned i = 0; i < ELEMENTSOF(texts); i++)
                if (streq(texts[i], text)) {
                        *ret = (enum boot_override) i;
                        return 0;
                }

        return -EINVAL;
}
