/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pci-config.h: what stands in a PCI device's configuration space, read by libpci. */
#pragma once

#include "field.h"

struct pci_dev;

/* Sets type ("endpoint", "root port", ...; null for conventional PCI), serial_number, sriov (an object:
 * total_vfs, enabled_vfs, vf_device_id) and aer_capable. What an unprivileged user may not read is null. */
void pci_config_describe(struct pci_dev *device, struct fields *f);
