/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host-device.h: what is known of the network device that leads to the BMC: from SMBIOS type 42 (DSP0270
 * clause 8, "device descriptor data"), or from a person. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct smbios_structure;

enum host_bus {
        HOST_BUS_ANY,
        HOST_BUS_USB,
        HOST_BUS_PCI,
};

/* Members that are not known are false, 0, NULL or empty. With nothing known, any network device on USB or
 * PCI may be it. */
struct host_device {
        enum host_bus bus_type;
        char name[IF_NAMESIZE]; /* as the kernel calls it */

        bool has_id;
        uint16_t vendor, product;
        char *serial; /* USB */

        bool has_subsystem; /* PCI */
        uint16_t subsystem_vendor, subsystem_device;

        bool has_mac; /* firmware may give either end's */
        uint8_t mac[6];

        bool has_location; /* PCI */
        uint16_t segment;
        uint8_t bus, device_function;

        bool has_bootstrapping; /* DSP0270 1.3 and later tell the following */
        bool bootstrapping;

        uint8_t oem_type; /* 80h to FFh: the OEM's own, of which nothing is known; else 0 */
        uint32_t oem;     /* its IANA number */
};

/* Decodes the size bytes of device data at offset of a type 42 structure, from the device type on. Returns 0,
 * -EBADMSG when they are too few for the device type, -ENOTSUP for an unknown one, -ENOMEM. */
int host_device_decode(const struct smbios_structure *s, size_t offset, size_t size, struct host_device *ret);

/* Reads what a person writes for a device: "eth1", "02:00:00:00:00:01", "usb:0525:a4a2", "pci:8086:1533" or
 * "0000:02:00.0". Returns 0, -EINVAL. */
int host_device_parse(const char *text, struct host_device *ret);

/* Returns 0, -ENOMEM. */
int host_device_copy(const struct host_device *device, struct host_device *ret);
void host_device_done(struct host_device *device);

/* "USB 0525:a4a2", "PCI 8086:1533 at 0000:02:00.0", "eth1", with the MAC address where given. NULL when
 * memory is short. */
char *host_device_describe(const struct host_device *device);
