/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
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

static void closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

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

/* Takes it as text, or with a number's setter as a number. */
static int add_info(struct fields *f, const char *name, const char *info, const char *key,
                    int (*set)(json_t *part, const char *name, const char *value)) {
        _cleanup_free_ char *value = NULL;
        int r;

        r = info_value(info, key, &value);
        if (r < 0)
                return r;

        r = set(f->object, name, value);
        return r < 0 ? r : field_set_source(f->object, name, "/proc/cpuinfo");
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
                _cleanup_free_ char *path = NULL, *users = NULL;
                struct sysfs_device device = {};
                _cleanup_json_ json_t *cache = NULL;
                _cleanup_close_ int fd = -EBADF;
                char *end;
                json_t *same;
                int r;

                path = strprintf("%s/devices/system/cpu/cpu%" PRIu64 "/cache/index%u", roots->sys,
                                 cpu->number, i);
                if (!path)
                        return -ENOMEM;

                fd = device.fd = sysfs_open(path);
                if (fd == -ENOENT)
                        return 0;
                if (fd < 0)
                        return fd;
                device.path = path;

                r = read_line_file_at(fd, "shared_cpu_list", &users);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || strtoull(users, &end, 10) != cpu->number)
                        continue;

                cache = json_object();
                r = cache ? sysfs_fields_set(cache, &device, cache_fields) : -ENOMEM;
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

static const struct sysfs_field frequency_fields[] = {
        {"minimum_frequency_khz", "cpufreq/cpuinfo_min_freq", sysfs_set_number},
        {"base_frequency_khz", "cpufreq/base_frequency", sysfs_set_number},
        {"maximum_frequency_khz", "cpufreq/cpuinfo_max_freq", sysfs_set_number},
        {},
};

/* Cores of one kind make up a package, so that its first processor speaks for it. */
static int add_frequencies(const struct inventory_roots *roots, const struct cpu *cpu, json_t *object) {
        struct sysfs_device device = {.fd = -EBADF};
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -EBADF;

        path = strprintf("%s/devices/system/cpu/cpu%" PRIu64, roots->sys, cpu->number);
        if (!path)
                return -ENOMEM;

        fd = device.fd = sysfs_open(path);
        device.path = path;
        return sysfs_fields_set(object, &device, frequency_fields);
}

/* The processor's directory has a link to its node. */
static int cpu_node(const struct inventory_roots *roots, const struct cpu *cpu, uint64_t *ret) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices nodes = {};
        _cleanup_free_ char *path = NULL;
        int r;

        path = strprintf("%s/devices/system/cpu/cpu%" PRIu64, roots->sys, cpu->number);
        if (!path)
                return -ENOMEM;

        r = sysfs_children(&(struct sysfs_device){.path = path}, "node", &nodes);
        if (r < 0)
                return r;

        for (size_t i = 0; i < nodes.n_paths; i++)
                if (parse_u64(startswith(sysfs_name(nodes.paths[i]), "node") ?: "", ret) >= 0)
                        return 1;

        return 0;
}

static int add_nodes(const struct inventory_roots *roots, const struct cpu *items, size_t n,
                     struct fields *f) {
        _cleanup_json_ json_t *nodes = json_array();
        uint64_t node, last = UINT64_MAX;

        if (!nodes)
                return -ENOMEM;

        /* Nodes follow dies, so that asking at each change of die finds all, and on most machines asks once.
         */
        for (size_t i = 0; i < n; i++) {
                int r;

                if (i > 0 && items[i].die == items[i - 1].die && items[i].core == items[i - 1].core)
                        continue;

                r = cpu_node(roots, &items[i], &node);
                if (r < 0)
                        return r;
                if (r == 0 || node == last)
                        continue;

                r = json_append(nodes, json_integer((json_int_t) node));
                if (r < 0)
                        return r;
                last = node;
        }

        fields_source(f, "/sys/devices/system/cpu");
        fields_take(f, "numa_nodes", json_array_size(nodes) > 0 ? TAKE_PTR(nodes) : json_null());
        return f->error;
}

static size_t count_dies(const struct cpu *items, size_t n) {
        size_t count = 0;

        for (size_t i = 0; i < n; i++)
                count += i == 0 || items[i].die != items[i - 1].die;

        return count;
}

int cpus_describe_package(const struct inventory_roots *roots, const struct cpu *items, size_t n,
                          json_t *object) {
        static const struct {
                const char *member, *key;
                int (*set)(json_t *part, const char *name, const char *value);
        } infos[] = {
                {"vendor_id", "vendor_id", sysfs_set_text},
                {"model", "model name", sysfs_set_text},
                {"family_number", "cpu family", sysfs_set_number},
                {"model_number", "model", sysfs_set_number},
                {"stepping_number", "stepping", sysfs_set_number},
                {"microcode", "microcode", sysfs_set_text},
        };
        _cleanup_json_ json_t *caches = json_array();
        struct fields f = fields_of(object);
        int r;

        if (!caches)
                return -ENOMEM;

        fields_source(&f, "/sys/devices/system/cpu/cpu%" PRIu64 "/topology", items[0].number);
        fields_number(&f, "package", items[0].package);
        for (size_t i = 0; i < ELEMENTSOF(infos); i++) {
                r = add_info(&f, infos[i].member, items[0].info, infos[i].key, infos[i].set);
                if (r < 0)
                        return r;
        }

        fields_number(&f, "die_count", count_dies(items, n));
        fields_number(&f, "running_core_count", cpus_count_cores(items, n));
        fields_number(&f, "running_thread_count", n);

        r = add_nodes(roots, items, n, &f);
        if (r < 0)
                return r;

        r = add_frequencies(roots, &items[0], object);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                r = add_caches(roots, &items[i], caches);
                if (r < 0)
                        return r;
        }

        fields_source(&f, "/sys/devices/system/cpu");
        fields_take(&f, "caches", json_array_size(caches) > 0 ? TAKE_PTR(caches) : json_null());
        return f.error;
}

int cpus_add_vulnerabilities(const struct inventory_roots *roots, json_t *part) {
        _cleanup_(closedirp) DIR *directory = NULL;
        _cleanup_json_ json_t *vulnerabilities = json_object();
        struct fields f = fields_of(part), v = fields_of(vulnerabilities);
        _cleanup_free_ char *path = NULL;
        const struct dirent *entry;

        path = strprintf("%s/devices/system/cpu/vulnerabilities", roots->sys);
        if (!path)
                return -ENOMEM;

        directory = opendir(path);
        if (!directory) {
                fields_null(&f, "vulnerabilities");
                return f.error;
        }

        while ((entry = readdir(directory))) {
                _cleanup_free_ char *state = NULL;

                if (entry->d_name[0] == '.')
                        continue;
                if (read_line_file_at(dirfd(directory), entry->d_name, &state) == -ENOMEM)
                        return -ENOMEM;
                fields_text(&v, entry->d_name, state);
        }

        fields_source(&f, "/sys/devices/system/cpu/vulnerabilities");
        fields_take(&f, "vulnerabilities", TAKE_PTR(vulnerabilities));
        return v.error < 0 ? v.error : f.error;
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

        r = json_set(part, "flags", TAKE_PTR(flags));
        return r < 0 ? r : field_set_source(part, "flags", "/proc/cpuinfo");
}
