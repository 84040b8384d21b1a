/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "ipmi.h"
#include "sel.h"

#define EVENT_MESSAGE_VERSION 0x04
#define RECORD_SIZE           16U

static const struct ipmi_command platform_event = {IPMI_NETFN_SENSOR_EVENT, 0x02, "Platform Event", 0};
static const struct ipmi_command get_info = {IPMI_NETFN_STORAGE, 0x40, "Get SEL Info", 0};
static const struct ipmi_command get_entry = {IPMI_NETFN_STORAGE, 0x43, "Get SEL Entry", 0};
static const struct ipmi_command add_entry = {IPMI_NETFN_STORAGE, 0x44, "Add SEL Entry", 0};

static uint16_t get_u16(const uint8_t *p) {
        return (uint16_t) (p[0] | p[1] << 8);
}

static uint32_t get_u32(const uint8_t *p) {
        return (uint32_t) get_u16(p) | (uint32_t) get_u16(p + 2) << 16;
}

int sel_decode_record(const uint8_t *response, size_t size, struct sel_record *ret) {
        const uint8_t *p = response + 3;

        if (size < 3 + RECORD_SIZE)
                return -EBADMSG;

        *ret = (struct sel_record){.next = get_u16(response + 1), .id = get_u16(p), .type = p[2]};
        if (ret->type != SEL_SYSTEM_EVENT)
                return 0;

        ret->timestamp = get_u32(p + 3);
        ret->generator = get_u16(p + 7);
        ret->event = (struct sel_event){
                .sensor_type = p[10],
                .sensor_number = p[11],
                .type = p[12] & 0x7f,
                .deassertion = p[12] & 0x80,
                .data = {p[13], p[14], p[15]},
        };
        return 0;
}

int sel_decode_info(const uint8_t *response, size_t size, struct sel_info *ret) {
        if (size < 15)
                return -EBADMSG;

        *ret = (struct sel_info){
                .entries = get_u16(response + 2),
                .free_bytes = get_u16(response + 4),
                .overflow = response[14] & 0x80,
        };
        return 0;
}

bool sel_record_is(const struct sel_record *record, const struct sel_event *event) {
        const struct sel_event *is = &record->event;

        return record->type == SEL_SYSTEM_EVENT && record->generator == SEL_GENERATOR_SOFTWARE &&
               is->sensor_type == event->sensor_type && is->sensor_number == event->sensor_number &&
               is->type == event->type && is->deassertion == event->deassertion &&
               memcmp(is->data, event->data, sizeof(event->data)) == 0;
}

/* Message format version, sensor type and so on: what both ways of writing end with. */
static void encode_event(const struct sel_event *event, uint8_t ret[static 7]) {
        const uint8_t bytes[] = {
                EVENT_MESSAGE_VERSION, event->sensor_type,
                event->sensor_number,  (uint8_t) ((event->deassertion ? 0x80 : 0) | event->type),
                event->data[0],        event->data[1],
                event->data[2],
        };

        memcpy(ret, bytes, sizeof(bytes));
}

int sel_platform_event(struct ipmi *ipmi, struct wait *w, const struct sel_event *event, char **ret_problem) {
        uint8_t request[8] = {SEL_GENERATOR_SOFTWARE & 0xff}, response[IPMI_RESPONSE_MAX];
        size_t size;

        encode_event(event, request + 1);
        return ipmi_run(ipmi, w, &platform_event, request, sizeof(request), response, &size, ret_problem);
}

int sel_add_entry(struct ipmi *ipmi, struct wait *w, const struct sel_event *event, char **ret_problem) {
        /* Number and time are the BMC's to fill in. */
        uint8_t request[RECORD_SIZE] = {
                [2] = SEL_SYSTEM_EVENT,
                [7] = SEL_GENERATOR_SOFTWARE & 0xff,
                [8] = SEL_GENERATOR_SOFTWARE >> 8,
        };
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;

        encode_event(event, request + 9);
        return ipmi_run(ipmi, w, &add_entry, request, sizeof(request), response, &size, ret_problem);
}

int sel_get_record(struct ipmi *ipmi, struct wait *w, uint16_t id, struct sel_record *ret,
                   char **ret_problem) {
        /* No reservation is needed for whole records. */
        const uint8_t request[] = {0, 0, (uint8_t) id, (uint8_t) (id >> 8), 0, 0xff};
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;
        int r;

        r = ipmi_run(ipmi, w, &get_entry, request, sizeof(request), response, &size, ret_problem);
        if (r < 0)
                return r;

        return sel_decode_record(response, size, ret) < 0 ? ipmi_garbled(ipmi, &get_entry, ret_problem) : 0;
}

int sel_get_info(struct ipmi *ipmi, struct wait *w, struct sel_info *ret, char **ret_problem) {
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;
        int r;

        r = ipmi_run(ipmi, w, &get_info, NULL, 0, response, &size, ret_problem);
        if (r < 0)
                return r;

        return sel_decode_info(response, size, ret) < 0 ? ipmi_garbled(ipmi, &get_info, ret_problem) : 0;
}
