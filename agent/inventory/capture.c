/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "capture.h"
#include "inventory.h"

#define FILE_SIZE_MAX ((size_t) 64 << 20)
#define EFI_VARIABLES "firmware/efi/efivars/"

/* What collectors read below /sys. A device's directory is reached through its class or bus, whose link to it
 * is kept as well, with the "subsystem" links of all that stands above it. */
static const char *const sysfs_patterns[] = {
        "firmware/dmi/tables/*",
        "firmware/memmap/*/*",
        EFI_VARIABLES "*",
        "devices/system/cpu/cpu[0-9]*/node*",
        "devices/system/cpu/cpu[0-9]*/topology/*_id",
        "devices/system/cpu/cpu[0-9]*/cache/index*/*",
        "devices/system/cpu/cpu[0-9]*/cpufreq/*_freq*",
        "devices/system/cpu/vulnerabilities/*",
        "devices/system/edac/mc/mc[0-9]*/*",
        "devices/system/edac/mc/mc[0-9]*/dimm[0-9]*/*",
        "devices/system/edac/mc/mc[0-9]*/rank[0-9]*/*",
        "bus/node/devices/*",
        "bus/node/devices/*/meminfo",
        "bus/node/devices/*/cpulist",
        "bus/pci/slots/*/address",
        "bus/pci/devices/*",
        "bus/pci/devices/*/class",
        "bus/pci/devices/*/vendor",
        "bus/pci/devices/*/device",
        "bus/pci/devices/*/revision",
        "bus/pci/devices/*/subsystem_*",
        "bus/pci/devices/*/numa_node",
        "bus/pci/devices/*/config",
        "bus/pci/devices/*/resource",
        "bus/pci/devices/*/driver",
        "bus/pci/devices/*/*_link_speed",
        "bus/pci/devices/*/*_link_width",
        "bus/pci/devices/*/aer_dev_*",
        "bus/usb/devices/*",
        "bus/usb/devices/*/driver",
        "bus/usb/devices/*/busnum",
        "bus/usb/devices/*/devnum",
        "bus/usb/devices/*/id*",
        "bus/usb/devices/*/bcdDevice",
        "bus/usb/devices/*/bDeviceClass",
        "bus/usb/devices/*/bInterface*",
        "bus/usb/devices/*/manufacturer",
        "bus/usb/devices/*/product",
        "bus/usb/devices/*/serial",
        "bus/usb/devices/*/version",
        "bus/usb/devices/*/speed",
        "class/block/*",
        "class/block/*/partition",
        "class/block/*/hidden",
        "class/block/*/size",
        "class/block/*/removable",
        "class/block/*/ro",
        "class/block/*/wwid",
        "class/block/*/nsid",
        "class/block/*/eui",
        "class/block/*/nguid",
        "class/block/*/uuid",
        "class/block/*/serial",
        "class/block/*/device",
        "class/block/*/device/nvme*",
        "class/block/*/queue/*_block_size",
        "class/block/*/queue/rotational",
        "class/block/*/holders/*",
        "class/block/*/slaves/*",
        "class/block/*/dm/*",
        "class/block/*/md/level",
        "class/block/*/md/array_state",
        "class/block/*/md/raid_disks",
        "class/block/*/md/degraded",
        "class/block/*/md/uuid",
        "class/block/*/device/vendor",
        "class/block/*/device/model",
        "class/block/*/device/name",
        "class/block/*/device/serial",
        "class/block/*/device/firmware_rev",
        "class/block/*/device/rev",
        "class/block/*/device/fwrev",
        "class/block/*/device/wwid",
        "class/block/*/device/vpd_pg80",
        "class/block/*/device/vpd_pg89",
        "class/block/*/device/vpd_pgb1",
        "class/nvme/*",
        "class/nvme/*/model",
        "class/nvme/*/serial",
        "class/nvme/*/firmware_rev",
        "class/nvme/*/state",
        "class/nvme/*/transport",
        "class/nvme/*/subsysnqn",
        "class/nvme/*/numa_node",
        "class/scsi_host/*",
        "class/scsi_host/*/board_*",
        "class/scsi_host/*/version_fw",
        "class/scsi_host/*/state",
        "class/scsi_host/*/proc_name",
        "class/net/*",
        "class/net/*/address",
        "class/net/*/addr_assign_type",
        "class/net/*/operstate",
        "class/net/*/carrier",
        "class/net/*/speed",
        "class/net/*/duplex",
        "class/net/*/mtu",
        "class/net/*/phys_port_name",
        "class/net/*/device",
        "class/net/*/device/numa_node",
        "class/net/*/device/driver",
        "class/hwmon/*",
        "class/hwmon/*/name",
        "class/hwmon/*/device",
        "class/hwmon/*/*_input",
        "class/hwmon/*/*_label",
        "class/hwmon/*/*_min",
        "class/hwmon/*/*_max",
        "class/hwmon/*/*_crit",
        "class/hwmon/*/*_alarm",
        "class/tpm/*",
        "class/tpm/*/tpm_version_major",
        "class/tpm/*/device",
        "class/tpm/*/device/description",
        "class/watchdog/*",
        "class/watchdog/*/identity",
        "class/watchdog/*/state",
        "class/watchdog/*/timeout",
        "class/watchdog/*/bootstatus",
        "class/tty/ttyS*",
        "class/tty/ttyS*/type",
        "class/tty/ttyS*/port",
        "class/tty/ttyS*/iomem_base",
        "class/tty/ttyS*/irq",
        "class/tty/ttyS*/uartclk",
        "class/tty/ttyS*/console",
};

