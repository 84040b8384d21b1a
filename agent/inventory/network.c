/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "sysfs.h"
#include "table.h"

#define MAC_SIZE 6U

/* Mbit/s; the kernel says -1, or refuses, where there is no link. */
static int set_speed(json_t *object, const char *name, const char *value) {
        return sysfs_set_number(object, name, value && streq(value, "4294967295") ? NULL : value);
}

static const struct sysfs_field interface_fields[] = {
        {"mac_address", "address", sysfs_set_text},
        {"state", "operstate", sysfs_set_text},
        {"carrier", "carrier", sysfs_set_boolean},
        {"speed_mbps", "speed", set_speed},
        {"duplex", "duplex", sysfs_set_text},
        {"mtu_bytes", "mtu", sysfs_set_number},
        {"port_name", "phys_port_name", sysfs_set_text},
        {"numa_node", "device/numa_node", sysfs_set_number},
        {},
};

/* The address in the adapter's own memory. Where nobody has set another one, it is the current one; otherwise
 * only the running kernel can tell. */
static int add_permanent_address(const struct inventory_roots *roots, json_t *object, int device_fd,
                                 const char *name) {
        union {
                struct ethtool_perm_addr head;
                uint8_t bytes[sizeof(struct ethtool_perm_addr) + MAC_SIZE];
        } request = {.head = {.cmd = ETHTOOL_GPERMADDR, .size = MAC_SIZE}};
        const uint8_t *address = request.head.data;
        static const uint8_t none[MAC_SIZE];
        struct ifreq ifr = {.ifr_data = (char *) &request};
        _cleanup_close_ int fd = -EBADF;
        char text[3 * MAC_SIZE];
        uint64_t assigned;

        if (read_u64_file_at(device_fd, "addr_assign_type", &assigned) == 0 && assigned == NET_ADDR_PERM)
                return json_set(object, "permanent_mac_address",
                                json_incref(json_object_get(object, "mac_address")));

        if (!inventory_roots_are_live(roots) || strlen(name) >= sizeof(ifr.ifr_name))
                return json_set_string(object, "permanent_mac_address", NULL);

        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        memcpy(ifr.ifr_name, name, strlen(name) + 1);
        if (ioctl(fd, SIOCETHTOOL, &ifr) < 0 || request.head.size != MAC_SIZE ||
            memcmp(address, none, MAC_SIZE) == 0)
                return json_set_string(object, "permanent_mac_address", NULL);

        snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1], address[2],
                 address[3], address[4], address[5]);
        return json_set_string(object, "permanent_mac_address", text);
}

static int add_place(json_t *object, const char *path) {
        _cleanup_free_ char *pci = NULL, *usb = NULL;
        int r;

        r = sysfs_find_parent(path, "pci", &pci);
        if (r < 0)
                return r;

        r = field_set_text(object, "pci_address", r > 0 ? sysfs_name(pci) : NULL);
        if (r < 0)
                return r;

        r = sysfs_find_usb_device(path, &usb);
        if (r < 0)
                return r;

        return field_set_text(object, "usb_device", r > 0 ? sysfs_name(usb) : NULL);
}

static int describe(const struct inventory_roots *roots, const char *path, json_t **ret) {
        _cleanup_json_ json_t *object = json_object();
        _cleanup_free_ char *driver = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!object)
                return -ENOMEM;

        fd = sysfs_open(path);
        if (fd < 0)
                return fd;

        r = field_set_text(object, "name", sysfs_name(path));
        if (r < 0)
                return r;

        r = sysfs_fields_set(object, fd, interface_fields);
        if (r < 0)
                return r;

        r = add_permanent_address(roots, object, fd, sysfs_name(path));
        if (r < 0)
                return r;

        r = sysfs_link_name(fd, "device/driver", &driver);
        if (r < 0)
                return r;

        r = field_set_text(object, "driver", driver);
        if (r < 0)
                return r;

        r = add_place(object, path);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(object);
        return 0;
}

static int network_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices devices = {};
        _cleanup_json_ json_t *part = json_array();
        int r;

        if (!part)
                return -ENOMEM;

        r = sysfs_enumerate(roots, "net", &devices);
        if (r < 0)
                return r;

        for (size_t i = 0; i < devices.n_paths; i++) {
                json_t *object = NULL;

                /* Loopback, tunnels and bridges are no hardware. */
                if (sysfs_is_below(devices.paths[i], "virtual"))
                        continue;

                r = describe(roots, devices.paths[i], &object);
                if (r == -ENOENT) /* unplugged in the meantime */
                        continue;
                if (r < 0)
                        return r;

                r = json_append(part, object);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(part);
        return 0;
}

static char *network_summarize(const json_t *part) {
        size_t n = json_array_size(part), n_links = 0, i;
        const json_t *interface;

        if (n == 0)
                return strdup("no interface");

        json_array_foreach(part, i, interface) n_links += json_is_true(json_object_get(interface, "carrier"));

        return strprintf("%zu interface%s, %zu with a link", n, n == 1 ? "" : "s", n_links);
}

static int network_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"NAME", TABLE_LEFT},
                {"MAC ADDRESS", TABLE_LEFT},
                {"LINK", TABLE_LEFT},
                {"Mbit/s", TABLE_RIGHT},
                {"DRIVER", TABLE_FLEXIBLE},
                {"AT", TABLE_LEFT},
                {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *interface;
        size_t i;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach(part, i, interface) {
                const json_t *carrier = json_object_get(interface, "carrier");
                const char *usb = json_get_string(interface, "usb_device");
                _cleanup_free_ char *at = NULL;

                /* The kernel does not tell of a link while the interface is down. */
                at = usb ? strprintf("usb %s", usb)
                         : strprintf("%s", json_get_string(interface, "pci_address") ?: "");
                table_add(table, json_get_string(interface, "name"),
                          json_get_string(interface, "permanent_mac_address")
                                  ?: json_get_string(interface, "mac_address"),
                          json_is_boolean(carrier) ? (json_is_true(carrier) ? "yes" : "no") : "unknown",
                          TABLE_NUMBER(interface, "speed_mbps"), json_get_string(interface, "driver"), at);
        }

        return table_print(table, screen);
}

const struct collector collector_network = {
        .name = "network",
        .description = "Network interfaces",
        .collect = network_collect,
        .summarize = network_summarize,
        .print = network_print,
};
