/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "inventory/pci-names.h"

/* A pci.ids that somebody has edited, or a disk has spoilt. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct pci_name names[] = {{.vendor_id = 0x8086, .device_id = 0x29c0},
                                   {.vendor_id = 0x1af4, .device_id = 0x1000}};

        pci_names_find((const char *) data, size, names, sizeof(names) / sizeof(names[0]));
        return 0;
}
