/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/klog.h>

#include "account.h"
#include "allocate.h"
#include "base/fd.h"
#include "base/text.h"
#include "physical.h"

#define IOMEM_MAX (1U << 20)

/* syslog(2) */
#define SYSLOG_ACTION_READ_ALL    3
#define SYSLOG_ACTION_SIZE_BUFFER 10

/* Ranges that a record has room for. */
#define RANGES_SHOWN 256

void account_done(struct account *account) {
        dimm_map_done(&account->dimms);
        ranges_done(&account->firmware);
        ranges_done(&account->kernel);
        ranges_done(&account->all);
        leg_done(&account->leg);
}

static int read_modules(struct account *account) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        int r;

        r = smbios_read("/sys", &smbios);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        r = dimm_map_decode(smbios, &account->dimms);
        if (r < 0)
                return r;

        for (size_t i = 0; i < account->dimms.n_dimms; i++) {
                if (account->dimms.dimms[i].size == UINT64_MAX) {
                        account->installed = 0;
                        break;
                }
                account->installed += account->dimms.dimms[i].size;
        }

        return 0;
}

int account_read(struct account *ret) {
        _cleanup_(account_done) struct account account = {};
        struct memory_situation situation = {};
        _cleanup_free_ char *iomem = NULL;
        int r;

        r = read_modules(&account);
        if (r < 0)
                return r;

        r = physical_firmware_ram("/sys", &account.firmware);
        if (r == -ENOMEM)
                return r;

        r = read_file("/proc/iomem", IOMEM_MAX, &iomem, NULL);
        if (r >= 0)
                r = physical_kernel_map(iomem, &account.kernel, &account.all);
        if (r == -ENOMEM)
                return r;

        r = leg_read(LEG_FOUND, &account.leg);
        if (r < 0 && r != -ENOENT)
                return r;
        account.second = r >= 0;

        (void) memory_situation_read("/sys", &situation);
        account.total = situation.total;
        *ret = account;
        account = (struct account){};
        return 0;
}

int account_beyond(const struct account *account, struct ranges *ret) {
        _cleanup_(ranges_done) struct ranges beyond = {};
        int r;

        if (account->second)
                return ranges_unite(ret, &account->leg.remaining);

        /* Without the kernel's map nobody knows what is free. */
        if (account->all.n_items == 0)
                return 0;

        r = ranges_unite(&beyond, &account->firmware);
        if (r < 0)
                return r;

        r = ranges_subtract(&beyond, &account->all);
        if (r < 0)
                return r;

        ranges_align(&beyond, 4096);
        *ret = beyond;
        beyond = (struct ranges){};
        return 0;
}

static uint64_t whole(const struct account *account) {
        return account->installed > 0 ? account->installed : account->total;
}

char *account_text(const struct account *account, uint64_t tested) {
        double share = 100 * (double) tested / (double) whole(account);
        int digits = share < 10 ? 2 : share < 90 ? 0 : 1;

        return strprintf("%s of %s%s tested (%.*f %%)%s", FORMAT_BYTES(tested),
                         account->installed > 0 ? "" : "the kernel's ", FORMAT_BYTES(whole(account)), digits,
                         share, account->second ? ", in two legs" : "");
}

/* What a next kernel finds in this one's memory, and looks for. */
static int keep_tables(struct leg *leg) {
        _cleanup_(ranges_done) struct ranges tables = {};
        _cleanup_free_ char *log = NULL;
        int size, r;

        size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
        if (size < 0)
                return -errno;

        log = malloc((size_t) size + 1);
        if (!log)
                return -ENOMEM;

        size = klogctl(SYSLOG_ACTION_READ_ALL, log, size);
        if (size < 0)
                return -errno;
        log[size] = '\0';

        r = physical_efi_tables(log, &tables);
        return r < 0 ? r : ranges_subtract(&leg->remaining, &tables);
}

int account_leave(const struct account *account, const struct ranges *tested, const struct ranges *lost,
                  const struct ranges *bad) {
        _cleanup_(leg_done) struct leg leg = {};
        int r;

        r = ranges_unite(&leg.tested, tested);
        if (r >= 0)
                r = ranges_subtract(&leg.tested, bad);
        if (r >= 0)
                r = ranges_unite(&leg.bad, bad);
        if (r >= 0)
                r = ranges_unite(&leg.remaining, &account->kernel);
        if (r >= 0)
                r = ranges_subtract(&leg.remaining, tested);
        if (r >= 0)
                r = ranges_subtract(&leg.remaining, lost);
        if (r >= 0)
                r = ranges_remove(&leg.remaining, 0, LEG_LOW_END);
        if (r >= 0)
                r = keep_tables(&leg);
        if (r < 0)
                return r;

        return leg_write(LEG_LEFT, &leg);
}

