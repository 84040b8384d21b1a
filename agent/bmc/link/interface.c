/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "bmc/wait.h"
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

/* a is the address before b. */
static bool mac_is_before(const uint8_t a[static 6], const uint8_t b[static 6]) {
        return memcmp(a, b, 5) == 0 && (uint8_t) (a[5] + 1) == b[5];
}

static bool location_matches(const struct interface *i, const struct host_device *device) {
        char location[sizeof(i->location)];

        snprintf(location, sizeof(location), "%04x:%02x:%02x.%x", device->segment, device->bus,
                 device->device_function >> 3, device->device_function & 7U);
        return streq(location, i->location);
}

static enum interface_match match_mac(const struct interface *i, const struct host_device *device) {
        if (memcmp(i->mac, device->mac, sizeof(i->mac)) == 0)
                return INTERFACE_MATCHES;
        if (mac_is_before(i->mac, device->mac))
                return INTERFACE_BESIDE_MAC;

        /* Without its ids, the address was all that is known of it. */
        return device->has_id ? INTERFACE_BUT_FOR_MAC : INTERFACE_OTHER;
}

enum interface_match interface_match(const struct interface *i, const struct host_device *device) {
        if (device->name[0])
                return streq(i->name, device->name) ? INTERFACE_MATCHES : INTERFACE_OTHER;

        if (i->bus_type == HOST_BUS_ANY ||
            (device->bus_type != HOST_BUS_ANY && i->bus_type != device->bus_type))
                return INTERFACE_OTHER;
        if (device->has_id && (i->vendor != device->vendor || i->product != device->product))
                return INTERFACE_OTHER;
        if (device->serial && !streq(device->serial, i->serial))
                return INTERFACE_OTHER;
        if (device->has_subsystem && (i->subsystem_vendor != device->subsystem_vendor ||
                                      i->subsystem_device != device->subsystem_device))
                return INTERFACE_OTHER;

        if (device->has_mac)
                return match_mac(i, device);
        if (device->has_location && !location_matches(i, device))
                return INTERFACE_OTHER;

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

/* Sets what the device below the interface tells. False when it is just going away. */
static bool interface_describe_device(struct udev_device *net, struct interface *i) {
        struct udev_device *parent; /* belongs to net */
        const char *serial;

        /* A USB device has the PCI device of its controller above it: USB first. */
        parent = udev_device_get_parent_with_subsystem_devtype(net, "usb", "usb_device");
        if (parent) {
                i->bus_type = HOST_BUS_USB;
                serial = udev_device_get_sysattr_value(parent, "serial");
                snprintf(i->serial, sizeof(i->serial), "%s", serial ?: "");
                return get_id(parent, "idVendor", &i->vendor) && get_id(parent, "idProduct", &i->product);
        }

        parent = udev_device_get_parent_with_subsystem_devtype(net, "pci", NULL);
        if (!parent)
                return true;

        i->bus_type = HOST_BUS_PCI;
        get_id(parent, "subsystem_vendor", &i->subsystem_vendor);
        get_id(parent, "subsystem_device", &i->subsystem_device);
        snprintf(i->location, sizeof(i->location), "%s", udev_device_get_sysname(parent));
        return get_id(parent, "vendor", &i->vendor) && get_id(parent, "device", &i->product);
}

static bool interface_describe(struct udev_device *net, struct interface *ret) {
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

        if (!interface_describe_device(net, &i))
                return false;

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

static bool is_passed(unsigned index, const unsigned *passed, size_t n_passed) {
        for (size_t i = 0; i < n_passed; i++)
                if (passed[i] == index)
                        return true;

        return false;
}

int interface_find(struct interface_watch *watch, const struct host_device *device, const unsigned *passed,
                   size_t n_passed, struct interface *ret) {
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
                if (!net || !interface_describe(net, &i) || is_passed(i.index, passed, n_passed))
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
