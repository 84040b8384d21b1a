/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pci-config.h: what stands in a PCI device's configuration space, read by libpci. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "field.h"

struct pci_cap;
struct pci_dev;

/* What has been read of it at once, for as long as libpci looks at the device. */
struct pci_config {
        uint8_t bytes[256];
        struct pci_dev *device;
        bool readable; /* behind the header, which is for root only */
        bool extended; /* behind 256 bytes, where the machine can reach them */
        const struct pci_cap *express;
};

/* Returns true when the device answers; it is looked at through *ret until pci_config_done(). A device that
 * has fallen off the bus answers in ones. */
bool pci_config_read(struct pci_dev *device, struct pci_config *ret);
void pci_config_done(struct pci_config *config);

/* Sets class, class_name, vendor_id, device_id, revision and the subsystem's ids. */
void pci_config_add_identity(const struct pci_config *config, struct fields *f);

/* What the two below set, for a device that does not answer: every member is null. */
void pci_config_add_unknown(struct fields *f);

/* Sets type ("endpoint", "root port", ...; null for conventional PCI), serial_number, sriov (an object:
 * total_vfs, enabled_vfs, vf_device_id) and aer_capable. What an unprivileged user may not read is null. */
void pci_config_add_capabilities(const struct pci_config *config, struct fields *f);

/* Sets link: what the device makes of it, what it could and what the port above could, whose own link is
 * given (NULL: there is none); null for a device without a link. */
void pci_config_add_link(const struct pci_config *config, const json_t *port, struct fields *f);
