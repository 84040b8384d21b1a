/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <sys/socket.h>

#include "heartbeat.h"

int heartbeat_pair(int *ret_init, int *ret_agent) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -errno;

        *ret_init = fds[0];
        *ret_agent = fds[1];
        return 0;
}

int heartbeat_send(int fd, const void *message, size_t size) {
        return send(fd, message, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int heartbeat_receive(int fd, void *ret, size_t size) {
        ssize_t n;

        do
                n = recv(fd, ret, size, MSG_TRUNC);
        while (n < 0 && errno == EINTR);

        if (n < 0)
                return errno == EAGAIN ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
        if (n == 0)
                return -EPIPE;

        return (size_t) n == size ? 1 : -EBADMSG;
}
