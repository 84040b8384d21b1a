/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "probes.h"
#include "sysfs.h"
#include "table.h"

#define READINGS_MAX 4096

/* The kernel's hwmon/sysfs-interface: what "PREFIXn_input" counts, and in what. */
static const struct {
        const char *prefix, *quantity, *unit;
        double scale;
} quantities[] = {
        {"temp", "temperature", "C", 1e-3},  {"fan", "fan speed", "rpm", 1}, {"in", "voltage", "V", 1e-3},
        {"curr", "current", "A", 1e-3},      {"power", "power", "W", 1e-6},  {"energy", "energy", "J", 1e-6},
        {"humidity", "humidity", "%", 1e-3},
};

static void add_value(const struct sysfs_device *chip, const char *sensor, const char *suffix, double scale,
                      const char *member, struct fields *f) {
        _cleanup_free_ char *value = NULL;
        char attribute[64];
        long long number;
        int end = -1;

        snprintf(attribute, sizeof(attribute), "%s_%s", sensor, suffix);
        fields_source_sysfs(f, chip, attribute);
        if (read_line_file_at(chip->fd, attribute, &value) >= 0 &&
            sscanf(value, "%lld%n", &number, &end) == 1 && value[end] == 0)
                fields_real(f, member, (double) number * scale);
        else
                fields_null(f, member);
}

static int add_reading(const struct sysfs_device *chip, const char *sensor, size_t quantity,
                       json_t *readings) {
        _cleanup_free_ char *label = NULL, *alarm = NULL;
        double scale = quantities[quantity].scale;
        char attribute[64];
        struct fields f;
        int r;

        snprintf(attribute, sizeof(attribute), "%s_label", sensor);
        r = read_line_file_at(chip->fd, attribute, &label);
        if (r == -ENOMEM)
                return r;

        snprintf(attribute, sizeof(attribute), "%s_alarm", sensor);
        r = read_line_file_at(chip->fd, attribute, &alarm);
        if (r == -ENOMEM)
                return r;

        f = fields_of(json_object());
        fields_source_sysfs(&f, chip, sensor);
        fields_text(&f, "sensor", sensor);
        fields_text(&f, "label", label);
        fields_word(&f, "quantity", quantities[quantity].quantity);
        fields_word(&f, "unit", quantities[quantity].unit);
        add_value(chip, sensor, "input", scale, "value", &f);
        add_value(chip, sensor, "min", scale, "minimum", &f);
        add_value(chip, sensor, "max", scale, "maximum", &f);
        add_value(chip, sensor, "crit", scale, "critical", &f);
        if (alarm)
                fields_bool(&f, "alarm", streq(alarm, "1"));
        else
                fields_null(&f, "alarm");

        if (f.error < 0) {
                json_decref(f.object);
                return f.error;
        }

        return json_append(readings, f.object);
}

static void free_entries(struct dirent ***entries) {
        for (struct dirent **e = *entries; e && *e; e++)
                free(*e);
        free(*entries);
}

static int is_input(const struct dirent *entry) {
        size_t length = strlen(entry->d_name);

        return length > STRLEN("_input") && length < 40 &&
               streq(entry->d_name + length - STRLEN("_input"), "_input");
}

/* Runs in a thread: some chips, drives above all, measure when they are asked. */
static int probe(const struct inventory_roots *roots, json_t *object) {
        _cleanup_(free_entries) struct dirent **entries = NULL;
        _cleanup_json_ json_t *readings = json_array();
        _cleanup_free_ char *path = NULL;
        struct dirent **terminated;
        _cleanup_close_ int fd = -EBADF;
        struct sysfs_device chip;
        int n;

        path = strprintf("%s/class/hwmon/%s", roots->sys, json_get_string(object, "name"));
        if (!path || !readings)
                return -ENOMEM;

        fd = sysfs_open(path);
        if (fd < 0)
                return fd;
        chip = (struct sysfs_device){.path = path, .fd = fd};

        n = scandir(path, &entries, is_input, versionsort);
        if (n < 0)
                return -errno;

        terminated = reallocarray(entries, (size_t) n + 1, sizeof(*entries));
        if (!terminated)
                return -ENOMEM;
        entries = terminated;
        entries[n] = NULL;

        for (int i = 0; i < n && i < READINGS_MAX; i++) {
                char *sensor = entries[i]->d_name;

                sensor[strlen(sensor) - STRLEN("_input")] = 0;
                for (size_t q = 0; q < ELEMENTSOF(quantities); q++) {
                        const char *number = startswith(sensor, quantities[q].prefix);
                        int r;

                        if (!number || !*number || number[strspn(number, "0123456789")])
                                continue;

                        r = add_reading(&chip, sensor, q, readings);
                        if (r < 0)
                                return r;
                }
        }

        return json_set(object, "readings", TAKE_PTR(readings));
}

