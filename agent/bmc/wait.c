/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "wait.h"

uint64_t wait_until(const struct wait *w, uint64_t usec) {
        uint64_t now = now_usec();

        return usec > USEC_INFINITY - now ? w->deadline : MIN(now + usec, w->deadline);
}

/* Returns 1 when there was a value, 0 when not. */
static int take(int fd, uint64_t *ret) {
        if (fd < 0)
                return 0;
        if (eventfd_read(fd, ret) < 0)
                return errno == EAGAIN ? 0 : -errno;

        return 1;
}

int wait_take(struct wait *w) {
        uint64_t value;
        int r;

        r = take(w->records_fd, &value);
        if (r < 0)
                return r;
        if (r > 0)
                w->records += value;

        r = take(w->close_fd, &value);
        if (r < 0)
                return r;
        if (r > 0) {
                w->closing = true;
                w->deadline = wait_until(w, value);
        }

        return 0;
}

/* Returns 1 when fd is ready, 0 when the agent has said something, -ETIMEDOUT, a negative errno. */
static int wait_once(struct wait *w, int fd, short events, uint64_t until) {
        struct pollfd fds[] = {
                {.fd = fd, .events = events},
                {.fd = w->records_fd, .events = POLLIN},
                {.fd = w->close_fd, .events = POLLIN},
        };
        uint64_t end = MIN(until, w->deadline), now = now_usec(), left = end > now ? end - now : 0;
        int r, n;

        /* Rounded up, so that the last millisecond is no busy loop. */
        n = poll(fds, ELEMENTSOF(fds),
                 end == USEC_INFINITY ? -1 : (int) MIN((left + 999) / USEC_PER_MSEC, (uint64_t) INT32_MAX));
        if (n < 0)
                return errno == EINTR ? 0 : -errno;

        r = wait_take(w);
        if (r < 0)
                return r;
        if (fds[0].revents != 0)
                return 1;

        return n == 0 && now_usec() >= end ? -ETIMEDOUT : 0;
}

int wait_for(struct wait *w, int fd, short events, uint64_t until) {
        int r;

        do
                r = wait_once(w, fd, events, until);
        while (r == 0);

        return r < 0 ? r : 0;
}

int wait_for_records(struct wait *w, uint64_t n, uint64_t until) {
        while (w->records <= n && !w->closing) {
                int r = wait_once(w, -EBADF, 0, until);

                if (r < 0)
                        return r;
        }

        return 0;
}
