/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log.h: what a command has to say to the person who started it. Parts that run during a boot write to the
 * journal instead (journal/journal.h); library code returns its error and says nothing. */
#pragma once

#include "macro.h"

/* One line on standard error, "seatrial: " before it. */
void log_line(const char *format, ...) _printf_(1, 2);

/* The same with the error's text behind it, ": No such file or directory". Returns error, which is negative,
 * so that "return log_error(r, ...)" reads well. */
int log_error(int error, const char *format, ...) _printf_(2, 3);