static const struct sysfs_field chip_fields[] = {{"chip", "name", sysfs_set_text}, {}};

static int describe(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                    json_t *object, void *userdata _unused_) {
        _cleanup_free_ char *hardware = NULL;
        struct fields f = fields_of(object);
        int r;

        r = sysfs_link_name(device->fd, "device", &hardware);
        if (r < 0)
                return r;

        fields_source_sysfs(&f, device, "");
        fields_text(&f, "name", sysfs_name(device->path));
        fields_source_sysfs(&f, device, "device");
        fields_text(&f, "device", hardware);
        fields_take(&f, "readings", json_array());
        fields_null(&f, "read_error");
        return f.error < 0 ? f.error : sysfs_fields_set(object, device, chip_fields);
}

static const struct sysfs_walk walk = {.subsystem = "hwmon", .describe = describe};

static int sensors_collect(const struct inventory_roots *roots, json_t **ret) {
        static const char *const given[] = {"name", NULL};
        _cleanup_json_ json_t *part = NULL;
        int r;

        r = sysfs_collect_part(roots, &walk, &part);
        if (r < 0)
                return r;

        r = probes_run(roots, part, given, probe);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static char *sensors_summarize(const json_t *part) {
        const json_t *chip, *reading;
        double hottest = -300;
        size_t n = 0, i, j;

        json_array_foreach(part, i, chip) json_array_foreach(json_object_get(chip, "readings"), j, reading) {
                double value = json_number_value(json_object_get(reading, "value"));

                n++;
                if (streq(json_get_string(reading, "quantity") ?: "", "temperature") && value > hottest)
                        hottest = value;
        }

        if (n == 0)
                return strdup("none");
        if (hottest <= -300)
                return strprintf("%zu reading%s", n, n == 1 ? "" : "s");

        return strprintf("%zu reading%s, the hottest %.1f C", n, n == 1 ? "" : "s", hottest);
}

static int sensors_print(const json_t *part, struct screen *screen) {
        static const struct table_member members[] = {
                {"CHIP", TABLE_LEFT, "chip"},
                {"OF", TABLE_FLEXIBLE, "device"},
                {"SENSOR", TABLE_LEFT, "sensor"},
                {"LABEL", TABLE_LEFT, "label"},
                {"VALUE", TABLE_RIGHT, "value"},
                {"UNIT", TABLE_LEFT, "unit"},
                {"MAX", TABLE_RIGHT, "maximum"},
                {"ALARM", TABLE_LEFT, "alarm"},
                {},
        };
        _cleanup_json_ json_t *rows = json_array();
        const json_t *chip, *reading;
        size_t i, j;

        json_array_foreach(part, i, chip) json_array_foreach(json_object_get(chip, "readings"), j, reading) {
                json_t *row = json_copy((json_t *) reading);

                if (json_append(rows, row) < 0 ||
                    json_set_string(row, "chip", json_get_string(chip, "chip")) < 0 ||
                    json_set_string(row, "device", json_get_string(chip, "device")) < 0)
                        return -ENOMEM;
        }

        return table_print_objects(rows, members, screen);
}

const struct collector collector_sensors = {
        .waits_for = "class/hwmon/*",
        .name = "sensors",
        .description = "Temperatures, fans, voltages and power",
        .collect = sensors_collect,
        .summarize = sensors_summarize,
        .print = sensors_print,
};
