/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URIs as a DHCP server, a configuration or an operator gives them. The input is a URI, and in the line below
 * it a reference that is seen from there. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "boot/network/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What others take for granted of a URI that has been accepted. */
static void check(const char *uri) {
        const char *scheme_end = strstr(uri, "://");

        if (!startswith(uri, "https://") && !startswith(uri, "http://") && !startswith(uri, "tftp://"))
                abort();
        for (const char *p = uri; *p; p++)
                if (*p <= ' ' || *p > '~')
                        abort();

        /* A slash behind the server, whose name is not empty and has no user's before it. */
        scheme_end += STRLEN("://");
        if (scheme_end[strcspn(scheme_end, "/?#")] != '/' || *scheme_end == '/' ||
            memchr(scheme_end, '@', strcspn(scheme_end, "/")))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size), *uri = NULL, *resolved = NULL;
        char *reference;

        if (!text)
                abort();
        reference = strchr(text, '\n');
        if (reference)
                *reference++ = 0;

        if (fetch_normalize(text, &uri) < 0)
                return 0;
        check(uri);

        if (reference && fetch_resolve(uri, reference, &resolved) >= 0)
                check(resolved);
        return 0;
}
