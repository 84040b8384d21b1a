/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "ecc.h"
#include "failures.h"

/* A trace of our own, so that nobody else's is disturbed. */
#define RECORD_COMMAND "/sys/kernel/tracing/options/record-cmd"
#define TRACE          "/sys/kernel/tracing/instances/seatrial-memory"
#define TRACE_ENABLE   TRACE "/events/mce/mce_record/enable"
#define TRACE_DECODED  TRACE "/events/ras/mc_event/enable"
#define TRACE_TEXT     TRACE "/trace"
#define TRACE_MAX      (1U << 20)
#define CHECK_INTERVAL "/sys/devices/system/machinecheck/machinecheck0/check_interval"

/* Intel SDM, volume 3, 16.3.2.2: IA32_MCi_STATUS. AMD's has these bits in the same places. */
#define STATUS_VALID       (UINT64_C(1) << 63)
#define STATUS_UNCORRECTED (UINT64_C(1) << 61)
#define STATUS_ADDRESS     (UINT64_C(1) << 58)

/* Named one by one up to so many. */
#define CHECKS_SHOWN 16

/* "MC9: " and not "MCGc/s: ". */
static const char *find_bank(const char *line) {
        const char *bank = strstr(line, "mce_record: ");

        do
                bank = bank ? strstr(bank + 1, " MC") : NULL;
        while (bank && (bank[3] < '0' || bank[3] > '9'));

        return bank;
}

int machine_check_parse(const char *line, struct machine_check *ret) {
        const char *bank = find_bank(line), *address;
        struct machine_check check;

        address = bank ? strstr(bank, "ADDR/MISC/SYND: ") : NULL;
        if (!address || sscanf(bank, " MC%*u: %" SCNx64, &check.status) != 1 ||
            sscanf(address, "ADDR/MISC/SYND: %" SCNx64, &check.address) != 1 ||
            !(check.status & STATUS_VALID))
                return 0;

        *ret = check;
        return 1;
}

/* "mc_event: 1 Corrected error: memory read error on CPU_SrcID#0_MC#0_Chan#0_DIMM#0 (mc:0 location:0:0:-1
 * address:0x1a000040 grain:32 syndrome:0x00000000 ...)": a label may have blanks. */
static char *event_module(const char *line, uint64_t place) {
        const char *label = strstr(line, " on "), *end = label ? strstr(label, " (mc:") : NULL;
        const char *numbers = end ? strstr(end, " address:0x") : NULL;
        uint64_t address, grain;

        if (!numbers || sscanf(numbers, " address:%" SCNx64 " grain:%" SCNu64, &address, &grain) != 2 ||
            grain == 0 || address / grain != place / grain)
                return NULL;

        label += strlen(" on ");
        return strndup(label, (size_t) (end - label));
}

char *edac_module_at(const char *trace, uint64_t place) {
        char *module = NULL;

        for (const char *event = trace; !module && (event = strstr(event, "mc_event: ")); event++) {
                _cleanup_free_ char *line = strndup(event, strcspn(event, "\n"));

                module = line ? event_module(line, place) : NULL;
        }

        return module;
}

bool machine_check_uncorrected(const struct machine_check *check) {
        return check->status & STATUS_UNCORRECTED;
}

bool machine_check_has_address(const struct machine_check *check) {
        return check->status & STATUS_ADDRESS;
}

/* An instance takes its options from the top. With the names of commands recorded, enabling any event has the
 * scheduler follow each switch and wake-up as well: code of every processor's that the kernel would patch
 * while it runs, for names that nobody reads. */
static bool make_instance(void) {
        _cleanup_free_ char *before = NULL;
        bool made;

        if (read_file(RECORD_COMMAND, 16, &before, NULL) >= 0)
                (void) write_text_file(RECORD_COMMAND, "0");
        made = mkdir(TRACE, 0700) >= 0 || errno == EEXIST;
        if (before)
                (void) write_text_file(RECORD_COMMAND, before);

        return made;
}

int ecc_watch_start(struct ecc_watch *watch) {
        int r;

        r = edac_read("/sys", &watch->before);
        if (r < 0)
                return r;

        /* Corrected errors are seen when somebody looks, by default every five minutes. */
        (void) write_text_file(CHECK_INTERVAL, "1");
        if (!make_instance())
                return 0;

        watch->traced = write_text_file(TRACE_ENABLE, "1") >= 0;
        (void) write_text_file(TRACE_DECODED, "1");
        return 0;
}

void ecc_watch_done(struct ecc_watch *watch) {
        edac_done(&watch->before);
        (void) rmdir(TRACE);
}

/* Counts of a module that went down were reset by somebody. */
static uint64_t growth(uint64_t before, uint64_t after) {
        return after > before ? after - before : after < before ? after : 0;
}

static int report_errors(const struct trial_context *context, const char *module, const char *id,
                         const char *where, uint64_t corrected, uint64_t uncorrected) {
        return trial_report_diagnosis(
                context, TRIAL_FAIL, uncorrected > 0 ? "memory-uncorrected-error" : "memory-corrected-errors",
                id, "%s: %" PRIu64 " corrected and %" PRIu64 " uncorrected error%s noticed by the hardware%s",
                module, corrected, uncorrected, corrected + uncorrected > 1 ? "s" : "", where);
}

