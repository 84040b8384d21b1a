/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>

#include "base/command.h"
#include "base/log.h"
#include "bmc/ipmi/chassis.h"
#include "bmc/ipmi/ipmi.h"
#include "verb.h"

static void help(void) {
        puts("Usage: seatrial bmc bootdev [disk|network|cd|diag|setup|none]\n"
             "\n"
             "Shows what the BMC's boot flags ask of the next boot, or sets them, over IPMI. none\n"
             "clears them. diag is a long trial, after which the machine is held; setup is the\n"
             "rescue shell.\n"
             "\n"
             "  -h, --help  this text");
}

static int show(struct ipmi *ipmi, struct wait *w, char **ret_problem) {
        struct chassis_boot_flags flags;
        enum boot_override override;
        int r;

        r = chassis_get_boot_flags(ipmi, w, &flags, ret_problem);
        if (r < 0)
                return r;

        if (chassis_boot_flags_override(&flags, &override) < 0)
                printf("boot device %02xh, which cannot be had%s\n", flags.device,
                       flags.persistent ? ", for every boot" : "");
        else
                printf("%s%s\n", boot_override_text(override),
                       flags.valid && flags.persistent ? ", for every boot" : "");

        return 0;
}

/* Sets them when there is something to be set, and shows what the BMC has in any case. */
static int set_and_show(struct ipmi *ipmi, struct wait *w, void *userdata, char **ret_problem) {
        const enum boot_override *override = userdata;
        int r;

        if (override) {
                r = chassis_set_boot_flags(ipmi, w, *override, ret_problem);
                if (r < 0)
                        return r;
        }

        return show(ipmi, w, ret_problem);
}

int verb_bmc_bootdev(int argc, char **argv) {
        enum boot_override override;
        int status;

        if (!command_begin(argc, argv, help, NULL, NULL, 1, &status))
                return status;

        if (optind == argc)
                return verb_ask_ipmi(set_and_show, NULL) < 0;
        if (boot_override_parse(argv[optind], &override) < 0) {
                log_line("bmc bootdev takes one of disk, network, cd, diag, setup, none");
                return COMMAND_WRONG_USAGE;
        }

        return verb_ask_ipmi(set_and_show, &override) < 0;
}
