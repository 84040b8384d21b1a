/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The DHCP client: what its script says, and a lease from a real server, busybox's udhcpd, over a pair of
 * virtual Ethernet interfaces between network namespaces of the test's own. */

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/text.h"
#include "bmc/link/dhcp.h"
#include "bmc/link/link.h"
#include "bmc/link/rtnetlink.h"
#include "bmc/wait.h"
#include "tests/unit/unit.h"

#define SCRIPT "initramfs/etc/udhcpc/bmc.script"
#define HOST   "host0"
#define BMC    "bmc0"

static const struct ip_address server = {.family = AF_INET, .bytes = {169, 254, 0, 17}};
static const struct ip_address none = {.family = AF_UNSPEC};

static bool available; /* the kernel lets this user have a network namespace */

struct bmc {
        char directory[sizeof("/tmp/seatrial-dhcp-XXXXXX")];
        pid_t pid;
        struct link *host; /* the host's end */
};

static void lease_is_read(void **state _unused_) {
        struct dhcp_lease lease;

        assert_int_equal(dhcp_parse("bound ip=169.254.0.15 subnet=255.255.0.0 serverid=169.254.0.17", &lease),
                         1);
        assert_string_equal(FORMAT_IP(&lease.address), "169.254.0.15");
        assert_int_equal(lease.prefix, 16);
        assert_string_equal(FORMAT_IP(&lease.server), "169.254.0.17");

        assert_int_equal(dhcp_parse("renew ip=10.0.0.1 subnet=255.0.0.0 serverid=", &lease), 1);
        assert_int_equal(lease.server.family, AF_UNSPEC);
}

static void lease_for_a_boot_is_read(void **state _unused_) {
        struct dhcp_lease lease;

        assert_int_equal(
                dhcp_parse("bound ip=10.0.2.15 subnet=255.255.255.0 serverid=10.0.2.2 router=10.0.2.1 "
                           "dns=10.0.2.3,nobody,10.0.2.4,10.0.2.5,10.0.2.6 bootserver=boot.example "
                           "bootfile=/pxelinux.0 configfile= pathprefix=http://boot.example/",
                           &lease),
                1);
        assert_string_equal(FORMAT_IP(&lease.router), "10.0.2.1");
        assert_int_equal(lease.n_name_servers, DHCP_NAME_SERVERS_MAX);
        assert_string_equal(FORMAT_IP(&lease.name_servers[2]), "10.0.2.5");
        assert_string_equal(lease.boot_server, "boot.example");
        assert_string_equal(lease.boot_file, "/pxelinux.0");
        assert_string_equal(lease.config_file, "");
        assert_string_equal(lease.path_prefix, "http://boot.example/");

        assert_int_equal(dhcp_parse("bound ip=10.0.2.15 subnet=255.255.255.0 serverid=", &lease), 1);
        assert_int_equal(lease.router.family, AF_UNSPEC);
        assert_int_equal(lease.n_name_servers, 0);
        assert_string_equal(lease.boot_file, "");
}

/* A text that has no room is none. */
static void long_texts_are_left_out(void **state _unused_) {
        char line[1024] = "bound ip=10.0.2.15 subnet=255.255.255.0 bootfile=";
        struct dhcp_lease lease;

        memset(line + strlen(line), 'x', DHCP_TEXT_MAX);
        assert_int_equal(dhcp_parse(line, &lease), 1);
        assert_string_equal(lease.boot_file, "");
}

static void other_events_are_none_of_a_lease(void **state _unused_) {
        static const char *const lines[] = {"deconfig ip= subnet= serverid=",
                                            "leasefail ip= subnet= serverid=",
                                            "nak ip= subnet= serverid=",
                                            "bound",
                                            "",
                                            "udhcpc: started"};

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                struct dhcp_lease lease;

                assert_int_equal(dhcp_parse(lines[i], &lease), 0);
        }
}

