/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "event.h"
#include "fd.h"
#include "text.h"

struct event {
        int epoll_fd;
        struct event_source
                *graveyard; /* freed within a callback, but perhaps still in the events being handled */
        bool dispatching;
};

struct event_source {
        struct event *event;
        event_callback_t callback;
        void *userdata;
        int fd;
        bool timer;
        bool dead;
        struct event_source *next_dead;
};

int event_new(struct event **ret) {
        struct event *e;

        e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;

        e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (e->epoll_fd < 0) {
                free(e);
                return -errno;
        }

        *ret = e;
        return 0;
}

struct event *event_free(struct event *e) {
        if (!e)
                return NULL;

        safe_close(e->epoll_fd);
        free(e);
        return NULL;
}

static int event_add(struct event *e, int fd, uint32_t events, bool timer, event_callback_t callback,
                     void *userdata, struct event_source **ret) {
        _cleanup_free_ struct event_source *source = NULL;
        struct epoll_event ev = {.events = events};

        source = calloc(1, sizeof(*source));
        if (!source)
                return -ENOMEM;

        *source = (struct event_source){
                .event = e,
                .callback = callback,
                .userdata = userdata,
                .fd = fd,
                .timer = timer,
        };

        ev.data.ptr = source;
        if (epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
                return -errno;

        *ret = TAKE_PTR(source);
        return 0;
}

int event_add_io(struct event *e, int fd, uint32_t events, event_callback_t callback, void *userdata,
                 struct event_source **ret) {
        return event_add(e, fd, events, false, callback, userdata, ret);
}

int event_add_timer(struct event *e, uint64_t usec, event_callback_t callback, void *userdata,
                    struct event_source **ret) {
        _cleanup_(event_source_freep) struct event_source *source = NULL;
        int fd, r;

        fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (fd < 0)
                return -errno;

        r = event_add(e, fd, EPOLLIN, true, callback, userdata, &source);
        if (r < 0) {
                safe_close(fd);
                return r;
        }

        r = event_source_set_timer(source, usec);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(source);
        return 0;
}

int event_source_set_timer(struct event_source *source, uint64_t usec) {
        struct itimerspec its = {};

        if (usec != USEC_INFINITY) {
                its.it_value.tv_sec = (time_t) (usec / USEC_PER_SEC);
                /* A value of zero would disarm the timer; what is due at once is due in a nanosecond. */
                its.it_value.tv_nsec = (long) (usec % USEC_PER_SEC) * 1000 + (usec == 0);
        }

        return timerfd_settime(source->fd, 0, &its, NULL) < 0 ? -errno : 0;
}

struct event_source *event_source_free(struct event_source *source) {
        struct event *e;

        if (!source || source->dead)
                return NULL;

        e = source->event;
        epoll_ctl(e->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
        if (source->timer)
                safe_close(source->fd);

        if (e->dispatching) {
                source->dead = true;
                source->next_dead = e->graveyard;
                e->graveyard = source;
        } else
                free(source);

        return NULL;
}

static void event_bury(struct event *e) {
        while (e->graveyard) {
                struct event_source *source = e->graveyard;

                e->graveyard = source->next_dead;
                free(source);
        }
}

/* epoll counts in milliseconds: rounded up, so that a wait is never cut short and then done again and again.
 */
static int timeout_msec(uint64_t usec) {
        if (usec == USEC_INFINITY)
                return -1;

        return (int) MIN((usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC, (uint64_t) INT32_MAX);
}

int event_iterate(struct event *e, uint64_t timeout_usec) {
        struct epoll_event events[16];
        bool nested = e->dispatching;
        int n, r = 0;

        do
                n = epoll_wait(e->epoll_fd, events, ELEMENTSOF(events), timeout_msec(timeout_usec));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        e->dispatching = true;
        for (int i = 0; i < n && r >= 0; i++) {
                struct event_source *source = events[i].data.ptr;
                uint64_t expirations;

                if (source->dead)
                        continue;

                if (source->timer && read(source->fd, &expirations, sizeof(expirations)) < 0)
                        continue;

                r = source->callback(source, source->timer ? -1 : source->fd, events[i].events,
                                     source->userdata);
        }
        e->dispatching = nested;

        if (!nested)
                event_bury(e);

        return r < 0 ? r : n > 0;
}
