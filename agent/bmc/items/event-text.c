/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/text.h"
#include "bmc/ipmi/sel.h"
#include "events.h"
#include "item.h"

static const char *stage_text(uint8_t stage) {
        static const char *const texts[] = {
                [STAGE_UNKNOWN] = "an unknown stage",
                [STAGE_DISCOVERY] = "discovery",
                [STAGE_TRIAL] = "trial",
                [STAGE_PRODUCTION] = "production",
        };

        return texts[stage < ELEMENTSOF(texts) ? stage : STAGE_UNKNOWN];
}

static char *describe_end(const struct sel_event *event) {
        static const char *const statuses[] = {"?", "COMPLETE", "ERROR", "SKIP"};
        static const char *const results[] = {"?", "NOT_APPLICABLE", "PASS", "FAIL"};
        unsigned status = event->data[2] >> 4, result = event->data[2] & 0x0f;
        const char *status_text = statuses[status < ELEMENTSOF(statuses) ? status : 0];
        const char *result_text = results[result < ELEMENTSOF(results) ? result : 0];

        return event->data[1] == EVENTS_WHOLE_BOOT
                       ? strprintf("outcome: %s, %s", status_text, result_text)
                       : strprintf("%s ends: %s, %s", stage_text(event->data[1]), status_text, result_text);
}

static char *describe_progress(const struct sel_event *event) {
        if ((event->data[0] & 0x0f) == 0x01)
                return strprintf("the boot before hung in %s", stage_text(event->data[2]));

        return strprintf("%s begins", stage_text(event->data[2]));
}

char *events_describe(const struct sel_record *record) {
        const struct sel_event *event = &record->event;
        unsigned lost;

        if (record->type != SEL_SYSTEM_EVENT || record->generator != SEL_GENERATOR_SOFTWARE ||
            event->sensor_number != EVENTS_SENSOR)
                return NULL;

        switch (event->sensor_type) {
        case SENSOR_FIRMWARE_PROGRESS:
                return event->type == SEL_SEVERITY ? describe_end(event) : describe_progress(event);
        case SENSOR_BOOT_INITIATED:
                return strprintf("%s begins", stage_text(event->data[2]));
        case SENSOR_MEMORY:
                return strprintf("the memory trial failed");
        case SENSOR_PROCESSOR:
                return strprintf("the processor trial failed");
        case SENSOR_DRIVE:
                return strprintf("the storage trial failed");
        case SENSOR_BOOT_ERROR:
                return strprintf("nothing to boot was found");
        case SENSOR_PLATFORM_SECURITY:
                return strprintf("another one than the BMC answers at its address");
        case SENSOR_MANAGEMENT_HEALTH:
                lost = (unsigned) (event->data[1] | event->data[2] << 8);
                return strprintf("%u%s records did not come to the BMC", lost,
                                 lost == 0xffff ? " or more" : "");
        default:
                return NULL;
        }
}
