/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pci-names.h: the names of vendors and devices in a pci.ids file. libpci would make an entry of each of its
 * forty thousand lines to look a few of them up. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What is wanted, and what was found: not terminated, inside of the text; NULL: not there. */
struct pci_name {
        uint16_t vendor_id, device_id;
        const char *vendor, *device;
        size_t vendor_size, device_size;
};

/* Looks the names up, whose ids are set and the rest of which is zeroed, in the text of such a file. */
void pci_names_find(const char *text, size_t size, struct pci_name *names, size_t n_names);
