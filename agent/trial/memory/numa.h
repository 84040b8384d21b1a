/* SPDX-License-Identifier: GPL-3.0-or-later */
/* numa.h: which processors and which memory are near each other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

#define NUMA_ANY  UINT32_MAX
#define NUMA_MAX  1024U
#define NUMA_CPUS 8192U

struct numa_node {
        unsigned id;
        uint64_t free;                     /* bytes */
        uint8_t processors[NUMA_CPUS / 8]; /* a bit for each */
};

/* From sys_root/devices/system/node, in rising order of their ids. A kernel that knows no nodes has one, of
 * id NUMA_ANY. Returns 0, a negative errno. */
int numa_read(const char *sys_root, struct numa_node **ret, size_t *ret_n);

/* Index of the node that the processor belongs to; 0 when none says so. */
size_t numa_node_of(const struct numa_node *nodes, size_t n, unsigned processor);

/* Reads a list such as "0-3,8,10-11" and calls each(number). Returns 0, -EBADMSG for what is no such list or
 * has numbers from max on. */
int numa_list_parse(const char *text, unsigned max, void (*each)(unsigned number, void *userdata),
                    void *userdata);

/* From now on the calling thread gets memory from that node alone (strict), or from there as long as there is
 * some; NUMA_ANY: from wherever the kernel likes. Without effect where the kernel knows no nodes. */
void numa_bind(unsigned node, bool strict);
