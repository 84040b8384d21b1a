/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ata.h"
#include "base/fd.h"
#include "base/screen.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "filesystem.h"
#include "sysfs.h"
#include "table.h"

#define VPD_SIZE_MAX 4096U

static const struct sysfs_field drive_fields[] = {
        {"size_bytes", "size", sysfs_set_sectors},
        {"logical_block_bytes", "queue/logical_block_size", sysfs_set_number},
        {"physical_block_bytes", "queue/physical_block_size", sysfs_set_number},
        {"rotational", "queue/rotational", sysfs_set_boolean},
        {"removable", "removable", sysfs_set_boolean},
        {"read_only", "ro", sysfs_set_boolean},
        {},
};

/* Each kind of drive has its own names for what it is: the first attribute that is there counts. */
static const struct {
        const char *member;
        const char *attributes[4];
} identity[] = {
        {"vendor", {"device/vendor"}},
        {"model", {"device/model", "device/name"}},
        {"serial_number", {"device/serial", "serial"}},
        {"firmware_version", {"device/firmware_rev", "device/rev", "device/fwrev"}},
        {"wwid", {"wwid", "device/wwid"}},
};

/* What stands on the way from the machine to the drive tells how it is attached. */
static const char *find_transport(const char *path) {
        static const struct {
                const char *component, *transport;
        } ways[] = {
                /* Of two that are there, the one nearer to the drive: a SATA bridge on USB makes a USB drive.
                 */
                {"usb", "usb"},         {"nvme", "nvme"},     {"ata", "sata"},
                {"end_device-", "sas"}, {"rport-", "fc"},     {"session", "iscsi"},
                {"host", "scsi"},       {"virtio", "virtio"}, {"mmc", "mmc"},
        };

        for (size_t i = 0; i < ELEMENTSOF(ways); i++)
                if (sysfs_is_below(path, ways[i].component))
                        return ways[i].transport;

        return NULL;
}

