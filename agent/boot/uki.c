/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "kexec.h"
#include "uki.h"

/* The PE format (Microsoft's "PE Format"), as far as it leads to the sections. */
#define DOS_HEADER_SIZE      0x40U
#define DOS_PE_OFFSET        0x3cU
#define PE_HEADER_SIZE       24U
#define PE_N_SECTIONS        6U
#define PE_OPTIONAL_SIZE     20U
#define SECTION_SIZE         40U
#define SECTION_NAME_SIZE    8U
#define SECTION_VIRTUAL_SIZE 8U
#define SECTION_RAW_SIZE     16U
#define SECTION_OFFSET       20U

#define TEXT_MAX (64U * 1024)

/* Padded with NULs to the size of the field. */
static const char names[UKI_PARTS][SECTION_NAME_SIZE + 1] = {
        [UKI_LINUX] = ".linux\0", [UKI_INITRD] = ".initrd", [UKI_CMDLINE] = ".cmdline",
        [UKI_OSREL] = ".osrel\0", [UKI_UNAME] = ".uname\0",
};

static uint32_t get_16(const uint8_t *p) {
        return (uint32_t) p[0] | (uint32_t) p[1] << 8;
}

static uint32_t get_32(const uint8_t *p) {
        return get_16(p) | get_16(p + 2) << 16;
}

int uki_parse(const uint8_t *head, size_t size, uint64_t file_size, struct uki *ret, char **ret_reason) {
        struct uki uki = {};
        size_t pe, sections, n;

        if (size < DOS_HEADER_SIZE || head[0] != 'M' || head[1] != 'Z')
                return 0;

        pe = get_32(head + DOS_PE_OFFSET);
        if (pe > size || size - pe < PE_HEADER_SIZE || memcmp(head + pe, "PE\0\0", 4) != 0)
                return 0;

        sections = pe + PE_HEADER_SIZE + get_16(head + pe + PE_OPTIONAL_SIZE);
        n = get_16(head + pe + PE_N_SECTIONS);
        if (sections > size || (size - sections) / SECTION_SIZE < n)
                return 0;

        for (size_t i = 0; i < n; i++) {
                const uint8_t *section = head + sections + i * SECTION_SIZE;

                for (size_t part = 0; part < UKI_PARTS; part++) {
                        uint64_t offset = get_32(section + SECTION_OFFSET);
                        uint64_t virtual = get_32(section + SECTION_VIRTUAL_SIZE),
                                 raw = get_32(section + SECTION_RAW_SIZE);

                        if (memcmp(section, names[part], SECTION_NAME_SIZE) != 0)
                                continue;

                        /* What is in the file is rounded up, and what is in memory may be filled up. */
                        uki.parts[part].offset = offset;
                        uki.parts[part].size = MIN(virtual, raw);
                        if (offset > file_size || uki.parts[part].size > file_size - offset)
                                return explain_error(ret_reason, -EBADMSG,
                                                     "its section %s ends behind the end of the file",
                                                     names[part]);
                }
        }

        if (uki.parts[UKI_LINUX].size == 0)
                return 0;

        *ret = uki;
        return 1;
}

int uki_read(int fd, struct uki *ret, char **ret_reason) {
        _cleanup_free_ uint8_t *head = NULL;
        struct stat st;
        ssize_t n;

        head = malloc(UKI_HEAD_SIZE);
        if (!head)
                return -ENOMEM;

        n = pread(fd, head, UKI_HEAD_SIZE, 0);
        if (n < 0 || fstat(fd, &st) < 0)
                return -errno;

        return uki_parse(head, (size_t) n, (uint64_t) st.st_size, ret, ret_reason);
}

int uki_read_part(int fd, const struct uki *uki, enum uki_part part, char **ret) {
        size_t size = uki->parts[part].size;
        _cleanup_free_ char *data = NULL;
        ssize_t n;

        *ret = NULL;
        if (size == 0)
                return 0;
        if (size > TEXT_MAX)
                return -EFBIG;

        data = malloc(size + 1);
        if (!data)
                return -ENOMEM;

        n = pread(fd, data, size, (off_t) uki->parts[part].offset);
        if (n < 0 || (size_t) n != size)
                return n < 0 ? -errno : -EIO;

        data[size] = 0;
        *ret = TAKE_PTR(data);
        return 0;
}

char *uki_os_release(const char *text, const char *field) {
        const char *line = text;
        size_t length = strlen(field);

        while (line && *line) {
                size_t size = strcspn(line, "\n");

                if (size > length && strncmp(line, field, length) == 0 && line[length] == '=') {
                        const char *value = line + length + 1;

                        size -= length + 1;
                        if (size >= 2 && strchr("\"'", value[0]) && value[size - 1] == value[0]) {
                                value++;
                                size -= 2;
                        }
                        return size > 0 ? text_sanitize(value, size) : NULL;
                }

                line += size;
                line += *line == '\n';
        }

        return NULL;
}

/* One part as a file of its own. Returns its descriptor, a negative errno. */
static int take_out(int from, uint64_t offset, uint64_t size) {
        _cleanup_close_ int fd = -EBADF;
        off_t position = (off_t) offset;

        fd = memfd_create("part", MFD_CLOEXEC);
        if (fd < 0)
                return -errno;

        while (size > 0) {
                ssize_t n = sendfile(fd, from, &position, (size_t) size);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
                size -= (uint64_t) n;
        }

        return lseek(fd, 0, SEEK_SET) < 0 ? -errno : TAKE_FD(fd);
}

static int add_first_initrd(struct boot_image *image, int fd) {
        int r;

        r = boot_image_add_initrd(image, fd);
        if (r < 0)
                return r;

        memmove(image->initrd_fds + 1, image->initrd_fds, (image->n_initrds - 1) * sizeof(int));
        image->initrd_fds[0] = fd;
        return 0;
}

int uki_unwrap(struct boot_image *image, char **ret_command_line, char **ret_reason) {
        _cleanup_close_ int kernel_fd = -EBADF;
        _cleanup_free_ char *text = NULL, *command_line = NULL;
        struct uki uki;
        int r;

        r = uki_read(image->kernel_fd, &uki, ret_reason);
        if (r <= 0)
                return r;

        r = uki_read_part(image->kernel_fd, &uki, UKI_CMDLINE, &text);
        if (r < 0)
                return r;

        if (text) {
                for (char *p = text; (p = strchr(p, '\n'));)
                        *p = ' ';

                command_line = text_sanitize(text, strlen(text));
                if (!command_line)
                        return -ENOMEM;
        }

        r = kernel_fd = take_out(image->kernel_fd, uki.parts[UKI_LINUX].offset, uki.parts[UKI_LINUX].size);
        if (r < 0)
                return r;

        if (uki.parts[UKI_INITRD].size > 0) {
                r = add_first_initrd(image, take_out(image->kernel_fd, uki.parts[UKI_INITRD].offset,
                                                     uki.parts[UKI_INITRD].size));
                if (r < 0)
                        return r;
        }

        safe_close(image->kernel_fd);
        image->kernel_fd = TAKE_FD(kernel_fd);
        *ret_command_line = TAKE_PTR(command_line);
        return 1;
}
