/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "boot/uki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No part lies outside of the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size), *reason = NULL, *value = NULL;
        struct uki uki;

        if (!text)
                return 0;

        value = uki_os_release(text, "ID");
        if (value && strpbrk(value, "\033\r\n"))
                __builtin_trap();

        if (uki_parse(data, size, size, &uki, &reason) <= 0)
                return 0;

        for (size_t i = 0; i < UKI_PARTS; i++)
                if (uki.parts[i].offset > size || uki.parts[i].size > size - uki.parts[i].offset)
                        __builtin_trap();

        return 0;
}
