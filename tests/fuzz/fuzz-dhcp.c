/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "bmc/link/dhcp.h"
#include "bmc/link/host-device.h"

/* A line of the script's, and what a person writes of the way to the BMC. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size);
        struct dhcp_lease lease = {};
        struct host_device device = {};
        struct ip_address ip = {};
        unsigned prefix;
        uint16_t port;

        if (!text)
                return 0;

        /* A lease that is used never brings a default route. */
        if (dhcp_parse(text, &lease) > 0 &&
            (lease.prefix == 0 || lease.prefix > 32 || ip_is_unset(&lease.address)))
                __builtin_trap();

        if (ip_parse_endpoint(text, &ip, &port) >= 0 && ip_is_unset(&ip))
                __builtin_trap();
        if (ip_parse_network(text, &ip, &prefix) >= 0 && (prefix == 0 || prefix > 8 * ip_size(ip.family)))
                __builtin_trap();
        if (host_device_parse(text, &device) >= 0) {
                _cleanup_free_ char *description = host_device_describe(&device);

                if (description && strpbrk(description, "\n\033/"))
                        __builtin_trap();
        }

        return 0;
}
