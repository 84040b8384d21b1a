/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/screen.h"
#include "base/smbios.h"
#include "base/text.h"
#include "collectors.h"
#include "cpu.h"
#include "field.h"
#include "table.h"

/* DSP0134 7.5.7: bit 6, the socket is filled; bits 2:0, what became of the processor in it. */
static int set_status(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        static const char *const names[8] = {
                [1] = "enabled",
                [2] = "disabled by the user",
                [3] = "disabled by the firmware after an error",
                [4] = "idle",
        };
        uint8_t status;

        if (!smbios_u8(s, offset, &status))
                return json_set_string(part, name, NULL);

        return json_set_string(part, name, status & 0x40 ? names[status & 7] : "empty");
}

static int set_populated(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint8_t status;

        if (!smbios_u8(s, offset, &status))
                return json_set_string(part, name, NULL);

        return json_set_bool(part, name, status & 0x40);
}

/* One byte; FFh: in two bytes, further on; 0: unknown. */
static int set_count(json_t *part, const char *name, const struct smbios_structure *s, size_t offset,
                     size_t wide_offset) {
        uint8_t count;

        if (smbios_u8(s, offset, &count) && count == 0xff && smbios_bytes(s, wide_offset, 2))
                return smbios_set_nonzero_u16(part, name, s, wide_offset);

        return smbios_set_nonzero_u8(part, name, s, offset);
}

static int set_core_count(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_count(part, name, s, offset, 0x2a);
}

static int set_enabled_core_count(json_t *part, const char *name, const struct smbios_structure *s,
                                  size_t offset) {
        return set_count(part, name, s, offset, 0x2c);
}

static int set_thread_count(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_count(part, name, s, offset, 0x2e);
}

/* 7.5.4: tenths of a volt when bit 7 is set; the other form names what the socket can, not what it has. */
static int set_voltage(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint8_t code;

        if (!smbios_u8(s, offset, &code) || !(code & 0x80) || (code & 0x7f) == 0)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, (code & 0x7fU) * 100);
}

static const struct smbios_field socket_fields[] = {
        {"socket", 0x04, smbios_set_string},
        {"populated", 0x18, set_populated},
        {"status", 0x18, set_status},
        {"manufacturer", 0x07, smbios_set_string},
        {"version", 0x10, smbios_set_string},
        {"serial_number", 0x20, smbios_set_string},
        {"asset_tag", 0x21, smbios_set_string},
        {"part_number", 0x22, smbios_set_string},
        {"voltage_mv", 0x11, set_voltage},
        {"maximum_speed_mhz", 0x14, smbios_set_nonzero_u16},
        {"boot_speed_mhz", 0x16, smbios_set_nonzero_u16},
        {"external_clock_mhz", 0x12, smbios_set_nonzero_u16},
        {"core_count", 0x23, set_core_count},
        {"enabled_core_count", 0x24, set_enabled_core_count},
        {"thread_count", 0x25, set_thread_count},
        {},
};

int processors_decode(const struct smbios *smbios, json_t *part) {
        _cleanup_json_ json_t *sockets = json_array();
        struct smbios_structure s = {};
        int r;

        if (!sockets)
                return -ENOMEM;

        while (smbios && smbios_next_of(smbios, SMBIOS_PROCESSOR, &s) > 0) {
                _cleanup_json_ json_t *socket = json_object();
                uint8_t type;

                /* Digital signal and video processors have structures of this type, too. */
                if (smbios_u8(&s, 0x05, &type) && type != 0x03)
                        continue;

                r = socket ? smbios_fields_set(socket, &s, socket_fields) : -ENOMEM;
                if (r < 0)
                        return r;

                r = json_append(sockets, TAKE_PTR(socket));
                if (r < 0)
                        return r;
        }

        return json_set(part, "sockets", TAKE_PTR(sockets));
}

/* Members that a socket without a running package, or a package without a socket, has in name only. */
static int fill_unknown(json_t *object, bool socket_known, bool package_known) {
        static const char *const package_members[] = {
                "package",
                "vendor_id",
                "model",
                "family_number",
                "model_number",
                "stepping_number",
                "microcode",
                "die_count",
                "running_core_count",
                "running_thread_count",
                "numa_nodes",
                "minimum_frequency_khz",
                "base_frequency_khz",
                "maximum_frequency_khz",
                "caches",
        };

        for (size_t i = 0; !package_known && i < ELEMENTSOF(package_members); i++) {
                int r = json_set_string(object, package_members[i], NULL);

                if (r < 0)
                        return r;
        }

        return socket_known ? 0 : smbios_fields_set(object, &(struct smbios_structure){}, socket_fields);
}

/* Firmware does not say which of the kernel's packages sits in which socket. Where as many packages run as
 * enabled sockets are filled, both count them in the same order; otherwise neither is tied to the other. */
