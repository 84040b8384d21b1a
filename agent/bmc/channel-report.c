/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/text.h"
#include "channel-report.h"

#define STATUS_MAX ((size_t) 1024 * 1024)

/* NULL: no memory. */
static char *status_path_of(const char *journal_path) {
        const char *slash = strrchr(journal_path, '/');

        return strprintf("%.*s" CHANNEL_STATUS_NAME, slash ? (int) (slash + 1 - journal_path) : 0,
                         journal_path);
}

int channel_status_read(const char *journal_path, json_t **ret) {
        _cleanup_free_ char *path = status_path_of(journal_path), *text = NULL;
        size_t size;
        int r;

        if (!path)
                return -ENOMEM;

        r = read_file(path, STATUS_MAX, &text, &size);
        return r < 0 ? r : json_parse(text, size, ret);
}

int channel_status_set_delivered(const char *journal_path, uint64_t n_records) {
        _cleanup_free_ char *path = status_path_of(journal_path), *text = NULL;
        _cleanup_json_ json_t *status = NULL;
        int r;

        r = channel_status_read(journal_path, &status);
        if (r >= 0)
                r = json_set_u64(status, "delivered", n_records);
        if (r < 0)
                return r;
        (void) json_object_del(status, "kept");

        text = json_dumps(status, JSON_INDENT(2));
        return path && text ? write_file_atomic(path, text, strlen(text), 0600) : -ENOMEM;
}

int channel_report_init(struct channel_report *report, int fd, const char *journal_path, const char *boot) {
        *report = (struct channel_report){.fd = fd};
        report->status_path = status_path_of(journal_path);
        report->status = json_pack("{ss ss}", "boot", boot, "state", "starting");
        return report->status_path && report->status ? 0 : -ENOMEM;
}

void channel_report_done(struct channel_report *report) {
        free(TAKE_PTR(report->status_path));
        json_decref(TAKE_PTR(report->status));
}

/* Who reads it finds all of it or what was there before. That it cannot be written costs the status alone. */
static void write_status(struct channel_report *report) {
        char now[FORMAT_TIMESTAMP_MAX];
        _cleanup_free_ char *text = NULL;

        (void) json_set_string(report->status, "time", format_timestamp_now(now));
        text = json_dumps(report->status, JSON_INDENT(2));
        if (text)
                (void) write_file_atomic(report->status_path, text, strlen(text), 0600);
}

void channel_report_log(struct channel_report *report, const char *severity, const char *format, ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = vstrprintf(format, ap);
        va_end(ap);

        if (message)
                (void) child_report(report->fd,
                                    json_pack("{s{ssss}}", "log", "severity", severity, "message", message));
}

void channel_report_state(struct channel_report *report, const char *state, const char *summary) {
        (void) json_set_string(report->status, "state", state);
        write_status(report);
        (void) child_report(report->fd, json_pack("{ssss}", "state", state, "summary", summary));
}

void channel_report_acknowledged(struct channel_report *report, uint64_t n_records) {
        channel_report_status(report, "delivered", json_integer((json_int_t) n_records));
        (void) child_report(report->fd, json_pack("{sI}", "acknowledged", (json_int_t) n_records));
}

void channel_report_status(struct channel_report *report, const char *key, json_t *value) {
        if (json_set(report->status, key, value) >= 0)
                write_status(report);
}
