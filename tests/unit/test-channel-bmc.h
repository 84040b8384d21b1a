/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-channel-bmc.h: a BMC for the channel's tests: bmc-redfish over the loopback interface of a network
 * namespace of the test's own, its bootstrapping commands reached without IPMI hardware, and SMBIOS tables
 * that describe it. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "bmc/contact.h"
#include "bmc/link/link.h"
#include "tests/unit/smbios-table.h"
#include "tests/unit/unit.h"

#define BMC_PROGRAM "build/tests/bmc/bmc-redfish"
#define BMC_SERIAL  "ES-0001"
#define BMC_UUID    "01020304-0506-0708-090a-0b0c0d0e0f10"

struct bmc {
        char directory[sizeof("/tmp/seatrial-channel-XXXXXX")];
        char *state, *control;
        pid_t pid;
        unsigned port;
        const char *authority;        /* directory of who signs its certificate, or NULL */
        const char *client_authority; /* file of who signs those of its clients, or NULL */
};

/* A name space without anybody else's addresses, in which loopback is the link to the BMC. Tests that need it
 * are skipped where the kernel does not let this user have one. */
static inline bool enter_network(struct link **ret_loopback) {
        const struct ip_address none = {.family = AF_UNSPEC};

        if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
                return false;

        assert_int_equal(link_new(if_nametoindex("lo"), ret_loopback), 0);
        assert_int_equal(link_up(*ret_loopback, &none, 0), 0);
        return true;
}

/* Starts the service, on the port that it had before if any. */
static inline void bmc_start(struct bmc *bmc) {
        _cleanup_free_ char *port = strprintf("%u", bmc->port);
        const char *argv[20] = {BMC_PROGRAM,  "--state",  bmc->state, "--control",
                                bmc->control, "--uuid",   BMC_UUID,   "--port",
                                port,         "--serial", BMC_SERIAL, "--die-with-parent"};
        char line[256] = "";
        int fds[2];
        size_t n = 12;

        if (bmc->authority) {
                argv[n++] = "--authority";
                argv[n++] = bmc->authority;
        }
        if (bmc->client_authority) {
                argv[n++] = "--client-authority";
                argv[n++] = bmc->client_authority;
        }
        n = 0;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        bmc->pid = fork();
        assert_true(bmc->pid >= 0);
        if (bmc->pid == 0) {
                dup2(fds[1], STDOUT_FILENO);
                execv(BMC_PROGRAM, (char **) argv);
                _exit(127);
        }
        close(fds[1]);

        while (n < sizeof(line) - 1 && read(fds[0], line + n, 1) == 1 && line[n] != '\n')
                n++;
        close(fds[0]);
        if (sscanf(line, "ready port=%u", &bmc->port) != 1)
                fail_msg("%s does not start (make builds it)", BMC_PROGRAM);
}

static inline void bmc_stop(struct bmc *bmc) {
        if (bmc->pid <= 0)
                return;

        kill(bmc->pid, SIGKILL);
        waitpid(bmc->pid, NULL, 0);
        unlink(bmc->control);
        bmc->pid = 0;
}

/* Asks the control socket. Returns a new reference, NULL when nobody answers. */
static inline json_t *control_ask(const char *path, json_t *command) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_free_ char *text = json_dumps(command, JSON_COMPACT);
        _cleanup_close_ int fd = -EBADF;
        char answer[4096];
        json_t *json = NULL;
        size_t n = 0;

        json_decref(command);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return NULL;
        if (write_all(fd, text, strlen(text)) < 0 || write_all(fd, "\n", 1) < 0)
                return NULL;

        while (n < sizeof(answer) && read(fd, answer + n, 1) == 1 && answer[n] != '\n')
                n++;
        return json_parse(answer, n, &json) < 0 ? NULL : json;
}

static inline json_t *bmc_ask(struct bmc *bmc, json_t *command) {
        json_t *answer = control_ask(bmc->control, command);

        assert_non_null(answer);
        assert_null(json_object_get(answer, "error"));
        return answer;
}

static inline void bmc_fault(struct bmc *bmc, json_t *fault) {
        assert_int_equal(json_set_string(fault, "command", "fault"), 0);
        json_decref(bmc_ask(bmc, fault));
}

