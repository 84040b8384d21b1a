/* SPDX-License-Identifier: GPL-3.0-or-later */
/* volume.h: a file system on a block device, looked into without changing it and without a place in the file
 * tree. */
#pragma once

/* What the partition is for, by its GPT type (UAPI.2). */
enum volume_role { VOLUME_OTHER, VOLUME_ESP, VOLUME_XBOOTLDR };

struct volume {
        const char *type; /* "vfat": as libblkid calls it */
        enum volume_role role;
        int root_fd; /* its root directory, for openat2(); the mount ends when nothing in it is open */
};

#define VOLUME_NONE ((struct volume){.root_fd = -EBADF})

/* "EFI system partition", "file system", ... */
const char *volume_role_name(enum volume_role role);

/* Probes device ("/dev/sda1") and mounts what it finds, read-only, no journal replayed, nothing on it
 * executable, set-uid or a device. Returns 1; 0 when there is no file system that boot entries lie on;
 * -ENOENT, -ENXIO, -ENODEV or -ENOMEDIUM when there is no device behind the name; another negative errno, in
 * which case *ret_reason may tell more. */
int volume_open(const char *device, struct volume *ret, char **ret_reason);

void volume_done(struct volume *volume);
