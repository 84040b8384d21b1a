/* SPDX-License-Identifier: GPL-3.0-or-later */
/* last-boot.h: what became of the boot before this one, when it did not end of its own will. */
#pragma once

struct voyage;

/* Reads the mark that it left. To be called before this boot leaves its own. */
void last_boot_read(struct voyage *voyage);

/* As a step of discovery: tells of a mark that was found, and whether it was the watchdog. Returns 0, a
 * negative errno. */
int last_boot_report(struct voyage *voyage);

/* The same at discovery's end for a watchdog that has expired and left no mark, on firmware without
 * variables. */
int last_boot_report_late(struct voyage *voyage);
