/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/smbios.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "sysfs.h"
#include "table.h"

#define CPUINFO_SIZE_MAX ((size_t) 64 << 20)

/* A logical processor that runs. */
struct cpu {
        uint64_t number, package, core;
        char *info; /* its lines of /proc/cpuinfo, within the whole */
};

struct cpus {
        char *cpuinfo;
        struct cpu *items; /* in the order of /proc/cpuinfo */
        size_t n_items;
};

static void cpus_done(struct cpus *cpus) {
        free(cpus->cpuinfo);
        free(cpus->items);
}

/* A copy of the value in "key  : value" lines. Returns 1 and sets *ret, 0 when there is none, -ENOMEM. */
static int info_value(const char *info, const char *key, char **ret) {
        size_t key_length = strlen(key);

        for (const char *line = info; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                const char *p = startswith(line, key);
                char *value;

                if (!p)
                        continue;

                p = line + key_length + strspn(line + key_length, " \t");
                if (*p != ':')
                        continue;

                p += 1 + strspn(p + 1, " \t");
                value = strndup(p, strcspn(p, "\n"));
                if (!value)
                        return -ENOMEM;

                *ret = value;
                return 1;
        }

        return 0;
}

static int set_info_text(json_t *object, const char *name, const char *info, const char *key) {
        _cleanup_free_ char *value = NULL;
        int r;

        r = info_value(info, key, &value);
        return r < 0 ? r : field_set_text(object, name, value);
}

static int set_info_number(json_t *object, const char *name, const char *info, const char *key) {
        _cleanup_free_ char *value = NULL;
        int r;

        r = info_value(info, key, &value);
        return r < 0 ? r : sysfs_set_number(object, name, value);
}

/* 0 where the kernel or the captured tree does not tell: then all is one package, as on a machine with one core. */
static uint64_t topology_number(const struct inventory_roots *roots, uint64_t cpu, const char *attribute) {
        _cleanup_free_ char *path = NULL;
        uint64_t value;

        path = strprintf("%s/devices/system/cpu/cpu%" PRIu64 "/topology/%s", roots->sys, cpu, attribute);
        if (!path || read_u64_file_at(AT_FDCWD, path, &value) < 0)
                return 0;

        return value;
}

/* Splits /proc/cpuinfo, a paragraph for each processor that is online, in place. */
static int read_cpus(const struct inventory_roots *roots, struct cpus *ret) {
        _cleanup_(cpus_done) struct cpus cpus = {};
        _cleanup_free_ char *path = NULL;
        char *next;
        int r;

        path = strprintf("%s/cpuinfo", roots->proc);
        if (!path)
                return -ENOMEM;

        r = read_file(path, CPUINFO_SIZE_MAX, &cpus.cpuinfo, NULL);
        if (r < 0)
                return r;

        for (char *info = cpus.cpuinfo; *info; info = next) {
                _cleanup_free_ char *number = NULL;
                struct cpu *larger;

                next = strstr(info, "\n\n");
                if (next) {
                        *next = 0;
                        next += 2;
                } else
                        next = info + strlen(info);

                r = info_value(info, "processor", &number);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;

                larger = reallocarray(cpus.items, cpus.n_items + 1, sizeof(*larger));
                if (!larger)
                        return -ENOMEM;

                cpus.items = larger;
                cpus.items[cpus.n_items] = (struct cpu){.info = info};
                r = parse_u64(number, &cpus.items[cpus.n_items].number);
                if (r < 0)
                        return -EBADMSG;

                cpus.items[cpus.n_items].package =
                        topology_number(roots, cpus.items[cpus.n_items].number, "physical_package_id");
                cpus.items[cpus.n_items].core =
                        topology_number(roots, cpus.items[cpus.n_items].number, "core_id");
                cpus.n_items++;
        }

        *ret = TAKE(cpus, (struct cpus){});
        return 0;
}

/* By package, then core, then number. */
static int compare_cpus(const void *a, const void *b) {
        const struct cpu *x = a, *y = b;

        if (x->package != y->package)
                return x->package < y->package ? -1 : 1;
        if (x->core != y->core)
                return x->core < y->core ? -1 : 1;
        return x->number < y->number ? -1 : x->number > y->number;
}

/* How many cores run in the sorted items. */
static size_t count_cores(const struct cpu *items, size_t n) {
        size_t count = 0;

        for (size_t i = 0; i < n; i++)
                count += i == 0 || items[i].package != items[i - 1].package || items[i].core != items[i - 1].core;

        return count;
}

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

