/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <math.h>
#include <stdarg.h>

#include "base/child.h"
#include "base/text.h"
#include "trial.h"

/* Without memory for an artifact or its text json_pack() gives NULL, and child_report() -ENOMEM. */
int trial_report(const struct trial_context *context, json_t *artifact) {
        return child_report(context->report_fd, artifact);
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
        message = vstrprintf(message_format, ap);
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
        message = vstrprintf(message_format, ap);
        va_end(ap);

        return trial_report(context,
                            json_pack("{s:{s:s, s:s}}", "error", "symptom", symptom, "message", message));
}

int trial_report_log(const struct trial_context *context, const char *severity, const char *message_format,
                     ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, message_format);
        message = vstrprintf(message_format, ap);
        va_end(ap);

        return trial_report(context,
                            json_pack("{s:{s:s, s:s}}", "log", "severity", severity, "message", message));
}

int trial_report_progress(const struct trial_context *context, double fraction, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = vstrprintf(format, ap);
        va_end(ap);

        return trial_report(context,
                            json_pack("{s:{s:f, s:s}}", "progress", "fraction", fraction, "text", text));
}
