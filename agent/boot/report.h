/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.h: carries a boot_log_t out of the process that looks into a device, over its report file
 * descriptor. */
#pragma once

#include "boot.h"

/* A boot_log_t for the child; userdata points to its report_fd. */
void report_log(const char *severity, const char *message, void *userdata);

/* Hands message on to log if it is what report_log() sent. Returns whether it was. */
bool report_forward(const json_t *message, boot_log_t log, void *userdata);
