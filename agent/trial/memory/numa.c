/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "numa.h"

#define TEXT_MAX   (64U * 1024)
#define LONG_BITS  (8U * sizeof(unsigned long))
#define MASK_LONGS (NUMA_MAX / LONG_BITS)

int numa_list_parse(const char *text, unsigned max, void (*each)(unsigned number, void *userdata),
                    void *userdata) {
        while (*text && *text != '\n') {
                unsigned first, last;
                int n = 0;

                if (sscanf(text, "%u%n", &first, &n) != 1)
                        return -EBADMSG;
                text += n;

                last = first;
                if (*text == '-') {
                        if (sscanf(text, "-%u%n", &last, &n) != 1)
                                return -EBADMSG;
                        text += n;
                }
                if (last < first || last >= max)
                        return -EBADMSG;

                for (unsigned i = first; i <= last; i++)
                        each(i, userdata);
                if (*text == ',')
                        text++;
                else if (*text && *text != '\n')
                        return -EBADMSG;
        }

        return 0;
}

struct node_list {
        struct numa_node *items;
        size_t n;
        bool failed;
};

static void add_node(unsigned id, void *userdata) {
        struct node_list *list = userdata;
        struct numa_node *items;

        items = reallocarray(list->items, list->n + 1, sizeof(*items));
        if (!items) {
                list->failed = true;
                return;
        }

        list->items = items;
        list->items[list->n++] = (struct numa_node){.id = id};
}

static void add_processor(unsigned processor, void *userdata) {
        struct numa_node *node = userdata;

        node->processors[processor / 8] |= (uint8_t) (1U << processor % 8);
}

static int read_node(const char *root, struct numa_node *node) {
        _cleanup_free_ char *cpus = NULL, *info = NULL, *cpus_path = NULL, *info_path = NULL;
        const char *line;
        uint64_t kib;
        int r;

        cpus_path = strprintf("%s/node%u/cpulist", root, node->id);
        info_path = strprintf("%s/node%u/meminfo", root, node->id);
        if (!cpus_path || !info_path)
                return -ENOMEM;

        r = read_file(cpus_path, TEXT_MAX, &cpus, NULL);
        if (r < 0)
                return r;

        r = numa_list_parse(cpus, NUMA_CPUS, add_processor, node);
        if (r < 0)
                return r;

        r = read_file(info_path, TEXT_MAX, &info, NULL);
        if (r < 0)
                return r;

        line = strstr(info, "MemFree:");
        if (!line || sscanf(line, "MemFree: %" SCNu64 " kB", &kib) != 1)
                return -EBADMSG;

        node->free = kib * 1024;
        return 0;
}

int numa_read(const char *sys_root, struct numa_node **ret, size_t *ret_n) {
        _cleanup_free_ char *root = NULL, *path = NULL, *online = NULL;
        struct node_list list = {};
        int r;

        root = strprintf("%s/devices/system/node", sys_root);
        path = root ? strprintf("%s/online", root) : NULL;
        if (!path)
                return -ENOMEM;

        r = read_file(path, TEXT_MAX, &online, NULL);
        if (r == -ENOENT) {
                add_node(NUMA_ANY, &list);
                r = 0;
        } else if (r >= 0) {
                r = numa_list_parse(online, NUMA_MAX, add_node, &list);
                for (size_t i = 0; i < list.n && r >= 0; i++)
                        r = read_node(root, &list.items[i]);
        }

        if (r >= 0 && list.failed)
                r = -ENOMEM;
        if (r >= 0 && list.n == 0)
                r = -EBADMSG;
        if (r < 0) {
                free(list.items);
                return r;
        }

        *ret = list.items;
        *ret_n = list.n;
        return 0;
}

size_t numa_node_of(const struct numa_node *nodes, size_t n, unsigned processor) {
        for (size_t i = 0; i < n && processor < NUMA_CPUS; i++)
                if (nodes[i].processors[processor / 8] >> processor % 8 & 1)
                        return i;

        return 0;
}

void numa_bind(unsigned node, bool strict) {
        unsigned long mask[MASK_LONGS] = {};

        if (node == NUMA_ANY) {
                syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0UL);
                return;
        }

        mask[node / LONG_BITS] = 1UL << node % LONG_BITS;
        syscall(SYS_set_mempolicy, strict ? MPOL_BIND : MPOL_PREFERRED, mask, (unsigned long) NUMA_MAX);
}
