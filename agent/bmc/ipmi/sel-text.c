/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "sel-text.h"
#include "sel.h"

#define OFFSETS_MAX 15U

#define EVENT_THRESHOLD 0x01
#define SECONDS_MAX     0x20000000U /* up to this they count from the BMC's start (IPMI 2.0, 37) */
#define NO_TIME         0xffffffffU

struct words {
        uint8_t type;
        const char *name;
        const char *offsets[OFFSETS_MAX]; /* of sensor-specific events */
};

static const struct words sensors[] = {
        {0x01, "temperature", {}},
        {0x02, "voltage", {}},
        {0x03, "current", {}},
        {0x04, "fan", {}},
        {0x05, "physical security", {"chassis intrusion"}},
        {0x06, "platform security", {}},
        {0x07,
         "processor",
         {"IERR", "thermal trip", "FRB1 or self-test failure", "FRB2 hang in POST", "FRB3 startup failure",
          "configuration error", "uncorrectable CPU-complex error", "present", "disabled",
          "terminator present", "throttled", "uncorrectable machine check", "correctable machine check"}},
        {0x08,
         "power supply",
         {"present", "failure", "predictive failure", "input lost", "input lost or out of range",
          "input out of range", "configuration error", "inactive"}},
        {0x09,
         "power unit",
         {"powered off", "power cycle", "240VA power down", "interlock power down", "AC lost",
          "soft power control failure", "power unit failure", "predictive failure"}},
        {0x0c,
         "memory",
         {"correctable ECC error", "uncorrectable ECC error", "parity error", "scrub failed", "disabled",
          "correctable ECC error limit reached", "present", "configuration error", "spare", "throttled",
          "critical overtemperature"}},
        {0x0d,
         "drive slot",
         {"present", "drive fault", "predictive failure", "hot spare", "parity check in progress",
          "in critical array", "in failed array", "rebuild in progress", "rebuild aborted"}},
        {0x0f, "firmware progress", {"firmware error", "firmware hang", "firmware progress"}},
        {0x10,
         "event logging",
         {"correctable memory error logging off", "event type logging off", "log cleared", "all logging off",
          "log full", "log almost full", "correctable machine check logging off"}},
        {0x11, "watchdog 1", {}},
        {0x12,
         "system event",
         {"reconfigured", "OEM boot event", "hardware failure", "auxiliary log entry", "PEF action",
          "time set"}},
        {0x13,
         "critical interrupt",
         {"NMI", "bus time-out", "I/O channel check NMI", "software NMI", "PCI PERR", "PCI SERR",
          "EISA fail-safe", "correctable bus error", "uncorrectable bus error", "fatal NMI",
          "fatal bus error", "bus degraded"}},
        {0x14, "button", {"power button", "sleep button", "reset button", "FRU latch open", "FRU service"}},
        {0x1b, "cable", {"connected", "wrongly connected"}},
        {0x1d,
         "system boot initiated",
         {"power up", "hard reset", "warm reset", "user asked for network boot",
          "automatic boot to diagnostic", "hard reset by software", "warm reset by software",
          "system restart"}},
        {0x1e,
         "boot error",
         {"no bootable media", "non-bootable disk in drive", "PXE server not found", "invalid boot sector",
          "time-out waiting for a choice"}},
        {0x1f,
         "operating system boot",
         {"A: booted", "C: booted", "PXE booted", "diagnostic booted", "CD-ROM booted", "ROM booted",
          "booted"}},
        {0x20,
         "operating system stop",
         {"stopped while loading", "stopped at run time", "graceful stop", "graceful shutdown",
          "soft shutdown", "agent does not respond"}},
        {0x21, "slot or connector", {"fault", "identified", "device installed", "ready for installation"}},
        {0x22, "ACPI power state", {"S0/G0 working", "S1", "S2", "S3", "S4", "S5/G2 soft off", "S4/S5"}},
        {0x23,
         "watchdog",
         {"timer expired", "hard reset", "power down", "power cycle", NULL, NULL, NULL, NULL,
          "timer interrupt"}},
        {0x28,
         "management subsystem health",
         {"sensor degraded", "controller access degraded", "controller off-line", "controller unavailable",
          "sensor failure", "FRU failure"}},
        {0x29, "battery", {"low", "failed", "present"}},
        {0x2b,
         "version change",
         {"hardware change", "firmware change", "incompatible hardware", "incompatible firmware"}},
};

static const char *const severities[] = {"OK", "non-critical", "critical", "non-recoverable"};
static const char *const thresholds[] = {
        "lower non-critical going low", "lower non-critical going high",   "lower critical going low",
        "lower critical going high",    "lower non-recoverable going low", "lower non-recoverable going high",
        "upper non-critical going low", "upper non-critical going high",   "upper critical going low",
        "upper critical going high",    "upper non-recoverable going low", "upper non-recoverable going high",
};

static const struct words *find(uint8_t type) {
        for (size_t i = 0; i < ELEMENTSOF(sensors); i++)
                if (sensors[i].type == type)
                        return &sensors[i];

        return NULL;
}

static const char *event_words(const struct words *sensor, const struct sel_event *event) {
        unsigned offset = event->data[0] & 0x0f;

        switch (event->type) {
        case EVENT_THRESHOLD:
                return offset < ELEMENTSOF(thresholds) ? thresholds[offset] : NULL;
        case SEL_SEVERITY:
                return offset < ELEMENTSOF(severities) ? severities[offset] : NULL;
        case SEL_SENSOR_SPECIFIC:
                return sensor && offset < OFFSETS_MAX ? sensor->offsets[offset] : NULL;
        default:
                return NULL;
        }
}

char *sel_describe(const struct sel_record *record) {
        const struct sel_event *event = &record->event;
        const struct words *sensor = find(event->sensor_type);
        const char *words = event_words(sensor, event), *over = event->deassertion ? " (over)" : "";
        _cleanup_free_ char *name = NULL;

        if (record->type != SEL_SYSTEM_EVENT)
                return strprintf("a record of type %02xh", record->type);

        name = sensor ? strdup(sensor->name) : strprintf("type %02xh", event->sensor_type);
        if (!name)
                return NULL;

        return words ? strprintf("%s sensor %02xh: %s%s", name, event->sensor_number, words, over)
                     : strprintf("%s sensor %02xh: event type %02xh, data %02x %02x %02x%s", name,
                                 event->sensor_number, event->type, event->data[0], event->data[1],
                                 event->data[2], over);
}

char *sel_format_time(char buffer[static SEL_FORMAT_TIME_MAX], const struct sel_record *record) {
        time_t seconds = (time_t) record->timestamp;
        struct tm tm;

        if (record->timestamp == NO_TIME || !gmtime_r(&seconds, &tm))
                strcpy(buffer, "?");
        else if (record->timestamp < SECONDS_MAX)
                snprintf(buffer, SEL_FORMAT_TIME_MAX, "BMC start + %us", record->timestamp);
        else
                strftime(buffer, SEL_FORMAT_TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm);

        return buffer;
}
