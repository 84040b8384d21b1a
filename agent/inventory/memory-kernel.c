/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "field.h"
#include "inventory.h"
#include "memory-kernel.h"
#include "sysfs.h"

#define MEMINFO_SIZE_MAX ((size_t) 64 << 10)

/* The number behind "NAME:" in lines of kB, as bytes. Returns false when there is none. */
static bool meminfo_value(const char *text, const char *name, uint64_t *ret_bytes) {
        const char *p = text ? strstr(text, name) : NULL;
        unsigned long long kib;

        if (!p || sscanf(p + strlen(name), ": %llu kB", &kib) != 1 || kib > INT64_MAX / 1024)
                return false;

        *ret_bytes = kib * 1024;
        return true;
}

/* What the kernel has left to use. */
static int add_usable(const struct inventory_roots *roots, json_t *part) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        struct fields f = fields_of(part);
        uint64_t bytes;
        int r;

        path = strprintf("%s/meminfo", roots->proc);
        if (!path)
                return -ENOMEM;

        r = read_file(path, MEMINFO_SIZE_MAX, &text, NULL);
        if (r < 0 && r != -ENOENT)
                return r;

        fields_source(&f, "/proc/meminfo");
        if (meminfo_value(text, "MemTotal", &bytes))
                fields_number(&f, "usable_bytes", bytes);
        else
                fields_null(&f, "usable_bytes");
        return f.error;
}

static int add_firmware_range(json_t *map, const char *device, uint64_t *ram_bytes) {
        _cleanup_json_ json_t *range = json_object();
        struct fields f = fields_of(range);
        _cleanup_free_ char *type = NULL;
        _cleanup_close_ int fd = -EBADF;
        uint64_t start, end;
        int r;

        fd = sysfs_open(device);
        if (fd < 0)
                return fd;

        r = read_u64_file_at(fd, "start", &start);
        if (r < 0)
                return r;

        r = read_u64_file_at(fd, "end", &end);
        if (r < 0)
                return r;

        r = read_line_file_at(fd, "type", &type);
        if (r < 0)
                return r;

        if (end < start)
                return -EBADMSG;
        if (streq(type, "System RAM"))
                *ram_bytes += end - start + 1;

        fields_number(&f, "address", start);
        fields_number(&f, "size_bytes", end - start + 1);
        fields_text(&f, "type", type);
        return f.error < 0 ? f.error : json_append(map, TAKE_PTR(range));
}

/* The map that the firmware gave to the first kernel; its entries are numbered directories. */
static int add_firmware_map(const struct inventory_roots *roots, json_t *part) {
        _cleanup_json_ json_t *map = json_array();
        struct fields f = fields_of(part);
        uint64_t ram_bytes = 0;
        int r;

        if (!map)
                return -ENOMEM;

        for (unsigned i = 0;; i++) {
                _cleanup_free_ char *device = NULL;

                device = strprintf("%s/firmware/memmap/%u", roots->sys, i);
                if (!device)
                        return -ENOMEM;

                r = add_firmware_range(map, device, &ram_bytes);
                if (r == -ENOENT)
                        break;
                if (r < 0)
                        return r;
        }

        fields_source(&f, "/sys/firmware/memmap");
        if (json_array_size(map) == 0) {
                fields_null(&f, "firmware_ram_bytes");
                fields_null(&f, "firmware_map");
        } else {
                fields_number(&f, "firmware_ram_bytes", ram_bytes);
                fields_take(&f, "firmware_map", TAKE_PTR(map));
        }

        return f.error;
}

/* Of the subsystem "node" there are those alone that are numbered. */
static int describe_node(const struct inventory_roots *roots _unused_, const struct sysfs_device *device,
                         json_t *object, void *userdata _unused_) {
        _cleanup_free_ char *text = NULL, *list = NULL;
        struct fields f = fields_of(object);
        uint64_t bytes, number;
        int r;

        r = parse_u64(startswith(sysfs_name(device->path), "node") ?: "", &number);
        if (r < 0)
                return r;

        r = read_file_at(device->fd, "meminfo", MEMINFO_SIZE_MAX, &text, NULL);
        if (r == -ENOMEM)
                return r;

        r = read_line_file_at(device->fd, "cpulist", &list);
        if (r == -ENOMEM)
                return r;

        fields_source_sysfs(&f, device, "");
        fields_number(&f, "node", number);
        fields_source_sysfs(&f, device, "meminfo");
        if (meminfo_value(text, "MemTotal", &bytes))
                fields_number(&f, "usable_bytes", bytes);
        else
                fields_null(&f, "usable_bytes");
        fields_source_sysfs(&f, device, "cpulist");
        fields_text(&f, "processors", list);
        return f.error;
}

