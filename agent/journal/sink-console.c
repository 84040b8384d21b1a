/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/screen.h"
#include "base/text.h"
#include "bmc/channel.h"
#include "journal.h"
#include "plan/plan.h"
#include "sink.h"

/* A step that has begun and not ended. */
struct step {
        struct step *next;
        char *id, *name;
        char *headline; /* what its row will say: the worst that was told, of equals the last */
        enum mark mark;
        json_t *details; /* what else is worth a line: array of strings */
        uint64_t started;
};

struct stage {
        char *name;
        enum mark mark;
        char *result;
        unsigned n_steps;
        uint64_t started, heard; /* its first record and its last one */
};

struct console {
        struct screen screen;
        const struct channel *channel;
        struct step *steps;
        char *absent; /* names of this stage's steps that had nothing to do, with commas between */
        struct stage *stages;
        size_t n_stages;
        uint64_t n_records;
        uint64_t now; /* as the present record tells, so that a journal can be shown again later */
};

static const struct {
        const char *stage, *text;
} headings[] = {
        {"discovery", "what this machine is"},
        {"trial", "whether it works"},
        {"production", "handing it over"},
};

/* What is shown again later may be any file: the texts in it are only looked for, and empty where they are
 * not. */
static const char *text_of(const json_t *object, const char *key) {
        return json_get_string(object, key) ?: "";
}

static struct step *step_free(struct step *step) {
        if (!step)
                return NULL;

        free(step->id);
        free(step->name);
        free(step->headline);
        json_decref(step->details);
        free(step);
        return NULL;
}
DEFINE_CLEANUP(struct step *, step_free);

static void console_free(void *p) {
        struct console *console = p;

        while (console->steps) {
                struct step *next = console->steps->next;

                step_free(console->steps);
                console->steps = next;
        }

        for (size_t i = 0; i < console->n_stages; i++) {
                free(console->stages[i].name);
                free(console->stages[i].result);
        }

        free(console->stages);
        free(console->absent);
        free(console);
}

static int console_open(const struct sink_environment *environment, void **ret) {
        static const enum screen_colour colours[] = {
                [COLOUR_AUTO] = SCREEN_COLOUR_AUTO,
                [COLOUR_YES] = SCREEN_COLOUR_YES,
                [COLOUR_NO] = SCREEN_COLOUR_NO,
        };
        struct console *console;

        if (!environment->options->console)
                return 0;

        console = calloc(1, sizeof(*console));
        if (!console)
                return -ENOMEM;

        screen_init(&console->screen, stdout, colours[environment->plan->console_colour]);
        console->channel = environment->options->channel;
        *ret = console;
        return 1;
}

/* The one that is under way, NULL before the first. */
static struct stage *last_stage(struct console *console) {
        return console->n_stages > 0 ? &console->stages[console->n_stages - 1] : NULL;
}

static void tell_absent(struct console *console) {
        if (console->absent)
                screen_row(&console->screen, MARK_SKIP, "none of", console->absent, USEC_INFINITY);
        free(console->absent);
        console->absent = NULL;
}

/* Those that a machine has died in, or an agent, the oldest first. */
static void tell_unended(struct console *console) {
        while (console->steps) {
                _cleanup_free_ char *text = NULL;
                struct step **last = &console->steps, *step;

                while ((*last)->next)
                        last = &(*last)->next;
                step = *last;
                *last = NULL;

                text = strprintf("has not ended%s%s", step->headline ? ": " : "", step->headline ?: "");
                screen_row(&console->screen, MARK_FAIL, step->name, text ?: "",
                           last_stage(console)->heard - step->started);
                step_free(step);
        }

        tell_absent(console);
}

