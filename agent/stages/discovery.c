/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/event.h"
#include "base/text.h"
#include "discovery-checks.h"
#include "inventory/inventory.h"
#include "last-boot.h"
#include "plan/plan.h"
#include "stages.h"

struct discovery {
        struct voyage *voyage;
        json_t *steps; /* number of the step by the collector's name */
        bool failed;
};

static void on_started(const struct collector *collector, void *userdata) {
        struct discovery *discovery = userdata;
        unsigned step;

        if (journal_step_start(discovery->voyage->journal, collector->name, &step) >= 0)
                (void) json_set_u64(discovery->steps, collector->name, step);
}

static void on_finished(const struct collector *collector, const json_t *part, const char *problem,
                        uint64_t usec _unused_, void *userdata) {
        struct discovery *discovery = userdata;
        struct journal *journal = discovery->voyage->journal;
        unsigned step = (unsigned) json_get_integer(discovery->steps, collector->name, 0);
        enum ocp_status status = OCP_COMPLETE;

        if (problem) {
                discovery->failed = true;
                status = OCP_ERROR;
                (void) journal_step_artifact(
                        journal, step, "error",
                        json_pack("{s:s, s:s}", "symptom", "collector-failed", "message", problem));
        } else if (!part || (json_is_array(part) && json_array_size(part) == 0))
                status = OCP_SKIP; /* this machine has none */
        else {
                _cleanup_free_ char *summary = collector->summarize(part);

                if (summary)
                        (void) journal_step_log(journal, step, "INFO", "%s", summary);
        }

        (void) journal_step_end(journal, step, status);
}

/* Who is under test, as far as it is known before the inventory is taken. */
static int identify(struct voyage *voyage, json_t **ret) {
        _cleanup_json_ json_t *system = NULL;
        int r;

        r = inventory_take(voyage->event, &inventory_live_roots, "system", voyage->plan->inventory_time_limit,
                           NULL, NULL, &system);
        if (r < 0)
                return r;

        return inventory_dut_info(system, ret);
}

/* The channel has been at work since before the journal's first line. */
static int bmc_begin(struct voyage *voyage) {
        json_t *log;
        size_t i;
        int r;

        r = journal_step_start(voyage->journal, "bmc", &voyage->bmc_step);
        if (r < 0)
                return r;

        json_array_foreach(voyage->bmc_early, i, log) {
                r = journal_step_artifact(voyage->journal, voyage->bmc_step, "log", json_incref(log));
                if (r < 0)
                        return r;
        }

        voyage->bmc_step_state = BMC_STEP_OPEN;
        return 0;
}

static int bmc_settle(struct voyage *voyage) {
        enum channel_state state;
        enum ocp_status status;
        int r;

        while ((state = channel_get_state(voyage->channel)) == CHANNEL_STARTING) {
                r = event_iterate(voyage->event, USEC_INFINITY);
                if (r < 0)
                        return r;
        }

        r = voyage_take_orders(voyage);
        if (r < 0)
                return r;

        if (state == CHANNEL_OPEN) {
                status = OCP_COMPLETE;
                (void) journal_step_log(voyage->journal, voyage->bmc_step, "INFO", "%s", voyage->bmc_summary);
        } else if (voyage->plan->bmc_channel == CHANNEL_REQUIRED)
                status = OCP_ERROR;
        else
                status = OCP_SKIP;

        voyage->bmc_step_state = BMC_STEP_OVER;
        return journal_step_end(voyage->journal, voyage->bmc_step, status);
}

/* The inventory goes to the readers of the journal as a whole, in one record. */
static int publish(struct voyage *voyage) {
        unsigned step;
        int r;

        r = journal_step_start(voyage->journal, "inventory", &step);
        if (r < 0)
                return r;

        r = journal_step_artifact(voyage->journal, step, "extension",
                                  json_pack("{s:s, s:O}", "name", "inventory", "content", voyage->inventory));
        if (r < 0)
                return r;

        r = journal_step_log(voyage->journal, step, "INFO", "all parts recorded as one");
        if (r < 0)
                return r;

        return journal_step_end(voyage->journal, step, OCP_COMPLETE);
}

static int discovery_run(struct voyage *voyage) {
        static const struct inventory_observer observer = {.started = on_started, .finished = on_finished};
        _cleanup_json_ json_t *steps = json_object(), *dut_info = NULL;
        struct discovery discovery = {.voyage = voyage, .steps = steps};
        struct inventory_roots roots = inventory_live_roots;
        int r;

        r = identify(voyage, &dut_info);
        if (r < 0)
                return r;

        r = journal_run_start(voyage->journal, "discovery", voyage_parameters(voyage), TAKE_PTR(dut_info));
        if (r < 0)
                return r;

        r = last_boot_report(voyage);
        if (r < 0)
                return r;

        if (voyage->channel) {
                r = bmc_begin(voyage);
                if (r < 0)
                        return r;
        }

        roots.lldp_wait_usec = voyage->plan->inventory_lldp_wait;
        roots.device_limit_usec = voyage->plan->inventory_device_limit;
        /* Listening is no hanging: the limit is for what comes beside it. */
        r = inventory_take(voyage->event, &roots, NULL,
                           voyage->plan->inventory_time_limit + voyage->plan->inventory_lldp_wait, &observer,
                           &discovery, &voyage->inventory);
        if (r < 0)
                return r;

        r = publish(voyage);
        if (r < 0)
                return r;

        r = discovery_report_findings(voyage);
        if (r < 0)
                return r;

        r = discovery_check_manifest(voyage);
        if (r < 0)
                return r;

        r = discovery_compare_identity(voyage);
        if (r < 0)
                return r;

        if (voyage->channel) {
                r = bmc_settle(voyage);
                if (r < 0)
                        return r;
        }

        r = last_boot_report_late(voyage);
        if (r < 0)
                return r;

        if (discovery.failed)
                return journal_run_end(voyage->journal, OCP_ERROR, OCP_NOT_APPLICABLE);

        return journal_run_end(voyage->journal, OCP_COMPLETE, voyage->discovery_failed ? OCP_FAIL : OCP_PASS);
}

const struct stage stage_discovery = {
        .name = "discovery",
        .run = discovery_run,
};
