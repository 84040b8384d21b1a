/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each stage and the outcome as events in the BMC's log (SEL), where every tool shows them.
 *
 * All are from generator 0041h (system management software) and sensor 53h. Sensor types and offsets are
 * those of IPMI 2.0, table 42-3, chosen so that a tool which knows nothing of seatrial shows what has
 * happened:
 *
 *      stage begins    discovery   0Fh firmware progress, 02h, 14h baseboard initialization
 *                      trial       1Dh system boot initiated, 04h automatic boot to diagnostic
 *                      production  0Fh firmware progress, 02h, 13h starting operating system boot process
 *      stage ends      0Fh, severity (type 07h): 00h to OK, 01h to non-critical, 02h to critical
 *      a trial failed  memory      0Ch memory, 03h memory scrub failed
 *                      processor   07h processor, 01h FRB1 or BIST failure
 *                      storage     0Dh drive slot, 01h drive fault
 *      nothing to boot 1Eh boot error, 00h no bootable media
 *      not delivered   28h management subsystem health, 01h controller access degraded; event data 2 and 3:
 *                      how many records, low byte first, FFFFh for more
 *      another one     06h platform security, severity, 02h to critical: it answers at the BMC's address
 *      hung before     0Fh firmware hang, 01h; event data 3: the stage, as below
 *
 * Event data 3 of a beginning is the stage: 01h discovery, 02h trial, 03h production. Event data 2 of an end
 * is the stage, with 00h for the whole boot in place of production's, and event data 3 is OCP's status in the
 * upper four bits (1 COMPLETE, 2 ERROR, 3 SKIP) and its result in the lower (1 NOT_APPLICABLE, 2 PASS,
 * 3 FAIL). */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bmc/ipmi/sel.h"
#include "event-log.h"
#include "events.h"
#include "item.h"

#define EVENTS_MAX 32U

/* What event data 1 says of the other two. */
#define DATA2_OEM      0x80
#define DATA2_SPECIFIC 0xc0
#define DATA3_OEM      0x20

enum severity { TO_OK = 0, TO_NON_CRITICAL = 1, TO_CRITICAL = 2 };

struct events {
        struct sel_event queue[EVENTS_MAX];
        size_t n;

        enum severity worst;
        enum item_status worst_status;
        enum item_result worst_result;

        struct event_log log;
};

static void push(struct events *events, struct sel_event event) {
        event.sensor_number = EVENTS_SENSOR;
        if (!event.type)
                event.type = SEL_SENSOR_SPECIFIC;

        /* So many wait only for a BMC that has never answered. */
        if (events->n < EVENTS_MAX)
                events->queue[events->n++] = event;
}

static void push_begin(struct events *events, enum item_stage stage) {
        static const struct sel_event begins[] = {
                [STAGE_DISCOVERY] = {.sensor_type = SENSOR_FIRMWARE_PROGRESS,
                                     .data = {DATA2_SPECIFIC | DATA3_OEM | 0x02, 0x14, STAGE_DISCOVERY}},
                [STAGE_TRIAL] = {.sensor_type = SENSOR_BOOT_INITIATED,
                                 .data = {DATA3_OEM | 0x04, 0xff, STAGE_TRIAL}},
                [STAGE_PRODUCTION] = {.sensor_type = SENSOR_FIRMWARE_PROGRESS,
                                      .data = {DATA2_SPECIFIC | DATA3_OEM | 0x02, 0x13, STAGE_PRODUCTION}},
        };

        if (stage != STAGE_UNKNOWN)
                push(events, begins[stage]);
}

static enum severity severity_of(enum item_stage stage, enum item_status status, enum item_result result) {
        if (result == RESULT_FAIL || (stage == STAGE_PRODUCTION && status == STATUS_ERROR))
                return TO_CRITICAL;

        return result == RESULT_PASS && status == STATUS_COMPLETE ? TO_OK : TO_NON_CRITICAL;
}

