/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "boot/boot.h"
#include "inventory/inventory.h"
#include "plan/plan.h"
#include "stages.h"
#include "trial/memory/leg.h"

#define EXCLUDE_MAX 4096U

static int conclude(struct voyage *voyage, enum plan_after after, const char *reason) {
        static const enum outcome_action actions[] = {
                [AFTER_BOOT] = OUTCOME_KEXEC,
                [AFTER_RESCUE] = OUTCOME_RESCUE,
                [AFTER_POWEROFF] = OUTCOME_POWEROFF,
                [AFTER_REBOOT] = OUTCOME_REBOOT,
        };

        outcome_done(&voyage->outcome);
        voyage->outcome.action = actions[after];
        voyage->outcome.reason = strprintf("%s", reason);
        return voyage->outcome.reason ? 0 : -ENOMEM;
}

/* The production OS is not to be booted: says why, and what happens instead. */
static int refuse(struct voyage *voyage, enum plan_after after, const char *reason) {
        int r;

        r = journal_log(voyage->journal, "WARNING", "not booting: %s", reason);
        if (r < 0)
                return r;

        r = journal_run_end(voyage->journal, OCP_SKIP, OCP_NOT_APPLICABLE);
        if (r < 0)
                return r;

        return conclude(voyage, after, reason);
}

/* The memory trial has left pages that the production OS has to leave alone. Returns 0, a negative errno. */
static int exclude_bad_pages(struct voyage *voyage) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        const char *before = voyage->plan->production_options;
        _cleanup_free_ char *memmap = NULL, *options = NULL;
        int r;

        r = read_file(LEG_EXCLUDE, EXCLUDE_MAX, &memmap, NULL);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        options = strprintf("%s%s%s", before ?: "", before ? " " : "", memmap);
        if (!options)
                return -ENOMEM;

        r = plan_set(voyage->plan, "production.options", options, "memory trial", &problems);
        return r < 0 ? r
                     : journal_log(voyage->journal, "WARNING",
                                   "bad memory is left out of the production OS (trial.memory.exclude): %s",
                                   memmap);
}

static int find_entries(struct voyage *voyage, const struct boot_source *source,
                        struct boot_entries *entries) {
        struct step_log log = {.journal = voyage->journal};
        int r;

        r = journal_step_start(voyage->journal, "entries", &log.step);
        if (r < 0)
                return r;

        r = boot_find(voyage->event, voyage->plan, source, entries, step_log, &log);
        if (r >= 0 && entries->n_items > 0) {
                r = journal_step_log(voyage->journal, log.step, "INFO", "%zu found; first %s on %s",
                                     entries->n_items, entries->items[0]->title ?: entries->items[0]->id,
                                     entries->items[0]->device);
                return r < 0 ? r : journal_step_end(voyage->journal, log.step, OCP_COMPLETE);
        }

        r = journal_step_artifact(
                voyage->journal, log.step, "error",
                json_pack("{s:s, s:s}", "symptom", "no-boot-entry", "message", source->nothing));
        return r < 0 ? r : journal_step_end(voyage->journal, log.step, OCP_ERROR);
}

/* Loads the first entry that can be. Returns it, or NULL when there is none left. */
static const struct boot_entry *load_first(struct voyage *voyage, const struct boot_entries *entries) {
        for (size_t i = 0; i < entries->n_items; i++) {
                const struct boot_entry *entry = entries->items[i];
                struct step_log log = {.journal = voyage->journal};
                int r;

                if (journal_step_start(voyage->journal, "kexec", &log.step) < 0)
                        return NULL;

                r = boot_load(voyage->event, voyage->plan, entry, step_log, &log);
                if (r >= 0)
                        (void) journal_step_log(voyage->journal, log.step, "INFO", "%s is loaded",
                                                entry->title ?: entry->id);
                (void) journal_step_end(voyage->journal, log.step, r < 0 ? OCP_ERROR : OCP_COMPLETE);
                if (r >= 0)
                        return entry;
        }

        return NULL;
}

/* Looks at the plan's boot sources, and loads the first entry of the first that has one which can be. Returns
 * 1 with *ret_title telling what it is; 0 with *ret_reason telling why there is none; a negative errno. */
