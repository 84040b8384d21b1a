/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* From here on a signal such as SIGSEGV in PID 1 leads to a shell on the console and a PID 1 that goes on
 * reaping, instead of a kernel panic. */
void crash_arm(void);

/* The same for an error that PID 1 finds itself. Does not return. */
void crash(const char *reason) __attribute__((noreturn));
