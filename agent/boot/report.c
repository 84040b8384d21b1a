/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "report.h"
#include "base/child.h"

void report_log(const char *severity, const char *message, void *userdata) {
        const int *report_fd = userdata;

        /* When this fails, the parent is gone, and nobody is left to be told. */
        (void) child_report(*report_fd, json_pack("{s:s, s:s}", "severity", severity, "message", message));
}

bool report_forward(const json_t *message, boot_log_t log, void *userdata) {
        const char *severity = json_get_string(message, "severity"),
                   *text = json_get_string(message, "message");

        if (!severity || !text)
                return false;

        log(severity, text, userdata);
        return true;
}
