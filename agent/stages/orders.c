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

/* The override is more than the plan: it is what somebody wants now. */
static int take_override(struct voyage *voyage, struct plan_problems *problems) {
        switch (voyage->orders.override) {
        case BOOT_OVERRIDE_DIAG:
                return voyage->plan->trial_long ? plan_apply_words(voyage->plan, voyage->plan->trial_long,
                                                                   "trial.long", problems)
                                                : 0;
        case BOOT_OVERRIDE_DISK:
                return plan_set(voyage->plan, "production.then", "boot", voyage->orders.from, problems);
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
