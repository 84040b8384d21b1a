/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "bmc/ipmi/chassis.h"
#include "bmc/redfish/boot-source.h"
#include "bmc/redfish/redfish.h"
#include "contact.h"
#include "orders.h"

/* Somebody who changes the override at the very moment may do so once more. */
#define TRIES 3U

static void _printf_(3, 4)
        say(const struct orders_receiver *receiver, const char *severity, const char *format, ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = vstrprintf(format, ap);
        va_end(ap);

        if (message)
                receiver->log(severity, message, receiver->userdata);
}

static void order(const struct orders_receiver *receiver, enum boot_override override, const char *from,
                  const char *uri) {
        _cleanup_json_ json_t *message = NULL;

        message = json_pack("{ssss ss*}", "target", boot_override_text(override), "from", from, "uri", uri);
        if (message)
                receiver->boot_override(message, receiver->userdata);
}

/* Clears what is for one boot. Returns what has come of it, and in *ret (whose texts are copies) what it was.
 */
static int take_source(struct contact *contact, struct boot_source *ret, char **ret_target, char **ret_uri) {
        int r;

        for (unsigned i = 0;; i++) {
                r = boot_source_read(contact->system, ret);
                free(TAKE_PTR(*ret_target));
                free(TAKE_PTR(*ret_uri));
                if (ret->target) {
                        *ret_target = strdup(ret->target);
                        *ret_uri = ret->uri ? strdup(ret->uri) : NULL;
                }
                if (r < 0 || !ret->once || !ret->target)
                        return r;

                r = boot_source_clear(contact->redfish, &contact->system);
                if (r != -ESTALE || i >= TRIES)
                        return r;
        }
}

/* Returns 1 when there was one, 0, an error that is passing. */
static int take_from_redfish(struct contact *contact, const struct orders_receiver *receiver) {
        _cleanup_free_ char *target = NULL, *uri = NULL, *from = NULL;
        struct boot_source source;
        int r;

        r = take_source(contact, &source, &target, &uri);
        if (!target)
                return 0;
        if (source.override == BOOT_OVERRIDE_NONE) {
                say(receiver, "WARNING",
                    "the operator wants this boot to go to %s (BootSourceOverrideTarget), which is not ours "
                    "to "
                    "do: going on by the plan",
                    target);
                return 1;
        }
        if (contact_is_passing(r) || r == -EACCES)
                return explain_error(&contact->problem, r, "the boot override cannot be cleared: %s",
                                     redfish_problem(contact->redfish));

        from = strprintf("Redfish BootSourceOverrideTarget %s", target);
        if (!from)
                return -ENOMEM;

        say(receiver, "INFO", "the operator wants of %s boot: %s (%s%s%s)", source.once ? "this" : "every",
            boot_override_text(source.override), from, uri ? ", HttpBootUri " : "", uri ?: "");
        if (r < 0)
                say(receiver, "WARNING",
                    "the boot override stays for the next boot, since it cannot be cleared: %s",
                    redfish_problem(contact->redfish));

        order(receiver, source.override, from, uri);
        return 1;
}

static void take_from_ipmi(struct contact *contact, const struct orders_receiver *receiver) {
        enum boot_override override = BOOT_OVERRIDE_NONE;
        _cleanup_free_ char *problem = NULL;
        int r;

        r = chassis_take_boot_override(&contact->ipmi, contact->wait, &override, &problem);
        if (r >= 0 && problem)
                say(receiver, "WARNING", "%s", problem);
        if (r < 0 || override == BOOT_OVERRIDE_NONE)
                return;

        say(receiver, "INFO", "the operator wants of this boot: %s (IPMI boot flags)",
            boot_override_text(override));
        order(receiver, override, "IPMI boot flags", NULL);
}

static void take_plan(struct contact *contact, const struct orders_receiver *receiver) {
        json_t *plan =
                json_object_get(json_object_get(json_object_get(contact->system, "Oem"), "Seatrial"), "Plan");

        if (json_object_size(plan) > 0)
                receiver->plan(plan, receiver->userdata);
}

int orders_take(struct contact *contact, const struct orders_receiver *receiver) {
        int r = 0;

        if (contact->system) {
                r = take_from_redfish(contact, receiver);
                if (r < 0)
                        return r;
                take_plan(contact, receiver);
        }
        if (r == 0)
                take_from_ipmi(contact, receiver);

        return 0;
}

static const char *format_second(char buffer[static 32], uint64_t usec) {
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        if (!gmtime_r(&seconds, &tm) || strftime(buffer, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                return "?";
        return buffer;
}

void orders_set_clock(struct contact *contact, const struct orders_receiver *receiver) {
        uint64_t now = clock_now(), theirs = redfish_time(contact->redfish);
        char before[32], after[32];
        int r;

        if (clock_is_plausible(now))
                return;

        format_second(before, now);
        if (!clock_is_plausible(theirs)) {
                say(receiver, "WARNING", "the clock cannot be right, %s, and the BMC's does not help",
                    before);
                return;
        }

        r = clock_set(theirs);
        if (r < 0)
                say(receiver, "WARNING", "the clock cannot be right, %s, and cannot be set by the BMC's: %s",
                    before, strerror(-r));
        else
                say(receiver, "WARNING", "the clock could not be right, %s: set by the BMC's to %s", before,
                    format_second(after, theirs));
}
