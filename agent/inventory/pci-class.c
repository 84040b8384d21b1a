/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "pci-class.h"
#include "base/macro.h"

/* PCI Code and ID Assignment Specification: base class and sub-class, or the base class alone (sub-class
 * FFFFh). Kept here, since pci.ids, which has them too, is not in flash. */
static const struct {
        uint16_t class;
        const char *name;
} class_names[] = {
        {0x0100, "SCSI controller"},
        {0x0101, "IDE controller"},
        {0x0104, "RAID controller"},
        {0x0106, "SATA controller"},
        {0x0107, "SAS controller"},
        {0x0108, "NVMe controller"},
        {0x0200, "Ethernet controller"},
        {0x0207, "InfiniBand controller"},
        {0x0300, "VGA controller"},
        {0x0302, "3D controller"},
        {0x0500, "RAM memory"},
        {0x0502, "CXL memory"},
        {0x0600, "host bridge"},
        {0x0601, "ISA bridge"},
        {0x0604, "PCI bridge"},
        {0x0700, "serial controller"},
        {0x0800, "interrupt controller"},
        {0x0806, "IOMMU"},
        {0x0880, "system peripheral"},
        {0x0c03, "USB controller"},
        {0x0c05, "SMBus"},
        {0x0c07, "IPMI interface"},
        {0x1080, "encryption controller"},
        {0x1180, "signal processing controller"},
        {0x1200, "processing accelerator"},
};

static const char *const base_class_names[] = {
        [0x00] = "unclassified device",
        [0x01] = "storage controller",
        [0x02] = "network controller",
        [0x03] = "display controller",
        [0x04] = "multimedia controller",
        [0x05] = "memory controller",
        [0x06] = "bridge",
        [0x07] = "communication controller",
        [0x08] = "system peripheral",
        [0x09] = "input device",
        [0x0a] = "docking station",
        [0x0b] = "processor",
        [0x0c] = "serial bus controller",
        [0x0d] = "wireless controller",
        [0x0e] = "intelligent controller",
        [0x0f] = "satellite controller",
        [0x10] = "encryption controller",
        [0x11] = "signal processing controller",
        [0x12] = "processing accelerator",
        [0x13] = "instrumentation",
};

const char *pci_class_name(uint16_t class) {
        for (size_t i = 0; i < ELEMENTSOF(class_names); i++)
                if (class_names[i].class == class)
                        return class_names[i].name;

        if (class >> 8 == 0xff)
                return "unassigned class";

        return class >> 8 < (int) ELEMENTSOF(base_class_names) ? base_class_names[class >> 8] : NULL;
}
