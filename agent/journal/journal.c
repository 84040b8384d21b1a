/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "journal.h"
#include "sink.h"

#define SINKS_MAX 8

struct open_sink {
        const struct sink *ops;
        void *sink;
};

struct journal {
        char *boot;
        struct journal_options options;

        struct open_sink sinks[SINKS_MAX];
        size_t n_sinks;

        char *stage;        /* NULL between two runs */
        uint64_t sequence;  /* of the next record in the run */
        uint64_t number;    /* of records since the journal was opened */
        json_t *step_names; /* of the steps of this run, by number */
        json_t *pending;    /* logs that wait for the next run */
};

static const char *const status_names[] = {"COMPLETE", "ERROR", "SKIP"};
static const char *const result_names[] = {"NOT_APPLICABLE", "PASS", "FAIL"};

static void journal_drop_sink(struct journal *journal, size_t i, int error) {
        struct open_sink dropped = journal->sinks[i];

        journal->n_sinks--;
        memmove(journal->sinks + i, journal->sinks + i + 1, (journal->n_sinks - i) * sizeof(dropped));
        dropped.ops->free(dropped.sink);

        (void) journal_log(journal, "ERROR", "the journal's %s takes no more records: %s", dropped.ops->name,
                           strerror(-error));
}

/* Puts envelope {kind: content} into the stream; takes content's reference. */
static int journal_append(struct journal *journal, const char *kind, json_t *content) {
        _cleanup_json_ json_t *json = NULL;
        _cleanup_free_ char *line = NULL;
        char timestamp[FORMAT_TIMESTAMP_MAX];
        struct journal_record record;
        size_t size;

        json = json_pack("{s:o, s:I, s:s}", kind, content, "sequenceNumber", (json_int_t) journal->sequence,
                         "timestamp", format_timestamp_now(timestamp));
        if (!json)
                return -ENOMEM;

        line = json_dumps(json, JSON_COMPACT);
        if (!line)
                return -ENOMEM;

        size = strlen(line);
        line[size++] = '\n';

        record = (struct journal_record){
                .boot = journal->boot,
                .stage = journal->stage,
                .sequence = journal->sequence++,
                .number = ++journal->number,
                .json = json,
                .line = line,
                .size = size,
        };

        for (size_t i = 0; i < journal->n_sinks;) {
                int r = journal->sinks[i].ops->record(journal->sinks[i].sink, &record);

                if (r < 0)
                        journal_drop_sink(journal, i, r);
                else
                        i++;
        }

        return 0;
}

/* Takes content's reference. */
static int journal_run_artifact(struct journal *journal, const char *kind, json_t *content) {
        return journal_append(journal, "testRunArtifact", json_pack("{s:o}", kind, content));
}

