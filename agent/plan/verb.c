/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

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

int verb_plan(int argc, char **argv) {
        static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {}};
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        _cleanup_(plan_freep) struct plan *plan = NULL;
        int c, r;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                if (c != 'h')
                        return 2;
                help();
                return 0;
        }

        if (optind < argc) {
                log_line("plan takes no argument, and \"%s\" is one", argv[optind]);
                return 2;
        }

        r = plan_load(&plan, &problems);
        if (r < 0) {
                log_error(r, "the plan cannot be loaded");
                return 1;
        }

        for (size_t i = 0; i < n_settings; i++)
                printf("%s = %s\n        %s (%s)\n", settings[i].key, plan->values[i].text, settings[i].help,
                       plan->values[i].origin);

        for (size_t i = 0; i < problems.n_items; i++)
                log_line("%s: %s", problems.items[i].where, problems.items[i].message);

        return problems.n_items > 0;
}
