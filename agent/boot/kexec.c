/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <linux/kexec.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "kexec.h"

#define KERNEL_MAX  (512LL << 20)
#define INITRDS_MAX (4LL << 30)

/* The setup header of a bzImage: offset and meaning by Documentation/x86/boot.rst. */
#define HEADER_MAGIC             0x202U /* "HdrS" */
#define HEADER_VERSION           0x206U
#define HEADER_COMMAND_LINE_SIZE 0x238U /* since 2.06 */

/* kexec_file_load() takes 64-bit kernels that may lie anywhere; the header tells since this version. */
#define VERSION_MIN 0x20cU

void boot_image_done(struct boot_image *image) {
        safe_close(image->kernel_fd);
        for (size_t i = 0; i < image->n_initrds; i++)
                safe_close(image->initrd_fds[i]);
        free(image->initrd_fds);
        *image = BOOT_IMAGE_NONE;
}

int boot_image_add_initrd(struct boot_image *image, int fd) {
        _cleanup_close_ int owned = fd;
        int *larger;

        if (fd < 0)
                return fd;

        larger = reallocarray(image->initrd_fds, image->n_initrds + 1, sizeof(int));
        if (!larger)
                return -ENOMEM;

        image->initrd_fds = larger;
        image->initrd_fds[image->n_initrds++] = TAKE_FD(owned);
        return 0;
}

static uint32_t read_le(const uint8_t *p, size_t size) {
        uint32_t value = 0;

        while (size-- > 0)
                value = value << 8 | p[size];

        return value;
}

int kexec_check_kernel(const uint8_t *header, size_t size, size_t command_line_length, char **ret_reason) {
        uint32_t version, limit;

        if (size < KEXEC_HEADER_SIZE || memcmp(header + HEADER_MAGIC, "HdrS", 4) != 0)
                return explain_error(ret_reason, -ENOEXEC,
                                     "it is no x86 kernel: the header of a bzImage is missing");

        version = read_le(header + HEADER_VERSION, 2);
        if (version < VERSION_MIN)
                return explain_error(ret_reason, -ENOEXEC,
                                     "it is a kernel of boot protocol %u.%02u, and kexec needs %u.%02u",
                                     version >> 8, version & 0xff, VERSION_MIN >> 8, VERSION_MIN & 0xff);

        limit = read_le(header + HEADER_COMMAND_LINE_SIZE, 4);
        if (command_line_length > limit)
                return explain_error(ret_reason, -E2BIG,
                                     "it takes a command line of %u bytes, and this one has %zu", limit,
                                     command_line_length);

        return 0;
}

/* Appends the rest of from to to, and counts on *size, up to max. */
static int append_file(int to, int from, off_t *size, off_t max) {
        for (;;) {
                ssize_t n = sendfile(to, from, NULL, 1U << 30);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;

                *size += n;
                if (*size > max)
                        return -EFBIG;
        }
}

int kexec_join_initrds(const int *fds, size_t n) {
        _cleanup_close_ int fd = -EBADF;
        off_t size = 0;
        int r;

        fd = memfd_create("initrds", MFD_CLOEXEC);
        if (fd < 0)
                return -errno;

        for (size_t i = 0; i < n; i++) {
                r = append_file(fd, fds[i], &size, INITRDS_MAX);
                if (r < 0)
                        return r;

                size = (size + 3) & ~(off_t) 3;
                if (ftruncate(fd, size) < 0 || lseek(fd, size, SEEK_SET) < 0)
                        return -errno;
        }

        return TAKE_FD(fd);
}

static int check_size(int fd, off_t max) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;

        return st.st_size > max ? -EFBIG : 0;
}

/* What an error of kexec_file_load() means. */
static const char *explain(int error) {
        switch (-error) {
        case ENOEXEC:
                return "this kernel cannot start it: it is no 64-bit, relocatable kernel";
        case EPERM:
                return "this kernel forbids kexec: it is locked down, or kernel.kexec_load_disabled is set";
        case ENOKEY:
        case EKEYREJECTED:
        case EBADMSG:
        case ENODATA:
                return "its signature is missing or not from a key that this kernel trusts";
        case EBUSY:
                return "another kexec is being prepared";
        case ENOMEM:
        case EADDRNOTAVAIL:
                return "there is not enough free memory for it";
        case ENOSYS:
                return "this kernel was built without kexec_file_load()";
        case EINVAL:
                return "this kernel takes neither its header nor its command line";
        default:
                return strerror(-error);
        }
}

int kexec_load(const struct boot_image *image, const char *command_line, char **ret_reason) {
        _cleanup_close_ int joined_fd = -EBADF;
        size_t length = strlen(command_line);
        uint8_t header[KEXEC_HEADER_SIZE];
        unsigned long flags = 0;
        int initrd_fd = -EBADF, r;
        ssize_t n;

        n = pread(image->kernel_fd, header, sizeof(header), 0);
        r = n < 0 ? -errno : check_size(image->kernel_fd, KERNEL_MAX);
        if (r < 0)
                return explain_error(ret_reason, r, "the kernel cannot be read: %s", strerror(-r));

        r = kexec_check_kernel(header, (size_t) n, length, ret_reason);
        if (r < 0)
                return r;

        if (image->n_initrds == 0)
                flags |= KEXEC_FILE_NO_INITRAMFS;
        else if (image->n_initrds == 1) {
                initrd_fd = image->initrd_fds[0];
                r = check_size(initrd_fd, INITRDS_MAX);
        } else
                r = initrd_fd = joined_fd = kexec_join_initrds(image->initrd_fds, image->n_initrds);
        if (r < 0)
                return explain_error(ret_reason, r, "the initrds cannot be read: %s", strerror(-r));

        if (syscall(SYS_kexec_file_load, image->kernel_fd, initrd_fd, length + 1, command_line, flags) < 0) {
                r = -errno;
                return explain_error(ret_reason, r, "%s", explain(r));
        }

        return 0;
}
