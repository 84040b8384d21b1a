/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>

#include "base/command.h"
#include "base/efi-variable.h"
#include "base/log.h"
#include "trust.h"
#include "verb.h"

int verb_bmc_forget(int argc, char **argv) {
        static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {}};
        int c, r;

        while ((c = command_option(argc, argv, "h", options)) >= 0) {
                if (c != 'h')
                        return COMMAND_WRONG_USAGE;
                puts("Usage: seatrial bmc forget\n"
                     "\n"
                     "Forgets the BMC's certificate of the first use (bmc.trust in the plan), so that the\n"
                     "next boot trusts whichever it is shown.\n"
                     "\n"
                     "  -h, --help  this text");
                return 0;
        }

        if (!command_takes(argc, argv, 0))
                return COMMAND_WRONG_USAGE;

        r = efi_variable_delete(EFI_VARIABLE_ROOT, TRUST_VARIABLE);
        if (r < 0)
                log_error(r, "the EFI variable %s cannot be removed", TRUST_VARIABLE);
        return r < 0;
}
