/* SPDX-License-Identifier: GPL-3.0-or-later */
/* events.h: the numbers in the events that are ours (IPMI 2.0, table 42-3); events.c tells what they mean. */
#pragma once

#include "base/macro.h"

struct sel_record;

#define EVENTS_SENSOR     0x53
#define EVENTS_WHOLE_BOOT 0x00

#define SENSOR_PLATFORM_SECURITY 0x06
#define SENSOR_PROCESSOR         0x07
#define SENSOR_MEMORY            0x0c
#define SENSOR_DRIVE             0x0d
#define SENSOR_FIRMWARE_PROGRESS 0x0f
#define SENSOR_BOOT_INITIATED    0x1d
#define SENSOR_BOOT_ERROR        0x1e
#define SENSOR_MANAGEMENT_HEALTH 0x28

/* What an event of ours says: "trial begins". Returns NULL for a record that is not ours, and when memory is
 * short. */
char *events_describe(const struct sel_record *record);
