/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "findings.h"

/* Of the worst kind first. */
struct findings {
        json_t *critical, *warnings;
};

static int _printf_(6, 7) add(json_t *list, const char *severity, const char *verdict, const char *part,
                              const char *where, const char *format, ...) {
        char message[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);

        return json_append(list,
                           json_pack("{s:s, s:s, s:s, s:s, s:s}", "severity", severity, "verdict", verdict,
                                     "part", part, "where", where ?: "unknown", "message", message));
}

#define CRITICAL(f, ...) add((f)->critical, "critical", __VA_ARGS__)
#define WARNING(f, ...)  add((f)->warnings, "warning", __VA_ARGS__)

static int look_at_problems(const json_t *problems, struct findings *f) {
        const json_t *problem;
        size_t i;

        json_array_foreach(problems, i, problem) {
                const char *part = json_get_string(problem, "part") ?: "inventory";
                int r = CRITICAL(f, "part-unreadable", part, part, "%s", json_get_string(problem, "message"));

                if (r < 0)
                        return r;
        }

        return 0;
}

static int look_at_processors(const json_t *processors, struct findings *f) {
        const json_t *socket;
        size_t i;

        json_array_foreach(json_object_get(processors, "sockets"), i, socket) {
                const char *status = json_get_string(socket, "status");
                int r;

                if (!status || !startswith(status, "disabled"))
                        continue;

                r = CRITICAL(f, "processor-disabled", "processors", json_get_string(socket, "socket"), "%s",
                             status);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int look_at_errors(const json_t *controllers, struct findings *f) {
        const json_t *controller, *module;
        size_t i, j;
        int r = 0;

        json_array_foreach(controllers, i, controller)
                json_array_foreach(json_object_get(controller, "modules"), j, module) {
                const char *label = json_get_string(module, "label") ?: json_get_string(module, "location");
                int64_t corrected = json_get_integer(module, "corrected_error_count", 0),
                        uncorrected = json_get_integer(module, "uncorrected_error_count", 0);

                if (uncorrected > 0)
                        r = CRITICAL(f, "memory-uncorrected-errors", "memory", label,
                                     "%" JSON_INTEGER_FORMAT " uncorrected errors since power-on",
                                     (json_int_t) uncorrected);
                else if (corrected > 0)
                        r = WARNING(f, "memory-corrected-errors", "memory", label,
                                    "%" JSON_INTEGER_FORMAT " corrected errors since power-on",
                                    (json_int_t) corrected);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int look_at_memory(const json_t *memory, struct findings *f) {
        const json_t *module;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(memory, "modules"), i, module) {
                const char *locator = json_get_string(module, "locator");
                int64_t rated = json_get_integer(module, "speed_mts", 0),
                        configured = json_get_integer(module, "configured_speed_mts", 0);

                if (json_is_true(json_object_get(module, "mapped_out")))
                        r = CRITICAL(
                                f, "dimm-mapped-out", "memory", locator,
                                "the firmware has taken the module out of service (%s, serial number %s)",
                                json_get_string(module, "part_number") ?: "unknown part",
                                json_get_string(module, "serial_number") ?: "unknown");
                else if (!json_is_false(json_object_get(module, "populated")) && configured > 0 &&
                         configured < rated)
                        r = WARNING(f, "dimm-slow", "memory", locator,
                                    "runs at %" JSON_INTEGER_FORMAT
                                    " MT/s, is made for %" JSON_INTEGER_FORMAT,
                                    (json_int_t) configured, (json_int_t) rated);
                if (r < 0)
                        return r;
        }

        return look_at_errors(json_object_get(memory, "controllers"), f);
}

static double lesser_speed(const json_t *link) {
        double device = json_number_value(json_object_get(link, "maximum_speed_gts")),
               port = json_number_value(json_object_get(link, "port_maximum_speed_gts"));

        return port > 0 ? MIN(device, port) : 0;
}

static int64_t lesser_width(const json_t *link) {
        int64_t device = json_get_integer(link, "maximum_width", 0),
                port = json_get_integer(link, "port_maximum_width", 0);

        return port > 0 ? MIN(device, port) : 0;
}

/* A link is judged by the device below it, and only by what both of its ends can: a narrow card in a wide
 * slot is as it should be. Speed falls at rest to save power, and so is worth a word only while width is lost
 * as well. */
static int look_at_link(const json_t *device, struct findings *f) {
        const json_t *link = json_object_get(device, "link");
        const char *address = json_get_string(device, "address"),
                   *slot = json_get_string(device, "slot_designation");
        double speed = json_number_value(json_object_get(link, "speed_gts"));
        int64_t width = json_get_integer(link, "width", 0);

        if (width <= 0 || speed <= 0)
                return 0;
        if (width < lesser_width(link))
                return WARNING(f, "pcie-link-narrow", "pci", address,
                               "x%d at %g GT/s, device and port above can x%d at %g%s%s", (int) width, speed,
                               (int) lesser_width(link), lesser_speed(link), slot ? ", in " : "", slot ?: "");
        if (speed < lesser_speed(link))
                return WARNING(f, "pcie-link-slow", "pci", address,
                               "%g GT/s, device and port above can %g%s%s", speed, lesser_speed(link),
                               slot ? ", in " : "", slot ?: "");
        return 0;
}

static int look_at_pci(const json_t *pci, struct findings *f) {
        const json_t *device;
        size_t i;

        json_array_foreach(pci, i, device) {
                const char *address = json_get_string(device, "address");
                int64_t fatal = json_get_integer(device, "aer_fatal_count", 0),
                        nonfatal = json_get_integer(device, "aer_nonfatal_count", 0),
                        correctable = json_get_integer(device, "aer_correctable_count", 0);
                int r = 0;

                if (json_is_false(json_object_get(device, "responding")))
                        r = CRITICAL(f, "pci-silent", "pci", address, "does not answer any more");
                else if (fatal > 0 || nonfatal > 0)
                        r = CRITICAL(f, "pcie-uncorrected-errors", "pci", address,
                                     "%" JSON_INTEGER_FORMAT " fatal and %" JSON_INTEGER_FORMAT
                                     " other uncorrected errors",
                                     (json_int_t) fatal, (json_int_t) nonfatal);
                else if (correctable > 0)
                        r = WARNING(f, "pcie-corrected-errors", "pci", address,
                                    "%" JSON_INTEGER_FORMAT " corrected errors", (json_int_t) correctable);
                if (r >= 0)
                        r = look_at_link(device, f);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int look_at_health(const json_t *drive, struct findings *f) {
        const json_t *health = json_object_get(drive, "health"), *warning;
        const char *status = json_get_string(health, "status"), *name = json_get_string(drive, "name");
        bool failing = status && streq(status, "failing");
        size_t i;
        int r;

        json_array_foreach(json_object_get(health, "warnings"), i, warning) {
                r = failing ? CRITICAL(f, "drive-failing", "storage", name, "%s, serial number %s",
                                       json_string_value(warning),
                                       json_get_string(drive, "serial_number") ?: "unknown")
                            : WARNING(f, "drive-warning", "storage", name, "%s, serial number %s",
                                      json_string_value(warning),
                                      json_get_string(drive, "serial_number") ?: "unknown");
                if (r < 0)
                        return r;
        }

        if (json_get_integer(health, "percentage_used", 0) >= 100)
                return WARNING(f, "drive-worn", "storage", name, "%d %% of its rated life are used",
                               (int) json_get_integer(health, "percentage_used", 0));
        return 0;
}

static int look_at_storage(const json_t *storage, struct findings *f) {
        const json_t *drive;
        size_t i;

        json_array_foreach(storage, i, drive) {
                const char *error = json_get_string(drive, "read_error");
                int r = 0;

                if (error)
                        r = CRITICAL(f, "drive-unreadable", "storage", json_get_string(drive, "name"), "%s",
                                     error);
                if (r >= 0)
                        r = look_at_health(drive, f);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int look_at_volumes(const json_t *volumes, struct findings *f) {
        const json_t *volume;
        size_t i;

        json_array_foreach(volumes, i, volume) {
                const char *name = json_get_string(volume, "name"),
                           *error = json_get_string(volume, "read_error");
                int64_t missing = json_get_integer(volume, "degraded_count", 0);
                int r = 0;

                if (missing > 0)
                        r = WARNING(f, "array-degraded", "volumes", name, "%d of %d members missing",
                                    (int) missing, (int) json_get_integer(volume, "member_count", 0));
                if (r >= 0 && error)
                        r = WARNING(f, "volume-unreadable", "volumes", name, "%s", error);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int look_at_sensors(const json_t *sensors, struct findings *f) {
        const json_t *chip, *reading;
        size_t i, j;

        json_array_foreach(sensors, i, chip)
                json_array_foreach(json_object_get(chip, "readings"), j, reading) {
                const json_t *value = json_object_get(reading, "value"),
                             *critical = json_object_get(reading, "critical");
                const char *label = json_get_string(reading, "label") ?: json_get_string(reading, "sensor"),
                           *quantity = json_get_string(reading, "quantity") ?: "";
                _cleanup_free_ char *where = NULL;
                int r = 0;

                where = strprintf("%s %s", json_get_string(chip, "chip") ?: "", label ?: "");
                if (!where)
                        return -ENOMEM;

                if (streq(quantity, "temperature") && json_is_number(value) && json_is_number(critical) &&
                    json_number_value(critical) > 0 &&
                    json_number_value(value) >= json_number_value(critical))
                        r = CRITICAL(f, "temperature-critical", "sensors", where, "%g C, critical from %g C",
                                     json_number_value(value), json_number_value(critical));
                else if (json_is_true(json_object_get(reading, "alarm")))
                        r = WARNING(f, "sensor-alarm", "sensors", where, "%s of %g %s raises an alarm",
                                    quantity, json_number_value(value),
                                    json_get_string(reading, "unit") ?: "");
                if (r < 0)
                        return r;
        }

        return 0;
}

static int look_at_power_supplies(const json_t *supplies, struct findings *f) {
        const json_t *supply;
        size_t i;

        json_array_foreach(supplies, i, supply) {
                const char *status = json_get_string(supply, "status"),
                           *where = json_get_string(supply, "location") ?: json_get_string(supply, "name");
                int r = 0;

                if (!json_is_true(json_object_get(supply, "present")))
                        continue;

                if (status && streq(status, "critical"))
                        r = CRITICAL(f, "power-supply-failed", "power", where, "in a critical state");
                else if (json_is_true(json_object_get(supply, "unplugged")))
                        r = WARNING(f, "power-supply-unplugged", "power", where, "not connected");
                else if (status && streq(status, "warning"))
                        r = WARNING(f, "power-supply-warning", "power", where, "not in order");
                if (r < 0)
                        return r;
        }

        return 0;
}

int inventory_findings(const json_t *inventory, json_t **ret) {
        static const struct {
                const char *part;
                int (*look)(const json_t *part, struct findings *f);
        } looks[] = {
                {"problems", look_at_problems}, {"processors", look_at_processors},
                {"memory", look_at_memory},     {"storage", look_at_storage},
                {"volumes", look_at_volumes},   {"pci", look_at_pci},
                {"sensors", look_at_sensors},   {"power", look_at_power_supplies},
        };
        _cleanup_json_ json_t *critical = json_array(), *warnings = json_array();
        struct findings f = {critical, warnings};

        if (!critical || !warnings)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(looks); i++) {
                int r = looks[i].look(json_object_get(inventory, looks[i].part), &f);

                if (r < 0)
                        return r;
        }

        if (json_array_extend(critical, warnings) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(critical);
        return 0;
}
