/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sel-text.h: records of the event log for a person. */
#pragma once

#include "base/macro.h"

struct sel_record;

/* "memory sensor 02h: uncorrectable ECC error", "processor sensor 61h: offset 0ch asserted": as far as IPMI
 * 2.0 (tables 42-2 and 42-3) knows. Returns NULL when memory is short. */
char *sel_describe(const struct sel_record *record);

/* When it was, in UTC; "?" for a BMC whose clock was not set. Returns buffer. */
#define SEL_FORMAT_TIME_MAX 24
char *sel_format_time(char buffer[static SEL_FORMAT_TIME_MAX], const struct sel_record *record);
