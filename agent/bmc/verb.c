/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "verb.h"

static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *help;
} things[] = {
        {"status", verb_bmc_status, "the way to the BMC, as far as it goes"},
        {"sel", verb_bmc_sel, "the BMC's event log"},
        {"log", verb_bmc_log, "what the BMC holds of what it was told"},
        {"bootdev", verb_bmc_bootdev, "what the next boot is to do"},
        {"forget", verb_bmc_forget, "the BMC's certificate of the first use"},
};

static void help(void) {
        puts("Usage: seatrial bmc THING [OPTION...]\n");
        for (size_t i = 0; i < ELEMENTSOF(things); i++)
                printf("  %-11s %s\n", things[i].name, things[i].help);
        puts("\nseatrial bmc THING --help tells more.");
}

int verb_bmc(int argc, char **argv) {
        if (argc < 2 || streq(argv[1], "--help") || streq(argv[1], "-h")) {
                help();
                return argc < 2 ? 2 : 0;
        }

        for (size_t i = 0; i < ELEMENTSOF(things); i++)
                if (streq(argv[1], things[i].name))
                        return things[i].run(argc - 1, argv + 1);

        log_line("bmc knows no \"%s\"; \"seatrial bmc --help\" lists what it does", argv[1]);
        return 2;
}
