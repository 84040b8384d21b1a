/* SPDX-License-Identifier: GPL-3.0-or-later */
/* interface.h: which of the kernel's network interfaces is the one that is looked for, now or when it
 * appears.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "host-device.h"

struct interface_watch;
struct wait;

/* A network interface, as the kernel shows it. */
struct interface {
        unsigned index;
        char name[IF_NAMESIZE];
        enum host_bus bus_type; /* HOST_BUS_ANY: neither on USB nor on PCI */
        uint16_t vendor, product;
        uint16_t subsystem_vendor, subsystem_device; /* PCI */
        char serial[128];                            /* USB; empty when it has none */
        char location[sizeof("0000:00:00.0")];       /* PCI */
        uint8_t mac[6];
};

enum interface_match {
        INTERFACE_OTHER,
        INTERFACE_BUT_FOR_MAC, /* the device, under another MAC address than was said */
        INTERFACE_BESIDE_MAC,  /* under the address before it: what was said is the BMC's end of the link, as
                                  edk2's RedfishPkg has it */
        INTERFACE_MATCHES,
};

enum interface_match interface_match(const struct interface *i, const struct host_device *device);

/* Begins to listen to the kernel's events of devices, and looks at what is there. No udevd is needed. Returns
 * 0, a negative errno. */
int interface_watch_new(struct interface_watch **ret);
struct interface_watch *interface_watch_free(struct interface_watch *watch);
DEFINE_CLEANUP(struct interface_watch *, interface_watch_free);

/* Looks for the device among the interfaces there are, but those with the n_passed indexes. Returns how well
 * *ret matches; it is set unless that is INTERFACE_OTHER. A negative errno when the kernel's list cannot be
 * read. */
int interface_find(struct interface_watch *watch, const struct host_device *device, const unsigned *passed,
                   size_t n_passed, struct interface *ret);

/* Waits for a network or IPMI device to come or go. Returns 0, -ETIMEDOUT, a negative errno. */
int interface_watch_wait(struct interface_watch *watch, struct wait *w, uint64_t until);
