/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"
#include "console.h"
#include "crash.h"

static void say(const char *text) {
        ssize_t n _unused_ = write(STDERR_FILENO, text, strlen(text));
}

void crash(const char *reason) {
        sigset_t none;
        pid_t shell;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);

        say("\r\nseatrial: PID 1 has crashed (");
        say(reason);
        say("); a shell follows, and \"reboot -f\" is the way out\r\n");

        for (;;) {
                pid_t pid;

                shell = fork();
                if (shell == 0) {
                        (void) console_take("console");
                        execl("/bin/sh", "sh", NULL);
                        _exit(127);
                }

                do
                        pid = wait(NULL);
                while (pid >= 0 ? pid != shell : errno == EINTR);

                /* No process to wait for, and none to be had: nothing can be done but stay alive. */
                if (pid < 0)
                        pause();
        }
}

static void on_crash(int sig) {
        static volatile sig_atomic_t again;

        /* A second fault, within crash(): the memory of this process is of no use any more. */
        if (again)
                for (;;)
                        pause();
        again = 1;

        crash(sigabbrev_np(sig) ?: "unknown signal");
}

void crash_arm(void) {
        static const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGQUIT, SIGABRT, SIGSYS};
        struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_NODEFER};

        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                sigaction(signals[i], &action, NULL);
}