static int set_enabled_core_count(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_count(part, name, s, offset, 0x2c);
}

static int set_thread_count(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_count(part, name, s, offset, 0x2e);
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

/* "32K", "1024K", "260M" */
static int set_cache_size(json_t *part, const char *name, const char *value) {
        uint64_t bytes;

        if (!value || parse_size(value, &bytes) < 0)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, bytes);
}

/* "Data", "Instruction", "Unified" */
static int set_cache_type(json_t *part, const char *name, const char *value) {
        char type[16];

        if (!value)
                return json_set_string(part, name, NULL);

        snprintf(type, sizeof(type), "%s", value);
        type[0] = (char) (type[0] | 0x20);
        return field_set_text(part, name, type);
}

static const struct sysfs_field cache_fields[] = {
        {"level", "level", sysfs_set_number},
        {"type", "type", set_cache_type},
        {"size_bytes", "size", set_cache_size},
        {"ways", "ways_of_associativity", sysfs_set_number},
        {"line_bytes", "coherency_line_size", sysfs_set_number},
        {},
};

static json_t *find_same_cache(json_t *caches, const json_t *cache) {
        json_t *other;
        size_t i;

        json_array_foreach (caches, i, other)
                if (json_equal(json_object_get(other, "level"), json_object_get(cache, "level")) &&
                    json_equal(json_object_get(other, "type"), json_object_get(cache, "type")) &&
                    json_equal(json_object_get(other, "size_bytes"), json_object_get(cache, "size_bytes")))
                        return other;

        return NULL;
}

/* Adds the caches whose first user the processor is, or raises the count of those like it. */
static int add_caches(const struct inventory_roots *roots, const struct cpu *cpu, json_t *caches) {
        for (unsigned i = 0;; i++) {
                _cleanup_free_ char *device = NULL, *users = NULL;
                _cleanup_json_ json_t *cache = NULL;
                _cleanup_close_ int fd = -EBADF;
                char *end;
                json_t *same;
                int r;

                device = strprintf("%s/devices/system/cpu/cpu%" PRIu64 "/cache/index%u", roots->sys, cpu->number, i);
                if (!device)
                        return -ENOMEM;

                fd = sysfs_open(device);
                if (fd == -ENOENT)
                        return 0;
                if (fd < 0)
                        return fd;

                r = read_line_file_at(fd, "shared_cpu_list", &users);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || strtoull(users, &end, 10) != cpu->number)
                        continue;

                cache = json_object();
                r = cache ? sysfs_fields_set(cache, fd, cache_fields) : -ENOMEM;
                if (r < 0)
                        return r;

                same = find_same_cache(caches, cache);
                if (same) {
                        r = field_set_number(same, "count", (uint64_t) json_get_integer(same, "count", 0) + 1);
                        if (r < 0)
                                return r;
                        continue;
                }

                r = field_set_number(cache, "count", 1);
                if (r < 0)
                        return r;

                r = json_append(caches, TAKE_PTR(cache));
                if (r < 0)
                        return r;
        }
}

static int package_describe(const struct inventory_roots *roots, const struct cpu *items, size_t n, json_t *object) {
        _cleanup_json_ json_t *caches = json_array();
        const char *info = items[0].info;
        int r;

        if (!caches)
                return -ENOMEM;

        r = field_set_number(object, "package", items[0].package);
        if (r < 0)
                return r;

        r = set_info_text(object, "vendor_id", info, "vendor_id");
        if (r < 0)
                return r;

        r = set_info_text(object, "model", info, "model name");
        if (r < 0)
                return r;

        r = set_info_number(object, "family_number", info, "cpu family");
        if (r < 0)
                return r;

        r = set_info_number(object, "model_number", info, "model");
        if (r < 0)
                return r;

        r = set_info_number(object, "stepping_number", info, "stepping");
        if (r < 0)
                return r;

        r = set_info_text(object, "microcode", info, "microcode");
        if (r < 0)
                return r;

        r = field_set_number(object, "running_core_count", count_cores(items, n));
        if (r < 0)
                return r;

        r = field_set_number(object, "running_thread_count", n);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                r = add_caches(roots, &items[i], caches);
                if (r < 0)
                        return r;
        }

        return json_set(object, "caches", json_array_size(caches) > 0 ? TAKE_PTR(caches) : json_null());
}

