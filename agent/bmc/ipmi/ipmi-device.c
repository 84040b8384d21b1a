/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "bmc/wait.h"
#include "ipmi-message.h"

struct ipmi_device {
        struct ipmi ipmi;
        int fd;
        long next_id; /* of the last request */
};

static int device_exchange(struct ipmi *ipmi, struct wait *w, uint8_t netfn, uint8_t command,
                           const void *request, size_t size, uint64_t until,
                           uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size) {
        struct ipmi_device *device = (struct ipmi_device *) ipmi;
        int r;

        r = ipmi_message_send(device->fd, ++device->next_id, netfn, command, request, size);
        if (r < 0)
                return r;

        do {
                r = wait_for(w, device->fd, POLLIN, until);
                if (r >= 0)
                        r = ipmi_message_receive(device->fd, device->next_id, response, ret_size);
        } while (r == 0);

        return MIN(r, 0);
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
