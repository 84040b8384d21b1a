/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "event.h"
#include "fd.h"
#include "lines.h"
#include "message.h"
#include "text.h"

/* One message holds a whole inventory part at most. */
#define MESSAGE_MAX (4U * 1024 * 1024)
#define TEXT_MAX    4096U

/* How long a killed child may take to die: one that had all of a machine's memory gives it back in seconds,
 * and one that waits for a hung device does so in the kernel, perhaps for ever. */
#define DEATH_LIMIT (10 * USEC_PER_SEC)

/* How long one may take that nobody waits for: what dies at all, and has little to give back, does so at
 * once. */
#define ABANDON_LIMIT (100 * USEC_PER_MSEC)

struct stream {
        int fd;
        struct messages messages; /* of the report */
        struct lines lines;       /* of the text */
        struct event_source *source;
};

struct child {
        struct event *event;
        char *name;
        const struct child_handler *handler;
        void *userdata;

        pid_t pid;
        int pid_fd;
        struct event_source *pid_source, *timer;
        struct stream report, text;

        uint64_t started, timeout;
        bool timed_out, broken, killed, reaped;
        bool abandoned; /* it did not die: left to whoever inherits it */
        siginfo_t status;
        uint64_t ended;
};

static void stream_close(struct stream *stream) {
        stream->source = event_source_free(stream->source);
        stream->fd = safe_close(stream->fd);
        messages_done(&stream->messages);
        lines_done(&stream->lines);
}

static int on_message(const json_t *message, void *userdata) {
        struct child *child = userdata;

        if (!json_is_object(message))
                return -EBADMSG;

        child->handler->message(child, message, child->userdata);
        return 0;
}

static int on_text(char *line, size_t size, void *userdata) {
        _cleanup_free_ char *clean = NULL;
        struct child *child = userdata;

        clean = text_sanitize(line, size);
        if (!clean)
                return -ENOMEM;

        if (*clean)
                child->handler->text(child, clean, child->userdata);
        return 0;
}

static int on_timeout(struct event_source *source, int fd, uint32_t revents, void *userdata);

/* Returns 0, a negative errno when its death could not be given a limit. */
static int child_kill(struct child *child) {
        if (child->reaped || child->killed)
                return 0;

        syscall(SYS_pidfd_send_signal, child->pid_fd, SIGKILL, NULL, 0U);
        child->killed = true;
        return child->timer ? event_source_set_timer(child->timer, DEATH_LIMIT)
                            : event_add_timer(child->event, DEATH_LIMIT, on_timeout, child, &child->timer);
}

static int on_report_readable(struct event_source *source _unused_, int fd, uint32_t revents _unused_,
                              void *userdata) {
        struct child *child = userdata;
        int r;

        r = messages_read(&child->report.messages, fd, MESSAGE_MAX, on_message, child);
        if (r == -EBADMSG || r == -EMSGSIZE) {
                child->broken = true;
                stream_close(&child->report);
                return child_kill(child);
        }
        if (r == 0)
                stream_close(&child->report);

        return r == -EAGAIN ? 0 : r;
}

static int on_text_readable(struct event_source *source _unused_, int fd, uint32_t revents _unused_,
                            void *userdata) {
        struct child *child = userdata;
        int r;

        r = lines_read(&child->text.lines, fd, TEXT_MAX, on_text, child);
        if (r == -EMSGSIZE) {
                /* Text is for people: an endless line is cut and goes on. */
                child->text.lines.size = 0;
                r = 1;
        }
        if (r == 0)
                stream_close(&child->text);

        return r == -EAGAIN ? 0 : r;
}

/* Hands on what the ended child has written. Its pipes may never come to their end: a process that it has
 * started, and that hangs on a device, holds them open. */
