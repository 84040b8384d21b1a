/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/efi-variable.h"
#include "base/event.h"
#include "base/text.h"
#include "last-boot.h"
#include "plan/plan.h"
#include "stages.h"

/* Longer than PID 1 takes to find out that a BMC does not answer. */
#define WATCHDOG_WAIT (15 * USEC_PER_SEC)

void last_boot_read(struct voyage *voyage) {
        int r;

        r = mark_read(EFI_VARIABLE_ROOT, &voyage->last_mark);
        if (r >= 0)
                voyage->has_last_mark = true;
        else if (r != -ENOENT && r != -EOPNOTSUPP)
                (void) journal_log(
                        voyage->journal, "WARNING",
                        "what the boot before this one has left in EFI variable %s cannot be read: %s",
                        MARK_VARIABLE, strerror(-r));
}

/* message is for a person, content, whose reference is taken, the same for programs. */
static int tell(struct voyage *voyage, const char *message, json_t *content) {
        _cleanup_json_ json_t *owned = content;
        unsigned step;
        int r;

        r = journal_step_start(voyage->journal, "last-boot", &step);
        if (r < 0)
                return r;

        r = journal_step_artifact(voyage->journal, step, "extension",
                                  json_pack("{s:s, s:O}", "name", "last-boot", "content", owned));
        if (r < 0)
                return r;

        /* Whether the hardware is to blame, a power cut or a person, cannot be known. */
        r = journal_step_artifact(
                voyage->journal, step, "diagnosis",
                json_pack("{s:s, s:s, s:s*}", "verdict",
                          voyage->watchdog_expired ? "reset-by-watchdog" : "ended-without-notice", "type",
                          "UNKNOWN", "message", message));
        return r < 0 ? r : journal_step_end(voyage->journal, step, OCP_COMPLETE);
}

int last_boot_report(struct voyage *voyage) {
        _cleanup_free_ char *where = NULL, *message = NULL;
        uint64_t until = now_usec() + WATCHDOG_WAIT, now;

        if (!voyage->has_last_mark)
                return 0;

        while (voyage->pulse && voyage->plan->watchdog_timeout > 0 && !voyage->watchdog_reported &&
               (now = now_usec()) < until) {
                int r = event_iterate(voyage->event, until - now);

                if (r < 0)
                        return r;
        }

        where = mark_describe(&voyage->last_mark);
        message = strprintf("the boot before this one (%s) ended without notice %s, last heard of at %s%s",
                            voyage->last_mark.boot, where ?: "", voyage->last_mark.time,
                            voyage->watchdog_expired ? "; the BMC's watchdog had reset the machine" : "");
        return tell(voyage, message,
                    json_pack("{s:s, s:s, s:s, s:i, s:s, s:b}", "boot", voyage->last_mark.boot, "stage",
                              voyage->last_mark.stage, "step", voyage->last_mark.step, "percent",
                              (int) voyage->last_mark.percent, "time", voyage->last_mark.time, "watchdog",
                              voyage->watchdog_expired));
}

int last_boot_report_late(struct voyage *voyage) {
        if (voyage->has_last_mark || !voyage->watchdog_expired)
                return 0;

        return tell(voyage,
                    "the BMC's watchdog had reset the machine in a boot before this one, which left no mark "
                    "of where "
                    "it was",
                    json_pack("{s:b}", "watchdog", true));
}
