/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "rescue.h"

static void _noreturn_ shell_run(const char *console, const char *reason) {
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);

        if (console_take(console) < 0)
                _exit(1);

        printf("\n"
               "seatrial: rescue shell: %s\n"
               "\n"
               "  seatrial report     what happened        seatrial plan    the settings\n"
               "  seatrial inventory  the machine          seatrial --help  all commands\n"
               "  exit                start over           reboot, poweroff\n"
               "\n",
               reason);
        fflush(stdout);

        setenv("PS1", "rescue# ", 1);
        execl("/bin/sh", "-sh", NULL);
        perror("seatrial: /bin/sh");
        _exit(127);
}

int rescue_start(struct rescue *rescue, const char *reason) {
        int r = -ENODEV;

        *rescue = (struct rescue){};
        consoles_get(&rescue->consoles);

        /* A shell that ends at once would count as left by a person, again and again. */
        if (access("/bin/sh", X_OK) < 0)
                return -errno;

        for (size_t i = 0; i < rescue->consoles.n_names; i++) {
                pid_t pid;

                if (console_probe(rescue->consoles.names[i]) < 0)
                        continue;

                pid = fork();
                if (pid == 0)
                        shell_run(rescue->consoles.names[i], reason);
                if (pid < 0) {
                        r = -errno;
                        continue;
                }

                rescue->shells[i] = pid;
                r = 0;
        }

        return r;
}

bool rescue_reaped(struct rescue *rescue, pid_t pid) {
        for (size_t i = 0; i < rescue->consoles.n_names; i++)
                if (rescue->shells[i] == pid) {
                        rescue->shells[i] = 0;
                        return true;
                }

        return false;
}

void rescue_stop(struct rescue *rescue) {
        for (size_t i = 0; i < rescue->consoles.n_names; i++)
                if (rescue->shells[i] > 0)
                        kill(-rescue->shells[i], SIGKILL); /* its session's process group */
}
