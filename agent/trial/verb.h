/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* seatrial trial NAME [OPTION...]: runs one trial. Returns an exit status: 0 passed, 1 failed, 2 wrong usage,
 * 3 it could not be run. */
int verb_trial(int argc, char **argv);
