/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "journal/sink.h"
#include "plan/plan.h"
#include "stages.h"

static void help(void) {
        puts("Usage: seatrial report [--json] [FILE]\n"
             "\n"
             "Shows the journal of the last run, " JOURNAL_FILE ", or that in FILE.\n"
             "\n"
             "  --json      its lines as they stand, in OCP Test & Validation 2.0\n"
             "  -h, --help  this text");
}

static int show_line(void *console, const char *line, size_t size, uint64_t number) {
        _cleanup_json_ json_t *json = NULL;
        struct journal_record record;
        int r;

        r = json_parse(line, size, &json);
        if (r < 0)
                return r;

        /* What each record has, whatever it tells. */
        if (!json_is_integer(json_object_get(json, "sequenceNumber")) || !json_get_string(json, "timestamp"))
                return -EBADMSG;

        record = (struct journal_record){
                .sequence = (uint64_t) json_get_integer(json, "sequenceNumber", 0),
                .number = number,
                .json = json,
                .line = line,
                .size = size,
        };
        return sink_console.record(console, &record);
}

/* The console's own view, once more. */
static int show(FILE *file, const char *path) {
        const struct journal_options options = {.console = true};
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct sink_environment environment;
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        void *console;
        ssize_t n;
        int r;

        r = plan_new(&plan);
        if (r < 0)
                return log_error(r, "the plan cannot be made");

        environment = (struct sink_environment){.plan = plan, .options = &options};
        r = sink_console.open(&environment, &console);
        if (r < 0)
                return log_error(r, "the console cannot be opened");

        for (uint64_t number = 1; r >= 0 && (n = getline(&line, &allocated, file)) > 0; number++) {
                r = show_line(console, line, (size_t) n, number);
                if (r == -EBADMSG)
                        log_line("%s:%llu is no journal record", path, (unsigned long long) number);
                else if (r < 0)
                        log_error(r, "%s:%llu cannot be shown", path, (unsigned long long) number);
        }

        if (r >= 0)
                r = sink_console.close(console, 0);
        sink_console.free(console);
        return r;
}

static int copy(FILE *file) {
        char buffer[4096];
        size_t n;

        while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
                if (fwrite(buffer, 1, n, stdout) != n)
                        return log_error(-EIO, "standard output cannot be written");

        return ferror(file) ? log_error(-EIO, "the journal cannot be read") : 0;
}

int verb_report(int argc, char **argv) {
        _cleanup_fclose_ FILE *file = NULL;
        const char *path = JOURNAL_FILE;
        bool json = false;
        int status;

        if (!command_begin(argc, argv, help, "json", &json, 1, &status))
                return status;
        if (optind < argc)
                path = argv[optind];

        file = fopen(path, "re");
        if (!file && errno == ENOENT && optind == argc) {
                log_line("there is no journal (" JOURNAL_FILE
                         "): \"seatrial run\" has not run since this machine "
                         "started");
                return 1;
        }
        if (!file) {
                log_error(-errno, "%s cannot be opened", path);
                return 1;
        }

        return (json ? copy(file) : show(file, path)) < 0;
}
