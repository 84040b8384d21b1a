/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"

#define ANSWER_SIZE 4096

/* Waits until fd has one of events or the deadline (of now_usec) passes: 0, -ETIMEDOUT, -errno. */
static int wait_for(int fd, short events, uint64_t deadline) {
        for (;;) {
                struct pollfd p = {.fd = fd, .events = events};
                uint64_t now = now_usec();
                int n;

                if (now >= deadline)
                        return -ETIMEDOUT;
                n = poll(&p, 1, (int) ((deadline - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC));
                if (n > 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return -errno;
        }
}

static int send_line(int fd, const char *line, size_t size, uint64_t deadline) {
        while (size > 0) {
                ssize_t n = send(fd, line, size, MSG_NOSIGNAL);
                int r;

                if (n >= 0) {
                        line += n;
                        size -= (size_t) n;
                        continue;
                }
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
                r = wait_for(fd, POLLOUT, deadline);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Reads up to the first newline, which is replaced by NUL. */
static int receive_line(int fd, char line[static ANSWER_SIZE], uint64_t deadline) {
        size_t have = 0;

        while (have < ANSWER_SIZE) {
                char *newline;
                ssize_t n;
                int r;

                r = wait_for(fd, POLLIN, deadline);
                if (r < 0)
                        return r;
                n = recv(fd, line + have, ANSWER_SIZE - have, 0);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -ECONNRESET;
                newline = memchr(line + have, '\n', (size_t) n);
                if (newline) {
                        *newline = '\0';
                        return 0;
                }
                have += (size_t) n;
        }
        return -EMSGSIZE;
}

int control_ask(const char *path, const json_t *question, uint64_t timeout, json_t **ret) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        uint64_t deadline = now_usec() + timeout;
        _cleanup_close_ int fd = -EBADF;
        _cleanup_json_ json_t *answer = NULL;
        char line[ANSWER_SIZE];
        size_t size;
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;

        size = json_dumpb(question, line, sizeof(line) - 1, JSON_COMPACT);
        if (size == 0 || size > sizeof(line) - 1)
                return -EMSGSIZE;
        line[size++] = '\n';

        r = send_line(fd, line, size, deadline);
        if (r < 0)
                return r;
        r = receive_line(fd, line, deadline);
        if (r < 0)
                return r;

        r = json_parse(line, strlen(line), &answer);
        if (r < 0)
                return r;
        if (!json_is_object(answer))
                return -EBADMSG;
        *ret = TAKE_PTR(answer);
        return 0;
}
