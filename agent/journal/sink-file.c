/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "journal.h"
#include "sink.h"

struct file_sink {
        int fd;
};

static void file_free(void *p) {
        struct file_sink *sink = p;

        safe_close(sink->fd);
        free(sink);
}

static int file_open(const struct sink_environment *environment, void **ret) {
        struct file_sink *sink;

        if (!environment->options->path)
                return 0;

        sink = malloc(sizeof(*sink));
        if (!sink)
                return -ENOMEM;

        sink->fd =
                open(environment->options->path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
        if (sink->fd < 0) {
                free(sink);
                return -errno;
        }

        *ret = sink;
        return 1;
}

static int file_record(void *p, const struct journal_record *record) {
        struct file_sink *sink = p;

        return write_all(sink->fd, record->line, record->size);
}

const struct sink sink_file = {
        .name = "file",
        .open = file_open,
        .record = file_record,
        .free = file_free,
};
