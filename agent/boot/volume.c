/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "volume.h"

struct mount_option {
        const char *key, *value; /* value NULL: a flag */
};

/* The file systems that boot entries lie on. The options keep the kernel from replaying a journal, which it
 * would otherwise write to the disk even for a read-only mount. */
static const struct filesystem {
        const char *type;   /* libblkid's name */
        const char *driver; /* the kernel's */
        struct mount_option options[2];
} filesystems[] = {
        {"vfat", "vfat", {}},
        {"ext2", "ext4", {}},
        {"ext3", "ext4", {{"noload", NULL}}},
        {"ext4", "ext4", {{"noload", NULL}}},
        /* nouuid: the halves of a mirror, or a cloned disk, stand beside each other. */
        {"xfs", "xfs", {{"norecovery", NULL}, {"nouuid", NULL}}},
        {"btrfs", "btrfs", {{"rescue", "nologreplay"}}},
};

/* UAPI.2, in libblkid's spelling. */
static const struct {
        const char *partition_type;
        enum volume_role role;
} roles[] = {
        {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", VOLUME_ESP},
        {"bc13c2ff-59e6-4262-a352-b275fd6f7172", VOLUME_XBOOTLDR},
};

static const char *const role_names[] = {
        [VOLUME_OTHER] = "file system",
        [VOLUME_ESP] = "EFI system partition",
        [VOLUME_XBOOTLDR] = "boot loader partition",
};

const char *volume_role_name(enum volume_role role) {
        return role_names[role];
}

static void blkid_free_probep(blkid_probe *probe) {
        if (*probe)
                blkid_free_probe(*probe);
}

static const char *probe_value(blkid_probe probe, const char *name) {
        const char *value;

        return blkid_probe_lookup_value(probe, name, &value, NULL) < 0 ? NULL : value;
}

/* Returns 1, 0 when nothing is there that can be told for certain, a negative errno. */
static int volume_probe(int fd, const struct filesystem **ret_filesystem, enum volume_role *ret_role) {
        _cleanup_(blkid_free_probep) blkid_probe probe = NULL;
        const char *type, *partition_type;
        int r;

        probe = blkid_new_probe();
        if (!probe)
                return -ENOMEM;

        errno = 0;
        if (blkid_probe_set_device(probe, fd, 0, 0) < 0 || blkid_probe_enable_superblocks(probe, 1) < 0 ||
            blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) < 0 ||
            blkid_probe_enable_partitions(probe, 1) < 0 ||
            blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS) < 0)
                return errno > 0 ? -errno : -EIO;

        errno = 0;
        r = blkid_do_safeprobe(probe);
        if (r == -1)
                return errno > 0 ? -errno : -EIO;
        if (r != 0) /* nothing, or signatures of several kinds */
                return 0;

        *ret_role = VOLUME_OTHER;
        partition_type = probe_value(probe, "PART_ENTRY_TYPE");
        for (size_t i = 0; partition_type && i < ELEMENTSOF(roles); i++)
                if (strcasecmp(partition_type, roles[i].partition_type) == 0)
                        *ret_role = roles[i].role;

        type = probe_value(probe, "TYPE");
        for (size_t i = 0; type && i < ELEMENTSOF(filesystems); i++)
                if (streq(type, filesystems[i].type)) {
                        *ret_filesystem = &filesystems[i];
                        return 1;
                }

        return 0;
}

/* What the file system itself said about a failure: its context hands out a message "e TEXT" a read(). */
static char *context_error(int context_fd) {
        char message[256];
        ssize_t n;

        while ((n = read(context_fd, message, sizeof(message) - 1)) > 0) {
                message[n] = 0;
                if (startswith(message, "e "))
                        return text_sanitize(message + 2, strcspn(message + 2, "\n"));
        }

        return NULL;
}

/* Makes the file system's superblock known to the kernel, and a mount of it that hangs nowhere in the file
 * tree. */
static int volume_mount(const char *device, const struct filesystem *filesystem, bool read_only_superblock,
                        int *ret_fd, char **ret_message) {
        _cleanup_close_ int context_fd = -EBADF;
        int fd, r;

        context_fd = fsopen(filesystem->driver, FSOPEN_CLOEXEC);
        if (context_fd < 0) {
                if (errno != ENODEV)
                        return -errno;

                *ret_message = strdup("this kernel lacks the file system's driver");
                return -EOPNOTSUPP;
        }

        r = fsconfig(context_fd, FSCONFIG_SET_STRING, "source", device, 0);
        if (r >= 0 && read_only_superblock)
                r = fsconfig(context_fd, FSCONFIG_SET_FLAG, "ro", NULL, 0);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(filesystem->options) && filesystem->options[i].key; i++) {
                const struct mount_option *option = &filesystem->options[i];

                r = fsconfig(context_fd, option->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option->key,
                             option->value, 0);
        }
        if (r >= 0)
                r = fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
        if (r < 0) {
                r = -errno;
                *ret_message = context_error(context_fd);
                return r;
        }

        fd = fsmount(context_fd, FSMOUNT_CLOEXEC,
                     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        if (fd < 0)
                return -errno;

        *ret_fd = fd;
        return 0;
}

int volume_open(const char *device, struct volume *ret, char **ret_reason) {
        const struct filesystem *filesystem;
        _cleanup_free_ char *message = NULL;
        _cleanup_close_ int fd = -EBADF, root_fd = -EBADF;
        enum volume_role role;
        int r;

        fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;

        r = volume_probe(fd, &filesystem, &role);
        if (r <= 0)
                return r;

        r = volume_mount(device, filesystem, true, &root_fd, &message);
        if (r == -EBUSY) {
                /* The running system has it mounted read-write, and a superblock is one or the other. What is
                 * mounted here is read-only all the same. */
                free(TAKE_PTR(message));
                r = volume_mount(device, filesystem, false, &root_fd, &message);
        }
        if (r < 0) {
                *ret_reason = strprintf("the %s (%s) cannot be mounted: %s%s%s", role_names[role],
                                        filesystem->type, strerror(-r), message ? ": " : "", message ?: "");
                return r;
        }

        *ret = (struct volume){.type = filesystem->type, .role = role, .root_fd = TAKE_FD(root_fd)};
        return 1;
}

void volume_done(struct volume *volume) {
        volume->root_fd = safe_close(volume->root_fd);
}