/* Members that a socket without a running package, or a package without a socket, has in name only. */
static int fill_unknown(json_t *object, bool socket_known, bool package_known) {
        static const char *const package_members[] = {
                "package", "vendor_id", "model", "family_number", "model_number", "stepping_number",
                "microcode", "running_core_count", "running_thread_count", "caches",
        };

        for (size_t i = 0; !package_known && i < ELEMENTSOF(package_members); i++) {
                int r = json_set_string(object, package_members[i], NULL);

                if (r < 0)
                        return r;
        }

        return socket_known ? 0 : smbios_fields_set(object, &(struct smbios_structure){}, socket_fields);
}

/* Firmware does not say which of the kernel's packages sits in which socket. Where as many packages run as enabled
 * sockets are filled, both count them in the same order; otherwise neither is tied to the other. */
static int join_packages(const struct inventory_roots *roots, const struct cpus *cpus, json_t *part) {
        json_t *sockets = json_object_get(part, "sockets"), *socket;
        size_t n_packages = 0, n_enabled = 0, first = 0, i;
        int r;

        for (i = 0; i < cpus->n_items; i++)
                n_packages += i == 0 || cpus->items[i].package != cpus->items[i - 1].package;

        json_array_foreach (sockets, i, socket) {
                const char *status = json_get_string(socket, "status");

                n_enabled += status && streq(status, "enabled");
        }

        json_array_foreach (sockets, i, socket) {
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

                r = package_describe(roots, cpus->items + first, last - first, socket);
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

                r = package_describe(roots, cpus->items + first, last - first, object);
                if (r < 0)
                        return r;

                r = json_append(sockets, TAKE_PTR(object));
                if (r < 0)
                        return r;
                first = last;
        }

        return field_set_number(part, "package_count", n_packages);
}

static int add_flags(const struct cpus *cpus, json_t *part) {
        _cleanup_json_ json_t *flags = json_array();
        _cleanup_free_ char *value = NULL;
        char *saved, *flag;
        int r;

        if (!flags)
                return -ENOMEM;

        r = info_value(cpus->items[0].info, "flags", &value);
        if (r < 0)
                return r;
        if (r == 0)
                return json_set_string(part, "flags", NULL);

        for (flag = strtok_r(value, " ", &saved); flag; flag = strtok_r(NULL, " ", &saved)) {
                _cleanup_free_ char *clean = text_sanitize(flag, strlen(flag));

                r = clean ? json_append(flags, json_string(clean)) : -ENOMEM;
                if (r < 0)
                        return r;
        }

        return json_set(part, "flags", TAKE_PTR(flags));
}

static int processors_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        _cleanup_json_ json_t *part = json_object();
        _cleanup_(cpus_done) struct cpus cpus = {};
        int r;

        if (!part)
                return -ENOMEM;

        r = read_cpus(roots, &cpus);
        if (r < 0)
                return r;
        if (cpus.n_items == 0)
                return -EBADMSG;

        qsort(cpus.items, cpus.n_items, sizeof(*cpus.items), compare_cpus);

        r = smbios_read(roots->sys, &smbios);
        if (r < 0 && r != -ENOENT)
                return r;

        r = processors_decode(smbios, part);
        if (r < 0)
                return r;

        r = join_packages(roots, &cpus, part);
        if (r < 0)
                return r;

        r = field_set_number(part, "core_count", count_cores(cpus.items, cpus.n_items));
        if (r < 0)
                return r;

        r = field_set_number(part, "thread_count", cpus.n_items);
        if (r < 0)
                return r;

        r = add_flags(&cpus, part);
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

        json_array_foreach (sockets, i, socket)
                model = model ?: json_get_string(socket, "model");

        return strprintf("%" JSON_INTEGER_FORMAT " package%s, %" JSON_INTEGER_FORMAT " core%s, %" JSON_INTEGER_FORMAT
                         " thread%s%s%s",
                         packages, plural(packages), cores, plural(cores), threads, plural(threads),
                         model ? ": " : "", model ?: "");
}

static int processors_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"SOCKET", TABLE_LEFT},
                {"STATUS", TABLE_FLEXIBLE},
                {"MODEL", TABLE_FLEXIBLE},
                {"CORES", TABLE_RIGHT},
                {"THREADS", TABLE_RIGHT},
                {"MAX MHz", TABLE_RIGHT},
                {"MICROCODE", TABLE_LEFT},
                {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *sockets = json_object_get(part, "sockets"), *socket;
        size_t i;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach (sockets, i, socket)
                table_add(table, json_get_string(socket, "socket"), json_get_string(socket, "status"),
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
