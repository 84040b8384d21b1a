/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* seatrial bmc THING: for a person in the rescue shell. Returns an exit status. */
int verb_bmc(int argc, char **argv);

/* What it can do, each in a file of its own; argv[0] is its name. Return an exit status. */
int verb_bmc_bootdev(int argc, char **argv);
int verb_bmc_forget(int argc, char **argv);
int verb_bmc_log(int argc, char **argv);
int verb_bmc_sel(int argc, char **argv);
int verb_bmc_status(int argc, char **argv);
