/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The link to the BMC, on a TAP interface in a network namespace of the test's own: its carrier is the test's
 * to switch. */

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "bmc/link/link.h"
#include "bmc/wait.h"
#include "tests/unit/unit.h"

#define NAME "bmc0"

static const struct ip_address host_4 = {.family = AF_INET, .bytes = {169, 254, 0, 18}};
static const struct ip_address host_6 = {.family = AF_INET6, .bytes = {0xfd, 0, [15] = 0x18}};
static const struct ip_address link_local = {.family = AF_INET6, .bytes = {0xfe, 0x80, [15] = 0x17}};
static const struct ip_address none = {.family = AF_UNSPEC};

static bool available;

static int enter(void **state _unused_) {
        available = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
                    access("/dev/net/tun", R_OK | W_OK) == 0;
        return 0;
}

/* The interface lives as long as the descriptor. */
static int setup(void **state) {
        struct ifreq request = {.ifr_name = NAME, .ifr_flags = IFF_TAP | IFF_NO_PI};
        int fd;

        if (!available)
                return 0;

        fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
        *state = (void *) (intptr_t) fd;
        return 0;
}

static int teardown(void **state) {
        if (available)
                close((int) (intptr_t) *state);
        return 0;
}

static void set_carrier(void **state, int carrier) {
        assert_int_equal(ioctl((int) (intptr_t) *state, TUNSETCARRIER, &carrier), 0);
}

static struct link *open_link(void) {
        struct link *link = NULL;

        if (!available)
                skip();
        assert_int_equal(link_new(if_nametoindex(NAME), &link), 0);
        return link;
}

static bool file_has(const char *path, const char *text) {
        _cleanup_free_ char *content = NULL;

        assert_int_equal(read_file(path, 1 << 20, &content, NULL), 0);
        return strstr(content, text);
}

/* "bmc0 0000FEA9 ...": interface and destination. */
static bool has_route(const char *line) {
        return file_has("/proc/self/net/route", line);
}

static bool is_up(void) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = {.ifr_name = NAME};

        assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
        return request.ifr_flags & IFF_UP;
}

static void link_leads_to_the_bmcs_network_and_nowhere_else(void **state _unused_) {
        struct link *link = open_link();
        struct wait w = WAIT_ALONE;

        assert_int_equal(link_up(link, &host_4, 16), 0);
        assert_int_equal(link_wait_carrier(link, &w, wait_until(&w, 5 * USEC_PER_SEC)), 0);
        assert_true(is_up());
        assert_true(has_route(NAME "\t0000FEA9\t"));
        assert_false(has_route(NAME "\t00000000\t"));
        assert_true(file_has("/proc/sys/net/ipv6/conf/" NAME "/accept_ra", "0"));
        link_free(link);
}

static void link_is_taken_away_at_the_end(void **state _unused_) {
        struct link *link = open_link();

        assert_int_equal(link_up(link, &host_4, 16), 0);
        link_free(link);
        assert_false(is_up());
        assert_false(has_route(NAME));

        /* The address as well: it does not come back with the interface. */
        link = open_link();
        assert_int_equal(link_up(link, &none, 0), 0);
        assert_false(has_route(NAME));
        link_free(link);
}

static void link_leaves_alone_what_was_there_before(void **state _unused_) {
        struct link *before = open_link(), *link = open_link();

        assert_int_equal(link_up(before, &host_4, 16), 0);
        assert_int_equal(link_up(link, &host_4, 16), 0);
        link_free(link);
        assert_true(is_up());
        assert_true(has_route(NAME "\t0000FEA9\t"));
        link_free(before);
}

static void link_without_carrier_is_waited_for_only_so_long(void **state) {
        struct link *link = open_link();
        struct wait w = WAIT_ALONE;
        uint64_t begin;

        set_carrier(state, 0);
        assert_int_equal(link_up(link, &host_4, 16), 0);
        begin = now_usec();
        assert_int_equal(link_wait_carrier(link, &w, wait_until(&w, 200 * USEC_PER_MSEC)), -ETIMEDOUT);
        assert_true(now_usec() - begin >= 200 * USEC_PER_MSEC);
        link_free(link);
}

