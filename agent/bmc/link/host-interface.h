/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host-interface.h: how the host reaches its BMC, as the firmware describes it in SMBIOS type 42
 * (DSP0134 7.43, with the device and protocol data of DSP0270 clause 8). Firmware is often wrong here: every
 * record is judged alone, and one that is of no use is kept with the reason. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "host-device.h"
#include "ip.h"

struct smbios;

enum host_assignment {
        ASSIGNMENT_UNKNOWN = 0,
        ASSIGNMENT_STATIC = 1,
        ASSIGNMENT_DHCP = 2,
        ASSIGNMENT_AUTOCONFIGURE = 3,
        ASSIGNMENT_HOST_SELECTED = 4,
};

/* One way to the Redfish service: a Redfish-over-IP protocol record and the device of its structure. */
struct host_interface {
        uint16_t handle; /* of the structure */
        struct host_device device;
        uint8_t service_uuid[16]; /* as SMBIOS writes UUIDs */

        enum host_assignment host_assignment;
        struct ip_address host; /* AF_UNSPEC when not given */
        unsigned host_prefix;

        enum host_assignment service_assignment;
        struct ip_address service;
        unsigned service_prefix;
        uint16_t port;      /* 443 when the firmware gives none */
        uint32_t vlan;      /* 1 to 4094; 0: none */
        char *service_name; /* host name, or NULL */
};

struct host_interface_rejection {
        uint16_t handle;
        char *reason; /* "interface type 02h is no network interface" */
};

struct host_interfaces {
        struct host_interface *items;
        size_t n_items;
        struct host_interface_rejection *rejected;
        size_t n_rejected;
};

/* Reads all type 42 structures. Returns 0, also when there is none, or -ENOMEM. */
int host_interfaces_read(const struct smbios *smbios, struct host_interfaces *ret);

void host_interface_done(struct host_interface *interface);
void host_interfaces_done(struct host_interfaces *interfaces);
