/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stddef.h>

#include "collectors.h"

const struct inventory_roots inventory_live_roots = {.sys = "/sys", .proc = "/proc", .dev = "/dev"};

const struct collector *const collectors[] = {
        &collector_system,  &collector_processors, &collector_memory, &collector_pci,
        &collector_storage, &collector_network,    &collector_usb,    NULL,
};
