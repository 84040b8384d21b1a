/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "bmc/redfish/redfish-message.h"

/* A response's body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const links[] = {"Systems", "LogServices", "Entries", "Sessions", "Links"};
        _cleanup_json_ json_t *object = NULL;
        _cleanup_free_ char *error = NULL;
        const char *next;
        uint64_t expected;

        if (redfish_parse((const char *) data, size, &object) < 0)
                return 0;

        error = redfish_error_text(object);
        (void) redfish_sequence_gap(object, &expected);

        /* A path goes into a request line as it is. */
        for (size_t i = 0; i < ELEMENTSOF(links); i++) {
                const char *path = redfish_link(object, links[i]);

                if (path && (path[0] != '/' || strpbrk(path, " \r\n")))
                        __builtin_trap();
        }

        next = json_get_string(object, "Members@odata.nextLink");
        if (next)
                (void) redfish_path(next);

        return 0;
}
