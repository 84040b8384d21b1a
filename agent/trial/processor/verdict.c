/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "verdict.h"

/* Appends ", " and a printf text to *list, which is freed and NULL when memory is short, and stays so. */
static void _printf_(2, 3) list_add(char **list, const char *format, ...) {
        _cleanup_free_ char *before = *list, *item = NULL;
        va_list ap;

        va_start(ap, format);
        item = vstrprintf(format, ap);
        va_end(ap);

        *list = before && item ? strprintf("%s%s%s", before, *before ? ", " : "", item) : NULL;
}

/* "SHA-512 (3 of 20), AES-256-GCM (3 of 20)", empty when all was right; NULL when memory is short. before:
 * the processor that hops to this one. */
static char *wrong_text(const struct processor_record *record, const struct processor_record *before) {
        char *text = strdup("");

        for (size_t i = 0; i < n_kernels; i++)
                if (record->wrong[i] > 0)
                        list_add(&text, "%s (%" PRIu64 " of %" PRIu64 ")", kernels[i].name, record->wrong[i],
                                 record->rounds);

        if (before->wrong_hops > 0)
                list_add(&text, "decryption of what cpu %u had encrypted (%" PRIu64 " of %" PRIu64 ")",
                         before->processor, before->wrong_hops, before->rounds);

        return text;
}

/* "SHA-256, SHA-512, ...", those that run here. NULL when memory is short. */
static char *kernels_text(void) {
        char *text = strdup("");

        for (size_t i = 0; i < n_kernels; i++)
                if (kernels[i].supported())
                        list_add(&text, "%s", kernels[i].name);

        return text;
}

/* The run's parts under test are whole packages: "cpu-0". NULL when the kernel does not tell which one it
 * is. */
static char *package_id(unsigned processor) {
        _cleanup_free_ char *path = NULL;
        uint64_t package;

        path = strprintf("/sys/devices/system/cpu/cpu%u/topology/physical_package_id", processor);
        if (!path || read_u64_file_at(AT_FDCWD, path, &package) < 0)
                return NULL;

        return strprintf("cpu-%" PRIu64, package);
}

/* Returns how many processors were wrong, a negative errno. */
static int report_wrong(const struct trial_context *context, const struct processor_record *records,
                        size_t n) {
        int n_wrong = 0;

        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *wrong = NULL, *id = NULL;
                int r;

                wrong = wrong_text(&records[i], &records[(i + n - 1) % n]);
                if (!wrong)
                        return -ENOMEM;
                if (!*wrong)
                        continue;

                n_wrong++;
                id = package_id(records[i].processor);
                r = trial_report_diagnosis(context, TRIAL_FAIL, "processor-miscompare", id,
                                           "cpu %u differs from the golden values in %s",
                                           records[i].processor, wrong);
                if (r < 0)
                        return r;
        }

        return n_wrong;
}

int processor_report(const struct trial_context *context, const struct processor_record *records, size_t n,
                     uint64_t usec) {
        uint64_t rounds = 0, differences = 0;
        _cleanup_free_ char *names = NULL;
        int r;

        for (size_t i = 0; i < n; i++) {
                rounds += records[i].rounds;
                differences += records[i].wrong_hops;
                for (size_t j = 0; j < n_kernels; j++)
                        differences += records[i].wrong[j];
        }

        names = kernels_text();
        if (!names)
                return -ENOMEM;

        r = trial_report_log(context, "INFO", "Each round: %s", names);
        if (r < 0)
                return r;

        r = trial_report_measurement(context, "rounds", (double) rounds, "count", NULL);
        if (r < 0)
                return r;

        r = trial_report_measurement(context, "duration", (double) usec / (double) USEC_PER_SEC, "s", NULL);
        if (r < 0)
                return r;

        r = trial_report(context, json_pack("{s:{s:s, s:I, s:s, s:[{s:s, s:i}]}}", "measurement", "name",
                                            "differences", "value", (json_int_t) differences, "unit", "count",
                                            "validators", "type", "EQUAL", "value", 0));
        if (r < 0)
                return r;

        r = report_wrong(context, records, n);
        if (r != 0)
                return MIN(r, 0);

        return trial_report_diagnosis(
                context, TRIAL_PASS, "processor-ok", NULL,
                "%zu processor%s in %s, %" PRIu64 " rounds, no difference; a short pass is weak "
                "evidence",
                n, n > 1 ? "s, each alone and all together," : "", FORMAT_DURATION(usec), rounds);
}
