/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "mounts.h"

struct mount_point {
        const char *what, *where, *type, *options;
        unsigned long flags;
        bool required;
};

static const struct mount_point mount_points[] = {
        {"proc", "/proc", "proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, true},
        {"sysfs", "/sys", "sysfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, true},
        {"devtmpfs", "/dev", "devtmpfs", "mode=0755", MS_NOSUID, true},
        {"devpts", "/dev/pts", "devpts", "mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, false},
        {"tmpfs", "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, false},
        {"tmpfs", "/run", "tmpfs", "mode=0755", MS_NOSUID | MS_NODEV, true},
        {"tmpfs", "/tmp", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, false},
        /* Only where the firmware is UEFI. */
        {"efivarfs", "/sys/firmware/efi/efivars", "efivarfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, false},
        {"tracefs", "/sys/kernel/tracing", "tracefs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, false},
};

int mount_all(void) {
        int worst = 0;

        for (size_t i = 0; i < ELEMENTSOF(mount_points); i++) {
                const struct mount_point *m = &mount_points[i];

                /* The directories in /sys are the kernel's: where one is missing, so is the feature. */
                (void) make_directories(m->where, 0755);
                if (mount(m->what, m->where, m->type, m->flags, m->options) >= 0 || errno == EBUSY)
                        continue;

                if (m->required)
                        worst = log_error(-errno, "%s cannot be mounted", m->where);
        }

        return worst;
}
