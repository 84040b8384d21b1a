/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ata.h"
#include "base/fd.h"
#include "base/text.h"
#include "drive.h"
#include "inventory/field.h"
#include "inventory/sysfs.h"
#include "nvme.h"
#include "scsi.h"

#define VPD_SIZE_MAX 4096U

/* "00 25 38 8b 71 01 16 a1" and "6479a7-..." as digits alone; all zeros: none. */
static int set_identifier(json_t *object, const char *name, const char *value) {
        char digits[33];
        size_t n = 0;

        for (; value && *value; value++)
                if (n < sizeof(digits) - 1 && strchr("0123456789abcdef", *value))
                        digits[n++] = *value;
        digits[n] = 0;

        return json_set_string(object, name, n > strspn(digits, "0") ? digits : NULL);
}

static const struct sysfs_field drive_fields[] = {
        {"size_bytes", "size", sysfs_set_sectors},
        {"logical_block_bytes", "queue/logical_block_size", sysfs_set_number},
        {"physical_block_bytes", "queue/physical_block_size", sysfs_set_number},
        {"rotational", "queue/rotational", sysfs_set_boolean},
        {"removable", "removable", sysfs_set_boolean},
        {"read_only", "ro", sysfs_set_boolean},
        {"namespace_id", "nsid", sysfs_set_number},
        {"eui64", "eui", set_identifier},
        {"nguid", "nguid", set_identifier},
        {"uuid", "uuid", sysfs_set_text},
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

static int add_identity(const struct sysfs_device *device, struct fields *f) {
        for (size_t i = 0; i < ELEMENTSOF(identity); i++) {
                _cleanup_free_ char *value = NULL;
                int r = -ENOENT;

                for (size_t j = 0;
                     j < ELEMENTSOF(identity[i].attributes) && identity[i].attributes[j] && r < 0; j++) {
                        r = read_line_file_at(device->fd, identity[i].attributes[j], &value);
                        if (r == -ENOMEM)
                                return r;
                        fields_source_sysfs(f, device, identity[i].attributes[j]);
                }

                /* virtio-blk has the PCI vendor's number where SCSI has a name. */
                if (value && streq(identity[i].member, "vendor") && startswith(value, "0x"))
                        value[0] = 0;

                fields_text(f, identity[i].member, value);
        }

        return f->error;
}

/* Disks, and optical drives. */
static bool is_scsi(const struct sysfs_device *device) {
        const char *name = sysfs_name(device->path);

        return startswith(name, "sd") || startswith(name, "sr");
}

/* SBC-4 6.6.2, block device characteristics: 1 is no rotating media. */
static void add_scsi_rotation(const struct sysfs_device *device, struct fields *f) {
        _cleanup_free_ char *page = NULL;
        unsigned rate = 0;
        size_t size;

        if (read_file_at(device->fd, "device/vpd_pgb1", VPD_SIZE_MAX, &page, &size) == 0 && size >= 6)
                rate = (unsigned) ((uint8_t) page[4] << 8 | (uint8_t) page[5]);

        fields_source_sysfs(f, device, "device/vpd_pgb1");
        if (rate > 0x400 && rate < 0xffff)
                fields_number(f, "rotation_rpm", rate);
        else
                fields_null(f, "rotation_rpm");
}

/* "naa.5000c500a1b2c3d4": the World Wide Name is what stands behind. */
static void add_wwn(const struct sysfs_device *device, struct fields *f) {
        const char *wwid = json_get_string(f->object, "wwid"), *wwn = wwid ? startswith(wwid, "naa.") : NULL;

        fields_source_sysfs(f, device, "device/wwid");
        fields_text(f, "wwn", wwn);
}

/* SCSI gives the serial number in a page of its own, and cuts an ATA drive's model and firmware version: the
 * whole of both stands in what the drive says of itself, which the kernel hands on as VPD page 89h. */
static int add_scsi_identity(const struct sysfs_device *device, struct fields *f) {
        _cleanup_free_ char *page = NULL, *serial = NULL;
        struct ata_identity ata = {};
        bool scsi = is_scsi(device);
        size_t size;

        if (scsi)
                add_scsi_rotation(device, f);
        else
                fields_null(f, "rotation_rpm");
        add_wwn(device, f);
        if (!scsi)
                return f->error;

        if (read_file_at(device->fd, "device/vpd_pg80", VPD_SIZE_MAX, &page, &size) == 0 && size > 4) {
                serial = text_sanitize(page + 4, size - 4);
                if (!serial)
                        return -ENOMEM;

                fields_source_sysfs(f, device, "device/vpd_pg80");
                fields_text(f, "serial_number", serial);
        }

        free(TAKE_PTR(page));
        if (read_file_at(device->fd, "device/vpd_pg89", VPD_SIZE_MAX, &page, &size) < 0 ||
            ata_identity_decode(page, size, &ata) < 0)
                return f->error;

        fields_source_sysfs(f, device, "device/vpd_pg89");
        fields_null(f, "vendor"); /* which says "ATA" */
        fields_text(f, "model", ata.model);
        fields_text(f, "serial_number", ata.serial_number);
        fields_text(f, "firmware_version", ata.firmware_version);
        if (ata.wwn[0])
                fields_word(f, "wwn", ata.wwn);
        if (ata.rotation_rate > 1)
                fields_number(f, "rotation_rpm", ata.rotation_rate);
        return f->error;
}

/* Few USB drives have that SCSI page; then it is the USB device's serial number. */
static int add_usb_serial_number(const struct sysfs_device *device, struct fields *f) {
        _cleanup_free_ char *path = NULL, *serial = NULL;
        _cleanup_close_ int fd = -EBADF;
        struct sysfs_device usb;
        int r;

        if (json_get_string(f->object, "serial_number"))
                return 0;

        r = sysfs_find_usb_device(device->path, &path);
        if (r <= 0)
                return r;

        fd = sysfs_open(path);
        if (fd < 0)
                return fd;

        r = read_line_file_at(fd, "serial", &serial);
        if (r == -ENOMEM)
                return r;

        usb = (struct sysfs_device){.path = path, .fd = fd};
        fields_source_sysfs(f, &usb, "serial");
        fields_text(f, "serial_number", serial);
        return f->error;
}

static int add_parent(const struct sysfs_device *device, const char *member, const char *subsystem,
                      struct fields *f) {
        _cleanup_free_ char *parent = NULL;
        int r;

        r = sysfs_find_parent(device->path, subsystem, &parent);
        if (r < 0)
                return r;

        fields_source_sysfs(f, device, "..");
        fields_text(f, member, parent ? sysfs_name(parent) : NULL);
        return f->error;
}

/* A namespace that several controllers may reach hangs on its subsystem, which has links to them. */
static int add_nvme_paths(const struct sysfs_device *device, struct fields *f) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices children = {};
        _cleanup_json_ json_t *paths = json_array();
        _cleanup_free_ char *subsystem = NULL;
        int r;

        if (!sysfs_is_below(device->path, "nvme-subsys"))
                return 0;

        subsystem = strprintf("%s/device", device->path);
        if (!subsystem || !paths)
                return -ENOMEM;

        r = sysfs_children(&(struct sysfs_device){.path = subsystem}, "nvme", &children);
        if (r < 0)
                return r;

        for (size_t i = 0; i < children.n_paths; i++) {
                const char *name = sysfs_name(children.paths[i]), *number = startswith(name, "nvme");
                _cleanup_free_ char *pci = NULL;

                if (!number || !*number || number[strspn(number, "0123456789")])
                        continue; /* a namespace */

                r = sysfs_find_parent(children.paths[i], "pci", &pci);
                if (r < 0)
                        return r;

                r = json_append(paths, json_pack("{s:s, s:s, s:s?, s:n}", "name", name, "controller", name,
                                                 "pci_address", pci ? sysfs_name(pci) : NULL, "read_error"));
                if (r < 0)
                        return r;
        }

        if (json_array_size(paths) == 0)
                return 0;

        fields_source_sysfs(f, device, "device");
        if (json_array_size(paths) == 1) {
                const json_t *only = json_array_get(paths, 0);

                fields_text(f, "controller", json_get_string(only, "controller"));
                fields_text(f, "pci_address", json_get_string(only, "pci_address"));
        }
        fields_take(f, "paths", TAKE_PTR(paths));
        return f->error;
}

