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
#include "position.h"

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

/* What a module of EDAC's has counted, and where the last error was that the trace tells of. */
static int report_count(const struct trial_context *context, const struct edac_module *module, const char *id,
                        const char *trace, uint64_t corrected, uint64_t uncorrected) {
        _cleanup_(edac_event_done) struct edac_event event = {};
        _cleanup_free_ char *position = NULL, *where = NULL;
        int r;

        r = edac_event_of(trace, module->label, &event);
        if (r < 0)
                return r;

        position = position_text(module->location, event.detail);
        if (!position)
                return -ENOMEM;

        where = r > 0 ? strprintf(", the last at 0x%" PRIx64 ", %s", event.address, position)
                      : strprintf(", %s", position);
        if (!where)
                return -ENOMEM;

        return report_errors(context, module->label, id, where, corrected, uncorrected);
}

/* Returns how many diagnoses there were, a negative errno. */
static int report_counts(const struct ecc_watch *watch, const struct trial_context *context,
                         const struct edac *after, const char *trace, bool promised, uint64_t corrected_max) {
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
                        r = report_count(context, module, id, trace, ce, ue);
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

static const char *location_of(const struct edac *edac, const char *label) {
        for (size_t i = 0; i < edac->n_modules; i++)
                if (streq(edac->modules[i].label, label))
                        return edac->modules[i].location;

        return NULL;
}

static int report_check(const struct trial_context *context, const struct dimm_map *dimms,
                        const struct edac *edac, const char *trace, const struct machine_check *check) {
        _cleanup_free_ char *module = NULL, *where = NULL, *id = NULL, *position = NULL;
        _cleanup_(edac_event_done) struct edac_event event = {};
        int r;

        if (!machine_check_has_address(check))
                return trial_report_diagnosis(
                        context, TRIAL_FAIL, "machine-check", NULL,
                        "%s machine check without an address (status 0x%016" PRIx64 ")",
                        machine_check_uncorrected(check) ? "An uncorrected" : "A corrected", check->status);

        /* EDAC's driver knows how the memory controller lays addresses out. */
        r = edac_event_at(trace, check->address, &event);
        if (r < 0)
                return r;
        if (r > 0) {
                module = TAKE_PTR(event.module);
                id = module_id(context, module);
                position = position_text(location_of(edac, module), event.detail);
        } else {
                module = dimm_map_text(dimms, check->address);
                id = module_id_at(context, dimms, check->address);
                position = position_text(NULL, NULL);
        }

        where = strprintf(" at 0x%" PRIx64 ", %s", check->address, position ?: "");
        if (!module || !position || !where)
                return -ENOMEM;

        return report_errors(context, module, id, where, !machine_check_uncorrected(check),
                             machine_check_uncorrected(check));
}

/* Machine checks with an address or uncorrected: what EDAC has counted as well is told twice, once with the
 * address. Returns how many diagnoses there were, a negative errno. */
static int report_checks(const struct trial_context *context, const struct dimm_map *dimms,
                         const struct edac *edac, const char *trace, uint64_t corrected_max) {
        _cleanup_free_ char *lines = strdup(trace);
        struct machine_check check;
        uint64_t corrected = 0;
        char *line, *rest;
        int n = 0;

        if (!lines)
                return -ENOMEM;

        for (rest = lines; (line = strsep(&rest, "\n"));) {
                if (!machine_check_parse(line, &check))
                        continue;
                if (!machine_check_uncorrected(&check) && ++corrected <= corrected_max)
                        continue;
                if (n++ < CHECKS_SHOWN) {
                        int r = report_check(context, dimms, edac, trace, &check);

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
        _cleanup_free_ char *trace = NULL;
        int n, checks, r;

        n = report_contradictions(context, dimms);
        if (n < 0)
                return n;

        /* The counters first: what comes between is in the trace, and not the other way about. */
        r = edac_read("/sys", &after);
        if (r < 0)
                return r;

        r = watch->traced ? read_file(TRACE_TEXT, TRACE_MAX, &trace, NULL) : 0;
        if (watch->traced) {
                (void) write_text_file(TRACE_ENABLE, "0");
                (void) write_text_file(TRACE_DECODED, "0");
        }
        if (r < 0)
                return r;

        checks = report_checks(context, dimms, &after, trace ?: "", corrected_max);
        if (checks < 0)
                return checks;

        /* What nobody counts is unknown, and not zero. */
        if (after.n_modules == 0) {
                r = trial_report_log(context, "INFO",
                                     "no driver counts the corrected errors of this memory controller%s",
                                     watch->traced ? "; machine checks are looked for" : "");
                return r < 0 ? r : n + checks;
        }

        r = report_counts(watch, context, &after, trace ?: "", dimms->ecc, corrected_max);
        return r < 0 ? r : n + checks + r;
}
