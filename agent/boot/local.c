/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <libudev.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/child.h"
#include "base/event.h"
#include "base/fd.h"
#include "base/text.h"
#include "boot.h"
#include "kexec.h"
#include "local.h"
#include "order.h"
#include "plan/plan.h"
#include "report.h"
#include "tree.h"
#include "volume.h"

/* A disk may have to spin up first. */
#define DEVICE_TIME_LIMIT (30 * USEC_PER_SEC)

/* Processes that look into devices at the same time. */
#define RUNNING_MAX 32U

enum device_state {
        DEVICE_NEW,
        DEVICE_RUNNING,
        DEVICE_ABSENT, /* nothing behind its name: it is on its way, or gone */
        DEVICE_DONE,
};

/* A block device that has been, is or will be looked into. */
struct device {
        struct scan *scan;
        char *node;    /* "/dev/nvme0n1p1" */
        char *disk;    /* the node of the disk that it is, or is a partition of */
        char *pattern; /* the default in its loader.conf, or NULL */
        struct child *child;
        enum device_state state;
};

/* One search through all block devices, and those that still come. */
struct scan {
        struct event *event;
        const struct plan *plan;
        struct boot_entries *entries;
        boot_log_t log;
        void *userdata;

        struct udev *udev;
        struct udev_monitor *monitor;
        struct event_source *monitor_source, *timer;

        struct device **devices;
        size_t n_devices, n_running;
        bool changed; /* block devices have come or gone since they were enumerated */
        bool expired; /* no longer worth waiting for further devices */
        int error;    /* what a callback that returns nothing came upon */
};

static struct device *device_free(struct device *device) {
        if (!device)
                return NULL;

        child_free(device->child);
        free(device->node);
        free(device->disk);
        free(device->pattern);
        free(device);
        return NULL;
}
DEFINE_CLEANUP(struct device *, device_free);

static void scan_done(struct scan *scan) {
        for (size_t i = 0; i < scan->n_devices; i++)
                device_free(scan->devices[i]);
        free(scan->devices);
        event_source_free(scan->timer);
        event_source_free(scan->monitor_source);
        udev_monitor_unref(scan->monitor);
        udev_unref(scan->udev);
}

static void udev_enumerate_unrefp(struct udev_enumerate **enumerate) {
        udev_enumerate_unref(*enumerate);
}

static void udev_device_unrefp(struct udev_device **device) {
        udev_device_unref(*device);
}

/* The name stands for no device, or for a drive without a medium: nothing to warn anybody of. */
static bool is_absent(int error) {
        return error == -ENOENT || error == -ENXIO || error == -ENODEV || error == -ENOMEDIUM;
}

static int report_entry(int report_fd, struct boot_entry *entry, const char *node) {
        entry->source = strdup(local_boot_source.name);
        entry->device = strdup(node);
        if (!entry->source || !entry->device)
                return -ENOMEM;

        return child_report(report_fd, json_pack("{s:o}", "entry", boot_entry_to_json(entry)));
}

static int search(const char *node, int report_fd, char **ret_reason) {
        _cleanup_(boot_entries_done) struct boot_entries entries = {};
        _cleanup_(volume_done) struct volume volume = VOLUME_NONE;
        _cleanup_free_ char *pattern = NULL;
        int r;

        r = volume_open(node, &volume, ret_reason);
        if (r <= 0)
                return r;

        r = tree_read_entries(volume.root_fd, node, &entries, &pattern, report_log, &report_fd);
        if (r < 0)
                return r;

        if (entries.n_items > 0)
                boot_log(report_log, &report_fd, "INFO", "%s: %s (%s) with %zu boot %s", node,
                         volume_role_name(volume.role), volume.type, entries.n_items,
                         entries.n_items == 1 ? "entry" : "entries");

        for (size_t i = 0; i < entries.n_items; i++) {
                r = report_entry(report_fd, entries.items[i], node);
                if (r < 0)
                        return r;
        }

        return pattern ? child_report(report_fd, json_pack("{s:s}", "default", pattern)) : 0;
}

