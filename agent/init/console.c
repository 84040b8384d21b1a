/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "console.h"

void consoles_parse(const char *active, struct consoles *ret) {
        *ret = (struct consoles){};

        while (ret->n_names < CONSOLES_MAX) {
                size_t length;

                active += strspn(active, " \t\n");
                length = strcspn(active, " \t\n");
                if (length == 0)
                        break;

                if (length < sizeof(ret->names[0]) && !memchr(active, '/', length)) {
                        memcpy(ret->names[ret->n_names], active, length);
                        ret->n_names++;
                }
                active += length;
        }
}

void consoles_get(struct consoles *ret) {
        _cleanup_free_ char *active = NULL;

        if (read_line_file("/sys/class/tty/console/active", &active) >= 0)
                consoles_parse(active, ret);
        else
                *ret = (struct consoles){};

        if (ret->n_names == 0) {
                strcpy(ret->names[0], "console");
                ret->n_names = 1;
        }
}

/* Whatever a crashed program, or the firmware, has left behind. */
static void console_reset(int fd) {
        struct termios t;

        if (tcgetattr(fd, &t) < 0)
                return;

        t.c_iflag = (t.c_iflag | ICRNL | BRKINT) & (tcflag_t) ~(IGNCR | INLCR | IXOFF);
        t.c_oflag |= OPOST | ONLCR;
        t.c_lflag |= ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
        t.c_cflag |= CREAD | CLOCAL;
        t.c_cc[VINTR] = 003;
        t.c_cc[VQUIT] = 034;
        t.c_cc[VERASE] = 0177;
        t.c_cc[VKILL] = 025;
        t.c_cc[VEOF] = 004;
        t.c_cc[VSUSP] = 032;
        tcsetattr(fd, TCSANOW, &t);
}

/* Without waiting for a serial line's carrier. */
static int console_open(const char *name) {
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/dev/%s", name);
        fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

int console_probe(const char *name) {
        _cleanup_close_ int fd = console_open(name);

        return fd < 0 ? fd : 0;
}

int console_take(const char *name) {
        _cleanup_close_ int fd = -EBADF;

        if (setsid() < 0)
                return -errno;

        fd = console_open(name);
        if (fd < 0)
                return fd;

        (void) fd_set_nonblock(fd, false);
        console_reset(fd);

        /* /dev/console itself can be nobody's controlling terminal; without one, Ctrl-C does not work, no
         * more. */
        (void) ioctl(fd, TIOCSCTTY, 1);

        for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
                if (dup2(fd, i) < 0)
                        return -errno;

        return 0;
}
