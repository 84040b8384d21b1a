/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/child.h"
#include "trial.h"

int trial_report(const struct trial_context *context, json_t *artifact) {
        return child_report(context->report_fd, artifact);
}

/* NULL when memory is short: then json_pack() gives NULL as well, and child_report() -ENOMEM. */
static char __attribute__((format(printf, 1, 0))) * format_text(const char *format, va_list ap) {
        char *text;

        return vasprintf(&text, format, ap) < 0 ? NULL : text;
}

/* An integer, such as a count of bytes, stays one: a reader should not meet 1073741824.0. */
static json_t *number(double value) {
        return value == floor(value) && fabs(value) < 0x1p53 ? json_integer((json_int_t) value)
                                                             : json_real(value);
}

int trial_report_diagnosis(const struct trial_context *context, enum trial_verdict type, const char *verdict,
                           const char *hardware_info_id, const char *message_format, ...) {
        static const char *const types[] = {"PASS", "FAIL", "UNKNOWN"};
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, message_format);
        message = format_text(message_format, ap);
        va_end(ap);

        return trial_report(context, json_pack("{s:{s:s, s:s, s:s, s:s*}}", "diagnosis", "type", types[type],
                                               "verdict", verdict, "message", message, "hardwareInfoId",
                                               hardware_info_id));
}

int trial_report_measurement(const struct trial_context *context, const char *name, double value,
                             const char *unit, const char *hardware_info_id) {
        return trial_report(context,
                            json_pack("{s:{s:s, s:o, s:s*, s:s*}}", "measurement", "name", name, "value",
                                      number(value), "unit", unit, "hardwareInfoId", hardware_info_id));
}

int trial_report_error(const struct trial_context *context, const char *symptom, const char *message_format,
                       ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, message_format);
        message = format_text(message_format, ap);
        va_end(ap);

        return trial_report(context,
                            json_pack("{s:{s:s, s:s}}", "error", "symptom", symptom, "message", message));
}

int trial_report_log(const struct trial_context *context, const char *severity, const char *message_format,
                     ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, message_format);
        message = format_text(message_format, ap);
        va_end(ap);

        return trial_report(context,
                            json_pack("{s:{s:s, s:s}}", "log", "severity", severity, "message", message));
}

int trial_report_progress(const struct trial_context *context, double fraction, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = format_text(format, ap);
        va_end(ap);

        return trial_report(context,
                            json_pack("{s:{s:f, s:s}}", "progress", "fraction", fraction, "text", text));
}
