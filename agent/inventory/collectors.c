/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stddef.h>

#include "base/smbios.h"
#include "collectors.h"

const struct inventory_roots inventory_live_roots = {.sys = "/sys", .proc = "/proc", .dev = "/dev"};

const struct collector *const collectors[] = {
        &collector_system,       &collector_management,  &collector_processors,
        &collector_memory,       &collector_pci,         &collector_slots,
        &collector_accelerators, &collector_controllers, &collector_storage,
        &collector_volumes,      &collector_network,     &collector_usb,
        &collector_tpm,          &collector_sensors,     &collector_power,
        &collector_watchdogs,    &collector_serial,      NULL,
};

int firmware_table_read(const struct inventory_roots *roots, struct smbios **ret) {
        int r = smbios_read(roots->sys, ret);

        if (r != -ENOENT && r != -EACCES && r != -EPERM)
                return r;

        *ret = NULL;
        return 0;
}

int firmware_list_collect(const struct inventory_roots *roots,
                          int (*decode)(const struct smbios *smbios, json_t *part), json_t **ret) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        _cleanup_json_ json_t *part = json_array();
        int r;

        r = firmware_table_read(roots, &smbios);
        if (r < 0)
                return r;
        if (!smbios)
                return -ENODEV;

        r = part ? decode(smbios, part) : -ENOMEM;
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}
