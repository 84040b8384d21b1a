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
#include "bmc/ipmi/ipmi.h"
#include "bmc/ipmi/sel.h"
#include "bmc/wait.h"
#include "events.h"
#include "item.h"

#define EVENTS_MAX  32U
#define RECORDS_MAX 64U /* others' that may stand behind the last one known */

/* What event data 1 says of the other two. */
#define DATA2_OEM      0x80
#define DATA2_SPECIFIC 0xc0
#define DATA3_OEM      0x20

enum severity { TO_OK = 0, TO_NON_CRITICAL = 1, TO_CRITICAL = 2 };

struct events {
        struct sel_event queue[EVENTS_MAX];
        size_t n;
        size_t in_doubt; /* the first of them was told in the way of this number, from 1, and no answer came
                          */

        enum severity worst;
        enum item_status worst_status;
        enum item_result worst_result;

        struct ipmi_way read, ways[2];
        bool unproven[2]; /* what is written in this way is accepted, and does not show */
        bool known;       /* last is */
        uint16_t last;    /* the newest record when it was last looked at; SEL_LAST: none */
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

/* --- writing --- */

static const struct {
        const char *name;
        int (*send)(struct ipmi *ipmi, struct wait *w, const struct sel_event *event, char **ret_problem);
} ways[] = {
        {"Platform Event", sel_platform_event},
        {"Add SEL Entry", sel_add_entry},
};

static bool is_new(const struct events *events, const struct sel_record *record) {
        return record->id != events->last;
}

/* Looks for the event among the records that have come since the last one known, and moves that on to the
 * newest. Returns 1 and its number, 0, a negative errno. */
static int find_new(struct events *events, struct ipmi *ipmi, struct wait *w, const struct sel_event *event,
                    uint16_t *ret_id, char **ret_problem) {
        uint16_t next = events->last == SEL_LAST ? SEL_FIRST : events->last;
        struct sel_record newest, record;
        bool found = false;
        int r;

        r = sel_get_record(ipmi, w, SEL_LAST, &newest, ret_problem);
        if (r < 0 || !is_new(events, &newest))
                return r;

        /* Mostly it is the newest itself. Otherwise somebody else was faster, and it stands in between. */
        record = newest;
        found = sel_record_is(&record, event);
        for (unsigned i = 0; !found && i < RECORDS_MAX && next != SEL_LAST && next != newest.id; i++) {
                r = sel_get_record(ipmi, w, next, &record, ret_problem);
                if (r < 0)
                        return r;
                found = is_new(events, &record) && sel_record_is(&record, event);
                next = record.next;
        }

        events->last = newest.id;
        if (found)
                *ret_id = record.id;
        return found;
}

/* The same, again after a while: a BMC may put events into its log behind the scenes. Returns also 0 when the
 * log cannot be read. */
static int look(struct events *events, struct item_call *call, const struct sel_event *event, bool patient,
                char **ret_detail) {
        static const unsigned pauses[] = {0, 100, 300}; /* ms */
        struct wait *w = call->means->wait;

        for (size_t i = 0; i < (patient ? ELEMENTSOF(pauses) : 1); i++) {
                struct ipmi *ipmi = events->known ? item_ipmi(call, &events->read) : NULL;
                _cleanup_free_ char *problem = NULL;
                uint16_t id = SEL_LAST;
                int r;

                if (!ipmi)
                        return 0;
                if (pauses[i] > 0) {
                        r = wait_for(w, -EBADF, 0, wait_until(w, pauses[i] * USEC_PER_MSEC));
                        if (r != -ETIMEDOUT)
                                return r;
                }

                r = find_new(events, ipmi, w, event, &id, &problem);
                if (r == -ENOENT)
                        continue;
                if (r < 0)
                        return item_ipmi_failed(call, &events->read, r, TAKE_PTR(problem)) < 0 ? r : 0;
                if (r > 0) {
                        *ret_detail = strprintf("%s: record %04xh of the event log", ipmi->name, id);
                        return 1;
                }
        }

        return 0;
}

/* Finds out where the log ends before the first event is written. */
static int look_before(struct events *events, struct item_call *call) {
        struct ipmi *ipmi;

        while (!events->known && (ipmi = item_ipmi(call, &events->read))) {
                _cleanup_free_ char *problem = NULL;
                struct sel_record record;
                int r;

                r = sel_get_record(ipmi, call->means->wait, SEL_LAST, &record, &problem);
                if (r >= 0 || r == -ENOENT) {
                        events->known = true;
                        events->last = r < 0 ? SEL_LAST : record.id;
                        break;
                }

                r = item_ipmi_failed(call, &events->read, r, TAKE_PTR(problem));
                if (r <= 0)
                        return r;
        }

        return 0;
}

/* Returns 1 when the event is in the log, 0 when another way may be tried, -EAGAIN when the BMC cannot be
 * asked just now, another negative errno. */
static int write_in(struct events *events, struct item_call *call, size_t i, const struct sel_event *event) {
        struct ipmi_way *way = &events->ways[i];
        _cleanup_free_ char *problem = NULL, *detail = NULL;
        struct ipmi *ipmi;
        bool readable;
        int r, error;

        ipmi = item_ipmi(call, way);
        if (!ipmi)
                return way->closed ? 0 : -EAGAIN;

        error = ways[i].send(ipmi, call->means->wait, event, &problem);
        if (error == -EOPNOTSUPP) {
                r = item_ipmi_failed(call, way, error, TAKE_PTR(problem));
                return r > 0 ? write_in(events, call, i, event) : r;
        }
        if (error < 0 && error != -EREMOTEIO) {
                events->in_doubt = i + 1;
                r = item_ipmi_failed(call, way, error, TAKE_PTR(problem));
                return r < 0 ? r : -EAGAIN;
        }

        r = events->unproven[i] ? 0 : look(events, call, event, error >= 0, &detail);
        if (r != 0) {
                if (r > 0)
                        item_report(call, way->name, ITEM_VERIFIED, TAKE_PTR(detail));
                return r;
        }
        if (error < 0)
                return item_ipmi_failed(call, way, error, TAKE_PTR(problem));

        readable = events->known && !events->read.closed;
        item_report(call, way->name, ITEM_ACCEPTED,
                    strprintf("%s: the BMC takes the event, and its event log %s", ipmi->name,
                              readable ? "does not show it" : "cannot be read"));
        events->unproven[i] = readable;
        return !readable;
}

/* Returns 1 when it has been written as well as can be, -EAGAIN, another negative errno. */
static int write_event(struct events *events, struct item_call *call, const struct sel_event *event) {
        bool accepted = false;
        int r;

        r = look_before(events, call);
        if (r < 0)
                return r;

        if (events->in_doubt) {
                const char *way = ways[TAKE(events->in_doubt, 0) - 1].name;
                _cleanup_free_ char *detail = NULL;

                r = look(events, call, event, false, &detail);
                if (r > 0)
                        item_report(call, way, ITEM_VERIFIED, TAKE_PTR(detail));
                if (r != 0)
                        return r;
        }

        for (size_t i = 0; i < ELEMENTSOF(ways); i++)
                if (!events->unproven[i]) {
                        r = write_in(events, call, i, event);
                        if (r != 0)
                                return r;
                        accepted = accepted || events->unproven[i];
                }

        for (size_t i = 0; !accepted && i < ELEMENTSOF(ways); i++)
                if (events->unproven[i]) {
                        r = write_in(events, call, i, event);
                        return r < 0 ? r : 1;
                }

        return 1;
}

static int events_write(void *state, struct item_call *call) {
        struct events *events = state;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(ways); i++)
                events->ways[i].name = ways[i].name;
        events->read.name = "Get SEL Entry";

        while (events->n > 0) {
                r = write_event(events, call, &events->queue[0]);
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
