/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One binary: PID 1 of the initramfs, the agent, and its parts as commands for a person on any Linux machine.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "bmc/verb.h"
#include "boot/boot.h"
#include "init/init.h"
#include "inventory/inventory.h"
#include "manifest/manifest.h"
#include "plan/plan.h"
#include "stages/stages.h"
#include "trial/verb.h"

struct verb {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *help;
};

static const struct verb verbs[] = {
        {"inventory", verb_inventory, "what this machine is made of"},
        {"manifest", verb_manifest, "what was ordered: written down, and checked"},
        {"trial", verb_trial, "test a part of it: memory, processor, ..."},
        {"bmc", verb_bmc, "the in-band channel to the BMC"},
        {"boot", verb_boot, "what can be booted, and booting it"},
        {"plan", verb_plan, "the settings, and where each came from"},
        {"run", verb_run, "the whole voyage: discovery, trial, production"},
        {"report", verb_report, "the journal of the last run"},
        {"init", verb_init, "PID 1 of the initramfs"},
};

static void help(void) {
        puts("seatrial " SEATRIAL_VERSION ": takes a server on its sea trial before it enters service\n"
             "\n"
             "Usage: seatrial COMMAND [OPTION...]\n");
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                printf("  %-11s %s\n", verbs[i].name, verbs[i].help);
        puts("\nseatrial COMMAND --help tells more.");
}

int main(int argc, char **argv) {
        /* The kernel starts /init with what it did not understand of its command line as arguments. */
        if (getpid() == 1)
                return verb_init(1, argv);

        if (argc < 2 || streq(argv[1], "--help") || streq(argv[1], "-h") || streq(argv[1], "help")) {
                help();
                return argc < 2 ? 2 : 0;
        }

        if (streq(argv[1], "--version")) {
                puts("seatrial " SEATRIAL_VERSION);
                return 0;
        }

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (streq(argv[1], verbs[i].name))
                        return verbs[i].run(argc - 1, argv + 1);

        log_line("there is no command \"%s\"; \"seatrial --help\" lists them", argv[1]);
        return 2;
}
