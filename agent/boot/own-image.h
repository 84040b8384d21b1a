/* SPDX-License-Identifier: GPL-3.0-or-later */
/* own-image.h: the kernel and the initramfs that this machine was started with, to be started again. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct own_image {
        uint8_t *kernel, *initramfs;
        size_t kernel_size, initramfs_size;
};

#define OWN_KERNEL    "/boot/kernel"
#define OWN_INITRAMFS "/boot/initramfs"

/* Takes copies out of a payload volume as scripts/flash/mkflash.c writes it. Returns 0, -ENOENT when there is
 * no such volume or not both files in it, -EBADMSG when a checksum is wrong, -ENOMEM. */
int own_image_parse(const void *flash, size_t size, struct own_image *ret);

/* From files that the image brings with it, else from flash, which lies below 4 GiB. Returns 0, -ENOENT when
 * they are in neither, -EBADMSG, a negative errno. */
int own_image_read(struct own_image *ret);

void own_image_done(struct own_image *image);
