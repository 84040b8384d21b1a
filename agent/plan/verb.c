/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "base/log.h"
#include "base/text.h"
#include "plan.h"
#include "settings.h"

static void help(void) {
        puts("Usage: seatrial plan\n"
             "\n"
             "Prints every setting, its value, and where the value came from. Settings stand in\n" PLAN_FILE
             " as \"key = value\", and on the kernel command line as\n"
             "seatrial.key=value, which wins.\n"
             "\n"
             "  -h, --help  this text");
}

void plan_problems_log(const struct plan_problems *problems) {
        for (size_t i = 0; i < problems->n_items; i++)
                log_line("%s: %s", problems->items[i].where, problems->items[i].message);
}

int plan_load_for_command(struct plan **ret) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        int r;

        r = plan_load(ret, &problems);
        if (r < 0)
                return log_error(r, "the plan cannot be loaded");

        plan_problems_log(&problems);
        return 0;
}

int verb_plan(int argc, char **argv) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        _cleanup_(plan_freep) struct plan *plan = NULL;
        int r, status;

        if (!command_begin(argc, argv, help, NULL, NULL, 0, &status))
                return status;

        r = plan_load(&plan, &problems);
        if (r < 0) {
                log_error(r, "the plan cannot be loaded");
                return 1;
        }

        for (size_t i = 0; i < n_settings; i++)
                printf("%s = %s\n        %s (%s)\n", settings[i].key, plan->values[i].text, settings[i].help,
                       plan->values[i].origin);

        plan_problems_log(&problems);

        return problems.n_items > 0;
}
