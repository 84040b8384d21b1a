/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>

#include "journal.h"
#include "sink.h"

static void lines_free(void *p _unused_) {
}

static int lines_open(const struct sink_environment *environment, void **ret) {
        *ret = NULL;
        return environment->options->lines;
}

static int lines_record(void *p _unused_, const struct journal_record *record) {
        if (fwrite(record->line, 1, record->size, stdout) != record->size || fflush(stdout) != 0)
                return -EIO;

        return 0;
}

const struct sink sink_lines = {
        .name = "standard output",
        .open = lines_open,
        .record = lines_record,
        .free = lines_free,
};
