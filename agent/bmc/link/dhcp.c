/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lines.h"
#include "base/text.h"
#include "bmc/wait.h"
#include "dhcp.h"

#define CLIENT   "/bin/busybox"
#define LINE_MAX 2048U

/* As whom a boot server knows a machine that boots x86-64 (RFC 4578, type 7), with a user class (RFC 3004) of
 * our own: a server can have other files for a program that starts Linux than for the firmware. */
#define VENDOR_CLASS "PXEClient:Arch:00007:UNDI:003016"
#define ARCHITECTURE "0x5d:0007"
#define USER_CLASS   "0x4d:736561747269616c" /* "seatrial" */

/* Time for telling the server that the lease is not needed any more. */
#define RELEASE_LIMIT 500 /* ms */

struct dhcp {
        pid_t pid;
        int pid_fd, events_fd;
        struct lines lines;
        struct dhcp_lease lease;
        int state; /* 1: there is a lease; 0: not yet; -EBADMSG */
};

/* The value of NAME=VALUE among the words of text into value. Returns false when there is none, or none that
 * has room there. */
static bool get_word(const char *text, const char *name, char *value, size_t size) {
        const char *p = text;
        size_t length;

        for (;;) {
                p = strchr(p, ' ');
                if (!p)
                        return false;
                p++;
                if (startswith(p, name) && p[strlen(name)] == '=')
                        break;
        }

        p += strlen(name) + 1;
        length = strcspn(p, " ");
        if (length == 0 || length >= size)
                return false;

        memcpy(value, p, length);
        value[length] = 0;
        return true;
}

static bool parse_address(const char *word, struct ip_address *ret) {
        struct ip_address ip = {.family = AF_INET};

        if (inet_pton(AF_INET, word, ip.bytes) != 1 || ip_is_unset(&ip))
                return false;

        *ret = ip;
        return true;
}

static bool get_address(const char *text, const char *name, struct ip_address *ret) {
        char word[INET_ADDRSTRLEN];

        return get_word(text, name, word, sizeof(word)) && parse_address(word, ret);
}

/* With commas between. */
static void get_name_servers(const char *text, struct dhcp_lease *lease) {
        char words[DHCP_TEXT_MAX], *rest = words, *word;

        if (!get_word(text, "dns", words, sizeof(words)))
                return;

        while (lease->n_name_servers < DHCP_NAME_SERVERS_MAX && (word = strsep(&rest, ",")))
                if (parse_address(word, &lease->name_servers[lease->n_name_servers]))
                        lease->n_name_servers++;
}

static void get_boot(const char *text, struct dhcp_lease *lease) {
        (void) get_address(text, "router", &lease->router);
        get_name_servers(text, lease);
        (void) get_word(text, "bootserver", lease->boot_server, sizeof(lease->boot_server));
        (void) get_word(text, "bootfile", lease->boot_file, sizeof(lease->boot_file));
        (void) get_word(text, "configfile", lease->config_file, sizeof(lease->config_file));
        (void) get_word(text, "pathprefix", lease->path_prefix, sizeof(lease->path_prefix));
}

int dhcp_parse(const char *line, struct dhcp_lease *ret) {
        struct dhcp_lease lease = {};
        struct ip_address mask;

        if (!startswith(line, "bound ") && !startswith(line, "renew "))
                return 0;

        if (!get_address(line, "ip", &lease.address) || !get_address(line, "subnet", &mask) ||
            ip_mask_to_prefix(&mask, &lease.prefix) < 0)
                return -EBADMSG;
        (void) get_address(line, "serverid", &lease.server);
        get_boot(line, &lease);

        *ret = lease;
        return 1;
}

static int on_line(char *line, size_t size _unused_, void *userdata) {
        struct dhcp *dhcp = userdata;
        int r;

        r = dhcp_parse(line, &dhcp->lease);
        if (r != 0)
                dhcp->state = r;
        return 0;
}

