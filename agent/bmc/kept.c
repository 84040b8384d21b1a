/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "kept.h"

#define VERIFIED     "verified"
#define NOT_VERIFIED "-"

void kept_done(struct kept *kept) {
        explicit_bzero(kept, sizeof(*kept));
}

int kept_set(char *field, size_t size, const char *text) {
        size_t length = strlen(text);

        if (length >= size)
                return -EINVAL;

        memcpy(field, text, length + 1);
        return 0;
}

static bool is_printable(const char *text, size_t length) {
        for (size_t i = 0; i < length; i++)
                if (text[i] < ' ' || text[i] >= 0x7f)
                        return false;

        return true;
}

/* Cuts the next line off, of 1 to max bytes. */
static int take_line(const char **p, const char *end, size_t max, char *ret) {
        const char *newline = memchr(*p, '\n', (size_t) (end - *p));
        size_t length = newline ? (size_t) (newline - *p) : 0;

        if (length == 0 || length > max || !is_printable(*p, length))
                return -EBADMSG;

        memcpy(ret, *p, length);
        ret[length] = 0;
        *p = newline + 1;
        return 0;
}

int kept_parse(const char *text, size_t size, struct kept *ret) {
        _cleanup_(kept_done) struct kept kept = {.account.own = true};
        const char *p = text, *end = text + size;
        char verified[sizeof(VERIFIED)];
        int r;

        r = take_line(&p, end, USER_NAME_MAX, kept.account.user_name);
        if (r >= 0)
                r = take_line(&p, end, PASSWORD_MAX, kept.account.password);
        if (r >= 0 && p != end) {
                r = take_line(&p, end, KEPT_PATH_MAX, kept.session);
                if (r >= 0)
                        r = take_line(&p, end, KEPT_TOKEN_MAX, kept.token);
                if (r >= 0)
                        r = take_line(&p, end, KEPT_PATH_MAX, kept.system);
                if (r >= 0)
                        r = take_line(&p, end, KEPT_PATH_MAX, kept.entries);
                if (r >= 0)
                        r = take_line(&p, end, STRLEN(VERIFIED), verified);
                if (r >= 0) {
                        kept.discovery_verified = streq(verified, VERIFIED);
                        r = kept.discovery_verified || streq(verified, NOT_VERIFIED) ? 0 : -EBADMSG;
                }
        }
        if (r < 0 || p != end)
                return -EBADMSG;

        *ret = kept;
        return 0;
}

int kept_read_text(const char *path, char ret[static KEPT_TEXT_MAX], size_t *ret_size) {
        _cleanup_close_ int fd = -EBADF;
        ssize_t n;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;

        n = pread(fd, ret, KEPT_TEXT_MAX, 0);
        if (n < 0)
                return -errno;
        if (n == 0)
                return -ENOENT;

        *ret_size = (size_t) n;
        return 0;
}

int kept_read(const char *path, struct kept *ret) {
        char text[KEPT_TEXT_MAX];
        size_t size;
        int r;

        r = kept_read_text(path, text, &size);
        if (r >= 0)
                r = kept_parse(text, size, ret);

        explicit_bzero(text, sizeof(text));
        return r;
}

/* Over what there was, in place: in RAM that is the very same memory. */
static int wipe(int fd) {
        static const char zeros[256] = {};
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;

        for (off_t at = 0; at < st.st_size; at += (off_t) sizeof(zeros))
                if (pwrite(fd, zeros, MIN(sizeof(zeros), (size_t) (st.st_size - at)), at) < 0)
                        return -errno;

        return ftruncate(fd, 0) < 0 ? -errno : 0;
}

static int put(int fd, const char *text, size_t size) {
        int r;

        r = wipe(fd);
        if (r < 0)
                return r;

        return lseek(fd, 0, SEEK_SET) < 0 ? -errno : write_all(fd, text, size);
}

static char *append_line(char *p, const char *line) {
        p = stpcpy(p, line);
        *p++ = '\n';
        return p;
}

int kept_write(const char *path, const struct kept *kept) {
        _cleanup_(kept_done) struct kept same = {};
        _cleanup_close_ int fd = -EBADF;
        char text[KEPT_TEXT_MAX], *p = text;
        int r;

        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;

        p = append_line(p, kept->account.user_name);
        p = append_line(p, kept->account.password);
        if (*kept->token) {
                p = append_line(p, kept->session);
                p = append_line(p, kept->token);
                p = append_line(p, kept->system);
                p = append_line(p, kept->entries);
                p = append_line(p, kept->discovery_verified ? VERIFIED : NOT_VERIFIED);
        }

        r = kept_parse(text, (size_t) (p - text), &same) < 0 ? -EINVAL : put(fd, text, (size_t) (p - text));
        explicit_bzero(text, sizeof(text));
        return r;
}

int kept_forget(const char *path) {
        _cleanup_close_ int fd = -EBADF;

        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;

        return wipe(fd);
}

int kept_make(const char *path, const char *handed_on) {
        _cleanup_close_ int fd = -EBADF;
        char text[KEPT_TEXT_MAX];
        size_t size;
        int r;

        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;

        r = kept_read_text(handed_on, text, &size);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = put(fd, text, size);
        explicit_bzero(text, sizeof(text));
        if (r < 0)
                return r;

        r = kept_forget(handed_on);
        return r < 0 ? r : unlink(handed_on) < 0 ? -errno : 0;
}