/* A counter of the service: "sessions", "accounts", "records", "requests", ... */
static inline int bmc_count(struct bmc *bmc, const char *counter) {
        _cleanup_json_ json_t *status = bmc_ask(bmc, json_pack("{ss}", "command", "status"));

        assert_true(json_is_integer(json_object_get(status, counter)));
        return (int) json_get_integer(status, counter, -1);
}

/* Keeps the event data of a Platform Event (IPMI 2.0, 29.3), a line each, beside the control socket. */
static inline void fake_event(const char *control, const uint8_t *request, size_t size) {
        _cleanup_free_ char *path = strprintf("%s.events", control);
        _cleanup_fclose_ FILE *f = fopen(path, "ae");

        assert_int_equal(size, 8);
        fprintf(f, "%02x%02x%02x\n", request[5], request[6], request[7]);
}

/* What a BMC with nothing but bootstrapping and an event log that cannot be read answers: as IPMI carries it,
 * to the control socket, whose path is the device's. */
static inline int fake_exchange(struct ipmi *ipmi, struct wait *w _unused_, uint8_t netfn, uint8_t command,
                                const void *request, size_t size, uint64_t until _unused_,
                                uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size) {
        const char *path = ipmi->name;
        _cleanup_json_ json_t *answer = NULL;
        const char *error;

        if (netfn != 0x2c || size == 0 || ((const uint8_t *) request)[0] != 0x52) {
                bool is_event = netfn == 0x04 && command == 0x02;

                if (is_event)
                        fake_event(path, request, size);
                response[0] = is_event ? 0x00 : 0xc1;
                *ret_size = 1;
                return 0;
        }

        assert_int_equal(size, 2);
        answer = control_ask(
                path, command == 0x01 ? json_pack("{sssi}", "command", "fingerprint", "certificate", 1)
                                      : json_pack("{sssb}", "command", "bootstrap-account", "keepEnabled",
                                                  ((const uint8_t *) request)[1] == 0xa5));
        response[0] = 0;
        response[1] = 0x52;
        *ret_size = 2;
        if (!answer) {
                response[0] = 0xce;
                return 0;
        }

        error = json_get_string(answer, "error");
        if (error) {
                response[0] = (uint8_t) json_get_integer(answer, "completionCode", 0x80);
                return 0;
        }

        if (command == 0x01) {
                response[2] = 0x01;
                assert_int_equal(hex_decode(json_get_string(answer, "sha256"), response + 3, 32), 0);
                *ret_size = 35;
        } else {
                memset(response + 2, 0, 32);
                memcpy(response + 2, json_get_string(answer, "userName"),
                       json_string_length(json_object_get(answer, "userName")));
                memcpy(response + 18, json_get_string(answer, "password"),
                       json_string_length(json_object_get(answer, "password")));
                *ret_size = 34;
        }
        return 0;
}

static inline void fake_free(struct ipmi *ipmi) {
        free(ipmi->name);
        free(ipmi);
}

static const struct ipmi_operations fake_operations = {.exchange = fake_exchange, .free = fake_free};

/* dev_root: the control socket's path. */
static inline int fake_open_ipmi(const char *dev_root, struct ipmi_list *ret) {
        struct ipmi_list list = {.items = calloc(1, sizeof(struct ipmi *)), .n_items = 1};

        list.items[0] = malloc(sizeof(struct ipmi));
        *list.items[0] = (struct ipmi){.name = strdup(dev_root), .operations = &fake_operations};
        *ret = list;
        return 0;
}

static inline int no_ipmi(const char *dev_root _unused_, struct ipmi_list *ret) {
        *ret = (struct ipmi_list){};
        return 0;
}

static inline int find_loopback(struct interface_watch *watch _unused_,
                                const struct host_device *device _unused_, const unsigned *passed _unused_,
                                size_t n_passed, struct interface *ret) {
        if (n_passed > 0)
                return INTERFACE_OTHER;

        *ret = (struct interface){.index = if_nametoindex("lo"), .name = "lo"};
        return INTERFACE_MATCHES;
}

static inline int find_nothing(struct interface_watch *watch _unused_,
                               const struct host_device *device _unused_, const unsigned *passed _unused_,
                               size_t n_passed _unused_, struct interface *ret _unused_) {
        return INTERFACE_OTHER;
}