static int add_identity(json_t *object, int device_fd) {
        for (size_t i = 0; i < ELEMENTSOF(identity); i++) {
                _cleanup_free_ char *value = NULL;
                int r = -ENOENT;

                for (size_t j = 0;
                     j < ELEMENTSOF(identity[i].attributes) && identity[i].attributes[j] && r < 0; j++) {
                        r = read_line_file_at(device_fd, identity[i].attributes[j], &value);
                        if (r == -ENOMEM)
                                return r;
                }

                /* virtio-blk has the PCI vendor's number where SCSI has a name. */
                if (value && streq(identity[i].member, "vendor") && startswith(value, "0x"))
                        value[0] = 0;

                r = field_set_text(object, identity[i].member, value);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* SCSI gives the serial number in a page of its own, and cuts an ATA drive's model and firmware version: the
 * whole of both stands in what the drive says of itself, which the kernel hands on as VPD page 89h. */
static int add_scsi_identity(json_t *object, int device_fd) {
        _cleanup_free_ char *page = NULL, *serial = NULL;
        struct ata_identity ata = {};
        size_t size;
        int r;

        if (read_file_at(device_fd, "device/vpd_pg80", VPD_SIZE_MAX, &page, &size) == 0 && size > 4) {
                serial = text_sanitize(page + 4, size - 4);
                if (!serial)
                        return -ENOMEM;

                r = field_set_text(object, "serial_number", serial);
                if (r < 0)
                        return r;
        }

        free(TAKE_PTR(page));
        if (read_file_at(device_fd, "device/vpd_pg89", VPD_SIZE_MAX, &page, &size) < 0 ||
            ata_identity_decode(page, size, &ata) < 0)
                return 0;

        r = json_set_string(object, "vendor", NULL); /* which says "ATA" */
        if (r < 0)
                return r;

        r = field_set_text(object, "model", ata.model);
        if (r < 0)
                return r;

        r = field_set_text(object, "serial_number", ata.serial_number);
        if (r < 0)
                return r;

        return field_set_text(object, "firmware_version", ata.firmware_version);
}

/* Few USB drives have that SCSI page; then it is the USB device's serial number. */
static int add_usb_serial_number(json_t *object, const char *path) {
        _cleanup_free_ char *device = NULL, *serial = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (json_get_string(object, "serial_number"))
                return 0;

        r = sysfs_find_usb_device(path, &device);
        if (r <= 0)
                return r;

        fd = sysfs_open(device);
        if (fd < 0)
                return fd;

        r = read_line_file_at(fd, "serial", &serial);
        return r == -ENOMEM ? r : field_set_text(object, "serial_number", serial);
}

static int add_parent(json_t *object, const char *member, const char *path, const char *subsystem) {
        _cleanup_free_ char *parent = NULL;
        int r;

        r = sysfs_find_parent(path, subsystem, &parent);
        if (r < 0)
                return r;

        return field_set_text(object, member, r > 0 ? sysfs_name(parent) : NULL);
}

/* "nvme0n1" and 2 as "nvme0n1p2", "sda" and 2 as "sda2": the kernel's rule. */
static char *partition_name(const char *drive, int64_t number) {
        bool digit = *drive && strchr("0123456789", drive[strlen(drive) - 1]);

        return strprintf("%s%s%" PRId64, drive, digit ? "p" : "", number);
}

/* Returns 0, -ENOMEM, or why nothing could be read. */
static int probe_drive(const struct inventory_roots *roots, const char *name, json_t *object,
                       json_t *partitions) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -EBADF;

        path = strprintf("%s/%s", roots->dev, name);
        if (!path)
                return -ENOMEM;

        /* Without O_NONBLOCK an optical drive would wait for a medium. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;

        return filesystem_probe(fd, 0, 0, object, partitions);
}

/* A drive that cannot be read keeps its place in the inventory, with the reason. */
static int add_content(const struct inventory_roots *roots, json_t *object, const char *name) {
        static const char *const members[] = {"read_error", "partition_table", "partition_table_uuid",
                                              "filesystem"};
        _cleanup_json_ json_t *partitions = json_array();
        json_t *partition;
        size_t i;
        int r;

        if (!partitions)
                return -ENOMEM;

        for (i = 0; i < ELEMENTSOF(members); i++) {
                r = json_set_string(object, members[i], NULL);
                if (r < 0)
                        return r;
        }

        /* A card reader without a card has a size of 0. */
        if (roots->dev && json_get_integer(object, "size_bytes", 0) > 0) {
                r = probe_drive(roots, name, object, partitions);
                if (r < 0 && r != -ENOMEM)
                        r = json_set_string(object, "read_error", strerror(-r));
                if (r < 0)
                        return r;
        }

        json_array_foreach(partitions, i, partition) {
                _cleanup_free_ char *text = partition_name(name, json_get_integer(partition, "number", 0));

                r = text ? field_set_text(partition, "name", text) : -ENOMEM;
                if (r < 0)
                        return r;
        }

        return json_set(object, "partitions", TAKE_PTR(partitions));
}

static int describe(const struct inventory_roots *roots, const char *path, json_t **ret) {
        const char *name = sysfs_name(path);
        _cleanup_json_ json_t *object = json_object();
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!object)
                return -ENOMEM;

        fd = sysfs_open(path);
        if (fd < 0)
                return fd;

        r = field_set_text(object, "name", name);
        if (r < 0)
                return r;

        r = json_set_string(object, "transport", find_transport(path));
        if (r < 0)
                return r;

        r = sysfs_fields_set(object, fd, drive_fields);
        if (r < 0)
                return r;

        r = add_identity(object, fd);
        if (r < 0)
                return r;

        r = add_scsi_identity(object, fd);
        if (r < 0)
                return r;

        r = add_usb_serial_number(object, path);
        if (r < 0)
                return r;

        r = add_parent(object, "controller", path, "nvme");
        if (r < 0)
                return r;

        r = add_parent(object, "pci_address", path, "pci");
        if (r < 0)
                return r;

        r = add_content(roots, object, name);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(object);
        return 0;
}

/* Returns 1 for a whole drive that is hardware, 0 for anything else, a negative errno. */
static int is_drive(const char *path) {
        _cleanup_close_ int fd = -EBADF;
        uint64_t hidden;

        fd = sysfs_open(path);
        if (fd < 0)
                return fd;

        if (faccessat(fd, "partition", F_OK, 0) >= 0)
                return 0;

        /* The single paths below an NVMe namespace that has several. */
        if (read_u64_file_at(fd, "hidden", &hidden) == 0 && hidden)
                return 0;

        /* The kernel makes ram, loop, zram and device-mapper devices up; they hang on nothing. So does a
         * namespace with several paths, but it names its subsystem as its device. Floppy drives are asked
         * nothing: each answer takes them seconds. */
        return faccessat(fd, "device", F_OK, 0) >= 0 && !startswith(sysfs_name(path), "fd");
}

static int storage_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices devices = {};
        _cleanup_json_ json_t *part = json_array();
        int r;

        if (!part)
                return -ENOMEM;

        r = sysfs_enumerate(roots, "block", &devices);
        if (r < 0)
                return r;

        for (size_t i = 0; i < devices.n_paths; i++) {
                json_t *object = NULL;

                r = is_drive(devices.paths[i]);
                if (r > 0)
                        r = describe(roots, devices.paths[i], &object);
                if (r == -ENOENT) /* unplugged in the meantime */
                        continue;
                if (r < 0)
                        return r;

                if (object) {
                        r = json_append(part, object);
                        if (r < 0)
                                return r;
                }
        }

        *ret = TAKE_PTR(part);
        return 0;
}