static int run_start(struct console *console, const json_t *start) {
        const char *name = text_of(start, "name"), *text = "";
        struct stage *larger;

        tell_unended(console);

        larger = reallocarray(console->stages, console->n_stages + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        console->stages = larger;

        larger[console->n_stages] =
                (struct stage){.name = strdup(name), .started = console->now, .heard = console->now};
        if (!larger[console->n_stages].name)
                return -ENOMEM;
        console->n_stages++;

        for (size_t i = 0; i < ELEMENTSOF(headings); i++)
                if (streq(headings[i].stage, name))
                        text = headings[i].text;

        screen_heading(&console->screen, name, text);
        return 0;
}

static int run_end(struct console *console, const json_t *end) {
        struct stage *stage = last_stage(console);
        const char *status = text_of(end, "status"), *result = text_of(end, "result");

        if (!stage || stage->result)
                return -EBADMSG;

        tell_absent(console);
        stage->mark = streq(status, "SKIP") ? MARK_SKIP : streq(result, "PASS") ? MARK_OK : MARK_FAIL;
        stage->result = strdup(streq(status, "COMPLETE") ? result : status);
        return stage->result ? 0 : -ENOMEM;
}

static enum mark severity_mark(const char *severity) {
        if (streq(severity, "ERROR") || streq(severity, "FATAL"))
                return MARK_FAIL;

        return streq(severity, "WARNING") ? MARK_WARNING : MARK_OK;
}

/* The worst becomes the row's headline; a warning or worse that is not, a line of its own below it. */
static int step_tell(struct step *step, enum mark mark, const char *message) {
        char *copy;

        if (!message)
                return 0;

        if (step->headline && mark < step->mark)
                return mark >= MARK_WARNING ? json_append(step->details, json_string(message)) : 0;

        if (step->headline && step->mark >= MARK_WARNING) {
                int r = json_append(step->details, json_string(step->headline));

                if (r < 0)
                        return r;
        }

        copy = strdup(message);
        if (!copy)
                return -ENOMEM;

        free(step->headline);
        step->headline = copy;
        step->mark = MAX(step->mark, mark);
        return 0;
}

static int step_start(struct console *console, const char *id, const json_t *start) {
        _cleanup_(step_freep) struct step *step = NULL;
        struct stage *stage = last_stage(console);

        if (!stage)
                return -EBADMSG;

        step = calloc(1, sizeof(*step));
        if (!step)
                return -ENOMEM;

        step->id = strdup(id);
        step->name = strdup(text_of(start, "name"));
        step->details = json_array();
        step->started = console->now;
        if (!step->id || !step->name || !step->details)
                return -ENOMEM;

        stage->n_steps++;
        step->next = console->steps;
        console->steps = TAKE_PTR(step);
        return 0;
}

static void step_remove(struct console *console, struct step *step) {
        struct step **p = &console->steps;

        while (*p != step)
                p = &(*p)->next;
        *p = step->next;
        step_free(step);
}

/* What a machine does not have is worth one line in all, not one each. */
static int step_is_absent(struct console *console, const struct step *step) {
        char *absent;

        absent = strprintf("%s%s%s", console->absent ?: "", console->absent ? ", " : "", step->name);
        if (!absent)
                return -ENOMEM;

        free(console->absent);
        console->absent = absent;
        return 0;
}

static int step_end(struct console *console, struct step *step, const json_t *end) {
        const char *status = text_of(end, "status");
        const json_t *detail;
        size_t i;

        if (streq(status, "SKIP") && !step->headline) {
                int r = step_is_absent(console, step);

                step_remove(console, step);
                return r;
        }

        if (streq(status, "ERROR"))
                step->mark = MARK_FAIL;
        else if (streq(status, "SKIP") && step->mark <= MARK_OK)
                step->mark = MARK_SKIP;
        else if (step->mark == MARK_NONE)
                step->mark = MARK_OK;

        screen_row(&console->screen, step->mark, step->name, step->headline ?: "",
                   console->now - step->started);
        json_array_foreach(step->details, i, detail)
                screen_row(&console->screen, MARK_NONE, "", json_string_value(detail), USEC_INFINITY);

        step_remove(console, step);
        return 0;
}

static int step_artifact(struct console *console, const json_t *artifact) {
        const char *id = text_of(artifact, "testStepId");
        struct step *step = console->steps;
        const json_t *content;

        content = json_object_get(artifact, "testStepStart");
        if (content)
                return step_start(console, id, content);

        while (step && !streq(step->id, id))
                step = step->next;
        if (!step)
                return 0;

        content = json_object_get(artifact, "testStepEnd");
        if (content)
                return step_end(console, step, content);

        content = json_object_get(artifact, "diagnosis");
        if (content) {
                const char *type = text_of(content, "type");
                enum mark mark = streq(type, "PASS")   ? MARK_OK
                                 : streq(type, "FAIL") ? MARK_FAIL
                                                       : MARK_WARNING;

                return step_tell(step, mark,
                                 json_get_string(content, "message") ?: json_get_string(content, "verdict"));
        }

        content = json_object_get(artifact, "error");
        if (content)
                return step_tell(step, MARK_FAIL,
                                 json_get_string(content, "message") ?: json_get_string(content, "symptom"));

        content = json_object_get(artifact, "log");
        if (content)
                return step_tell(step, severity_mark(text_of(content, "severity")),
                                 json_get_string(content, "message"));

        return 0;
}

static int run_artifact(struct console *console, const json_t *artifact) {
        const json_t *content;

        content = json_object_get(artifact, "testRunStart");
        if (content)
                return run_start(console, content);

        content = json_object_get(artifact, "testRunEnd");
        if (content)
                return run_end(console, content);

        content = json_object_get(artifact, "log");
        if (content && !streq(text_of(content, "severity"), "DEBUG")) {
                enum mark mark = severity_mark(text_of(content, "severity"));

                screen_row(&console->screen, mark == MARK_OK ? MARK_NONE : mark, "",
                           text_of(content, "message"), USEC_INFINITY);
        }

        return 0;
}

static int console_record(void *p, const struct journal_record *record) {
        struct console *console = p;
        const json_t *run = json_object_get(record->json, "testRunArtifact"),
                     *step = json_object_get(record->json, "testStepArtifact");
        struct stage *stage;
        uint64_t now;
        int r;

        /* A clock that is set back in the middle must not make a step last for ages. */
        if (parse_timestamp(text_of(record->json, "timestamp"), &now) >= 0)
                console->now = MAX(console->now, now);
        console->n_records = record->number;

        if (!run && !step)
                return 0;

        r = run ? run_artifact(console, run) : step_artifact(console, step);
        stage = last_stage(console);
        if (stage)
                stage->heard = console->now;
        return r;
}

static void console_progress(void *p, const char *step_name, double fraction, const char *text) {
        struct console *console = p;

        screen_progress(&console->screen, step_name, fraction, text);
}

static void summarize_channel(struct console *console) {
        uint64_t acknowledged = channel_acknowledged(console->channel);
        const char *summary = channel_summary(console->channel);
        _cleanup_free_ char *text = NULL;

        text = strprintf("%" PRIu64 " of %" PRIu64 " records delivered%s%s", acknowledged, console->n_records,
                         *summary ? ", " : "", summary);
        screen_row(&console->screen, acknowledged == console->n_records ? MARK_OK : MARK_WARNING, "bmc",
                   text ?: "", USEC_INFINITY);
}

static int console_close(void *p, uint64_t timeout_usec _unused_) {
        struct console *console = p;

        tell_unended(console);
        screen_heading(&console->screen, "summary", "");
        for (size_t i = 0; i < console->n_stages; i++) {
                const struct stage *stage = &console->stages[i];
                _cleanup_free_ char *text = NULL;

                text = strprintf("%s in %u step%s", stage->result ?: "not ended", stage->n_steps,
                                 stage->n_steps == 1 ? "" : "s");
                screen_row(&console->screen, stage->result ? stage->mark : MARK_FAIL, stage->name, text ?: "",
                           stage->heard - stage->started);
        }

        if (console->channel)
                summarize_channel(console);

        return 0;
}

const struct sink sink_console = {
        .name = "console",
        .open = console_open,
        .record = console_record,
        .progress = console_progress,
        .close = console_close,
        .free = console_free,
};