/* What each module of EDAC's has counted. Returns how many diagnoses there were, a negative errno. */
static int report_counts(const struct ecc_watch *watch, const struct trial_context *context,
                         const struct edac *after, bool promised, uint64_t corrected_max) {
        uint64_t corrected = 0;
        int n = 0, r = 0;

        for (size_t i = 0; i < after->n_modules && r >= 0; i++) {
                const struct edac_module *module = &after->modules[i];
                uint64_t ce = module->corrected, ue = module->uncorrected;
                _cleanup_free_ char *id = module_id(context, module->label);

                if (i < watch->before.n_modules) {
                        ce = growth(watch->before.modules[i].corrected, ce);
                        ue = growth(watch->before.modules[i].uncorrected, ue);
                }
                corrected += ce;
                if (ue > 0 || ce > corrected_max) {
                        r = report_errors(context, module->label, id, "", ce, ue);
                        n++;
                }
                if (r >= 0 && promised && !module->ecc) {
                        r = trial_report_diagnosis(context, TRIAL_FAIL, "ecc-not-active", id,
                                                   "%s: ECC is off, though the firmware says that the memory "
                                                   "has it",
                                                   module->label);
                        n++;
                }
        }

        if (r >= 0)
                r = trial_report_measurement(context, "corrected-errors", (double) corrected, "count", NULL);
        return r < 0 ? r : n;
}

static int report_check(const struct trial_context *context, const struct dimm_map *dimms, const char *trace,
                        const struct machine_check *check) {
        _cleanup_free_ char *module = NULL, *where = NULL, *id = NULL;

        if (!machine_check_has_address(check))
                return trial_report_diagnosis(
                        context, TRIAL_FAIL, "machine-check", NULL,
                        "%s machine check without an address (status 0x%016" PRIx64 ")",
                        machine_check_uncorrected(check) ? "An uncorrected" : "A corrected", check->status);

        module = edac_module_at(trace, check->address);
        id = module ? module_id(context, module) : module_id_at(context, dimms, check->address);
        if (!module)
                module = dimm_map_text(dimms, check->address);
        where = strprintf(" at 0x%" PRIx64, check->address);
        if (!module || !where)
                return -ENOMEM;

        return report_errors(context, module, id, where, !machine_check_uncorrected(check),
                             machine_check_uncorrected(check));
}

/* Machine checks with an address or uncorrected: what EDAC has counted as well is told twice, once with the
 * address. Returns how many diagnoses there were, a negative errno. */
static int report_checks(const struct trial_context *context, const struct dimm_map *dimms,
                         uint64_t corrected_max) {
        _cleanup_free_ char *text = NULL, *lines = NULL;
        struct machine_check check;
        uint64_t corrected = 0;
        char *line, *rest;
        int n = 0, r;

        r = read_file(TRACE_TEXT, TRACE_MAX, &text, NULL);
        if (r < 0)
                return r;

        lines = strdup(text);
        if (!lines)
                return -ENOMEM;

        for (rest = lines; (line = strsep(&rest, "\n"));) {
                if (!machine_check_parse(line, &check))
                        continue;
                if (!machine_check_uncorrected(&check) && ++corrected <= corrected_max)
                        continue;
                if (n++ < CHECKS_SHOWN) {
                        r = report_check(context, dimms, text, &check);
                        if (r < 0)
                                return r;
                }
        }

        return n;
}

/* By the firmware's own account: an array that corrects, of modules that have nothing to correct with. */
static int report_contradictions(const struct trial_context *context, const struct dimm_map *dimms) {
        int n = 0;

        for (size_t i = 0; i < dimms->n_dimms && dimms->ecc; i++)
                if (dimms->dimms[i].data_only) {
                        _cleanup_free_ char *id = module_id(context, dimms->dimms[i].locator);
                        int r = trial_report_diagnosis(context, TRIAL_FAIL, "ecc-not-active", id,
                                                       "%s is no wider than its data, though the firmware "
                                                       "says that the memory has ECC",
                                                       dimms->dimms[i].locator);

                        if (r < 0)
                                return r;
                        n++;
                }

        return n;
}

int ecc_watch_report(struct ecc_watch *watch, const struct trial_context *context,
                     const struct dimm_map *dimms, uint64_t corrected_max) {
        _cleanup_(edac_done) struct edac after = {};
        int n, checks = 0, r;

        n = report_contradictions(context, dimms);
        if (n < 0)
                return n;

        if (watch->traced) {
                checks = report_checks(context, dimms, corrected_max);
                (void) write_text_file(TRACE_ENABLE, "0");
                (void) write_text_file(TRACE_DECODED, "0");
                if (checks < 0)
                        return checks;
        }

        r = edac_read("/sys", &after);
        if (r < 0)
                return r;

        /* What nobody counts is unknown, and not zero. */
        if (after.n_modules == 0) {
                r = trial_report_log(context, "INFO",
                                     "no driver counts the corrected errors of this memory controller%s",
                                     watch->traced ? "; machine checks are looked for" : "");
                return r < 0 ? r : n + checks;
        }

        r = report_counts(watch, context, &after, dimms->ecc, corrected_max);
        return r < 0 ? r : n + checks + r;
}
