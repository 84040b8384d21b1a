/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <pci/pci.h>
#include <stdio.h>
#include <string.h>

#include "pci-config.h"

#define CONFIG_SIZE 256 /* of conventional PCI; PCI Express has 4 KiB */

/* PCI Express Base Specification 7.5.3.2, bits 7:4. */
static const char *const port_types[16] = {
        [0x0] = "endpoint",
        [0x1] = "legacy endpoint",
        [0x4] = "root port",
        [0x5] = "upstream switch port",
        [0x6] = "downstream switch port",
        [0x7] = "PCI Express to PCI bridge",
        [0x8] = "PCI to PCI Express bridge",
        [0x9] = "root complex integrated endpoint",
        [0xa] = "root complex event collector",
};

static const struct pci_cap *find(struct pci_dev *device, unsigned id, unsigned kind) {
        return pci_find_cap(device, id, kind);
}

static void add_type(struct pci_dev *device, const struct pci_cap *express, struct fields *f) {
        fields_word(
                f, "type",
                express ? port_types[pci_read_word(device, (int) express->addr + PCI_EXP_FLAGS) >> 4 & 0xf]
                        : NULL);
}

/* 7.9.3: EUI-64, its upper half behind the lower one. */
static void add_serial_number(struct pci_dev *device, struct fields *f) {
        const struct pci_cap *cap = find(device, PCI_EXT_CAP_ID_DSN, PCI_CAP_EXTENDED);
        uint32_t low, high;
        char text[24];

        low = cap ? pci_read_long(device, (int) cap->addr + 4) : 0;
        high = cap ? pci_read_long(device, (int) cap->addr + 8) : 0;
        if (low == 0 && high == 0) {
                fields_null(f, "serial_number");
                return;
        }

        snprintf(text, sizeof(text), "%02x-%02x-%02x-%02x-%02x-%02x-%02x-%02x", high >> 24, high >> 16 & 0xff,
                 high >> 8 & 0xff, high & 0xff, low >> 24, low >> 16 & 0xff, low >> 8 & 0xff, low & 0xff);
        fields_word(f, "serial_number", text);
}

/* 9.3.3 */
static void add_sriov(struct pci_dev *device, struct fields *f) {
        const struct pci_cap *cap = find(device, PCI_EXT_CAP_ID_SRIOV, PCI_CAP_EXTENDED);
        struct fields s;

        if (!cap) {
                fields_null(f, "sriov");
                return;
        }

        s = fields_of(json_object());
        fields_number(&s, "total_vfs", pci_read_word(device, (int) cap->addr + PCI_IOV_TOTALVF));
        fields_number(&s, "enabled_vfs", pci_read_word(device, (int) cap->addr + PCI_IOV_NUMVF));
        fields_hex(&s, "vf_device_id", pci_read_word(device, (int) cap->addr + PCI_IOV_DID), 4);
        fields_take(f, "sriov", s.object);
        if (s.error < 0)
                f->error = s.error;
}

void pci_config_describe(struct pci_dev *device, struct fields *f) {
        const struct pci_cap *express;
        uint8_t probe[4];
        bool readable, extended;

        /* Behind the header, for root only; behind 256 bytes, only where the machine can reach them. */
        readable = pci_read_block(device, CONFIG_SIZE - 4, probe, 4);
        extended = readable && pci_read_block(device, CONFIG_SIZE, probe, 4);
        express = readable ? find(device, PCI_CAP_ID_EXP, PCI_CAP_NORMAL) : NULL;

        add_type(device, express, f);
        if (!express || !extended) {
                fields_null(f, "serial_number");
                fields_null(f, "sriov");
        } else {
                add_serial_number(device, f);
                add_sriov(device, f);
        }

        if (!readable || (express && !extended))
                fields_null(f, "aer_capable");
        else
                fields_bool(f, "aer_capable", express && find(device, PCI_EXT_CAP_ID_AER, PCI_CAP_EXTENDED));
}
