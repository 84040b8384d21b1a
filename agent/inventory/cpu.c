/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "cpu.h"
#include "field.h"
#include "inventory.h"
#include "sysfs.h"

#define CPUINFO_SIZE_MAX ((size_t) 64 << 20)

void cpus_done(struct cpus *cpus) {
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

/* 0 where the kernel or the captured tree does not tell: then all is one package, as on a machine with one
 * core. */
static uint64_t topology_number(const struct inventory_roots *roots, uint64_t cpu, const char *attribute) {
        _cleanup_free_ char *path = NULL;
        uint64_t value;

        path = strprintf("%s/devices/system/cpu/cpu%" PRIu64 "/topology/%s", roots->sys, cpu, attribute);
        if (!path || read_u64_file_at(AT_FDCWD, path, &value) < 0)
                return 0;

        return value;
}

static int compare_cpus(const void *a, const void *b) {
        const struct cpu *x = a, *y = b;

        if (x->package != y->package)
                return x->package < y->package ? -1 : 1;
        if (x->die != y->die)
                return x->die < y->die ? -1 : 1;
        if (x->core != y->core)
                return x->core < y->core ? -1 : 1;
        return x->number < y->number ? -1 : x->number > y->number;
}

int cpus_read(const struct inventory_roots *roots, struct cpus *ret) {
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
                struct cpu *larger, *cpu;

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
                cpu = cpus.items + cpus.n_items;
                *cpu = (struct cpu){.info = info};
                r = parse_u64(number, &cpu->number);
                if (r < 0)
                        return -EBADMSG;

                cpu->package = topology_number(roots, cpu->number, "physical_package_id");
                cpu->die = topology_number(roots, cpu->number, "die_id");
                cpu->core = topology_number(roots, cpu->number, "core_id");
                cpus.n_items++;
        }

        if (cpus.n_items == 0)
                return -EBADMSG;

        qsort(cpus.items, cpus.n_items, sizeof(*cpus.items), compare_cpus);

        *ret = TAKE(cpus, (struct cpus){});
        return 0;
}

size_t cpus_count_cores(const struct cpu *items, size_t n) {
        size_t count = 0;

        for (size_t i = 0; i < n; i++)
                count += i == 0 || items[i].package != items[i - 1].package ||
                         items[i].die != items[i - 1].die || items[i].core != items[i - 1].core;

        return count;
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

        json_array_foreach(
                caches, i,
                other) if (json_equal(json_object_get(other, "level"), json_object_get(cache, "level")) &&
                           json_equal(json_object_get(other, "type"), json_object_get(cache, "type")) &&
                           json_equal(json_object_get(other, "size_bytes"),
                                      json_object_get(cache, "size_bytes"))) return other;

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

                device = strprintf("%s/devices/system/cpu/cpu%" PRIu64 "/cache/index%u", roots->sys,
                                   cpu->number, i);
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
                        r = field_set_number(same, "count",
                                             (uint64_t) json_get_integer(same, "count", 0) + 1);
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

int cpus_describe_package(const struct inventory_roots *roots, const struct cpu *items, size_t n,
                          json_t *object) {
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

        r = field_set_number(object, "running_core_count", cpus_count_cores(items, n));
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

int cpus_add_flags(const struct cpus *cpus, json_t *part) {
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
