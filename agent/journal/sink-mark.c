/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "journal.h"
#include "mark.h"
#include "sink.h"

/* Flash wears, and on many machines the firmware stops all processors while it writes. So the mark is written
 * where a stage begins and where a step of trial or production does (discovery's steps run side by side, and
 * within seconds): some eight times a boot. A long step adds a write at each tenth, but not sooner than this
 * after the one before. With 64 KiB of variables that is a block erased every twenty boots or so, of the
 * 100,000 times that flash bears. */
#define PROGRESS_PAUSE (10 * USEC_PER_SEC)

struct mark_sink {
        const char *root;
        struct mark mark;
        bool marks_steps;
        uint64_t written; /* in now_usec() time */
};

static void mark_free(void *p) {
        free(p);
}

static int mark_open(const struct sink_environment *environment, void **ret) {
        struct mark_sink *sink;

        if (!environment->options->mark_root)
                return 0;

        sink = malloc(sizeof(*sink));
        if (!sink)
                return -ENOMEM;

        *sink = (struct mark_sink){.root = environment->options->mark_root};
        *ret = sink;
        return 1;
}

static int sink_write(struct mark_sink *sink) {
        int r;

        sink->written = now_usec();
        r = mark_write(sink->root, &sink->mark);
        return r == -EOPNOTSUPP ? 0 : r; /* firmware without variables: then only the BMC knows */
}

static void copy(char *ret, size_t size, const char *text) {
        snprintf(ret, size, "%s", text);
}

static int mark_record(void *p, const struct journal_record *record) {
        const json_t *run = json_object_get(json_object_get(record->json, "testRunArtifact"), "testRunStart");
        const json_t *step =
                json_object_get(json_object_get(record->json, "testStepArtifact"), "testStepStart");
        struct mark_sink *sink = p;

        if (run) {
                sink->marks_steps = !streq(record->stage, "discovery");
                copy(sink->mark.boot, sizeof(sink->mark.boot), record->boot);
                copy(sink->mark.stage, sizeof(sink->mark.stage), record->stage);
                copy(sink->mark.step, sizeof(sink->mark.step), "");
        } else if (step && sink->marks_steps)
                copy(sink->mark.step, sizeof(sink->mark.step), json_get_string(step, "name"));
        else
                return 0;

        sink->mark.percent = 0;
        copy(sink->mark.time, sizeof(sink->mark.time), json_get_string(record->json, "timestamp"));
        return sink_write(sink);
}

static void mark_progress(void *p, const char *step_name, double fraction, const char *text _unused_) {
        struct mark_sink *sink = p;
        unsigned percent = (unsigned) (fraction * 10) * 10;

        if (!streq(step_name, sink->mark.step) || percent <= sink->mark.percent ||
            now_usec() - sink->written < PROGRESS_PAUSE)
                return;

        sink->mark.percent = percent;
        format_timestamp_now(sink->mark.time);

        /* The next record tells of a variable that cannot be written any more. */
        (void) sink_write(sink);
}

const struct sink sink_mark = {
        .name = "mark for the next boot",
        .open = mark_open,
        .record = mark_record,
        .progress = mark_progress,
        .free = mark_free,
};
