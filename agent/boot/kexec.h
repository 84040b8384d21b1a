/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kexec.h: hands a kernel, its initrds and its command line to the running kernel. On x86 this gives the
 * loaded kernel the firmware's memory map, ACPI and EFI data as well. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Open files of what is to be booted. */
struct boot_image {
        int kernel_fd;
        int *initrd_fds;
        size_t n_initrds;
};

#define BOOT_IMAGE_NONE ((struct boot_image){.kernel_fd = -EBADF})

void boot_image_done(struct boot_image *image);

/* Appends an initrd's fd, which is the image's in every case. A negative one is what opening it has come to.
 * Returns 0, that, -ENOMEM. */
int boot_image_add_initrd(struct boot_image *image, int fd);

/* The smallest part of a kernel's file that kexec_check_kernel() can judge it by. */
#define KEXEC_HEADER_SIZE 0x23cU

/* Looks at the first size bytes of a kernel: is it a bzImage (Documentation/x86/boot.rst) that takes a
 * command line of that length? Returns 0, -ENOEXEC or -E2BIG with *ret_reason telling why not, -ENOMEM. */
int kexec_check_kernel(const uint8_t *header, size_t size, size_t command_line_length, char **ret_reason);

/* Joins initrds in one anonymous file, each beginning at a multiple of four bytes as the kernel's cpio reader
 * wants it. Returns its file descriptor, -EFBIG when they are too large together, a negative errno. */
int kexec_join_initrds(const int *fds, size_t n);

/* Loads image; command_line is NUL-terminated. Returns 0, a negative errno with *ret_reason telling why. */
int kexec_load(const struct boot_image *image, const char *command_line, char **ret_reason);