/* In the child. */
static void _noreturn_ run_client(pid_t parent, int events_fd, const char *interface,
                                  enum dhcp_purpose purpose, const char *script) {
        int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        sigset_t none;

        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent || null_fd < 0)
                _exit(1);

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        dup2(null_fd, STDIN_FILENO);
        dup2(events_fd, STDOUT_FILENO);
        dup2(null_fd, STDERR_FILENO);

        /* In the foreground, -f; give the lease back at the end, -R; five attempts a second apart, then give
         * up, -n; of all options only those named, -o. */
        if (purpose == DHCP_BOOT)
                execl(CLIENT, "udhcpc", "-f", "-R", "-n", "-t", "5", "-T", "1", "-o", "-O", "subnet", "-O",
                      "router", "-O", "dns", "-O", "tftp", "-O", "bootfile", "-O", "pxeconffile", "-O",
                      "pxepathprefix", "-V", VENDOR_CLASS, "-x", ARCHITECTURE, "-x", USER_CLASS, "-i",
                      interface, "-s", script, NULL);
        else
                execl(CLIENT, "udhcpc", "-f", "-R", "-n", "-t", "5", "-T", "1", "-o", "-O", "subnet", "-i",
                      interface, "-s", script, NULL);
        _exit(127);
}

int dhcp_start(const char *interface, enum dhcp_purpose purpose, const char *script, struct dhcp **ret) {
        _cleanup_(dhcp_freep) struct dhcp *dhcp = NULL;
        _cleanup_close_ int events_fd = -EBADF;
        pid_t parent = getpid();
        int fds[2];

        dhcp = malloc(sizeof(*dhcp));
        if (!dhcp)
                return -ENOMEM;
        *dhcp = (struct dhcp){.pid = -1, .pid_fd = -EBADF, .events_fd = -EBADF};

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        dhcp->events_fd = fds[0];
        events_fd = fds[1];
        if (fd_set_nonblock(dhcp->events_fd, true) < 0)
                return -EIO;

        fflush(NULL);
        dhcp->pid = fork();
        if (dhcp->pid < 0)
                return -errno;
        if (dhcp->pid == 0)
                run_client(parent, events_fd, interface, purpose, script);

        dhcp->pid_fd = (int) syscall(SYS_pidfd_open, dhcp->pid, 0U);
        if (dhcp->pid_fd < 0)
                return -errno;

        *ret = TAKE_PTR(dhcp);
        return 0;
}

int dhcp_wait(struct dhcp *dhcp, struct wait *w, uint64_t until, struct dhcp_lease *ret) {
        while (dhcp->state == 0) {
                int r;

                r = wait_for(w, dhcp->events_fd, POLLIN, until);
                if (r < 0)
                        return r;

                r = lines_read(&dhcp->lines, dhcp->events_fd, LINE_MAX, on_line, dhcp);
                if (r < 0 && r != -EAGAIN)
                        return r;
                /* It has ended, and said nothing of a lease. */
                if (r == 0 && dhcp->state == 0)
                        return -ENODATA;
        }

        if (dhcp->state < 0)
                return dhcp->state;

        *ret = dhcp->lease;
        return 0;
}

struct dhcp *dhcp_free(struct dhcp *dhcp) {
        if (!dhcp)
                return NULL;

        if (dhcp->pid > 0) {
                struct pollfd ended = {.fd = dhcp->pid_fd, .events = POLLIN};

                if (dhcp->pid_fd < 0 || kill(dhcp->pid, SIGTERM) < 0 || poll(&ended, 1, RELEASE_LIMIT) != 1)
                        kill(dhcp->pid, SIGKILL);
                waitpid(dhcp->pid, NULL, 0);
        }

        safe_close(dhcp->pid_fd);
        safe_close(dhcp->events_fd);
        lines_done(&dhcp->lines);
        free(dhcp);
        return NULL;
}