static void link_is_ready_with_its_carrier(void **state) {
        struct link *link = open_link();
        struct wait w = WAIT_ALONE;
        pid_t pid;

        set_carrier(state, 0);
        assert_int_equal(link_up(link, &host_4, 16), 0);
        pid = fork();
        if (pid == 0) {
                poll(NULL, 0, 100);
                set_carrier(state, 1);
                _exit(0);
        }
        assert_int_equal(link_wait_carrier(link, &w, wait_until(&w, 20 * USEC_PER_SEC)), 0);
        waitpid(pid, NULL, 0);
        link_free(link);
}

static void link_that_goes_away_is_told(void **state) {
        struct link *link = open_link();
        struct wait w = WAIT_ALONE;
        int carrier = 0;

        assert_int_equal(ioctl((int) (intptr_t) *state, TUNSETCARRIER, &carrier), 0);
        assert_int_equal(link_up(link, &host_4, 16), 0);
        teardown(state);
        assert_int_equal(link_wait_carrier(link, &w, wait_until(&w, 5 * USEC_PER_SEC)), -ENODEV);
        link_free(link);
        setup(state);
}

static void link_takes_a_static_ipv6_address_at_once(void **state _unused_) {
        struct link *link = open_link();
        struct wait w = WAIT_ALONE;

        if (access("/proc/sys/net/ipv6", F_OK) < 0)
                skip();
        assert_int_equal(link_up(link, &host_6, 64), 0);
        assert_int_equal(link_wait_reach(link, &w, &host_6, wait_until(&w, 5 * USEC_PER_SEC)), 0);
        assert_true(file_has("/proc/self/net/if_inet6", "fd000000000000000000000000000018"));
        link_free(link);
}

static void link_waits_for_the_kernels_own_ipv6_address(void **state _unused_) {
        struct link *link = open_link();
        struct wait w = WAIT_ALONE;

        if (access("/proc/sys/net/ipv6", F_OK) < 0)
                skip();
        assert_int_equal(link_up(link, &none, 0), 0);
        assert_int_equal(link_wait_reach(link, &w, &link_local, wait_until(&w, 10 * USEC_PER_SEC)), 0);
        assert_true(file_has("/proc/self/net/if_inet6", "fe80"));
        link_free(link);
}

static void interface_that_is_not_there_has_no_link(void **state _unused_) {
        struct link *link = NULL;

        if (!available)
                skip();
        assert_int_equal(link_new(4711, &link), -ENODEV);
}

/* The agent may write while the channel waits for something else. */
static void wait_takes_what_the_agent_says(void **state _unused_) {
        struct wait w = {.records_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
                         .close_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
                         .deadline = USEC_INFINITY};

        assert_int_equal(eventfd_write(w.records_fd, 3), 0);
        assert_int_equal(eventfd_write(w.records_fd, 4), 0);
        assert_int_equal(wait_for_records(&w, 0, USEC_INFINITY), 0);
        assert_int_equal(w.records, 7);
        assert_int_equal(wait_for(&w, -EBADF, 0, wait_until(&w, 10 * USEC_PER_MSEC)), -ETIMEDOUT);

        assert_int_equal(eventfd_write(w.close_fd, 20 * USEC_PER_MSEC), 0);
        assert_int_equal(wait_for_records(&w, 7, USEC_INFINITY), 0);
        assert_true(w.closing);
        assert_int_equal(wait_for(&w, -EBADF, 0, USEC_INFINITY), -ETIMEDOUT);
        assert_true(now_usec() >= w.deadline);
        close(w.records_fd);
        close(w.close_fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(link_leads_to_the_bmcs_network_and_nowhere_else),
                TEST(link_is_taken_away_at_the_end),
                TEST(link_leaves_alone_what_was_there_before),
                TEST(link_without_carrier_is_waited_for_only_so_long),
                TEST(link_is_ready_with_its_carrier),
                TEST(link_that_goes_away_is_told),
                TEST(link_takes_a_static_ipv6_address_at_once),
                TEST(link_waits_for_the_kernels_own_ipv6_address),
                TEST(interface_that_is_not_there_has_no_link),
                cmocka_unit_test(wait_takes_what_the_agent_says),
        };

        return cmocka_run_group_tests_name("channel-link", tests, enter, NULL);
}