static void push_end(struct events *events, const struct happening *h) {
        enum severity severity = severity_of(h->stage, h->status, h->result);
        bool last = h->stage == STAGE_PRODUCTION;

        if (h->stage == STAGE_UNKNOWN)
                return;

        if (severity >= events->worst) {
                events->worst = severity;
                events->worst_status = h->status;
                events->worst_result = h->result;
        }

        if (!last)
                push(events, (struct sel_event){
                                     .sensor_type = SENSOR_FIRMWARE_PROGRESS,
                                     .type = SEL_SEVERITY,
                                     .data = {(uint8_t) (DATA2_OEM | DATA3_OEM | severity),
                                              (uint8_t) h->stage, (uint8_t) (h->status << 4 | h->result)},
                             });
        else
                push(events,
                     (struct sel_event){
                             .sensor_type = SENSOR_FIRMWARE_PROGRESS,
                             .type = SEL_SEVERITY,
                             .data = {(uint8_t) (DATA2_OEM | DATA3_OEM | events->worst), EVENTS_WHOLE_BOOT,
                                      (uint8_t) (events->worst_status << 4 | events->worst_result)},
                     });
}

static void push_failure(struct events *events, const char *step) {
        static const struct {
                const char *step;
                uint8_t sensor_type, offset;
        } failures[] = {
                {"memory", SENSOR_MEMORY, 0x03},
                {"processor", SENSOR_PROCESSOR, 0x01},
                {"storage", SENSOR_DRIVE, 0x01},
        };

        for (size_t i = 0; i < ELEMENTSOF(failures); i++)
                if (streq(failures[i].step, step))
                        push(events, (struct sel_event){
                                             .sensor_type = failures[i].sensor_type,
                                             .data = {failures[i].offset, 0xff, 0xff},
                                     });
}

static void push_event(struct events *events, enum items_event event, uint64_t value) {
        uint16_t count = (uint16_t) MIN(value, (uint64_t) UINT16_MAX);

        switch (event) {
        case ITEMS_UNDELIVERED:
                push(events,
                     (struct sel_event){
                             .sensor_type = SENSOR_MANAGEMENT_HEALTH,
                             .data = {DATA2_OEM | DATA3_OEM | 0x01, (uint8_t) count, (uint8_t) (count >> 8)},
                     });
                break;
        case ITEMS_WRONG_CERTIFICATE:
                push(events, (struct sel_event){
                                     .sensor_type = SENSOR_PLATFORM_SECURITY,
                                     .type = SEL_SEVERITY,
                                     .data = {TO_CRITICAL, 0xff, 0xff},
                             });
                break;
        case ITEMS_HUNG:
                push(events, (struct sel_event){
                                     .sensor_type = SENSOR_FIRMWARE_PROGRESS,
                                     .data = {DATA2_SPECIFIC | DATA3_OEM | 0x01, 0x00, (uint8_t) value},
                             });
                break;
        }
}

static int events_see(void *state, const struct happening *h) {
        struct events *events = state;

        switch (h->kind) {
        case STAGE_BEGINS:
                push_begin(events, h->stage);
                break;
        case STAGE_ENDS:
                push_end(events, h);
                break;
        case STEP_FAILED:
                push_failure(events, h->step);
                break;
        case NO_BOOT_ENTRY:
                push(events, (struct sel_event){.sensor_type = SENSOR_BOOT_ERROR, .data = {0, 0xff, 0xff}});
                break;
        case EVENT:
                push_event(events, h->event, h->value);
                break;
        }

        return 0;
}

static int events_write(void *state, struct item_call *call) {
        struct events *events = state;
        int r;

        while (events->n > 0) {
                r = event_log_write(&events->log, call, &events->queue[0]);
                if (r == -EAGAIN)
                        return 0;
                if (r < 0)
                        return r;

                events->n--;
                memmove(&events->queue[0], &events->queue[1], events->n * sizeof(events->queue[0]));
        }

        return 0;
}

const struct item item_events = {
        .name = "events",
        .state_size = sizeof(struct events),
        .see = events_see,
        .write = events_write,
};
