/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ecc.h: errors that the hardware has noticed by itself while the memory was tested: corrected ones, which a
 * pattern never sees, and uncorrected ones. From EDAC, which names the module, and from machine checks, whose
 * address SMBIOS turns into one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../trial.h"
#include "dimm.h"

/* One module as EDAC has it (Documentation/ABI/testing/sysfs-devices-edac). */
struct edac_module {
        char *label;    /* "CPU_SrcID#0_MC#0_Chan#0_DIMM#0", or what the firmware calls it */
        char *location; /* "channel 0 slot 0", or NULL */
        bool ecc;       /* it corrects: its mode is not None */
        uint64_t corrected, uncorrected;
};

struct edac {
        struct edac_module *modules;
        size_t n_modules;
};

/* From sys_root/devices/system/edac/mc; without a driver for the memory controller there are no modules.
 * Returns 0, a negative errno. */
int edac_read(const char *sys_root, struct edac *ret);
void edac_done(struct edac *edac);

/* A machine check as the kernel traces it (include/trace/events/mce.h). */
struct machine_check {
        uint64_t status, address;
};

/* Reads a line of the trace. Returns 1, 0 for a line that is none. */
int machine_check_parse(const char *line, struct machine_check *ret);

bool machine_check_uncorrected(const struct machine_check *check);
bool machine_check_has_address(const struct machine_check *check);

/* The watch over all of it while a trial runs. */
struct ecc_watch {
        struct edac before;
        bool traced; /* machine checks are */
};

/* Begins: reads the counters, has machine checks traced and looked for every second. Returns 0, a negative
 * errno. */
int ecc_watch_start(struct ecc_watch *watch);

/* Ends, and reports what there was: corrected errors over corrected_max, any uncorrected error, and a module
 * without ECC where the firmware promises it each fail. Returns how many of these there were, a negative
 * errno. */
int ecc_watch_report(struct ecc_watch *watch, const struct trial_context *context,
                     const struct dimm_map *dimms, uint64_t corrected_max);

void ecc_watch_done(struct ecc_watch *watch);
