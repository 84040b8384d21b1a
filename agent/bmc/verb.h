/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* seatrial bmc status [--open]: shows the way to the BMC. Returns an exit status. */
int verb_bmc(int argc, char **argv);
