/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "own-image.h"
#include "scripts/flash/layout.h"

#define FILE_MAX (256U << 20)

void own_image_done(struct own_image *image) {
        free(image->kernel);
        free(image->initramfs);
        *image = (struct own_image){};
}

static int copy_section(const struct ffs_volume *volume, const struct guid *name, enum ffs_section_type type,
                        uint8_t **ret, size_t *ret_size) {
        struct ffs_section section;
        struct ffs_file file;
        uint8_t *copy;

        if (ffs_file_find(volume, name, &file) != FFS_OK)
                return -ENOENT;
        if (ffs_file_check(&file) != FFS_OK || ffs_section_find(&file, type, &section) != FFS_OK)
                return -EBADMSG;

        copy = malloc(section.size);
        if (!copy)
                return -ENOMEM;

        memcpy(copy, section.data, section.size);
        *ret = copy;
        *ret_size = section.size;
        return 0;
}

int own_image_parse(const void *flash, size_t size, struct own_image *ret) {
        _cleanup_(own_image_done) struct own_image image = {};
        struct ffs_volume volume;
        int r;

        if (ffs_volume_open(flash, size, &volume) != FFS_OK)
                return -ENOENT;

        r = copy_section(&volume, &payload_kernel_guid, FFS_SECTION_PE32, &image.kernel, &image.kernel_size);
        if (r < 0)
                return r;

        r = copy_section(&volume, &payload_initramfs_guid, FFS_SECTION_RAW, &image.initramfs,
                         &image.initramfs_size);
        if (r < 0)
                return r;

        *ret = image;
        image = (struct own_image){};
        return 0;
}

static int read_flash(struct own_image *ret) {
        _cleanup_close_ int fd = -EBADF;
        void *flash;
        int r;

        fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        flash = mmap(NULL, PAYLOAD_SIZE, PROT_READ, MAP_SHARED, fd, (off_t) FLASH_BASE);
        if (flash == MAP_FAILED)
                return -errno;

        r = own_image_parse(flash, PAYLOAD_SIZE, ret);
        munmap(flash, PAYLOAD_SIZE);
        return r;
}

int own_image_read(struct own_image *ret) {
        _cleanup_(own_image_done) struct own_image image = {};
        int r;

        r = read_file(OWN_KERNEL, FILE_MAX, (char **) &image.kernel, &image.kernel_size);
        if (r == -ENOENT)
                return read_flash(ret);
        if (r >= 0)
                r = read_file(OWN_INITRAMFS, FILE_MAX, (char **) &image.initramfs, &image.initramfs_size);
        if (r < 0)
                return r;

        *ret = image;
        image = (struct own_image){};
        return 0;
}