int journal_new(const struct plan *plan, const struct journal_options *options, struct journal **ret) {
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct sink_environment environment;

        journal = calloc(1, sizeof(*journal));
        if (!journal)
                return -ENOMEM;

        journal->boot = strdup(options->boot);
        journal->options = *options;
        journal->options.boot = journal->boot;
        journal->step_names = json_array();
        journal->pending = json_array();
        if (!journal->boot || !journal->step_names || !journal->pending)
                return -ENOMEM;

        environment = (struct sink_environment){
                .plan = plan,
                .options = &journal->options,
        };

        for (size_t i = 0; sinks[i] && journal->n_sinks < SINKS_MAX; i++) {
                struct open_sink *open = &journal->sinks[journal->n_sinks];
                int r;

                open->ops = sinks[i];
                r = sinks[i]->open(&environment, &open->sink);
                if (r > 0)
                        journal->n_sinks++;
                if (r < 0)
                        r = journal_log(journal, "ERROR", "the journal's %s cannot be opened: %s",
                                        sinks[i]->name, strerror(-r));
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(journal);
        return 0;
}

struct journal *journal_free(struct journal *journal) {
        if (!journal)
                return NULL;

        for (size_t i = journal->n_sinks; i > 0; i--)
                journal->sinks[i - 1].ops->free(journal->sinks[i - 1].sink);

        json_decref(journal->step_names);
        json_decref(journal->pending);
        free(journal->stage);
        free(journal->boot);
        free(journal);
        return NULL;
}

int journal_run_start(struct journal *journal, const char *stage, json_t *parameters, json_t *dut_info) {
        _cleanup_json_ json_t *owned_parameters = parameters, *owned_dut_info = dut_info;
        json_t *log;
        size_t i;
        int r;

        if (journal->stage)
                return -EBUSY;

        journal->stage = strdup(stage);
        if (!journal->stage)
                return -ENOMEM;

        journal->sequence = 0;
        json_array_clear(journal->step_names);

        r = journal_append(journal, "schemaVersion", json_pack("{s:i, s:i}", "major", 2, "minor", 0));
        if (r < 0)
                return r;

        r = journal_run_artifact(journal, "testRunStart",
                                 json_pack("{s:s, s:s, s:s, s:O, s:O, s:{s:s, s:s}}", "name", stage,
                                           "version", SEATRIAL_VERSION, "commandLine", "seatrial run",
                                           "parameters", owned_parameters, "dutInfo", owned_dut_info,
                                           "metadata", "boot", journal->boot, "stage", stage));
        if (r < 0)
                return r;

        json_array_foreach(journal->pending, i, log) {
                r = journal_run_artifact(journal, "log", json_incref(log));
                if (r < 0)
                        return r;
        }
        json_array_clear(journal->pending);
        return 0;
}

int journal_run_end(struct journal *journal, enum ocp_status status, enum ocp_result result) {
        int r;

        r = journal_run_artifact(
                journal, "testRunEnd",
                json_pack("{s:s, s:s}", "status", status_names[status], "result", result_names[result]));
        free(journal->stage);
        journal->stage = NULL;
        return r;
}

int journal_step_artifact(struct journal *journal, unsigned step, const char *kind, json_t *content) {
        char id[16];

        snprintf(id, sizeof(id), "%u", step);
        return journal_append(journal, "testStepArtifact",
                              json_pack("{s:s, s:o}", "testStepId", id, kind, content));
}

int journal_step_start(struct journal *journal, const char *name, unsigned *ret_step) {
        unsigned step = (unsigned) json_array_size(journal->step_names);
        int r;

        r = json_append(journal->step_names, json_string(name));
        if (r < 0)
                return r;

        r = journal_step_artifact(journal, step, "testStepStart", json_pack("{s:s}", "name", name));
        if (r < 0)
                return r;

        *ret_step = step;
        return 0;
}

int journal_step_end(struct journal *journal, unsigned step, enum ocp_status status) {
        return journal_step_artifact(journal, step, "testStepEnd",
                                     json_pack("{s:s}", "status", status_names[status]));
}

static json_t *log_new(const char *severity, const char *format, va_list ap) {
        _cleanup_free_ char *message = vstrprintf(format, ap), *clean = NULL;
        json_t *text;

        if (!message)
                return NULL;

        /* Text that is no UTF-8 loses what cannot be told, but is not lost. */
        text = json_string(message);
        if (!text) {
                clean = text_sanitize(message, strlen(message));
                text = clean ? json_string(clean) : NULL;
        }

        return json_pack("{s:s, s:o}", "severity", severity, "message", text);
}

int journal_step_log(struct journal *journal, unsigned step, const char *severity, const char *format, ...) {
        json_t *log;
        va_list ap;

        va_start(ap, format);
        log = log_new(severity, format, ap);
        va_end(ap);

        return journal_step_artifact(journal, step, "log", log);
}

int journal_log(struct journal *journal, const char *severity, const char *format, ...) {
        json_t *log;
        va_list ap;

        va_start(ap, format);
        log = log_new(severity, format, ap);
        va_end(ap);

        return journal->stage ? journal_run_artifact(journal, "log", log)
                              : json_append(journal->pending, log);
}

void journal_progress(struct journal *journal, unsigned step, double fraction, const char *text) {
        const char *name = json_string_value(json_array_get(journal->step_names, step));

        for (size_t i = 0; name && i < journal->n_sinks; i++)
                if (journal->sinks[i].ops->progress)
                        journal->sinks[i].ops->progress(journal->sinks[i].sink, name, fraction, text);
}

int journal_flush(struct journal *journal, uint64_t timeout_usec) {
        int r = 0;

        for (size_t i = 0; i < journal->n_sinks; i++)
                if (journal->sinks[i].ops->flush &&
                    journal->sinks[i].ops->flush(journal->sinks[i].sink, timeout_usec) < 0)
                        r = -ETIMEDOUT;

        return r;
}

int journal_close(struct journal *journal, uint64_t timeout_usec) {
        int r = 0;

        for (size_t i = journal->n_sinks; i > 0; i--) {
                struct open_sink *open = &journal->sinks[i - 1];

                if (open->ops->close && open->ops->close(open->sink, timeout_usec) < 0)
                        r = -ETIMEDOUT;
        }

        return r;
}
