/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "efi-variable.h"
#include "fd.h"

/* A file holds these before the data, in the byte order of the machine (UEFI 2.10, 8.2). */
#define ATTRIBUTES_SIZE    sizeof(uint32_t)
#define NON_VOLATILE       0x1U
#define BOOTSERVICE_ACCESS 0x2U
#define RUNTIME_ACCESS     0x4U

static int variable_path(char ret[static PATH_MAX], const char *root, const char *name) {
        if (snprintf(ret, PATH_MAX, "%s/%s-" EFI_VARIABLE_GUID, root, name) >= PATH_MAX)
                return -ENAMETOOLONG;

        /* Without UEFI the kernel does not even have the directory. */
        return access(root, F_OK) < 0 ? -EOPNOTSUPP : 0;
}

int efi_variable_read(const char *root, const char *name, char **ret, size_t *ret_size) {
        _cleanup_free_ char *content = NULL;
        char path[PATH_MAX];
        size_t size;
        int r;

        r = variable_path(path, root, name);
        if (r < 0)
                return r;

        r = read_file(path, ATTRIBUTES_SIZE + EFI_VARIABLE_MAX, &content, &size);
        if (r < 0)
                return r;
        if (size < ATTRIBUTES_SIZE)
                return -EBADMSG;

        size -= ATTRIBUTES_SIZE;
        memmove(content, content + ATTRIBUTES_SIZE, size + 1);
        *ret = TAKE_PTR(content);
        *ret_size = size;
        return 0;
}

/* The kernel protects the variables that it does not know, lest somebody's "rm -rf" breaks the firmware. */
static int variable_unprotect(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        int flags;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;

        /* A file system that does not know of flags protects nothing. */
        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                return errno == ENOTTY || errno == EOPNOTSUPP ? 0 : -errno;
        if (!(flags & FS_IMMUTABLE_FL))
                return 0;

        flags &= ~FS_IMMUTABLE_FL;
        return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

/* Attributes and data have to come in one write(), for that is one SetVariable() of the firmware. */
static int variable_store(const char *path, const void *data, size_t size) {
        const uint32_t attributes = NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS;
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *content = NULL;
        ssize_t n;

        content = malloc(ATTRIBUTES_SIZE + size);
        if (!content)
                return -ENOMEM;
        memcpy(content, &attributes, ATTRIBUTES_SIZE);
        memcpy(content + ATTRIBUTES_SIZE, data, size);

        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
        if (fd < 0)
                return -errno;

        do
                n = write(fd, content, ATTRIBUTES_SIZE + size);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        return (size_t) n == ATTRIBUTES_SIZE + size ? 0 : -EIO;
}

int efi_variable_write(const char *root, const char *name, const void *data, size_t size) {
        _cleanup_free_ char *present = NULL;
        char path[PATH_MAX];
        size_t present_size;
        int r;

        if (size == 0)
                return -EINVAL; /* to the firmware that is the variable's end */
        if (size > EFI_VARIABLE_MAX)
                return -EFBIG;

        r = variable_path(path, root, name);
        if (r < 0)
                return r;

        if (efi_variable_read(root, name, &present, &present_size) >= 0 && present_size == size &&
            memcmp(present, data, size) == 0)
                return 0;

        r = variable_unprotect(path);
        if (r < 0)
                return r;

        r = variable_store(path, data, size);
        if (r < 0 && !present)
                unlink(path); /* a file without a variable behind it */

        return r;
}

int efi_variable_delete(const char *root, const char *name) {
        char path[PATH_MAX];
        int r;

        r = variable_path(path, root, name);
        if (r < 0)
                return r;

        r = variable_unprotect(path);
        if (r < 0)
                return r;

        return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}