static int join_packages(const struct inventory_roots *roots, const struct cpus *cpus, json_t *part) {
        json_t *sockets = json_object_get(part, "sockets"), *socket;
        size_t n_packages = 0, n_enabled = 0, first = 0, i;
        struct fields f = fields_of(part);
        int r;

        for (i = 0; i < cpus->n_items; i++)
                n_packages += i == 0 || cpus->items[i].package != cpus->items[i - 1].package;

        json_array_foreach(sockets, i, socket) {
                const char *status = json_get_string(socket, "status");

                n_enabled += status && streq(status, "enabled");
        }

        json_array_foreach(sockets, i, socket) {
                const char *status = json_get_string(socket, "status");
                size_t last = first;

                if (n_enabled != n_packages || !status || !streq(status, "enabled")) {
                        r = fill_unknown(socket, true, false);
                        if (r < 0)
                                return r;
                        continue;
                }

                while (last < cpus->n_items && cpus->items[last].package == cpus->items[first].package)
                        last++;

                r = cpus_describe_package(roots, cpus->items + first, last - first, socket);
                if (r < 0)
                        return r;
                first = last;
        }

        while (first < cpus->n_items) {
                _cleanup_json_ json_t *object = json_object();
                size_t last = first;

                if (!object)
                        return -ENOMEM;

                while (last < cpus->n_items && cpus->items[last].package == cpus->items[first].package)
                        last++;

                r = fill_unknown(object, false, true);
                if (r < 0)
                        return r;

                r = cpus_describe_package(roots, cpus->items + first, last - first, object);
                if (r < 0)
                        return r;

                r = json_append(sockets, TAKE_PTR(object));
                if (r < 0)
                        return r;
                first = last;
        }

        fields_source(&f, "/sys/devices/system/cpu");
        fields_number(&f, "package_count", n_packages);
        return f.error;
}

static int processors_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        _cleanup_json_ json_t *part = json_object();
        _cleanup_(cpus_done) struct cpus cpus = {};
        struct fields f = fields_of(part);
        int r;

        if (!part)
                return -ENOMEM;

        r = cpus_read(roots, &cpus);
        if (r < 0)
                return r;

        r = firmware_table_read(roots, &smbios);
        if (r < 0)
                return r;

        r = processors_decode(smbios, part);
        if (r < 0)
                return r;

        r = join_packages(roots, &cpus, part);
        if (r < 0)
                return r;

        fields_source(&f, "/proc/cpuinfo");
        fields_number(&f, "thread_count", cpus.n_items);
        fields_source(&f, "/sys/devices/system/cpu");
        fields_number(&f, "core_count", cpus_count_cores(cpus.items, cpus.n_items));
        if (f.error < 0)
                return f.error;

        r = cpus_add_flags(&cpus, part);
        if (r < 0)
                return r;

        r = cpus_add_vulnerabilities(roots, part);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static const char *plural(json_int_t n) {
        return n == 1 ? "" : "s";
}

static char *processors_summarize(const json_t *part) {
        const json_t *sockets = json_object_get(part, "sockets"), *socket;
        json_int_t packages = json_get_integer(part, "package_count", 0),
                   cores = json_get_integer(part, "core_count", 0),
                   threads = json_get_integer(part, "thread_count", 0);
        const char *model = NULL;
        size_t i;

        json_array_foreach(sockets, i, socket) model = model ?: json_get_string(socket, "model");

        return strprintf("%" JSON_INTEGER_FORMAT " package%s, %" JSON_INTEGER_FORMAT
                         " core%s, %" JSON_INTEGER_FORMAT " thread%s%s%s",
                         packages, plural(packages), cores, plural(cores), threads, plural(threads),
                         model ? ": " : "", model ?: "");
}

static int processors_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"SOCKET", TABLE_LEFT},    {"STATUS", TABLE_FLEXIBLE},
                {"MODEL", TABLE_FLEXIBLE}, {"CORES", TABLE_RIGHT},
                {"THREADS", TABLE_RIGHT},  {"MAX MHz", TABLE_RIGHT},
                {"MICROCODE", TABLE_LEFT}, {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *sockets = json_object_get(part, "sockets"), *socket;
        size_t i;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach(sockets, i, socket) table_add(
                table, json_get_string(socket, "socket"), json_get_string(socket, "status"),
                json_get_string(socket, "model") ?: json_get_string(socket, "version"),
                TABLE_NUMBER(socket, "running_core_count"), TABLE_NUMBER(socket, "running_thread_count"),
                TABLE_NUMBER(socket, "maximum_speed_mhz"), json_get_string(socket, "microcode"));

        return table_print(table, screen);
}

const struct collector collector_processors = {
        .name = "processors",
        .description = "Processor sockets, and the cores that run",
        .collect = processors_collect,
        .summarize = processors_summarize,
        .print = processors_print,
};
