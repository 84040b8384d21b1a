/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/efi-variable.h"
#include "base/event.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/outcome.h"
#include "base/text.h"
#include "bmc/kept.h"
#include "console.h"
#include "crash.h"
#include "guard.h"
#include "init.h"
#include "journal/mark.h"
#include "mounts.h"
#include "rescue.h"

#define KLOG_SET_CONSOLE_LEVEL 8
#define KLOG_ERRORS_ONLY       4

#define LAST_WORDS_USEC (2 * USEC_PER_SEC)

struct init {
        struct event *event;
        int signal_fd;
        struct event_source *signal_source;
        struct guard *guard;
        pid_t agent; /* 0: it does not run */
        struct rescue rescue;
};

static void _noreturn_ agent_run(int heartbeat_fd) {
        struct consoles consoles;
        char heartbeat[16];
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);

        consoles_get(&consoles);
        if (console_take(consoles.names[consoles.n_names - 1]) < 0)
                (void) console_take("console");

        snprintf(heartbeat, sizeof(heartbeat), "%d", heartbeat_fd);
        (void) fcntl(heartbeat_fd, F_SETFD, 0); /* it goes with the program, unlike all others */
        execl("/proc/self/exe", "seatrial", "run", "--heartbeat", heartbeat, NULL);
        perror("seatrial: /proc/self/exe");
        _exit(127);
}

static void agent_start(struct init *init) {
        _cleanup_close_ int heartbeat_fd = -EBADF;
        pid_t pid;

        if (guard_begin(init->guard, &heartbeat_fd) < 0)
                crash("no socket can be made");

        pid = fork();
        if (pid == 0)
                agent_run(heartbeat_fd);
        if (pid < 0)
                crash("no process can be made");

        init->agent = pid;
}

/* Nothing that may happen from here on is unexpected: what the mark of a boot that ends without notice is
 * for. */
static void end_watch(struct init *init, int (*end)(struct guard *guard)) {
        int r;

        r = end(init->guard);
        if (r < 0)
                log_error(r, "the BMC's watchdog may still be running, and reset this machine");

        r = mark_remove(EFI_VARIABLE_ROOT);
        if (r < 0 && r != -EOPNOTSUPP)
                log_error(r, "the next boot will report this one as ended without notice");
}

static void rescue(struct init *init, const char *reason) {
        int r;

        end_watch(init, guard_end);
        r = rescue_start(&init->rescue, reason);
        if (r < 0)
                crash(reason);
}

/* Ends everything but PID 1. */
static void kill_all(void) {
        static const int signals[] = {SIGTERM, SIGKILL};
        struct timespec limit = {.tv_sec = (time_t) (LAST_WORDS_USEC / USEC_PER_SEC)};
        sigset_t chld;

        sigemptyset(&chld);
        sigaddset(&chld, SIGCHLD);

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                kill(-1, SIGCONT);
                kill(-1, signals[i]);

                for (;;) {
                        pid_t pid = waitpid(-1, NULL, WNOHANG);

                        if (pid < 0)
                                return;
                        if (pid == 0 && sigtimedwait(&chld, NULL, &limit) < 0)
                                break;
                }
        }
}

static void forget_session(void) {
        int r;

        r = kept_forget(KEPT_FILE);
        if (r < 0)
                log_error(r, "the BMC's account may still be in memory");
}

static void leave(struct init *init, int command, const char *what) {
        _cleanup_free_ char *reason = NULL;

        kill_all();
        forget_session();
        end_watch(init, command == (int) RB_KEXEC ? guard_hand_over : guard_end);
        sync();
        fflush(stdout);
        terminal_drain(STDOUT_FILENO);
        (void) reboot(command);

        reason = strprintf("%s did not happen: %s", what, strerror(errno));
        rescue(init, reason ?: what);
}

static void act_on(struct init *init, const struct outcome *outcome) {
        /* Before it is said that the machine is somebody else's now. */
        if (outcome->action != OUTCOME_RESCUE)
                forget_session();

        switch (outcome->action) {
        case OUTCOME_KEXEC:
                printf("\nseatrial: starting %s\n\n", outcome->reason);
                leave(init, RB_KEXEC, "kexec");
                break;
        case OUTCOME_POWEROFF:
                printf("\nseatrial: power off: %s\n", outcome->reason);
                leave(init, RB_POWER_OFF, "power-off");
                break;
        case OUTCOME_REBOOT:
                printf("\nseatrial: reboot: %s\n", outcome->reason);
                leave(init, RB_AUTOBOOT, "reboot");
                break;
        case OUTCOME_RESCUE:
                rescue(init, outcome->reason);
                break;
        }
}