/* Runs in a process of its own: a disk that hangs, or a file system that makes the kernel oops, costs no
 * more. */
static int look_into(int report_fd, void *userdata) {
        _cleanup_free_ char *reason = NULL;
        const char *node = userdata;
        int r;

        r = search(node, report_fd, &reason);
        if (r < 0 && !is_absent(r))
                boot_log(report_log, &report_fd, "WARNING", "%s: the boot entries cannot be read: %s", node,
                         reason ?: strerror(-r));

        return r;
}

static int take_entry(struct scan *scan, const json_t *object) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        int r;

        r = boot_entry_from_json(object, &entry);
        if (r < 0)
                return r;

        r = boot_entries_add(scan->entries, entry);
        if (r < 0)
                return r;

        TAKE_PTR(entry);
        return 0;
}

static void on_message(struct child *child _unused_, const json_t *message, void *userdata) {
        struct device *device = userdata;
        struct scan *scan = device->scan;
        const json_t *entry = json_object_get(message, "entry");
        const char *pattern = json_get_string(message, "default");
        int r = 0;

        if (report_forward(message, scan->log, scan->userdata))
                return;

        if (entry)
                r = take_entry(scan, entry);
        else if (pattern) {
                free(device->pattern);
                device->pattern = strdup(pattern);
                r = device->pattern ? 0 : -ENOMEM;
        }

        if (r < 0)
                scan->error = r;
}

static void on_text(struct child *child _unused_, const char *line, void *userdata) {
        const struct device *device = userdata;

        boot_log(device->scan->log, device->scan->userdata, "INFO", "%s: %s", device->node, line);
}

static const struct child_handler handler = {.message = on_message, .text = on_text};

static int device_start(struct device *device) {
        struct scan *scan = device->scan;
        int r;

        r = child_start(scan->event, device->node, DEVICE_TIME_LIMIT, look_into, device->node, &handler,
                        device, &device->child);
        if (r < 0)
                return r;

        device->state = DEVICE_RUNNING;
        scan->n_running++;
        return 0;
}

static void device_finish(struct device *device) {
        _cleanup_free_ char *how = NULL;
        struct scan *scan = device->scan;
        struct child_result result;

        child_get_result(device->child, &result);
        if (result.state != CHILD_EXITED) {
                how = child_result_describe(device->child);
                boot_log(scan->log, scan->userdata, "WARNING", "%s: the search for boot entries %s",
                         device->node, how ?: "failed");
        }

        device->child = child_free(device->child);
        device->state = result.state == CHILD_EXITED && is_absent(result.error) ? DEVICE_ABSENT : DEVICE_DONE;
        scan->n_running--;
}

static struct device *scan_find(const struct scan *scan, const char *node) {
        for (size_t i = 0; i < scan->n_devices; i++)
                if (streq(scan->devices[i]->node, node))
                        return scan->devices[i];

        return NULL;
}