static int load_from_sources(struct voyage *voyage, char **ret_title, char **ret_reason) {
        bool found = false;
        int r;

        for (char **name = voyage->plan->production_sources; *name; name++) {
                _cleanup_(boot_entries_done) struct boot_entries entries = {};
                const struct boot_source *source = boot_source_find(*name);
                const struct boot_entry *entry;

                if (!source) {
                        r = journal_log(voyage->journal, "WARNING",
                                        "there is no boot source \"%s\" (production.sources in the plan)",
                                        *name);
                        if (r < 0)
                                return r;
                        continue;
                }

                r = find_entries(voyage, source, &entries);
                if (r < 0)
                        return r;
                found = found || entries.n_items > 0;

                entry = load_first(voyage, &entries);
                if (entry) {
                        *ret_title = strprintf("%s", entry->title ?: entry->id);
                        return *ret_title ? 1 : -ENOMEM;
                }

                free(*ret_reason);
                *ret_reason = strdup(found ? "none of the boot entries could be loaded" : source->nothing);
                if (!*ret_reason)
                        return -ENOMEM;
        }

        return 0;
}

/* The production OS is booted by the kernel that is started next. */
static int follow_second_leg(struct voyage *voyage) {
        int r;

        r = journal_log(voyage->journal, "INFO", "the production OS comes after that");
        if (r < 0)
                return r;

        r = journal_run_end(voyage->journal, OCP_SKIP, OCP_NOT_APPLICABLE);
        return r < 0 ? r : conclude(voyage, AFTER_BOOT, "the second leg of the memory trial");
}

/* What the operator wants of this boot, where it has a say here. Returns 1 when the production OS is not to
 * be booted, and the stage has ended; 0, a negative errno. */
static int follow_override(struct voyage *voyage) {
        const struct voyage_orders *orders = &voyage->orders;
        _cleanup_free_ char *reason = NULL;
        int r;

        switch (orders->override) {
        case BOOT_OVERRIDE_SETUP:
                reason = strprintf("the operator wants the rescue shell (%s)", orders->from);
                break;
        case BOOT_OVERRIDE_DIAG:
                reason = strprintf("the operator wanted a trial, and the machine held after it (%s)",
                                   orders->from);
                break;
        case BOOT_OVERRIDE_CD:
                return journal_log(voyage->journal, "WARNING",
                                   "the operator wants a boot from cd (%s), which this version cannot do: "
                                   "going on by the plan",
                                   orders->from);
        case BOOT_OVERRIDE_NETWORK:
        case BOOT_OVERRIDE_DISK:
        case BOOT_OVERRIDE_NONE:
                return 0;
        }

        r = refuse(voyage, AFTER_RESCUE, reason ?: "the operator wants it so");
        return r < 0 ? r : 1;
}

static int production_run(struct voyage *voyage) {
        _cleanup_free_ char *title = NULL, *reason = NULL;
        const struct plan *plan = voyage->plan;
        json_t *dut_info = NULL;
        int r;

        r = inventory_dut_info(voyage->inventory, &dut_info);
        if (r < 0)
                return r;

        r = journal_run_start(voyage->journal, "production", voyage_parameters(voyage), dut_info);
        if (r < 0)
                return r;

        if (voyage->deviates && plan->manifest_failed != AFTER_BOOT)
                return refuse(voyage, plan->manifest_failed,
                              "the machine is not as it was ordered (manifest.failed in the plan)");

        if (voyage->trial_failed && plan->trial_failed != AFTER_BOOT)
                return refuse(voyage, plan->trial_failed, "the trial has failed (trial.failed in the plan)");

        if (second_leg_wanted(voyage)) {
                r = second_leg_load(voyage);
                if (r < 0)
                        return r;
                if (r > 0)
                        return follow_second_leg(voyage);
        }

        r = follow_override(voyage);
        if (r != 0)
                return MIN(r, 0);

        if (plan->bmc_channel == CHANNEL_REQUIRED && channel_get_state(voyage->channel) != CHANNEL_OPEN)
                return refuse(voyage, plan->production_failed,
                              "the BMC cannot be told (bmc.channel = required)");

        if (plan->production != AFTER_BOOT)
                return refuse(voyage, plan->production, "the plan does not want it (production.then)");

        r = exclude_bad_pages(voyage);
        if (r < 0)
                return r;

        r = load_from_sources(voyage, &title, &reason);
        if (r < 0)
                return r;

        if (r > 0) {
                r = journal_run_end(voyage->journal, OCP_COMPLETE, OCP_PASS);
                return r < 0 ? r : conclude(voyage, AFTER_BOOT, title);
        }

        r = journal_run_end(voyage->journal, OCP_ERROR, OCP_NOT_APPLICABLE);
        return r < 0 ? r
                     : conclude(voyage, plan->production_failed,
                                reason ?: "the plan names no boot source (production.sources)");
}

const struct stage stage_production = {
        .name = "production",
        .run = production_run,
};
