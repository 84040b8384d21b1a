/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/child.h"
#include "base/text.h"
#include "runner.h"

struct run {
        const struct trial *trial;
        const struct plan *plan;
        const json_t *inventory;
        const struct trial_observer *observer;
        void *userdata;

        bool passed, failed, error;
        int problem; /* a message could not be handed on */
};

/* A member that a kind of artifact must have. */
struct member {
        const char *name;
        const char *const *values; /* the strings that it may be; NULL: any string */
        bool any_type;
};

static const char *const diagnosis_types[] = {"PASS", "FAIL", "UNKNOWN", NULL};
static const char *const log_severities[] = {"INFO", "DEBUG", "WARNING", "ERROR", "FATAL", NULL};

static const struct artifact_kind {
        const char *name;
        struct member members[3]; /* name NULL at the end */
} artifact_kinds[] = {
        {"diagnosis", {{"type", diagnosis_types, false}, {"verdict", NULL, false}}},
        {"measurement", {{"name", NULL, false}, {"value", NULL, true}}},
        {"error", {{"symptom", NULL, false}}},
        {"log", {{"severity", log_severities, false}, {"message", NULL, false}}},
        {"extension", {{"name", NULL, false}, {"content", NULL, true}}},
};

static bool member_is_good(const struct member *member, const json_t *value) {
        const char *text = json_string_value(value);

        if (member->any_type)
                return value;
        if (!text || !member->values)
                return text;

        for (size_t i = 0; member->values[i]; i++)
                if (streq(member->values[i], text))
                        return true;

        return false;
}

static void emit(struct run *run, const char *kind, json_t *content) {
        if (!content) {
                run->problem = -ENOMEM;
                return;
        }

        if (streq(kind, "error"))
                run->error = true;
        run->observer->artifact(kind, content, run->userdata);
        json_decref(content);
}

static void _printf_(3, 4) emit_error(struct run *run, const char *symptom, const char *format, ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = vstrprintf(format, ap);
        va_end(ap);

        emit(run, "error", json_pack("{s:s, s:s*}", "symptom", symptom, "message", message));
}

static void on_artifact(struct run *run, const struct artifact_kind *kind, const json_t *content) {
        for (const struct member *m = kind->members; m->name; m++)
                if (!member_is_good(m, json_object_get(content, m->name))) {
                        emit_error(run, "malformed-report",
                                   "The %s trial sent an artifact (%s) without a proper \"%s\".",
                                   run->trial->name, kind->name, m->name);
                        return;
                }

        if (streq(kind->name, "diagnosis")) {
                const char *type = json_get_string(content, "type");

                run->passed = run->passed || streq(type, "PASS");
                run->failed = run->failed || streq(type, "FAIL");
        }

        emit(run, kind->name, json_incref((json_t *) content));
}

static void on_progress(struct run *run, const json_t *content) {
        double fraction = json_number_value(json_object_get(content, "fraction"));

        run->observer->progress(MIN(MAX(fraction, 0.0), 1.0), json_get_string(content, "text") ?: "",
                                run->userdata);
}

static void on_message(struct child *child _unused_, const json_t *message, void *userdata) {
        struct run *run = userdata;
        const char *kind;
        json_t *content;

        json_object_foreach((json_t *) message, kind, content) {
                size_t i = 0;

                if (streq(kind, "progress")) {
                        on_progress(run, content);
                        continue;
                }

                while (i < ELEMENTSOF(artifact_kinds) && !streq(artifact_kinds[i].name, kind))
                        i++;

                if (i < ELEMENTSOF(artifact_kinds))
                        on_artifact(run, &artifact_kinds[i], content);
                else
                        emit_error(run, "malformed-report",
                                   "The %s trial sent an artifact of unknown kind \"%s\".", run->trial->name,
                                   kind);
        }
}

/* A trial reports through its messages; what arrives here was written by a library or the allocator, in
 * trouble. */
static void on_text(struct child *child _unused_, const char *line, void *userdata) {
        emit(userdata, "log", json_pack("{s:s, s:s}", "severity", "WARNING", "message", line));
}

static int child_main(int report_fd, void *userdata) {
        const struct run *run = userdata;
        const struct trial_context context = {
                .plan = run->plan,
                .inventory = run->inventory,
                .report_fd = report_fd,
        };

        return run->trial->run(&context);
}

static int judge_end(struct run *run, const struct child *child, const struct child_result *result) {
        static const char *const symptoms[] = {
                [CHILD_KILLED] = "trial-crashed",
                [CHILD_TIMED_OUT] = "trial-timed-out",
                [CHILD_BROKEN] = "malformed-report",
        };

        if (result->state != CHILD_EXITED) {
                _cleanup_free_ char *end = child_result_describe(child);

                if (!end)
                        return -ENOMEM;
                emit_error(run, symptoms[result->state], "The %s trial %s.", run->trial->name, end);
        } else if (run->error)
                return 0;
        else if (result->error < 0)
                emit_error(run, "trial-could-not-run", "The %s trial could not run: %s.", run->trial->name,
                           strerror(-result->error));
        else if (!run->passed && !run->failed)
                emit_error(run, "trial-without-verdict", "The %s trial ended without a verdict.",
                           run->trial->name);

        return 0;
}

int trial_run(struct event *e, const struct trial *trial, const struct plan *plan, const json_t *inventory,
              const struct trial_observer *observer, void *userdata, enum trial_outcome *ret) {
        static const struct child_handler handler = {.message = on_message, .text = on_text};
        _cleanup_(child_freep) struct child *child = NULL;
        struct run run = {
                .trial = trial,
                .plan = plan,
                .inventory = inventory,
                .observer = observer,
                .userdata = userdata,
        };
        struct child_result result;
        int r;

        r = child_start(e, trial->name, trial->time_limit(plan), child_main, &run, &handler, &run, &child);
        if (r < 0)
                return r;

        if (observer->process)
                observer->process(child_pid(child), userdata);
        r = child_wait(child, &result);
        if (observer->process)
                observer->process(0, userdata);
        if (r < 0)
                return r;

        r = judge_end(&run, child, &result);
        if (r < 0)
                return r;
        if (run.problem < 0)
                return run.problem;

        *ret = run.failed ? TRIAL_FAILED : run.error ? TRIAL_NOT_RUN : TRIAL_PASSED;
        return 0;
}
