/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>

#include "base/command.h"
#include "base/efi-variable.h"
#include "base/log.h"
#include "trust.h"
#include "verb.h"

static void help(void) {
        puts("Usage: seatrial bmc forget\n"
             "\n"
             "Forgets the BMC's certificate of the first use (bmc.trust in the plan), so that the\n"
             "next boot trusts whichever it is shown.\n"
             "\n"
             "  -h, --help  this text");
}

int verb_bmc_forget(int argc, char **argv) {
        int r, status;

        if (!command_begin(argc, argv, help, NULL, NULL, 0, &status))
                return status;

        r = efi_variable_delete(EFI_VARIABLE_ROOT, TRUST_VARIABLE);
        if (r == -EOPNOTSUPP)
                log_line("this machine's firmware has no EFI variables: no certificate has been kept");
        else if (r < 0)
                log_error(r, "the EFI variable %s cannot be removed", TRUST_VARIABLE);
        return r < 0;
}