static inline void bmc_write_file(struct bmc *bmc, const char *name, const void *data, size_t size) {
        _cleanup_free_ char *path = strprintf("%s/%s", bmc->directory, name);

        assert_int_equal(write_file_atomic(path, data, size, 0600), 0);
}

/* Leaves SMBIOS tables below the directory, as the kernel does below /sys. */
static inline void bmc_write_tables(struct bmc *bmc, const struct smbios_table *table) {
        _cleanup_free_ char *path = strprintf("%s/firmware/dmi/tables", bmc->directory);
        uint8_t entry_point[0x18];

        assert_int_equal(make_directories(path, 0700), 0);
        entry_point_64(entry_point, table->size);
        bmc_write_file(bmc, "firmware/dmi/tables/smbios_entry_point", entry_point, sizeof(entry_point));
        bmc_write_file(bmc, "firmware/dmi/tables/DMI", table->bytes, table->size);
}

/* Type 1 with the UUID, and type 42: USB 0525:a4a2, host 127.0.0.18/24, service 127.0.0.1 and the service's
 * port. */
static inline void bmc_describe(struct bmc *bmc, struct smbios_table *table) {
        uint8_t system[0x17] = {[4] = 4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16};
        uint8_t fields[2 + 0x0d + 1 + 2 + 0x5b] = {
                0x40, 0x0d, 0x04, 0x0d, 0x25, 0x05, 0xa2, 0xa4, /* network; 13 bytes: USB v2 */
        };
        uint8_t *p = fields + 2 + 0x0d;

        *p++ = 1;    /* protocol record */
        *p++ = 0x04; /* Redfish over IP */
        *p++ = 0x5b;
        p[0x10] = 1;
        p[0x11] = 1;
        memcpy(p + 0x12, (uint8_t[]){127, 0, 0, 18}, 4);
        memcpy(p + 0x22, (uint8_t[]){255, 255, 255, 0}, 4);
        p[0x32] = 1;
        p[0x33] = 1;
        memcpy(p + 0x34, (uint8_t[]){127, 0, 0, 1}, 4);
        memcpy(p + 0x44, (uint8_t[]){255, 255, 255, 0}, 4);
        p[0x54] = (uint8_t) bmc->port;
        p[0x55] = (uint8_t) (bmc->port >> 8);

        table_append(table, 1, 0x0100, system, sizeof(system), NULL);
        table_append(table, 42, 0x2a00, fields, sizeof(fields), NULL);
}

/* Makes a directory, and state and control in it that are not there yet. */
static inline void bmc_prepare(struct bmc *bmc) {
        *bmc = (struct bmc){.directory = "/tmp/seatrial-channel-XXXXXX"};
        assert_non_null(mkdtemp(bmc->directory));
        bmc->state = strprintf("%s/state", bmc->directory);
        bmc->control = strprintf("%s/control", bmc->directory);
}

static inline void bmc_begin(struct bmc *bmc) {
        struct smbios_table table = {};

        bmc_start(bmc);
        bmc_describe(bmc, &table);
        bmc_write_tables(bmc, &table);
}

static inline void bmc_new(struct bmc *bmc) {
        bmc_prepare(bmc);
        bmc_begin(bmc);
}

static inline int remove_entry(const char *path, const struct stat *st _unused_, int type _unused_,
                               struct FTW *ftw _unused_) {
        return remove(path);
}

static inline void bmc_done(struct bmc *bmc) {
        bmc_stop(bmc);
        nftw(bmc->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(bmc->state);
        free(bmc->control);
}

/* The machine as these tests have it: everything is in the BMC's directory, and the link is loopback. */
static inline struct contact_environment bmc_environment(const struct bmc *bmc) {
        return (struct contact_environment){
                .sys_root = bmc->directory,
                .dev_root = bmc->control,
                .open_ipmi = fake_open_ipmi,
                .roots = {.image = bmc->directory, .efi = bmc->directory},
                .find_interface = find_loopback,
        };
}

/* For a group of tests. */
static struct link *loopback;

static inline int enter(void **state _unused_) {
        (void) enter_network(&loopback);
        return 0;
}

static inline int leave(void **state _unused_) {
        link_free(loopback);
        return 0;
}
