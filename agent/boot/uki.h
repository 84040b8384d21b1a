/* SPDX-License-Identifier: GPL-3.0-or-later */
/* uki.h: unified kernel images (UAPI.5): a kernel, its initrd and its command line as the sections of one
 * program for the firmware. The program is not run here: its parts are taken out. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct boot_image;

/* Enough of such a file for its table of sections. */
#define UKI_HEAD_SIZE (64U * 1024)

enum uki_part { UKI_LINUX, UKI_INITRD, UKI_CMDLINE, UKI_OSREL, UKI_UNAME, UKI_PARTS };

/* Where the parts lie in the file, in bytes; the size of one that is not there is 0. */
struct uki {
        struct {
                uint64_t offset, size;
        } parts[UKI_PARTS];
};

/* Reads the table of sections from the first size bytes of a file that has file_size. Returns 1; 0 when it is
 * no unified kernel image; -EBADMSG for one that is broken, with *ret_reason telling how, -ENOMEM. */
int uki_parse(const uint8_t *head, size_t size, uint64_t file_size, struct uki *ret, char **ret_reason);

/* The same with the head read from an open file. */
int uki_read(int fd, struct uki *ret, char **ret_reason);

/* What a part holds, with a NUL behind it, as it is. Returns 0 and sets *ret, to NULL when it is not there;
 * -EFBIG for one of more than 64 KiB, a negative errno. */
int uki_read_part(int fd, const struct uki *uki, enum uki_part part, char **ret);

/* The value of a field of os-release(5), "PRETTY_NAME", which text (may be NULL) is. NULL when it has none,
 * or memory is short. */
char *uki_os_release(const char *text, const char *field);

/* When the image's kernel is a unified one: puts its kernel in that place and its initrd before the others.
 * *ret_command_line: its own, NULL when it has none. Returns 1; 0 when it is a bare kernel, a negative errno
 * with *ret_reason telling why (NULL: memory is short). */
int uki_unwrap(struct boot_image *image, char **ret_command_line, char **ret_reason);