static int stream_drain(struct child *child, struct stream *stream, event_callback_t callback) {
        while (stream->fd >= 0) {
                struct pollfd pending = {.fd = stream->fd, .events = POLLIN};
                int r = poll(&pending, 1, 0);

                if (r < 0 && errno != EINTR)
                        return -errno;
                if (r == 0)
                        break;
                if (r < 0)
                        continue;

                r = callback(stream->source, stream->fd, POLLIN, child);
                if (r < 0)
                        return r;
        }

        stream_close(stream);
        return 0;
}

static int on_exit_(struct event_source *source _unused_, int fd, uint32_t revents _unused_, void *userdata) {
        struct child *child = userdata;
        int r;

        if (waitid(P_PIDFD, (id_t) fd, &child->status, WEXITED) < 0)
                return -errno;

        child->reaped = true;
        child->ended = now_usec();
        child->pid_source = event_source_free(child->pid_source);
        child->timer = event_source_free(child->timer);

        r = stream_drain(child, &child->report, on_report_readable);
        if (r < 0)
                return r;

        return stream_drain(child, &child->text, on_text_readable);
}

static int on_timeout(struct event_source *source _unused_, int fd _unused_, uint32_t revents _unused_,
                      void *userdata) {
        struct child *child = userdata;

        if (!child->killed) {
                child->timed_out = true;
                return child_kill(child);
        }

        child->abandoned = true;
        child->ended = now_usec();
        child->pid_source = event_source_free(child->pid_source);
        child->timer = event_source_free(child->timer);
        stream_close(&child->report);
        stream_close(&child->text);
        return 0;
}