static const char *const proc_files[] = {"cpuinfo", "meminfo"};

struct capture {
        const char *root; /* "/sys" */
        char *to;         /* DIRECTORY/sys */
};

static int make_parent(const char *path) {
        _cleanup_free_ char *parent = strdup(path);

        if (!parent)
                return -ENOMEM;

        *strrchr(parent, '/') = 0;
        return make_directories(parent, 0755);
}

/* A link that is there already has been kept by another way to it. */
static int copy_link(const char *from, const char *to) {
        char target[PATH_MAX];
        ssize_t n;
        int r;

        n = readlink(from, target, sizeof(target) - 1);
        if (n < 0)
                return 0;
        target[n] = 0;

        r = make_parent(to);
        if (r < 0)
                return r;

        return symlink(target, to) < 0 && errno != EEXIST ? -errno : 0;
}

static int copy_size(const char *to, const struct stat *st) {
        _cleanup_close_ int fd = -EBADF;

        fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        return fd < 0 || ftruncate(fd, st->st_size) < 0 ? -errno : 0;
}

static bool is_secret(const char *path) {
        const char *variable = strstr(path, EFI_VARIABLES);

        if (!variable)
                return false;

        variable += STRLEN(EFI_VARIABLES);
        return !startswith(variable, "Boot") && !startswith(variable, "SecureBoot-") &&
               !startswith(variable, "SetupMode-");
}

static int copy_file(const char *from, const char *to, const struct stat *st) {
        _cleanup_free_ char *bytes = NULL;
        size_t size;
        int r;

        r = make_parent(to);
        if (r < 0)
                return r;
        if (is_secret(from))
                return copy_size(to, st);

        r = read_file(from, FILE_SIZE_MAX, &bytes, &size);
        if (r == -ENOMEM)
                return r;

        return r < 0 ? 0 : write_file_atomic(to, bytes, size, 0644);
}