static int scan_add(struct scan *scan, struct udev_device *udev_device) {
        _cleanup_(device_freep) struct device *device = NULL;
        const char *node = udev_device_get_devnode(udev_device), *disk;
        const char *size = udev_device_get_sysattr_value(udev_device, "size");
        struct udev_device *parent;
        struct device **larger, *known;
        uint64_t sectors;

        /* A path of a multi-path NVMe has no node; an empty drive or an unbound loop device has no size. */
        if (!node || !size || parse_u64(size, &sectors) < 0 || sectors == 0)
                return 0;

        known = scan_find(scan, node);
        if (known) {
                if (known->state == DEVICE_ABSENT)
                        known->state = DEVICE_NEW;
                return 0;
        }

        parent = udev_device_get_parent_with_subsystem_devtype(udev_device, "block", "disk");
        disk = parent ? udev_device_get_devnode(parent) : NULL;

        device = calloc(1, sizeof(*device));
        if (!device)
                return -ENOMEM;

        device->scan = scan;
        device->node = strdup(node);
        device->disk = strdup(disk ?: node);
        if (!device->node || !device->disk)
                return -ENOMEM;

        larger = reallocarray(scan->devices, scan->n_devices + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;

        scan->devices = larger;
        scan->devices[scan->n_devices++] = TAKE_PTR(device);
        return 0;
}

/* Adds the block devices that are not known yet, and has those looked into again that were not there. */
static int scan_enumerate(struct scan *scan) {
        _cleanup_(udev_enumerate_unrefp) struct udev_enumerate *enumerate = NULL;
        struct udev_list_entry *item;
        int r;

        enumerate = udev_enumerate_new(scan->udev);
        if (!enumerate)
                return -ENOMEM;

        r = udev_enumerate_add_match_subsystem(enumerate, "block");
        if (r >= 0)
                r = udev_enumerate_scan_devices(enumerate);
        if (r < 0)
                return r;

        udev_list_entry_foreach(item, udev_enumerate_get_list_entry(enumerate)) {
                _cleanup_(udev_device_unrefp) struct udev_device *device = NULL;

                device = udev_device_new_from_syspath(scan->udev, udev_list_entry_get_name(item));
                if (!device) /* gone again */
                        continue;

                r = scan_add(scan, device);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int scan_start_some(struct scan *scan) {
        for (size_t i = 0; i < scan->n_devices && scan->n_running < RUNNING_MAX; i++)
                if (scan->devices[i]->state == DEVICE_NEW) {
                        int r = device_start(scan->devices[i]);

                        if (r < 0)
                                return r;
                }

        return 0;
}

static void scan_finish_some(struct scan *scan) {
        for (size_t i = 0; i < scan->n_devices; i++)
                if (scan->devices[i]->state == DEVICE_RUNNING && child_done(scan->devices[i]->child))
                        device_finish(scan->devices[i]);
}

static int on_uevent(struct event_source *source _unused_, int fd _unused_, uint32_t revents _unused_,
                     void *userdata) {
        struct scan *scan = userdata;
        struct udev_device *device;

        /* Which device it is does not matter, and with an overrun of the socket could not be known. */
        while ((device = udev_monitor_receive_device(scan->monitor)))
                udev_device_unref(device);

        scan->changed = true;
        return 0;
}

static int on_expired(struct event_source *source _unused_, int fd _unused_, uint32_t revents _unused_,
                      void *userdata) {
        struct scan *scan = userdata;

        scan->expired = true;
        return 0;
}

/* The kernel's own events: in flash there is no udevd that would pass them on. */
static int scan_monitor(struct scan *scan) {
        int r;

        scan->monitor = udev_monitor_new_from_netlink(scan->udev, "kernel");
        if (!scan->monitor)
                return -errno;

        r = udev_monitor_filter_add_match_subsystem_devtype(scan->monitor, "block", NULL);
        if (r >= 0)
                r = udev_monitor_enable_receiving(scan->monitor);
        if (r < 0)
                return r;

        return event_add_io(scan->event, udev_monitor_get_fd(scan->monitor), EPOLLIN, on_uevent, scan,
                            &scan->monitor_source);
}

/* Has an entry been found that the plan wants? */
static bool scan_satisfied(const struct scan *scan) {
        for (size_t i = 0; i < scan->entries->n_items; i++)
                if (!scan->plan->production_entry ||
                    boot_entry_matches(scan->entries->items[i], scan->plan->production_entry))
                        return true;

        return false;
}

/* All devices have been looked into in vain: begins to wait for more, once. */
static int scan_wait_for_more(struct scan *scan) {
        const char *pattern = scan->plan->production_entry;
        uint64_t wait = scan->plan->production_disk_wait;

        if (scan->timer)
                return 0;

        if (wait == 0 || !scan->monitor_source) {
                scan->expired = true;
                return 0;
        }

        boot_log(scan->log, scan->userdata, "INFO",
                 "no boot entry%s%s%s on a local disk yet: waiting %s for disks",
                 pattern ? " that matches \"" : "", pattern ?: "", pattern ? "\"" : "",
                 FORMAT_DURATION(wait));
        return event_add_timer(scan->event, wait, on_expired, scan, &scan->timer);
}

/* Looks into all block devices, and while nothing has been found, into those that come in time. */
static int scan_run(struct scan *scan) {
        int r;

        for (;;) {
                if (scan->changed) {
                        scan->changed = false;
                        r = scan_enumerate(scan);
                        if (r < 0)
                                return r;
                }

                r = scan_start_some(scan);
                if (r < 0)
                        return r;

                if (scan->n_running == 0) {
                        if (scan_satisfied(scan))
                                return 0;

                        r = scan_wait_for_more(scan);
                        if (r < 0)
                                return r;
                        if (scan->expired)
                                return 0;
                }

                r = event_iterate(scan->event, USEC_INFINITY);
                if (r < 0)
                        return r;
                if (scan->error < 0)
                        return scan->error;

                scan_finish_some(scan);
        }
}

/* A loader.conf speaks for its whole disk: with an ESP and a boot loader partition, it lies on the former and
 * the entries on the latter. */
static void scan_mark_defaults(const struct scan *scan) {
        for (size_t i = 0; i < scan->n_devices; i++)
                for (size_t k = 0; scan->devices[i]->pattern && k < scan->entries->n_items; k++) {
                        struct boot_entry *entry = scan->entries->items[k];
                        const struct device *device = scan_find(scan, entry->device);

                        if (device && streq(device->disk, scan->devices[i]->disk) &&
                            boot_entry_matches(entry, scan->devices[i]->pattern))
                                entry->is_default = true;
                }
}

static int local_find(struct event *e, const struct plan *plan, struct boot_entries *entries, boot_log_t log,
                      void *userdata) {
        _cleanup_(scan_done) struct scan scan = {
                .event = e,
                .plan = plan,
                .entries = entries,
                .log = log,
                .userdata = userdata,
                .changed = true,
        };
        int r;

        scan.udev = udev_new();
        if (!scan.udev)
                return -ENOMEM;

        /* Before the devices are enumerated, so that none slips through in between. */
        r = scan_monitor(&scan);
        if (r < 0)
                boot_log(log, userdata, "WARNING", "disks that appear late will not be noticed: %s",
                         strerror(-r));

        r = scan_run(&scan);
        if (r < 0)
                return r;

        scan_mark_defaults(&scan);
        return 0;
}

static int open_named(const struct volume *volume, const struct boot_entry *entry, const char *what,
                      const char *path, boot_log_t log, void *userdata) {
        int fd = tree_open_file(volume->root_fd, path);

        if (fd < 0)
                boot_log(log, userdata, "ERROR", "%s on %s: its %s %s cannot be opened: %s", entry->id,
                         entry->device, what, path, strerror(-fd));

        return fd;
}

static int local_open(const struct plan *plan _unused_, const struct boot_entry *entry,
                      struct boot_image *image, boot_log_t log, void *userdata) {
        _cleanup_(volume_done) struct volume volume = VOLUME_NONE;
        _cleanup_free_ char *reason = NULL;
        int r;

        r = volume_open(entry->device, &volume, &reason);
        if (r == 0)
                r = -ENODEV;
        if (r < 0) {
                boot_log(log, userdata, "ERROR", "%s on %s: %s", entry->id, entry->device,
                         reason ?: "the file system is gone");
                return r;
        }

        r = image->kernel_fd = open_named(&volume, entry, "kernel", entry->linux_path, log, userdata);
        if (r < 0)
                return r;

        for (char **path = entry->initrds; path && *path; path++) {
                r = boot_image_add_initrd(image, open_named(&volume, entry, "initrd", *path, log, userdata));
                if (r < 0)
                        return r;
        }

        return 0;
}

const struct boot_source local_boot_source = {
        .name = "local",
        .description = "Boot Loader Specification entries on local disks",
        .nothing = "no disk of this machine holds a boot entry (loader/entries/*.conf, EFI/Linux/*.efi)",
        .find = local_find,
        .open = local_open,
};