static char *storage_summarize(const json_t *part) {
        size_t n = json_array_size(part), i;
        const json_t *drive;
        uint64_t total = 0;

        if (n == 0)
                return strdup("no drive");

        json_array_foreach(part, i, drive) total += (uint64_t) json_get_integer(drive, "size_bytes", 0);

        return strprintf("%zu drive%s, %s in all", n, n == 1 ? "" : "s", FORMAT_BYTES(total));
}

static void add_row(struct table *table, const json_t *object, const char *indent, const char *what) {
        const json_t *filesystem = json_object_get(object, "filesystem");
        const char *label = json_get_string(filesystem, "label"),
                   *type = json_get_string(filesystem, "type") ?: json_get_string(object, "partition_table");
        _cleanup_free_ char *name = NULL, *content = NULL;

        name = strprintf("%s%s", indent, json_get_string(object, "name"));
        content = strprintf("%s%s%s", type ?: "", label ? " " : "", label ?: "");
        table_add(table, name, TABLE_BYTES(object, "size_bytes"), json_get_string(object, "transport"), what,
                  json_get_string(object, "serial_number"), json_get_string(object, "firmware_version"),
                  json_get_string(object, "read_error") ?: content);
}

static int storage_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"DRIVE", TABLE_LEFT},       {"SIZE", TABLE_RIGHT},
                {"BY", TABLE_LEFT},          {"MODEL", TABLE_FLEXIBLE},
                {"SERIAL", TABLE_FLEXIBLE},  {"FIRMWARE", TABLE_FLEXIBLE},
                {"CONTENT", TABLE_FLEXIBLE}, {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *drive, *partition;
        size_t i, j;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach(part, i, drive) {
                add_row(table, drive, "", json_get_string(drive, "model"));
                json_array_foreach(json_object_get(drive, "partitions"), j, partition)
                        add_row(table, partition, "  ", json_get_string(partition, "label"));
        }

        return table_print(table, screen);
}

const struct collector collector_storage = {
        .name = "storage",
        .description = "Drives, their partitions and file systems",
        .collect = storage_collect,
        .summarize = storage_summarize,
        .print = storage_print,
};
