/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the BMC has to say about this boot, from the channel into the plan. */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "plan/plan.h"
#include "stages.h"

void voyage_orders_done(struct voyage_orders *orders) {
        json_decref(orders->plan);
        free(orders->from);
        free(orders->uri);
}

void voyage_on_boot_override(const char *target, const char *from, const char *uri, void *userdata) {
        struct voyage *voyage = userdata;
        struct voyage_orders *orders = &voyage->orders;

        if (boot_override_parse(target, &orders->override) < 0)
                return;

        free(orders->from);
        free(orders->uri);
        orders->from = strdup(from);
        orders->uri = uri ? strdup(uri) : NULL;
}

void voyage_on_plan(const json_t *settings, void *userdata) {
        struct voyage *voyage = userdata;

        json_decref(voyage->orders.plan);
        voyage->orders.plan = json_deep_copy(settings);
}

static int log_problems(struct voyage *voyage, const struct plan_problems *problems) {
        for (size_t i = 0; i < problems->n_items; i++) {
                int r = journal_step_log(voyage->journal, voyage->bmc_step, "WARNING", "plan: %s: %s",
                                         problems->items[i].where, problems->items[i].message);

                if (r < 0)
                        return r;
        }

        return 0;
}

static int take_plan(struct voyage *voyage, struct plan_problems *problems) {
        const json_t *settings = voyage->orders.plan;
        int r;

        if (!settings)
                return 0;

        r = plan_apply_bmc(voyage->plan, settings, problems);
        if (r < 0)
                return r;

        return journal_step_log(
                voyage->journal, voyage->bmc_step, r > 0 ? "INFO" : "WARNING",
                r > 0 ? "the BMC's share of the plan: %zu settings"
                      : "the BMC's share of the plan, %zu settings, has mistakes: none is taken",
                json_object_size(settings));
}

/* uri: NULL leaves the plan's. Returns 0, -EINVAL when it cannot be followed (a problem tells why), -ENOMEM.
 */
static int boot_from(struct voyage *voyage, const char *sources, const char *uri,
                     struct plan_problems *problems) {
        const struct {
                const char *key, *value;
        } wanted[] = {
                {"production.uri", uri},
                {"production.sources", sources},
                {"production.then", "boot"},
        };

        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                int r;

                if (!wanted[i].value)
                        continue;

                r = plan_set(voyage->plan, wanted[i].key, wanted[i].value, voyage->orders.from, problems);

                if (r < 0)
                        return r;
        }

        return 0;
}

/* The override is more than the plan: it is what somebody wants now. Of what cannot be booted that way, the
 * machine's own disk takes the place, as with a boot order of firmware. */
static int take_override(struct voyage *voyage, struct plan_problems *problems) {
        int r;

        switch (voyage->orders.override) {
        case BOOT_OVERRIDE_DIAG:
                return voyage->plan->trial_long ? plan_apply_words(voyage->plan, voyage->plan->trial_long,
                                                                   "trial.long", problems)
                                                : 0;
        case BOOT_OVERRIDE_DISK:
                return boot_from(voyage, "local", NULL, problems);
        case BOOT_OVERRIDE_NETWORK:
                r = boot_from(voyage, "network,local", voyage->orders.uri ?: "", problems);
                return r == -EINVAL ? 0 : r;
        default:
                return 0;
        }
}

int voyage_take_orders(struct voyage *voyage) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        int r;

        second_leg_take_orders(voyage);
        r = take_plan(voyage, &problems);
        if (r >= 0)
                r = take_override(voyage, &problems);
        if (r < 0)
                return r;

        return log_problems(voyage, &problems);
}
