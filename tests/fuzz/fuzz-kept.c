/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "bmc/kept.h"

/* What an agent, or another kernel's, has kept: it goes into a request's lines as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t max) {
        size_t length = strnlen(text, max + 1);

        if (length > max)
                __builtin_trap();
        for (size_t i = 0; i < length; i++)
                if (text[i] < ' ' || text[i] > '~')
                        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct kept kept;

        if (kept_parse((const char *) data, size, &kept) < 0)
                return 0;

        check(kept.account.user_name, USER_NAME_MAX);
        check(kept.account.password, PASSWORD_MAX);
        check(kept.session, KEPT_PATH_MAX);
        check(kept.token, KEPT_TOKEN_MAX);
        check(kept.system, KEPT_PATH_MAX);
        check(kept.entries, KEPT_PATH_MAX);
        if (!*kept.account.user_name || !*kept.account.password || !*kept.token != !*kept.session)
                __builtin_trap();
        return 0;
}
