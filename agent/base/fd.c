/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "fd.h"
#include "text.h"

int safe_close(int fd) {
        if (fd >= 0) {
                int saved = errno;

                close(fd);
                errno = saved;
        }

        return -EBADF;
}

int read_file_at(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_size) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *buffer = NULL;
        size_t allocated = 0, size = 0;

        fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;

        for (;;) {
                ssize_t n;

                if (size + 1 >= allocated) {
                        size_t want = allocated ? allocated * 2 : 4096;
                        char *larger = realloc(buffer, want);

                        if (!larger)
                                return -ENOMEM;

                        buffer = larger;
                        allocated = want;
                }

                n = read(fd, buffer + size, allocated - size - 1);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (n == 0)
                        break;

                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
        }

        buffer[size] = 0;
        *ret = TAKE_PTR(buffer);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int read_file(const char *path, size_t max, char **ret, size_t *ret_size) {
        return read_file_at(AT_FDCWD, path, max, ret, ret_size);
}

int read_line_file_at(int dir_fd, const char *path, char **ret) {
        _cleanup_close_ int fd = -EBADF;
        char content[4096], *line, *copy;
        ssize_t n;

        fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;

        /* An attribute comes in one piece, and is no longer than a page; of other files the first line
         * counts. */
        do
                n = read(fd, content, sizeof(content) - 1);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        content[n] = 0;
        content[strcspn(content, "\n")] = 0;
        line = strstrip(content);
        if (!*line)
                return -ENODATA;

        copy = strdup(line);
        if (!copy)
                return -ENOMEM;

        *ret = copy;
        return 0;
}

int read_line_file(const char *path, char **ret) {
        return read_line_file_at(AT_FDCWD, path, ret);
}

int read_u64_file_at(int dir_fd, const char *path, uint64_t *ret) {
        _cleanup_free_ char *line = NULL;
        int r;

        r = read_line_file_at(dir_fd, path, &line);
        if (r < 0)
                return r;

        return parse_u64(line, ret);
}

int write_all(int fd, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }

                p += n;
                size -= (size_t) n;
        }

        return 0;
}

int write_text_file(const char *path, const char *text) {
        _cleanup_close_ int fd = -EBADF;
        size_t size = strlen(text);
        ssize_t n;

        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;

        n = write(fd, text, size);
        if (n < 0)
                return -errno;

        return (size_t) n == size ? 0 : -EIO;
}

int write_file_atomic(const char *path, const void *data, size_t size, mode_t mode) {
        _cleanup_close_ int fd = -EBADF;
        char temporary[PATH_MAX];
        int r;

        if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int) sizeof(temporary))
                return -ENAMETOOLONG;

        fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
        if (fd < 0)
                return -errno;

        r = write_all(fd, data, size);
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                unlink(temporary);

        return r;
}

int make_directories(const char *path, mode_t mode) {
        char prefix[PATH_MAX];
        size_t length = strlen(path);

        if (length >= sizeof(prefix))
                return -ENAMETOOLONG;

        memcpy(prefix, path, length + 1);
        for (char *p = prefix + 1; *p; p++) {
                if (*p != '/')
                        continue;

                *p = 0;
                if (mkdir(prefix, mode) < 0 && errno != EEXIST)
                        return -errno;
                *p = '/';
        }

        return mkdir(prefix, mode) < 0 && errno != EEXIST ? -errno : 0;
}

int fd_set_nonblock(int fd, bool nonblock) {
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0)
                return -errno;

        flags = nonblock ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

void terminal_drain(int fd) {
        (void) tcflow(fd, TCOON);
        (void) tcdrain(fd);
}
