/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pci-tree.h: PCI devices in a captured tree. */
#pragma once

#include <stdio.h>

#include "tests/unit/captured-tree.h"

#define PCI_ROOT "sys/devices/pci0000:00/"

/* What a device answers from its configuration space; ids and class as lspci writes them. link_capabilities
 * 0: it is no PCI Express device; otherwise one of that type (endpoint 0, root port 4). */
struct pci_function {
        uint32_t id, class;
        uint8_t type;
        uint32_t link_capabilities, link_capabilities2;
        uint16_t link_status;
};

static inline void tree_put(uint8_t *p, uint32_t value, size_t size) {
        for (size_t i = 0; i < size; i++)
                p[i] = (uint8_t) (value >> 8 * i);
}

static inline void write_pci(const struct captured_tree *tree, const char *parent, const char *address,
                             const struct pci_function *function) {
        char path[256], target[256];
        uint8_t config[256] = {};

        tree_put(config + 0x00, function->id >> 16, 2);
        tree_put(config + 0x02, function->id & 0xffff, 2);
        tree_put(config + 0x08, 0x02 | function->class << 8, 4);
        tree_put(config + 0x2c, 0x1af4, 2);
        tree_put(config + 0x2e, 0x1100, 2);
        if (function->link_capabilities != 0) {
                tree_put(config + 0x06, 0x10, 2); /* status: there are capabilities */
                config[0x34] = 0x40;
                config[0x40] = 0x10; /* PCI Express, the last one, version 2 */
                tree_put(config + 0x42, 2U | (uint32_t) function->type << 4, 2);
                tree_put(config + 0x4c, function->link_capabilities, 4);
                tree_put(config + 0x52, function->link_status, 2);
                tree_put(config + 0x6c, function->link_capabilities2, 4);
        }

        snprintf(path, sizeof(path), PCI_ROOT "%s%s/config", parent, address);
        tree_write_bytes(tree, path, config, sizeof(config));
        snprintf(path, sizeof(path), PCI_ROOT "%s%s/numa_node", parent, address);
        tree_write(tree, path, "-1\n");
        snprintf(path, sizeof(path), PCI_ROOT "%s%s/subsystem", parent, address);
        tree_link(tree, path, "../../../../bus/pci");
        snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", address);
        snprintf(target, sizeof(target), "../../../devices/pci0000:00/%s%s", parent, address);
        tree_link(tree, path, target);
}

/* x16 at up to 32 GT/s, of which nothing is connected; x4 at up to 16 GT/s, running x2 at 8. */
_unused_ static const struct pci_function nvme_drive = {
        .id = 0x144da80a, .class = 0x010802, .type = 0, .link_capabilities = 0x44, .link_status = 0x23};