/* A mask of no bits would bring a default route. */
static void lease_that_cannot_be_used_is_told(void **state _unused_) {
        static const char *const lines[] = {
                "bound ip= subnet=255.255.0.0 serverid=169.254.0.17",
                "bound ip=0.0.0.0 subnet=255.255.0.0 serverid=169.254.0.17",
                "bound ip=169.254.0.15 subnet= serverid=169.254.0.17",
                "bound ip=169.254.0.15 subnet=0.0.0.0 serverid=169.254.0.17",
                "bound ip=169.254.0.15 subnet=255.0.255.0 serverid=169.254.0.17",
                "bound ip=169.254.0.15.16.17.18.19 subnet=255.255.0.0 serverid=169.254.0.17",
                "bound xip=169.254.0.15 subnet=255.255.0.0",
        };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                struct dhcp_lease lease;

                assert_int_equal(dhcp_parse(lines[i], &lease), -EBADMSG);
        }
}

/* A pair of interfaces: HOST here, BMC in that process's network namespace. */
static int make_pair(pid_t pid) {
        struct {
                struct ifinfomsg info;
                struct rtattr name_header;
                char name[8];
                struct rtattr pid_header;
                uint32_t pid;
        } peer = {
                .name_header = {.rta_len = RTA_LENGTH(sizeof(BMC)), .rta_type = IFLA_IFNAME},
                .name = BMC,
                .pid_header = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_NET_NS_PID},
                .pid = (uint32_t) pid,
        };
        _cleanup_close_ int fd = rtnl_open(0);
        struct ifinfomsg info = {};
        struct rtnl_request request;
        size_t link_info, data;

        if (fd < 0)
                return fd;

        rtnl_request_init(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
        rtnl_request_add(&request, IFLA_IFNAME, HOST, sizeof(HOST));
        link_info = rtnl_request_open(&request, IFLA_LINKINFO);
        rtnl_request_add(&request, IFLA_INFO_KIND, "veth", strlen("veth"));
        data = rtnl_request_open(&request, IFLA_INFO_DATA);
        rtnl_request_add(&request, VETH_INFO_PEER, &peer, sizeof(peer));
        rtnl_request_close(&request, data);
        rtnl_request_close(&request, link_info);
        return rtnl_ask(fd, &request, NULL, NULL);
}

static int enter(void **state _unused_) {
        available = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
        return 0;
}

/* In the BMC's process: the network is there once something can be read from fd. */
static void _noreturn_ run_bmc(pid_t parent, int ready_fd, int pair_fd, const char *configuration) {
        struct link *link = NULL;
        char byte = 0;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || unshare(CLONE_NEWNET) < 0 ||
            write(ready_fd, &byte, 1) != 1 || read(pair_fd, &byte, 1) != 1 ||
            link_new(if_nametoindex(BMC), &link) < 0 || link_up(link, &server, 16) < 0 ||
            !freopen("/dev/null", "w", stderr))
                _exit(1);

        if (configuration)
                execl("/bin/busybox", "udhcpd", "-f", configuration, NULL);
        for (;;)
                pause();
}

static void start_bmc(struct bmc *bmc, bool serve) {
        _cleanup_free_ char *configuration = NULL, *text = NULL;
        _cleanup_close_ int ready_fd = -EBADF, pair_fd = -EBADF;
        pid_t parent = getpid();
        int ready[2], pair[2];
        char byte = 0;

        if (!available)
                skip();

        *bmc = (struct bmc){.directory = "/tmp/seatrial-dhcp-XXXXXX"};
        assert_non_null(mkdtemp(bmc->directory));
        configuration = strprintf("%s/udhcpd.conf", bmc->directory);
        text = strprintf("start 169.254.0.20\nend 169.254.0.20\ninterface " BMC "\nlease_file %s/leases\n"
                         "pidfile %s/pid\noption subnet 255.255.0.0\noption router 169.254.0.17\n"
                         "option dns 169.254.0.17\n",
                         bmc->directory, bmc->directory);
        assert_int_equal(write_file_atomic(configuration, text, strlen(text), 0600), 0);

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        bmc->pid = fork();
        if (bmc->pid == 0)
                run_bmc(parent, ready[1], pair[0], serve ? configuration : NULL);
        assert_true(bmc->pid > 0);
        close(ready[1]);
        close(pair[0]);
        ready_fd = ready[0];
        pair_fd = pair[1];

        assert_int_equal(read(ready_fd, &byte, 1), 1);
        assert_int_equal(make_pair(bmc->pid), 0);
        assert_int_equal(write(pair_fd, &byte, 1), 1);
        assert_int_equal(link_new(if_nametoindex(HOST), &bmc->host), 0);
        assert_int_equal(link_up(bmc->host, &none, 0), 0);
}