static void _noreturn_ child_run(pid_t parent, int report_fd, int text_fd, child_main_t function,
                                 void *function_data) {
        sigset_t none;
        int null_fd, r;

        /* A parent that was gone before this call sends no signal any more: then go as well. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                _exit(ESRCH);

        for (int s = 1; s < NSIG; s++)
                signal(s, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_IGN);

        null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (null_fd >= 0)
                dup2(null_fd, STDIN_FILENO);
        dup2(text_fd, STDOUT_FILENO);
        dup2(text_fd, STDERR_FILENO);

        r = function(report_fd, function_data);

        fflush(stdout);
        _exit(r < 0 ? MIN(-r, 255) : 0);
}

static int stream_add(struct child *child, struct stream *stream, int fd, event_callback_t callback) {
        int r;

        stream->fd = fd;
        r = fd_set_nonblock(fd, true);
        if (r < 0)
                return r;

        return event_add_io(child->event, fd, EPOLLIN, callback, child, &stream->source);
}

int child_start(struct event *e, const char *name, uint64_t timeout_usec, child_main_t function,
                void *function_data, const struct child_handler *handler, void *userdata,
                struct child **ret) {
        _cleanup_(child_freep) struct child *child = NULL;
        _cleanup_close_ int report_read = -EBADF, report_write = -EBADF, text_read = -EBADF,
                            text_write = -EBADF;
        pid_t parent = getpid();
        int pipe_fds[2], r;

        child = calloc(1, sizeof(*child));
        if (!child)
                return -ENOMEM;

        *child = (struct child){
                .event = e,
                .handler = handler,
                .userdata = userdata,
                .pid_fd = -EBADF,
                .report.fd = -EBADF,
                .text.fd = -EBADF,
                .started = now_usec(),
                .timeout = timeout_usec,
                .reaped = true,
        };

        child->name = strdup(name);
        if (!child->name)
                return -ENOMEM;

        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return -errno;
        report_read = pipe_fds[0];
        report_write = pipe_fds[1];

        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return -errno;
        text_read = pipe_fds[0];
        text_write = pipe_fds[1];

        fflush(NULL);
        child->pid = fork();
        if (child->pid < 0)
                return -errno;
        if (child->pid == 0)
                child_run(parent, report_write, text_write, function, function_data);

        child->reaped = false;
        child->pid_fd = (int) syscall(SYS_pidfd_open, child->pid, 0U);
        if (child->pid_fd < 0)
                return -errno;

        r = event_add_io(e, child->pid_fd, EPOLLIN, on_exit_, child, &child->pid_source);
        if (r < 0)
                return r;

        r = stream_add(child, &child->report, TAKE_FD(report_read), on_report_readable);
        if (r < 0)
                return r;

        r = stream_add(child, &child->text, TAKE_FD(text_read), on_text_readable);
        if (r < 0)
                return r;

        if (timeout_usec != USEC_INFINITY) {
                r = event_add_timer(e, timeout_usec, on_timeout, child, &child->timer);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(child);
        return 0;
}

const char *child_name(const struct child *child) {
        return child->name;
}

pid_t child_pid(const struct child *child) {
        return child->pid;
}

bool child_done(const struct child *child) {
        return (child->reaped || child->abandoned) && child->report.fd < 0 && child->text.fd < 0;
}

int child_wait(struct child *child, struct child_result *ret) {
        while (!child_done(child)) {
                int r = event_iterate(child->event, USEC_INFINITY);

                if (r < 0)
                        return r;
        }

        child_get_result(child, ret);
        return 0;
}

void child_get_result(const struct child *child, struct child_result *ret) {
        *ret = (struct child_result){.state = CHILD_RUNNING, .usec = now_usec() - child->started};

        if (!child->reaped && !child->abandoned)
                return;

        ret->usec = child->ended - child->started;
        if (child->timed_out)
                ret->state = CHILD_TIMED_OUT;
        else if (child->broken)
                ret->state = CHILD_BROKEN;
        else if (child->status.si_code == CLD_EXITED) {
                ret->state = CHILD_EXITED;
                ret->error = -child->status.si_status;
        } else {
                ret->state = CHILD_KILLED;
                ret->signal = child->status.si_status;
        }
}

char *child_result_describe(const struct child *child) {
        struct child_result result;

        child_get_result(child, &result);
        switch (result.state) {
        case CHILD_RUNNING:
                return strdup("is running");
        case CHILD_TIMED_OUT:
                return strprintf("ran longer than its limit of %s%s", FORMAT_DURATION(child->timeout),
                                 child->abandoned ? ", and hangs in the kernel, where it cannot be ended"
                                                  : "");
        case CHILD_BROKEN:
                return strdup("sent a report that is no JSON object");
        case CHILD_KILLED:
                return strprintf("was killed by signal %d (%s)", result.signal, strsignal(result.signal));
        case CHILD_EXITED:
                break;
        }

        return result.error < 0 ? strprintf("failed: %s", strerror(-result.error)) : strdup("exited");
}

/* Kills it, and reaps it unless it does not die. */
static void child_end_within(struct child *child, uint64_t limit_usec) {
        struct pollfd death = {.fd = child->pid_fd, .events = POLLIN};
        int n = 1;

        kill(child->pid, SIGKILL);
        if (child->pid_fd >= 0)
                do
                        n = poll(&death, 1, (int) (limit_usec / USEC_PER_MSEC));
                while (n < 0 && errno == EINTR);
        if (n > 0)
                while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
}

struct child *child_abandon(struct child *child) {
        if (!child)
                return NULL;

        if (!child->reaped)
                child_end_within(child, ABANDON_LIMIT);

        child->abandoned = true;
        return child_free(child);
}

struct child *child_free(struct child *child) {
        if (!child)
                return NULL;

        if (!child->reaped && !child->abandoned)
                child_end_within(child, DEATH_LIMIT);

        stream_close(&child->report);
        stream_close(&child->text);
        event_source_free(child->pid_source);
        event_source_free(child->timer);
        safe_close(child->pid_fd);
        free(child->name);
        free(child);
        return NULL;
}

int child_report(int report_fd, json_t *message) {
        _cleanup_json_ json_t *owned = message;

        return owned ? message_write(report_fd, owned) : -ENOMEM;
}
