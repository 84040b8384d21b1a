/* SPDX-License-Identifier: GPL-3.0-or-later */
/* child.h: runs a function in a process of its own, so that a crash, a hang or a SIGBUS from bad memory costs
 * that one function and becomes a result. What the child has to tell it writes as JSON objects, in messages
 * (message.h), to its report fd. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "json.h"
#include "macro.h"

struct child;
struct event;

/* What runs in the child. report_fd takes messages. A negative return is an errno; 0 is success. */
typedef int (*child_main_t)(int report_fd, void *userdata);

struct child_handler {
        /* A message from the child; the reference stays the caller's. */
        void (*message)(struct child *child, const json_t *message, void *userdata);

        /* A line that the child, or a library in it, wrote to standard output or standard error. */
        void (*text)(struct child *child, const char *line, void *userdata);
};

enum child_state {
        CHILD_RUNNING,
        CHILD_EXITED,    /* .error: 0 or the negative errno that its function returned */
        CHILD_KILLED,    /* .signal */
        CHILD_TIMED_OUT, /* killed by us after its time */
        CHILD_BROKEN,    /* what it reported was no JSON object: killed by us */
};

struct child_result {
        enum child_state state;
        int error;
        int signal;
        uint64_t usec; /* how long it ran */
};

/* Forks and runs function(report_fd, function_data) with a limit of timeout_usec (USEC_INFINITY: none). The
 * child dies with its parent. handler (with userdata) must live as long as the child. Returns 0, a negative
 * errno. */
int child_start(struct event *e, const char *name, uint64_t timeout_usec, child_main_t function,
                void *function_data, const struct child_handler *handler, void *userdata, struct child **ret);

const char *child_name(const struct child *child);
pid_t child_pid(const struct child *child);

/* True once it has ended and all that it wrote has been handed on, or once it has been killed and does not
 * die, since it hangs in the kernel on a device. */
bool child_done(const struct child *child);

/* Runs the loop until the child is done. Returns 0 and sets *ret, a negative errno from the loop. */
int child_wait(struct child *child, struct child_result *ret);

/* How it ended; for one that still runs, .state is CHILD_RUNNING. */
void child_get_result(const struct child *child, struct child_result *ret);

/* "exited", "was killed by signal 11 (Segmentation fault)", "ran longer than 30.0 s", ... NULL when memory is
 * short. */
char *child_result_describe(const struct child *child);

/* Kills it if it still runs, reaps it unless it does not die, frees it. */
struct child *child_free(struct child *child);
DEFINE_CLEANUP(struct child *, child_free);

/* The same for one that has said all it had to say: should it hang in the kernel, it is left behind at once.
 */
struct child *child_abandon(struct child *child);

/* In the child: writes message, whose reference is taken in every case. Returns 0, a negative errno. */
int child_report(int report_fd, json_t *message);
