/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sink.h: what a reader of the journal is. Each is one file, sink-NAME.c, and one entry of the table in
 * sinks.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct journal_options;
struct plan;

struct journal_record {
        const char *boot, *stage;
        uint64_t sequence;  /* within the stage */
        uint64_t number;    /* since the journal was opened, from 1 */
        const json_t *json; /* the whole line as an object */
        const char *line;   /* the same as text, with its newline */
        size_t size;        /* of line */
};

/* What a sink gets when it is opened. All of it outlives the sink. */
struct sink_environment {
        const struct plan *plan;
        const struct journal_options *options;
};

struct sink {
        const char *name;

        /* Returns 1 and sets *ret, 0 when this sink is not wanted here, a negative errno. */
        int (*open)(const struct sink_environment *environment, void **ret);

        /* Takes a record: at once, or by its own pace later. Returns 0, a negative errno: it can take no
         * more. */
        int (*record)(void *sink, const struct journal_record *record);

        /* A step shows how far it is. NULL: of no interest. */
        void (*progress)(void *sink, const char *step_name, double fraction, const char *text);

        /* Waits until all records so far are where they belong. NULL: they always are. Returns 0, -ETIMEDOUT.
         */
        int (*flush)(void *sink, uint64_t timeout_usec);

        /* Ends it in good order. NULL: nothing to end. Returns 0, -ETIMEDOUT. */
        int (*close)(void *sink, uint64_t timeout_usec);

        void (*free)(void *sink);
};

extern const struct sink *const sinks[]; /* in the order in which they get a record; NULL at the end */

extern const struct sink sink_file, sink_lines, sink_mark, sink_console, sink_bmc;
