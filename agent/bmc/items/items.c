/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "item.h"

#define REPORTS_MAX   16U
#define STEP_NAME_MAX 64U
#define STEPS_MAX     64U

/* In this order. The last may take some seconds. */
static const struct item *const table[] = {
        &item_events, &item_boot_progress, &item_system_info, &item_asset_tag, &item_smbios_table,
};

struct step {
        char id[16], name[STEP_NAME_MAX];
        bool failed;
};

struct items {
        const struct items_options *options;
        void *states[ELEMENTSOF(table)];

        struct ipmi_silence silences[ITEM_DEVICES_MAX]; /* by the device's place in the list */

        struct {
                const struct item *item;
                const char *way;
                enum item_state state;
        } reports[REPORTS_MAX];
        size_t n_reports;

        /* Of the run that the records are of. */
        enum item_stage stage;
        struct step steps[STEPS_MAX];
        size_t n_steps;
};

const char *item_state_text(enum item_state state) {
        static const char *const texts[] = {
                [ITEM_VERIFIED] = "verified", [ITEM_ACCEPTED] = "accepted",       [ITEM_REFUSED] = "refused",
                [ITEM_UNKNOWN] = "unknown",   [ITEM_NOT_OFFERED] = "not offered",
        };

        return texts[state];
}

int items_new(const struct items_options *options, struct items **ret) {
        _cleanup_(items_freep) struct items *items = NULL;

        items = calloc(1, sizeof(*items));
        if (!items)
                return -ENOMEM;

        items->options = options;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                items->states[i] = calloc(1, table[i]->state_size);
                if (!items->states[i])
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(items);
        return 0;
}

struct items *items_free(struct items *items) {
        if (!items)
                return NULL;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (items->states[i] && table[i]->done)
                        table[i]->done(items->states[i]);
                free(items->states[i]);
        }

        free(items);
        return NULL;
}

/* --- what the journal tells --- */

static int tell(struct items *items, const struct happening *happening) {
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                int r = table[i]->see(items->states[i], happening);

                if (r < 0)
                        return r;
        }

        return 0;
}

static unsigned which(const char *text, const char *const *texts, unsigned n) {
        for (unsigned i = 1; text && i < n; i++)
                if (streq(text, texts[i]))
                        return i;

        return 0;
}

static const char *const stages[] = {"", "discovery", "trial", "production"};

static int see_run_start(struct items *items, const json_t *start) {
        const char *stage = json_get_string(json_object_get(start, "metadata"), "stage");

        items->stage = (enum item_stage) which(stage, stages, ELEMENTSOF(stages));
        items->n_steps = 0;
        return tell(items, &(struct happening){.kind = STAGE_BEGINS, .stage = items->stage});
}

static int see_run_end(struct items *items, const json_t *end) {
        static const char *const statuses[] = {"", "COMPLETE", "ERROR", "SKIP"};
        static const char *const results[] = {"", "NOT_APPLICABLE", "PASS", "FAIL"};

        return tell(items, &(struct happening){
                                   .kind = STAGE_ENDS,
                                   .stage = items->stage,
                                   .status = (enum item_status) which(json_get_string(end, "status"),
                                                                      statuses, ELEMENTSOF(statuses)),
                                   .result = (enum item_result) which(json_get_string(end, "result"), results,
                                                                      ELEMENTSOF(results)),
                           });
}

static struct step *find_step(struct items *items, const char *id) {
        for (size_t i = 0; i < items->n_steps; i++)
                if (streq(items->steps[i].id, id))
                        return &items->steps[i];

        return NULL;
}

static void see_step_start(struct items *items, const char *id, const json_t *start) {
        const char *name = json_get_string(start, "name");
        struct step *step;

        if (!name || items->n_steps == STEPS_MAX || strlen(id) >= sizeof(step->id) ||
            strlen(name) >= sizeof(step->name))
                return;

        step = &items->steps[items->n_steps++];
        *step = (struct step){};
        strcpy(step->id, id);
        strcpy(step->name, name);
}

/* The boot before this one ended without notice. */
static int see_last_boot(struct items *items, const json_t *content) {
        return items_event(items, ITEMS_HUNG,
                           which(json_get_string(content, "stage"), stages, ELEMENTSOF(stages)));
}

static int see_step(struct items *items, const json_t *artifact) {
        const json_t *extension = json_object_get(artifact, "extension");
        const char *extension_name = json_get_string(extension, "name");
        const char *id = json_get_string(artifact, "testStepId");
        const char *type = json_get_string(json_object_get(artifact, "diagnosis"), "type");
        const char *symptom = json_get_string(json_object_get(artifact, "error"), "symptom");
        struct step *step;

        if (!id)
                return 0;
        if (json_object_get(artifact, "testStepStart"))
                see_step_start(items, id, json_object_get(artifact, "testStepStart"));
        if (symptom && streq(symptom, "no-boot-entry"))
                return tell(items, &(struct happening){.kind = NO_BOOT_ENTRY, .stage = items->stage});

        if (extension_name && streq(extension_name, "last-boot"))
                return see_last_boot(items, json_object_get(extension, "content"));

        step = type && streq(type, "FAIL") ? find_step(items, id) : NULL;
        if (!step || step->failed)
                return 0;

        step->failed = true;
        return tell(items,
                    &(struct happening){.kind = STEP_FAILED, .stage = items->stage, .step = step->name});
}

int items_see(struct items *items, const json_t *record) {
        const json_t *run = json_object_get(record, "testRunArtifact");
        const json_t *start = json_object_get(run, "testRunStart"), *end = json_object_get(run, "testRunEnd");

        if (start)
                return see_run_start(items, start);
        if (end)
                return see_run_end(items, end);

        return see_step(items, json_object_get(record, "testStepArtifact"));
}

int items_event(struct items *items, enum items_event event, uint64_t value) {
        return tell(items, &(struct happening){.kind = EVENT, .event = event, .value = value});
}

/* --- writing --- */

int items_write(struct items *items, const struct item_means *means, item_report_t report, void *userdata) {
        bool more = false;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                struct item_call call = {
                        .item = table[i],
                        .items = items,
                        .means = means,
                        .options = items->options,
                        .silences = items->silences,
                        .report = report,
                        .userdata = userdata,
                };
                int r;

                r = table[i]->write(items->states[i], &call);
                if (r < 0)
                        return r;
                more = more || r > 0;
        }

        return more;
}

void item_report(struct item_call *call, const char *way, enum item_state state, char *detail) {
        _cleanup_free_ char *owned = detail;
        struct items *items = call->items;
        size_t i;

        for (i = 0; i < items->n_reports; i++)
                if (items->reports[i].item == call->item && streq(items->reports[i].way, way))
                        break;

        if (i < items->n_reports && items->reports[i].state == state)
                return;
        if (i < REPORTS_MAX) {
                items->reports[i].item = call->item;
                items->reports[i].way = way;
                items->reports[i].state = state;
                items->n_reports = MAX(items->n_reports, i + 1);
        }

        call->report(call->item->name, way, state, owned ?: item_state_text(state), call->userdata);
}
