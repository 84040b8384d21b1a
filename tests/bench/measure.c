/* SPDX-License-Identifier: GPL-3.0-or-later */
/* measure ROUNDS COMMAND...: runs the commands, each of them one argument for the shell's words without
 * quotes, in turns, and prints a line of JSON for each run: which it was, wall and processor time in
 * microseconds, and the largest resident set of a process in KiB. Their output goes to /dev/null. For a
 * guest, whose busybox counts hundredths of a second. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16

static int64_t usec_of(const struct timeval *t) {
        return (int64_t) t->tv_sec * 1000000 + t->tv_usec;
}

static int64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void run(char *command) {
        char *argv[ARGUMENTS_MAX + 1] = {}, *saved;
        size_t n = 0;
        int fd;

        for (char *word = strtok_r(command, " ", &saved); word && n < ARGUMENTS_MAX;
             word = strtok_r(NULL, " ", &saved))
                argv[n++] = word;

        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
                _exit(126);

        execvp(argv[0], argv);
        _exit(127);
}

static int measure(int which, const char *command) {
        int64_t started = now_usec();
        struct rusage usage;
        int status;
        pid_t pid;

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                run(strdup(command));

        if (wait4(pid, &status, 0, &usage) < 0)
                return -errno;

        printf("{\"command\": %d, \"status\": %d, \"wall_us\": %" PRId64 ", \"cpu_us\": %" PRId64
               ", \"rss_kib\": %ld}\n",
               which, status, now_usec() - started, usec_of(&usage.ru_utime) + usec_of(&usage.ru_stime),
               usage.ru_maxrss);
        return 0;
}

int main(int argc, char **argv) {
        for (int round = argc > 1 ? atoi(argv[1]) : 0; round > 0; round--)
                for (int i = 2; i < argc; i++)
                        if (measure(i - 2, argv[i]) < 0)
                                return 1;

        return fflush(stdout) == 0 ? 0 : 1;
}
