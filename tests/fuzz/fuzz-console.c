/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any file instead of a journal, shown by "seatrial report": a record a line. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "journal/journal.h"
#include "journal/sink.h"
#include "plan/plan.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What it shows is of no interest. */
int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_) {
        return freopen("/dev/null", "we", stdout) ? 0 : -1;
}

static void show(void *console, const char *line, size_t size, uint64_t number) {
        _cleanup_json_ json_t *json = NULL;
        struct journal_record record = {.number = number, .line = line, .size = size};

        if (json_parse(line, size, &json) < 0)
                return;

        record.json = json;
        (void) sink_console.record(console, &record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct journal_options options = {.console = true};
        const char *line = (const char *) data, *end = line + size;
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct sink_environment environment;
        void *console;

        if (plan_new(&plan) < 0)
                abort();
        environment = (struct sink_environment){.plan = plan, .options = &options};
        if (sink_console.open(&environment, &console) <= 0)
                abort();

        for (uint64_t number = 1; line < end; number++) {
                const char *newline = memchr(line, '\n', (size_t) (end - line)) ?: end;

                show(console, line, (size_t) (newline - line), number);
                line = newline < end ? newline + 1 : end;
        }

        (void) sink_console.close(console, 0);
        sink_console.free(console);
        return 0;
}
