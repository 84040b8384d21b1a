/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stddef.h>

#include "base/smbios.h"
#include "collectors.h"

const struct inventory_roots inventory_live_roots = {.sys = "/sys", .proc = "/proc", .dev = "/dev"};

const struct collector *const collectors[] = {
        &collector_system,  &collector_processors, &collector_memory, &collector_pci,
        &collector_storage, &collector_network,    &collector_usb,    NULL,
};

int firmware_table_read(const struct inventory_roots *roots, struct smbios **ret) {
        int r = smbios_read(roots->sys, ret);

        if (r != -ENOENT && r != -EACCES && r != -EPERM)
                return r;

        *ret = NULL;
        return 0;
}
