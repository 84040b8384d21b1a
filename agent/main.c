/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One binary: PID 1 of the initramfs, the agent, and its parts as commands for a person on any Linux machine.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/command.h"
#include "base/text.h"
#include "bmc/verb.h"
#include "boot/boot.h"
#include "init/init.h"
#include "inventory/inventory.h"
#include "manifest/manifest.h"
#include "plan/plan.h"
#include "stages/stages.h"
#include "trial/verb.h"

static const struct command commands[] = {
        {"inventory", verb_inventory, "what this machine is made of"},
        {"manifest", verb_manifest, "what was ordered: written down, and checked"},
        {"trial", verb_trial, "test a part of it: memory, processor, ..."},
        {"bmc", verb_bmc, "the in-band channel to the BMC"},
        {"boot", verb_boot, "what can be booted, and booting it"},
        {"plan", verb_plan, "the settings, and where each came from"},
        {"run", verb_run, "the whole voyage: discovery, trial, production"},
        {"report", verb_report, "the journal of the last run"},
        {"init", verb_init, "PID 1 of the initramfs"},
        {},
};

static void help(void) {
        puts("seatrial " SEATRIAL_VERSION ": takes a server on its sea trial before it enters service\n"
             "\n"
             "Usage: seatrial COMMAND [OPTION...]\n");
        command_list(commands);
        puts("\nseatrial COMMAND --help tells more.");
}

int main(int argc, char **argv) {
        static char program[] = "seatrial";

        /* The kernel starts /init with what it did not understand of its command line as arguments. */
        if (getpid() == 1)
                return verb_init(1, argv);

        if (argc < 2 || streq(argv[1], "--help") || streq(argv[1], "-h") || streq(argv[1], "help")) {
                help();
                return argc < 2 ? COMMAND_WRONG_USAGE : 0;
        }

        if (streq(argv[1], "--version")) {
                puts("seatrial " SEATRIAL_VERSION);
                return 0;
        }

        /* Not the path by which it has been started. */
        argv[0] = program;
        return command_run(commands, argc, argv);
}
