/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/macro.h"
#include "journal/mark.h"

/* What an EFI variable may hold: shown on the console if it is taken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *description = NULL;
        struct mark mark;

        if (mark_decode((const char *) data, size, &mark) < 0)
                return 0;

        description = mark_describe(&mark);
        if (!description || mark.percent > 100)
                __builtin_trap();
        for (const char *c = description; *c; c++)
                if (*c < ' ' || *c > '~')
                        __builtin_trap();

        return 0;
}
