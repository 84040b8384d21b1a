/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "bmc/wait.h"
#include "host-interface.h"
#include "interface.h"

struct interface_watch {
        struct udev *udev;
        struct udev_monitor *monitor;
};

static void udev_device_unrefp(struct udev_device **device) {
        udev_device_unref(*device);
}

static void udev_enumerate_unrefp(struct udev_enumerate **enumerate) {
        udev_enumerate_unref(*enumerate);
}

enum interface_match interface_match(const struct interface *i, const struct host_device *device) {
        if (i->usb != device->usb || i->vendor != device->vendor || i->product != device->product)
                return INTERFACE_OTHER;
        if (device->serial && !streq(device->serial, i->serial))
                return INTERFACE_OTHER;
        if (device->has_subsystem && (i->subsystem_vendor != device->subsystem_vendor ||
                                      i->subsystem_device != device->subsystem_device))
                return INTERFACE_OTHER;

        if (device->has_mac)
                return memcmp(i->mac, device->mac, sizeof(i->mac)) == 0 ? INTERFACE_MATCHES
                                                                        : INTERFACE_BUT_FOR_MAC;

        if (device->has_location) {
                char location[sizeof(i->location)];

                snprintf(location, sizeof(location), "%04x:%02x:%02x.%x", device->segment, device->bus,
                         device->device_function >> 3, device->device_function & 7U);
                if (!streq(location, i->location))
                        return INTERFACE_OTHER;
        }

        return INTERFACE_MATCHES;
}

/* Four hexadecimal digits, with 0x (PCI) or without (USB). */
static bool get_id(struct udev_device *device, const char *attribute, uint16_t *ret) {
        const char *value = udev_device_get_sysattr_value(device, attribute);
        unsigned id;

        if (!value || sscanf(value, "%x", &id) != 1 || id > UINT16_MAX)
                return false;

        *ret = (uint16_t) id;
        return true;
}

/* False for one that is neither on USB nor on PCI, or is just going away. */
static bool interface_describe(struct udev_device *net, struct interface *ret) {
        struct udev_device *parent; /* belongs to net */
        struct interface i = {};
        const char *value;

        value = udev_device_get_sysattr_value(net, "ifindex");
        if (!value || sscanf(value, "%u", &i.index) != 1)
                return false;
        snprintf(i.name, sizeof(i.name), "%s", udev_device_get_sysname(net));

        value = udev_device_get_sysattr_value(net, "address");
        if (value)
                sscanf(value, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &i.mac[0], &i.mac[1], &i.mac[2], &i.mac[3],
                       &i.mac[4], &i.mac[5]);

        /* A USB device has the PCI device of its controller above it: USB first. */
        parent = udev_device_get_parent_with_subsystem_devtype(net, "usb", "usb_device");
        if (parent) {
                i.usb = true;
                value = udev_device_get_sysattr_value(parent, "serial");
                snprintf(i.serial, sizeof(i.serial), "%s", value ?: "");
                if (!get_id(parent, "idVendor", &i.vendor) || !get_id(parent, "idProduct", &i.product))
                        return false;

                *ret = i;
                return true;
        }

        parent = udev_device_get_parent_with_subsystem_devtype(net, "pci", NULL);
        if (!parent || !get_id(parent, "vendor", &i.vendor) || !get_id(parent, "device", &i.product))
                return false;
        get_id(parent, "subsystem_vendor", &i.subsystem_vendor);
        get_id(parent, "subsystem_device", &i.subsystem_device);
        snprintf(i.location, sizeof(i.location), "%s", udev_device_get_sysname(parent));

        *ret = i;
        return true;
}

int interface_watch_new(struct interface_watch **ret) {
        _cleanup_(interface_watch_freep) struct interface_watch *watch = NULL;
        int r;

        watch = calloc(1, sizeof(*watch));
        if (!watch)
                return -ENOMEM;

        watch->udev = udev_new();
        if (!watch->udev)
                return -ENOMEM;

        watch->monitor = udev_monitor_new_from_netlink(watch->udev, "kernel");
        if (!watch->monitor)
                return errno > 0 ? -errno : -ENOMEM;

        r = udev_monitor_filter_add_match_subsystem_devtype(watch->monitor, "net", NULL);
        if (r < 0)
                return r;

        r = udev_monitor_filter_add_match_subsystem_devtype(watch->monitor, "ipmi", NULL);
        if (r < 0)
                return r;

        r = udev_monitor_enable_receiving(watch->monitor);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(watch);
        return 0;
}

struct interface_watch *interface_watch_free(struct interface_watch *watch) {
        if (!watch)
                return NULL;

        udev_monitor_unref(watch->monitor);
        udev_unref(watch->udev);
        free(watch);
        return NULL;
}

int interface_find(struct interface_watch *watch, const struct host_device *device, struct interface *ret) {
        _cleanup_(udev_enumerate_unrefp) struct udev_enumerate *enumerate = NULL;
        enum interface_match best = INTERFACE_OTHER;
        struct udev_list_entry *entry;
        int r;

        enumerate = udev_enumerate_new(watch->udev);
        if (!enumerate)
                return -ENOMEM;

        r = udev_enumerate_add_match_subsystem(enumerate, "net");
        if (r < 0)
                return r;

        r = udev_enumerate_scan_devices(enumerate);
        if (r < 0)
                return r;

        udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate)) {
                _cleanup_(udev_device_unrefp) struct udev_device *net = NULL;
                enum interface_match match;
                struct interface i;

                net = udev_device_new_from_syspath(watch->udev, udev_list_entry_get_name(entry));
                if (!net || !interface_describe(net, &i))
                        continue;

                match = interface_match(&i, device);
                if (match > best) {
                        best = match;
                        *ret = i;
                }
        }

        return (int) best;
}

int interface_watch_wait(struct interface_watch *watch, struct wait *w, uint64_t until) {
        struct udev_device *device;
        int r;

        r = wait_for(w, udev_monitor_get_fd(watch->monitor), POLLIN, until);
        if (r < 0)
                return r;

        /* Only that there was an event matters: who waits looks at everything anew. */
        while ((device = udev_monitor_receive_device(watch->monitor)))
                udev_device_unref(device);

        return 0;
}
