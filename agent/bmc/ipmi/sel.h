/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sel.h: the BMC's System Event Log (IPMI 2.0, clauses 29 to 32). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct ipmi;
struct wait;

#define SEL_FIRST 0x0000 /* as a record's number: the oldest */
#define SEL_LAST  0xffff /* the newest; as the number of the next one: there is none */

#define SEL_SENSOR_SPECIFIC 0x6f /* event type: the offset's meaning is the sensor type's */
#define SEL_SEVERITY        0x07 /* event type: transitions between OK, non-critical and critical */

/* Software with ID 20h, system management software, as the generator of an event (IPMI 2.0, table 5-4). */
#define SEL_GENERATOR_SOFTWARE 0x0041

/* An event as Platform Event sends it. */
struct sel_event {
        uint8_t sensor_type, sensor_number;
        uint8_t type; /* event/reading type, of 7 bits */
        bool deassertion;
        uint8_t data[3];
};

struct sel_record {
        uint16_t id, next;
        uint8_t type; /* 02h: a system event; what follows is 0 in others */
        uint32_t timestamp;
        uint16_t generator;
        struct sel_event event;
};

#define SEL_SYSTEM_EVENT 0x02

struct sel_info {
        uint16_t entries, free_bytes;
        bool overflow; /* events were lost for want of room */
};

/* response: from the completion code on, which is success; what stands behind the answer's end is not looked
 * at. Return 0, -EBADMSG when it is too short. */
int sel_decode_record(const uint8_t *response, size_t size, struct sel_record *ret);
int sel_decode_info(const uint8_t *response, size_t size, struct sel_info *ret);

/* Whether the record is this event, from us. */
bool sel_record_is(const struct sel_record *record, const struct sel_event *event);

/* These return as ipmi_run(). Success of a write is no proof: OpenBMC may answer so and store nothing. */

/* Platform Event Message (29.3): what a BMC handles as it does the events of its own sensors. */
int sel_platform_event(struct ipmi *ipmi, struct wait *w, const struct sel_event *event, char **ret_problem);

/* Add SEL Entry (31.6): straight into the log. */
int sel_add_entry(struct ipmi *ipmi, struct wait *w, const struct sel_event *event, char **ret_problem);

/* Get SEL Entry (31.5); -ENOENT also when the log is empty. */
int sel_get_record(struct ipmi *ipmi, struct wait *w, uint16_t id, struct sel_record *ret,
                   char **ret_problem);

/* Get SEL Info (31.2). */
int sel_get_info(struct ipmi *ipmi, struct wait *w, struct sel_info *ret, char **ret_problem);
