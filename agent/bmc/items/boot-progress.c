/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far the boot is. Only where it is now counts: what was due before and could not be told is left out. */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bmc/ipmi/boot-progress.h"
#include "bmc/ipmi/ipmi.h"
#include "item.h"

struct progress {
        const struct boot_progress *due;
        struct ipmi_way way;
};

static int progress_see(void *state, const struct happening *h) {
        static const struct boot_progress *const begins[] = {
                [STAGE_DISCOVERY] = &boot_progress_devices,
                [STAGE_TRIAL] = &boot_progress_memory_test,
                [STAGE_PRODUCTION] = &boot_progress_initialized,
        };
        struct progress *progress = state;

        if (h->kind == STAGE_BEGINS && h->stage != STAGE_UNKNOWN)
                progress->due = begins[h->stage];
        if (h->kind == STAGE_ENDS && h->stage == STAGE_PRODUCTION && h->result == RESULT_PASS)
                progress->due = &boot_progress_os_start;

        return 0;
}

/* Reads back what was written. */
static int progress_check(struct progress *progress, struct item_call *call, struct ipmi *ipmi) {
        _cleanup_free_ char *problem = NULL;
        struct boot_progress now;
        int r;

        r = boot_progress_get(ipmi, call->means->wait, &now, &problem);
        if (r < 0)
                item_report(call, progress->way.name, ITEM_ACCEPTED, TAKE_PTR(problem));
        else if (memcmp(&now, progress->due, sizeof(now)) != 0)
                item_report(call, progress->way.name, ITEM_ACCEPTED,
                            strprintf("%s: the BMC takes it, and tells another one", ipmi->name));
        else
                item_report(call, progress->way.name, ITEM_VERIFIED,
                            strprintf("%s: told again as it was written", ipmi->name));

        return r == -ENOMEM ? r : 0;
}

static int progress_write(void *state, struct item_call *call) {
        struct progress *progress = state;
        struct ipmi *ipmi;
        int r, error;

        progress->way.name = "SBMR boot progress";
        while (progress->due && (ipmi = item_ipmi(call, &progress->way))) {
                _cleanup_free_ char *problem = NULL;

                error = boot_progress_set(ipmi, call->means->wait, progress->due, &problem);
                if (error >= 0) {
                        r = progress_check(progress, call, ipmi);
                        progress->due = NULL;
                        return r;
                }

                r = item_ipmi_failed(call, &progress->way, error, TAKE_PTR(problem));
                if (item_is_answer(error) && r <= 0)
                        progress->due = NULL;
                if (r <= 0)
                        return r;
        }

        return 0;
}

const struct item item_boot_progress = {
        .name = "boot progress",
        .state_size = sizeof(struct progress),
        .see = progress_see,
        .write = progress_write,
};