/* The "subsystem" links from the device up to the root of all devices: they say what stands above it. */
static int copy_ancestry(const struct capture *c, const char *device) {
        _cleanup_free_ char *path = strdup(device);
        char *slash;

        while (path && strlen(path) > strlen(c->root) && (slash = strrchr(path, '/'))) {
                _cleanup_free_ char *from = NULL, *to = NULL;
                int r;

                from = strprintf("%s/subsystem", path);
                to = from ? strprintf("%s%s", c->to, from + strlen(c->root)) : NULL;
                if (!to)
                        return -ENOMEM;

                r = copy_link(from, to);
                if (r < 0)
                        return r;

                *slash = 0;
        }

        return path ? 0 : -ENOMEM;
}

/* Classes and buses hold links to the directories of devices; other links to them lead from device to device.
 */
static bool is_device_link(const struct capture *c, const char *real) {
        const char *below = real + strlen(c->root);

        return startswith(below, "/class/") || startswith(below, "/bus/");
}

static int copy_one(const struct capture *c, const char *path) {
        _cleanup_free_ char *parent = NULL, *real_parent = NULL, *real = NULL, *to = NULL, *target = NULL;
        const char *name = strrchr(path, '/');
        struct stat st;
        int r;

        parent = strndup(path, (size_t) (name - path));
        if (!parent)
                return -ENOMEM;

        real_parent = realpath(parent, NULL);
        if (!real_parent || !startswith(real_parent, c->root))
                return 0; /* gone in the meantime */

        real = strprintf("%s%s", real_parent, name);
        to = strprintf("%s%s%s", c->to, real_parent + strlen(c->root), name);
        if (!real || !to)
                return -ENOMEM;

        if (lstat(real, &st) < 0)
                return 0;
        if (S_ISREG(st.st_mode))
                return copy_file(real, to, &st);
        if (!S_ISLNK(st.st_mode))
                return 0;

        r = copy_link(real, to);
        if (r < 0 || !is_device_link(c, real))
                return r;

        target = realpath(real, NULL);
        if (!target)
                return 0;

        free(TAKE_PTR(to));
        to = strprintf("%s%s", c->to, target + strlen(c->root));
        if (!to)
                return -ENOMEM;

        r = make_directories(to, 0755);
        return r < 0 ? r : copy_ancestry(c, target);
}

static int copy_pattern(const struct capture *c, const char *pattern) {
        _cleanup_free_ char *full = strprintf("%s/%s", c->root, pattern);
        glob_t found;
        int r = 0;

        if (!full)
                return -ENOMEM;

        r = glob(full, GLOB_NOSORT, NULL, &found);
        if (r != 0)
                return r == GLOB_NOSPACE ? -ENOMEM : 0;

        for (size_t i = 0; i < found.gl_pathc && r >= 0; i++)
                r = copy_one(c, found.gl_pathv[i]);

        globfree(&found);
        return r;
}

static int capture_proc(const struct inventory_roots *roots, const char *directory) {
        for (size_t i = 0; i < ELEMENTSOF(proc_files); i++) {
                _cleanup_free_ char *from = NULL, *to = NULL;
                struct stat st = {};
                int r;

                from = strprintf("%s/%s", roots->proc, proc_files[i]);
                to = strprintf("%s/proc/%s", directory, proc_files[i]);
                if (!from || !to)
                        return -ENOMEM;

                r = copy_file(from, to, &st);
                if (r < 0)
                        return r;
        }

        return 0;
}

int capture_files(const struct inventory_roots *roots, const char *directory) {
        _cleanup_free_ char *to = strprintf("%s/sys", directory), *dev = strprintf("%s/dev", directory);
        struct capture capture = {.root = roots->sys, .to = to};
        int r;

        if (!to || !dev)
                return -ENOMEM;
        if (faccessat(AT_FDCWD, to, F_OK, 0) >= 0)
                return -EEXIST;

        r = make_directories(dev, 0755);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(sysfs_patterns); i++) {
                r = copy_pattern(&capture, sysfs_patterns[i]);
                if (r < 0)
                        return r;
        }

        return capture_proc(roots, directory);
}
