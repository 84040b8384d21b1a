/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "plan/plan.h"

/* The first byte chooses: a plan file, or a kernel command line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        _cleanup_(plan_freep) struct plan *plan = NULL;

        if (size == 0 || plan_new(&plan) < 0)
                return 0;

        if (data[0] & 1)
                (void) plan_apply_file(plan, (const char *) data + 1, size - 1, "plan", &problems);
        else {
                _cleanup_free_ char *line = strndup((const char *) data + 1, size - 1);

                if (line)
                        (void) plan_apply_command_line(plan, line, &problems);
        }

        return 0;
}