/* The arrays, volumes and multipath devices that the kernel has made of it. */
static int add_users(const struct sysfs_device *device, struct fields *f) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices users = {};
        _cleanup_json_ json_t *names = json_array();
        _cleanup_free_ char *path = NULL;
        int r;

        path = strprintf("%s/holders", device->path);
        if (!path || !names)
                return -ENOMEM;

        r = sysfs_children(&(struct sysfs_device){.path = path}, "", &users);
        if (r < 0)
                return r;

        for (size_t i = 0; i < users.n_paths; i++) {
                r = json_append(names, json_string(sysfs_name(users.paths[i])));
                if (r < 0)
                        return r;
        }

        fields_source_sysfs(f, device, "holders");
        fields_take(f, "used_by", TAKE_PTR(names));
        return f->error;
}

int drive_describe(const struct sysfs_device *device, json_t *object) {
        static const char *const asked[] = {"nvme_version",           "subsystem_nqn",
                                            "total_capacity_bytes",   "warning_temperature_c",
                                            "critical_temperature_c", "health"};
        struct fields f = fields_of(object);
        int r;

        fields_source_sysfs(&f, device, "");
        fields_text(&f, "name", sysfs_name(device->path));
        fields_word(&f, "transport", find_transport(device->path));
        if (f.error < 0)
                return f.error;

        r = sysfs_fields_set(object, device, drive_fields);
        if (r < 0)
                return r;

        r = add_identity(device, &f);
        if (r < 0)
                return r;

        r = add_scsi_identity(device, &f);
        if (r < 0)
                return r;

        r = add_usb_serial_number(device, &f);
        if (r < 0)
                return r;

        r = add_parent(device, "controller", "nvme", &f);
        if (r < 0)
                return r;

        r = add_parent(device, "pci_address", "pci", &f);
        if (r < 0)
                return r;

        r = add_nvme_paths(device, &f);
        if (r < 0)
                return r;

        r = add_users(device, &f);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(asked); i++)
                fields_null(&f, asked[i]);
        return f.error;
}

int drive_ask(const struct inventory_roots *roots, int fd, json_t *object) {
        const char *name = json_get_string(object, "name"), *transport = json_get_string(object, "transport");
        struct fields f = fields_of(object);

        if (!name || !transport)
                return 0;

        if (streq(transport, "nvme"))
                nvme_describe(roots, name, fd, &f);
        else if (startswith(name, "sd"))
                scsi_describe(roots, name, fd, streq(transport, "sata"), &f);

        return f.error;
}
