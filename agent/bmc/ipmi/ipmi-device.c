/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipmi.h>
#include <linux/ipmi_msgdefs.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "bmc/wait.h"
#include "ipmi.h"

struct ipmi_device {
        struct ipmi ipmi;
        int fd;
        long next_id;
};

static int device_exchange(struct ipmi *ipmi, struct wait *w, uint8_t netfn, uint8_t command,
                           const void *request, size_t size, uint64_t until,
                           uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size) {
        struct ipmi_device *device = (struct ipmi_device *) ipmi;
        struct ipmi_system_interface_addr address = {
                .addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE,
                .channel = IPMI_BMC_CHANNEL,
        };
        struct ipmi_req message = {
                .addr = (unsigned char *) &address,
                .addr_len = sizeof(address),
                .msgid = ++device->next_id,
                .msg =
                        {
                                .netfn = netfn,
                                .cmd = command,
                                .data_len = (unsigned short) size,
                                .data = (unsigned char *) request, /* only read */
                        },
        };

        if (ioctl(device->fd, IPMICTL_SEND_COMMAND, &message) < 0)
                return -errno;

        for (;;) {
                struct ipmi_addr from;
                struct ipmi_recv received = {
                        .addr = (unsigned char *) &from,
                        .addr_len = sizeof(from),
                        .msg = {.data = response, .data_len = IPMI_RESPONSE_MAX},
                };
                int r;

                r = wait_for(w, device->fd, POLLIN, until);
                if (r < 0)
                        return r;

                if (ioctl(device->fd, IPMICTL_RECEIVE_MSG, &received) < 0) {
                        if (errno == EAGAIN || errno == EINTR)
                                continue;
                        return -errno;
                }

                /* The answer to an earlier request, which came after its time, is none to this one. */
                if (received.recv_type != IPMI_RESPONSE_RECV_TYPE || received.msgid != message.msgid)
                        continue;

                *ret_size = received.msg.data_len;
                return 0;
        }
}

static void device_free(struct ipmi *ipmi) {
        struct ipmi_device *device = (struct ipmi_device *) ipmi;

        safe_close(device->fd);
        free(ipmi->name);
        free(device);
}

static const struct ipmi_operations device_operations = {
        .exchange = device_exchange,
        .free = device_free,
};

/* Only ipmi followed by digits. */
static int is_ipmi_device(const struct dirent *entry) {
        const char *number = startswith(entry->d_name, "ipmi");

        return number && *number && number[strspn(number, "0123456789")] == 0;
}

static int device_open(const char *dev_root, const char *name, struct ipmi **ret) {
        struct ipmi_device *device;
        char *path;

        path = strprintf("%s/%s", dev_root, name);
        device = malloc(sizeof(*device));
        if (!path || !device) {
                free(path);
                free(device);
                return -ENOMEM;
        }

        *device = (struct ipmi_device){
                .ipmi = {.name = path, .operations = &device_operations},
                .fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC),
        };
        if (device->fd < 0) {
                int r = -errno;

                device_free(&device->ipmi);
                return r;
        }

        *ret = &device->ipmi;
        return 0;
}

int ipmi_open_all(const char *dev_root, struct ipmi_list *ret) {
        _cleanup_(ipmi_list_done) struct ipmi_list list = {};
        struct dirent **entries;
        int n, r = 0;

        n = scandir(dev_root, &entries, is_ipmi_device, versionsort);
        if (n < 0)
                return -errno;

        list.items = calloc((size_t) n + 1, sizeof(*list.items));
        if (!list.items)
                r = -ENOMEM;

        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = device_open(dev_root, entries[i]->d_name, &list.items[list.n_items]);
                if (r >= 0)
                        list.n_items++;
                else if (r != -ENOMEM)
                        r = 0; /* one that cannot be opened leaves the others */
                free(entries[i]);
        }
        free(entries);
        if (r < 0)
                return r;

        *ret = TAKE(list, (struct ipmi_list){});
        return 0;
}

void ipmi_list_done(struct ipmi_list *list) {
        for (size_t i = 0; i < list->n_items; i++)
                list->items[i]->operations->free(list->items[i]);

        free(list->items);
        *list = (struct ipmi_list){};
}