/* The pair goes with the BMC's network namespace. */
static void stop_bmc(struct bmc *bmc) {
        _cleanup_free_ char *command = strprintf("rm -r %s", bmc->directory);
        const struct ip_address elsewhere = {.family = AF_INET, .bytes = {10, 0, 0, 1}};
        struct wait w = WAIT_ALONE;

        kill(bmc->pid, SIGKILL);
        waitpid(bmc->pid, NULL, 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD); /* no client is left */
        assert_int_equal(link_wait_reach(bmc->host, &w, &elsewhere, wait_until(&w, 20 * USEC_PER_SEC)),
                         -ENODEV);
        link_free(bmc->host);
        assert_int_equal(system(command), 0);
}

static void set_mac(uint8_t last) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = {.ifr_name = HOST,
                                .ifr_hwaddr = {.sa_family = ARPHRD_ETHER, .sa_data = {2, [5] = (char) last}}};

        assert_int_equal(ioctl(fd, SIOCSIFHWADDR, &request), 0);
}

/* Only one address is to be had: another host gets it after the first has given it back. */
static void lease_is_had_and_given_back(void **state _unused_) {
        struct wait w = WAIT_ALONE;
        struct bmc bmc;

        start_bmc(&bmc, true);
        for (uint8_t i = 1; i <= 2; i++) {
                struct dhcp_lease lease = {};
                struct dhcp *dhcp = NULL;

                set_mac(i);
                assert_int_equal(dhcp_start(HOST, DHCP_ADDRESS, SCRIPT, &dhcp), 0);
                assert_int_equal(dhcp_wait(dhcp, &w, wait_until(&w, 20 * USEC_PER_SEC), &lease), 0);
                assert_string_equal(FORMAT_IP(&lease.address), "169.254.0.20");
                assert_int_equal(lease.prefix, 16);
                assert_string_equal(FORMAT_IP(&lease.server), "169.254.0.17");

                /* It is given back from the address itself. */
                assert_int_equal(link_up(bmc.host, &lease.address, lease.prefix), 0);
                dhcp_free(dhcp);
        }
        stop_bmc(&bmc);
}

static void network_without_a_server_is_waited_for_only_so_long(void **state _unused_) {
        struct wait w = WAIT_ALONE;
        struct dhcp_lease lease;
        struct dhcp *dhcp = NULL;
        struct bmc bmc;

        start_bmc(&bmc, false);
        assert_int_equal(dhcp_start(HOST, DHCP_ADDRESS, SCRIPT, &dhcp), 0);
        assert_int_equal(dhcp_wait(dhcp, &w, wait_until(&w, 200 * USEC_PER_MSEC), &lease), -ETIMEDOUT);
        dhcp_free(dhcp);
        stop_bmc(&bmc);
}

static void client_that_ends_without_a_lease_is_told(void **state _unused_) {
        struct wait w = WAIT_ALONE;
        struct dhcp_lease lease;
        struct dhcp *dhcp = NULL;

        assert_int_equal(dhcp_start("none0", DHCP_ADDRESS, SCRIPT, &dhcp), 0);
        assert_int_equal(dhcp_wait(dhcp, &w, wait_until(&w, 20 * USEC_PER_SEC), &lease), -ENODATA);
        dhcp_free(dhcp);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(lease_is_read),
                cmocka_unit_test(lease_for_a_boot_is_read),
                cmocka_unit_test(long_texts_are_left_out),
                cmocka_unit_test(other_events_are_none_of_a_lease),
                cmocka_unit_test(lease_that_cannot_be_used_is_told),
                cmocka_unit_test(lease_is_had_and_given_back),
                cmocka_unit_test(network_without_a_server_is_waited_for_only_so_long),
                cmocka_unit_test(client_that_ends_without_a_lease_is_told),
        };

        return cmocka_run_group_tests_name("dhcp", tests, enter, NULL);
}
