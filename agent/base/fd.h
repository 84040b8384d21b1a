/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fd.h: files and file descriptors. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "macro.h"

/* Closes fd unless it is negative; keeps errno. Always returns -EBADF, so that "fd = safe_close(fd)" reads
 * well. */
int safe_close(int fd);

static inline void closep(int *fd) {
        safe_close(*fd);
}

static inline void fclosep(FILE **f) {
        if (*f)
                fclose(*f);
}

#define _cleanup_close_  _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

/* Reads path (relative to dir_fd, or AT_FDCWD) to its end into a new buffer with a NUL behind it, which
 * *ret_size (may be NULL) does not count. Returns 0, -EFBIG when the file holds more than max bytes, a
 * negative errno. */
int read_file_at(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_size);
int read_file(const char *path, size_t max, char **ret, size_t *ret_size);

/* Reads a file of one line, as sysfs attributes are, without its newline and surrounding white space. Returns
 * 0, -ENODATA when nothing is left, a negative errno. */
int read_line_file_at(int dir_fd, const char *path, char **ret);
int read_line_file(const char *path, char **ret);

/* Reads an attribute that holds one number, decimal or 0x. Returns 0, -EINVAL, -ERANGE, a negative errno. */
int read_u64_file_at(int dir_fd, const char *path, uint64_t *ret);

/* Writes all of data, going on after short writes and signals. Returns 0, a negative errno. */
int write_all(int fd, const void *data, size_t size);

/* Writes text to an existing file such as a sysfs attribute, in one write(). Returns 0, a negative errno. */
int write_text_file(const char *path, const char *text);

/* Makes the file anew with that content, never half of it: written beside it, then renamed. Returns 0,
 * -errno. */
int write_file_atomic(const char *path, const void *data, size_t size, mode_t mode);

/* Makes path and all directories above it. Returns 0 (also when it is there), a negative errno. */
int make_directories(const char *path, mode_t mode);

/* Sets or clears O_NONBLOCK. Returns 0, a negative errno. */
int fd_set_nonblock(int fd, bool nonblock);

/* Waits until the far end of a serial line has got what was written to it, also where somebody has stopped
 * the output with Ctrl-S. Does nothing with what is no terminal. */
void terminal_drain(int fd);