static const struct sysfs_field controller_fields[] = {
        {"name", "mc_name", sysfs_set_text},
        {"size_mib", "size_mb", sysfs_set_number},
        {"corrected_error_count", "ce_count", sysfs_set_number},
        {"uncorrected_error_count", "ue_count", sysfs_set_number},
        {},
};

static const struct sysfs_field dimm_fields[] = {
        {"label", "dimm_label", sysfs_set_text},
        {"location", "dimm_location", sysfs_set_text},
        {"size_mib", "size", sysfs_set_number},
        {"type", "dimm_mem_type", sysfs_set_text},
        {"error_correction", "dimm_edac_mode", sysfs_set_text},
        {"corrected_error_count", "dimm_ce_count", sysfs_set_number},
        {"uncorrected_error_count", "dimm_ue_count", sysfs_set_number},
        {},
};

static int add_dimms(const struct sysfs_device *controller, const char *kind, json_t *dimms) {
        _cleanup_(sysfs_devices_done) struct sysfs_devices children = {};
        int r;

        r = sysfs_children(controller, kind, &children);
        if (r < 0)
                return r;

        for (size_t i = 0; i < children.n_paths; i++) {
                struct sysfs_device dimm = {.path = children.paths[i]};
                _cleanup_json_ json_t *object = json_object();
                _cleanup_close_ int fd = -EBADF;

                fd = dimm.fd = sysfs_open(dimm.path);
                if (fd < 0)
                        continue;

                r = object ? sysfs_fields_set(object, &dimm, dimm_fields) : -ENOMEM;
                if (r < 0)
                        return r;

                r = json_append(dimms, TAKE_PTR(object));
                if (r < 0)
                        return r;
        }

        return 0;
}

static int add_controller(const struct sysfs_device *controller, json_t *controllers) {
        _cleanup_json_ json_t *object = json_object(), *dimms = json_array();
        int r;

        if (!object || !dimms)
                return -ENOMEM;

        r = sysfs_fields_set(object, controller, controller_fields);
        if (r < 0)
                return r;

        /* By module or, in older drivers, by rank. */
        r = add_dimms(controller, "dimm", dimms);
        if (r < 0)
                return r;

        r = add_dimms(controller, "rank", dimms);
        if (r < 0)
                return r;

        r = json_set(object, "modules", TAKE_PTR(dimms));
        return r < 0 ? r : json_append(controllers, TAKE_PTR(object));
}

/* EDAC has no class: its controllers are mc0, mc1 and so on. */
static int add_controllers(const struct inventory_roots *roots, json_t *part) {
        _cleanup_json_ json_t *controllers = json_array();

        if (!controllers)
                return -ENOMEM;

        for (unsigned i = 0;; i++) {
                struct sysfs_device controller = {};
                _cleanup_free_ char *path = NULL;
                _cleanup_close_ int fd = -EBADF;
                int r;

                path = strprintf("%s/devices/system/edac/mc/mc%u", roots->sys, i);
                if (!path)
                        return -ENOMEM;

                fd = controller.fd = sysfs_open(path);
                if (fd < 0)
                        break;

                controller.path = path;
                r = add_controller(&controller, controllers);
                if (r < 0)
                        return r;
        }

        return json_set(part, "controllers", TAKE_PTR(controllers));
}

static int is_node(const struct sysfs_device *device) {
        uint64_t number;

        return parse_u64(startswith(sysfs_name(device->path), "node") ?: "", &number) >= 0;
}

int memory_add_kernel_view(const struct inventory_roots *roots, json_t *part) {
        static const struct sysfs_walk nodes_walk = {
                .subsystem = "node", .wanted = is_node, .describe = describe_node};
        _cleanup_json_ json_t *nodes = NULL;
        int r;

        r = add_usable(roots, part);
        if (r < 0)
                return r;

        r = add_firmware_map(roots, part);
        if (r < 0)
                return r;

        r = sysfs_collect_part(roots, &nodes_walk, &nodes);
        if (r < 0)
                return r;

        r = json_set(part, "nodes", TAKE_PTR(nodes));
        return r < 0 ? r : add_controllers(roots, part);
}
