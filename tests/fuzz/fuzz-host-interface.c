/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/smbios.h"
#include "bmc/link/addressing.h"
#include "bmc/link/host-interface.h"

/* An SMBIOS table, without its entry point. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(host_interfaces_done) struct host_interfaces interfaces = {};
        struct smbios smbios = {
                .major = 3, .n_structures = SIZE_MAX, .table = (uint8_t *) data, .size = size};

        if (host_interfaces_read(&smbios, &interfaces) < 0)
                return 0;

        for (size_t i = 0; i < interfaces.n_items; i++) {
                _cleanup_free_ char *device = host_device_describe(&interfaces.items[i].device);
                struct addressing a;

                if (device && strpbrk(device, "\n\033"))
                        __builtin_trap();

                /* An address that is used is never one that would bring a default route. */
                if (!addressing_choose(&interfaces.items[i], &a) && a.kind == ADDRESSING_STATIC &&
                    (a.prefix == 0 || a.prefix > 8 * ip_size(a.host.family)))
                        __builtin_trap();
        }

        return 0;
}