static json_t *modules_json(const struct account *account, const struct ranges *tested) {
        const struct dimm_map *dimms = &account->dimms;
        _cleanup_json_ json_t *modules = json_array();
        uint64_t sizes[dimms->n_dimms + 1];

        if (!modules || !dimm_map_share(dimms, tested, sizes))
                return TAKE_PTR(modules);

        for (size_t i = 0; i < dimms->n_dimms; i++)
                if (json_append(modules, json_pack("{s:s, s:I, s:I}", "module", dimms->dimms[i].locator,
                                                   "installed", (json_int_t) dimms->dimms[i].size, "tested",
                                                   (json_int_t) sizes[i])) < 0)
                        return NULL;

        return TAKE_PTR(modules);
}

static int add_reason(json_t *reasons, const char *reason, uint64_t size) {
        return size == 0 ? 0
                         : json_append(reasons,
                                       json_pack("{s:s, s:I}", "reason", reason, "size", (json_int_t) size));
}

/* Why what was not tested was not. */
static json_t *reasons_json(const struct account *account, const struct ranges *tested) {
        _cleanup_(ranges_done) struct ranges used = {}, unused = {};
        _cleanup_json_ json_t *reasons = json_array();
        const uint64_t firmware = ranges_size(&account->firmware);

        if (!reasons || ranges_unite(&used, &account->firmware) < 0 || ranges_subtract(&used, tested) < 0 ||
            ranges_unite(&unused, &used) < 0 || ranges_subtract(&unused, &account->kernel) < 0)
                return NULL;

        if (firmware > 0 && account->installed > firmware &&
            add_reason(reasons, "hidden by the firmware", account->installed - firmware) < 0)
                return NULL;
        if (add_reason(reasons,
                       account->second ? "needed by every kernel: the first MiB, the firmware's tables"
                                       : "kept from this kernel",
                       ranges_size(&unused)) < 0 ||
            add_reason(reasons, "in use by this kernel and this agent",
                       ranges_size(&used) - ranges_size(&unused)) < 0)
                return NULL;

        return TAKE_PTR(reasons);
}

/* "not tested: 5.86 MiB hidden by the firmware, 1.2 MiB in use by this kernel and this agent" */
static int report_reasons(const struct trial_context *context, const json_t *reasons) {
        _cleanup_free_ char *text = NULL;
        const json_t *reason;
        size_t i;

        json_array_foreach((json_t *) reasons, i, reason) {
                _cleanup_free_ char *before = text;
                uint64_t size = (uint64_t) json_integer_value(json_object_get(reason, "size"));

                text = strprintf("%s%s%s %s", before ?: "", before ? ", " : "", FORMAT_BYTES(size),
                                 json_get_string(reason, "reason"));
                if (!text)
                        return -ENOMEM;
        }

        return text ? trial_report_log(context, "INFO", "not tested: %s", text) : 0;
}

static int report_ranges(const struct account *account, const struct trial_context *context,
                         const struct ranges *tested) {
        _cleanup_json_ json_t *reasons = reasons_json(account, tested);
        _cleanup_free_ char *text = ranges_text(tested, RANGES_SHOWN);
        int r;

        if (!reasons)
                return -ENOMEM;

        r = report_reasons(context, reasons);
        if (r < 0)
                return r;

        return trial_report(
                context, json_pack("{s:{s:s, s:{s:I, s:I, s:I, s:I, s:o, s:o, s:s}}}", "extension", "name",
                                   "memory-coverage", "content", "installed", (json_int_t) account->installed,
                                   "firmwareRam", (json_int_t) ranges_size(&account->firmware), "kernelRam",
                                   (json_int_t) ranges_size(&account->kernel), "tested",
                                   (json_int_t) ranges_size(tested), "modules", modules_json(account, tested),
                                   "notTested", json_incref(reasons), "ranges", text));
}

int account_report(const struct account *account, const struct trial_context *context,
                   const struct ranges *tested, uint64_t size) {
        int r;

        r = trial_report_measurement(context, "tested-size", (double) size, "B", NULL);
        if (r < 0)
                return r;

        r = trial_report_measurement(context,
                                     account->installed > 0 ? "tested-share-of-installed"
                                                            : "tested-share-of-kernel-memory",
                                     100 * (double) size / (double) whole(account), "%", NULL);
        if (r < 0 || !tested)
                return r;

        return report_ranges(account, context, tested);
}