static void agent_ended(struct init *init, int status) {
        _cleanup_(outcome_done) struct outcome outcome = {};
        _cleanup_free_ char *reason = NULL;

        init->agent = 0;

        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
                int r = outcome_take(&outcome);

                if (r >= 0) {
                        act_on(init, &outcome);
                        return;
                }
                reason = strprintf("the agent left no outcome: %s", strerror(-r));
        } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
                reason = strdup("interrupted at the console");
        else if (WIFSIGNALED(status))
                reason = strprintf("the agent was killed by signal %d (%s)", WTERMSIG(status),
                                   strsignal(WTERMSIG(status)));
        else
                reason = strprintf("the agent ended with status %d", WEXITSTATUS(status));

        rescue(init, reason ?: "the agent has ended");
}

static void reap(struct init *init) {
        pid_t pid;
        int status;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
                if (pid == init->agent)
                        agent_ended(init, status);
                else if (rescue_reaped(&init->rescue, pid)) {
                        /* The person has left the shell: over again, with the consoles to the agent alone. */
                        rescue_stop(&init->rescue);
                        init->rescue = (struct rescue){};
                        agent_start(init);
                }
        }
}

static void handle_signal(struct init *init, unsigned sig) {
        switch (sig) {
        case SIGCHLD:
                reap(init);
                break;
        case SIGTERM: /* what busybox' reboot sends */
        case SIGINT:  /* Ctrl-Alt-Del */
                leave(init, RB_AUTOBOOT, "reboot");
                break;
        case SIGUSR1: /* halt: a server that nobody can switch on again is of no use */
        case SIGUSR2: /* poweroff */
                leave(init, RB_POWER_OFF, "power-off");
                break;
        default:
                break;
        }
}

static int on_signal(struct event_source *source _unused_, int fd, uint32_t revents _unused_,
                     void *userdata) {
        struct signalfd_siginfo info;
        ssize_t n = read(fd, &info, sizeof(info));

        if (n == sizeof(info))
                handle_signal(userdata, info.ssi_signo);

        return n < 0 && errno != EINTR ? -errno : 0;
}

/* Without it each run of the agent asks the BMC for an account, of which it gives out one. */
static void keep_session(void) {
        int r;

        r = make_directories(STATE_DIRECTORY, 0700);
        if (r >= 0)
                r = kept_make(KEPT_FILE, KEPT_HANDED_ON);
        if (r < 0)
                log_error(r, KEPT_FILE " cannot be made");
}

static void prepare_events(struct init *init) {
        if (event_new(&init->event) < 0 ||
            event_add_io(init->event, init->signal_fd, EPOLLIN, on_signal, init, &init->signal_source) < 0 ||
            guard_new(init->event, &init->guard) < 0)
                crash("events cannot be waited for");
}

static void block_signals(struct init *init) {
        static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP};
        sigset_t set;

        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                sigaddset(&set, signals[i]);
        sigprocmask(SIG_SETMASK, &set, NULL);

        init->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
        if (init->signal_fd < 0)
                crash("no signalfd");
}

static void set_environment(void) {
        setenv("PATH", "/usr/bin:/usr/sbin:/bin:/sbin", 1);
        setenv("HOME", "/root", 1);
        setenv("SHELL", "/bin/sh", 1);
        /* What a serial console's far end almost always understands; the kernel would say "linux". */
        setenv("TERM", "vt220", 1);
}

/* The firmware leaves the console wherever it was. */
static void take_first_console(void) {
        int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

        for (int i = STDIN_FILENO; fd >= 0 && i <= STDERR_FILENO; i++)
                dup2(fd, i);
        if (fd > STDERR_FILENO)
                close(fd);
}

int verb_init(int argc _unused_, char **argv _unused_) {
        struct init init = {.signal_fd = -EBADF};

        if (getpid() != 1) {
                log_line("init is for PID 1 of the initramfs; \"seatrial run\" starts a run by hand");
                return 2;
        }

        crash_arm();
        block_signals(&init);
        set_environment();
        if (mount_all() < 0)
                crash("the machine cannot be seen without these");
        take_first_console();

        (void) reboot(RB_DISABLE_CAD);
        (void) klogctl(KLOG_SET_CONSOLE_LEVEL, NULL, KLOG_ERRORS_ONLY);
        if (sethostname("seatrial", STRLEN("seatrial")) < 0)
                log_error(-errno, "the host name cannot be set");

        prepare_events(&init);
        keep_session();
        agent_start(&init);

        while (event_iterate(init.event, USEC_INFINITY) >= 0)
                ;
        crash("events cannot be waited for any more");
}
