/* SPDX-License-Identifier: GPL-3.0-or-later */
/* position.h: where exactly an error was that the hardware noticed: channel, rank, row and column, as far as
 * EDAC's driver for the memory controller, or the firmware through it, tells. */
#pragma once

#include <stdint.h>

/* An event of EDAC's as the kernel traces it (include/ras/ras_event.h). */
struct edac_event {
        char *module;            /* the label, "CPU_SrcID#0_MC#0_Chan#0_DIMM#0" */
        uint64_t address, grain; /* bytes; the address is good to grain */
        char *detail; /* what the driver adds: "err_code:0x0101:0x0090 PhysicalRankId:0x1 Row:0x442a" */
};

void edac_event_done(struct edac_event *event);

/* The first event in the text of a trace for that place, or the last one for that module. Returns 1, 0 when
 * there is none, -ENOMEM. */
int edac_event_at(const char *trace, uint64_t place, struct edac_event *ret);
int edac_event_of(const char *trace, const char *module, struct edac_event *ret);

/* "channel 0 slot 1, rank 1, bank group 2, bank 3, row 0x442a, column 0x380". location: of the module as EDAC
 * has it, "channel 0 slot 1", or NULL; detail: of an event, or NULL. What neither tells of channel, rank, row
 * and column is named: "csrow 2 channel 1 (no driver tells the row or the column)". Newly allocated, NULL
 * when memory is short. */
char *position_text(const char *location, const char *detail);
