/* SPDX-License-Identifier: GPL-3.0-or-later */
/* event.h: one process, one thread, many things to wait for: file descriptors and times, each with a
 * callback. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "macro.h"

struct event;
struct event_source;

/* Called when fd is ready (revents as epoll gives them), or with fd -1 when a time has come. A negative
 * return ends event_iterate() with that error. It may free its own source or any other. */
typedef int (*event_callback_t)(struct event_source *source, int fd, uint32_t revents, void *userdata);

/* Returns 0, a negative errno. */
int event_new(struct event **ret);

/* Frees the loop; the sources must be gone before. */
struct event *event_free(struct event *e);
DEFINE_CLEANUP(struct event *, event_free);

/* Calls callback whenever fd has events (EPOLLIN, EPOLLOUT). fd stays the caller's. Returns 0, a negative
 * errno. */
int event_add_io(struct event *e, int fd, uint32_t events, event_callback_t callback, void *userdata,
                 struct event_source **ret);

/* Calls callback once, usec from now. Returns 0, a negative errno. */
int event_add_timer(struct event *e, uint64_t usec, event_callback_t callback, void *userdata,
                    struct event_source **ret);

/* Sets the timer anew, usec from now; USEC_INFINITY stops it. Returns 0, a negative errno. */
int event_source_set_timer(struct event_source *source, uint64_t usec);

/* Removes it: its callback is not called again. Takes NULL, returns NULL. */
struct event_source *event_source_free(struct event_source *source);
DEFINE_CLEANUP(struct event_source *, event_source_free);

/* Waits until something is ready, at most timeout_usec (USEC_INFINITY: for ever), and calls the callbacks.
 * Returns 1 when any was called, 0 after the time, a negative errno (a callback's own among them). */
int event_iterate(struct event *e, uint64_t timeout_usec);
