/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "text.h"

static void log_write(const char *format, va_list ap, int error) {
        _cleanup_free_ char *text = vstrprintf(format, ap);

        if (error < 0)
                fprintf(stderr, "seatrial: %s: %s\n", text ?: format, strerror(-error));
        else
                fprintf(stderr, "seatrial: %s\n", text ?: format);
}

void log_line(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        log_write(format, ap, 0);
        va_end(ap);
}

int log_error(int error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        log_write(format, ap, error);
        va_end(ap);

        return error;
}
