/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cpu.h: the processors that run, as the kernel counts and describes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct inventory_roots;

/* A logical processor that is online. */
struct cpu {
        uint64_t number, package, die, core; /* core numbers may begin anew in each die */
        char *info;                          /* its paragraph of /proc/cpuinfo, within the whole */
};

struct cpus {
        char *cpuinfo;
        struct cpu *items; /* by package, die, core, number */
        size_t n_items;
};

/* Reads /proc/cpuinfo and the topology. Returns 0 and at least one processor, -EBADMSG when the file names
 * none or what is no number, a negative errno. */
int cpus_read(const struct inventory_roots *roots, struct cpus *ret);

void cpus_done(struct cpus *cpus);

/* How many cores the n sorted processors stand for. */
size_t cpus_count_cores(const struct cpu *items, size_t n);

/* Sets what is known of the package that the n processors make up: numbers, names, microcode, what runs,
 * caches. Returns 0, -ENOMEM. */
int cpus_describe_package(const struct inventory_roots *roots, const struct cpu *items, size_t n,
                          json_t *object);

/* Sets "flags" to the features that the kernel names for the first processor. Returns 0, -ENOMEM. */
int cpus_add_flags(const struct cpus *cpus, json_t *part);

/* Sets "vulnerabilities" to what the kernel says of each that it knows, "Mitigation: ..." or "Vulnerable" or
 * "Not affected" before it; null where it does not tell. Returns 0, -ENOMEM. */
int cpus_add_vulnerabilities(const struct inventory_roots *roots, json_t *part);
