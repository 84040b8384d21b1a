/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ipmi_sim module: Redfish credential bootstrapping over IPMI (DSP0270 1.3, NetFn 2Ch, group 52h).
 *
 * ipmi_sim knows nothing of certificates and accounts. Each command is turned into one question to the
 * Redfish service over its control socket, whose path is the module's option in the configuration:
 *
 *      loadlib "build/tests/bmc/bootstrap.so" "/run/bmc/control"
 *
 * ipmi_sim runs in one thread, so a question may hold up every other IPMI command; ANSWER_TIME bounds that.
 */

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"

/* Last: it brings a MIN and MAX of its own, from sys/param.h. */
#include <OpenIPMI/mcserv.h>

#define GROUP_REDFISH       0x52
#define COMMAND_FINGERPRINT 0x01
#define COMMAND_ACCOUNT     0x02
#define KEEP_ENABLED        0xa5
#define HASH_SHA256         0x01

#define CC_OK              0x00
#define CC_DISABLED        0x80
#define CC_INVALID_COMMAND 0xc1
#define CC_TIMEOUT         0xc3
#define CC_REQUEST_LENGTH  0xc7
#define CC_PARAMETER_RANGE 0xc9
#define CC_NOT_PRESENT     0xcb
#define CC_NO_RESPONSE     0xce
#define CC_UNSPECIFIED     0xff

/* Well below the five seconds after which Linux' KCS driver gives a BMC up. */
#define ANSWER_TIME (2 * USEC_PER_SEC)
#define ANSWER_SIZE 4096

#define DIGEST_SIZE 32
#define NAME_SIZE   16

int ipmi_sim_module_print_version(sys_data_t *sys, char *options);
int ipmi_sim_module_init(sys_data_t *sys, const char *options);
int ipmi_sim_module_post_init(sys_data_t *sys);

/* Waits until fd has one of events or the deadline (of now_usec) passes: 0, -ETIMEDOUT, -errno. */
static int wait_for(int fd, short events, uint64_t deadline) {
        for (;;) {
                struct pollfd p = {.fd = fd, .events = events};
                uint64_t now = now_usec();
                int n;

                if (now >= deadline)
                        return -ETIMEDOUT;
                n = poll(&p, 1, (int) ((deadline - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC));
                if (n > 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return -errno;
        }
}

static int send_line(int fd, const char *line, size_t size, uint64_t deadline) {
        while (size > 0) {
                ssize_t n = send(fd, line, size, MSG_NOSIGNAL);
                int r;

                if (n >= 0) {
                        line += n;
                        size -= (size_t) n;
                        continue;
                }
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
                r = wait_for(fd, POLLOUT, deadline);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Reads up to the first newline, which is replaced by NUL. */
static int receive_line(int fd, char line[static ANSWER_SIZE], uint64_t deadline) {
        size_t have = 0;

        while (have < ANSWER_SIZE) {
                char *newline;
                ssize_t n;
                int r;

                r = wait_for(fd, POLLIN, deadline);
                if (r < 0)
                        return r;
                n = recv(fd, line + have, ANSWER_SIZE - have, 0);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -ECONNRESET;
                newline = memchr(line + have, '\n', (size_t) n);
                if (newline) {
                        *newline = '\0';
                        return 0;
                }
                have += (size_t) n;
        }
        return -EMSGSIZE;
}

/* Puts one question to the service on the control socket at path. Returns 0 and sets *ret to its answer,
 * an object; -ETIMEDOUT when none came in time, -EBADMSG when it was no JSON object, -errno when the socket
 * failed. */
static int ask(const char *path, json_t *question, json_t **ret) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        uint64_t deadline = now_usec() + ANSWER_TIME;
        _cleanup_close_ int fd = -EBADF;
        _cleanup_json_ json_t *answer = NULL;
        char line[ANSWER_SIZE];
        size_t size;
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;

        size = json_dumpb(question, line, sizeof(line) - 1, JSON_COMPACT);
        if (size == 0 || size > sizeof(line) - 1)
                return -EMSGSIZE;
        line[size++] = '\n';

        r = send_line(fd, line, size, deadline);
        if (r < 0)
                return r;
        r = receive_line(fd, line, deadline);
        if (r < 0)
                return r;

        r = json_parse(line, strlen(line), &answer);
        if (r < 0)
                return r;
        if (!json_is_object(answer))
                return -EBADMSG;
        *ret = TAKE_PTR(answer);
        return 0;
}

/* The completion code that an answer stands for: CC_OK when it has no "error". An "error" may carry its own
 * "completionCode", with which a test makes this BMC answer as another one would. */
static uint8_t completion_code(const json_t *answer) {
        const char *error = json_get_string(answer, "error");
        int64_t code = json_get_integer(answer, "completionCode", 0);

        if (!error)
                return CC_OK;
        if (code > 0 && code <= UINT8_MAX)
                return (uint8_t) code;
        if (strcmp(error, "disabled") == 0)
                return CC_DISABLED;
        if (strcmp(error, "no-certificate") == 0)
                return CC_NOT_PRESENT;
        if (strcmp(error, "no-slot") == 0)
                return CC_PARAMETER_RANGE;
        return CC_UNSPECIFIED;
}

/* Copies a name or password into its field, padded with NUL; all 16 bytes may be used. */
static bool fill_name(const char *name, uint8_t field[static NAME_SIZE]) {
        size_t length = name ? strlen(name) : 0;

        if (length == 0 || length > NAME_SIZE)
                return false;
        memset(field, 0, NAME_SIZE);
        memcpy(field, name, length);
        return true;
}

/* Each command fills body, at least 2 * NAME_SIZE long, and adds the length to *size; returns the code. */
static uint8_t answer_fingerprint(const json_t *answer, uint8_t *body, unsigned int *size) {
        const char *sha256 = json_get_string(answer, "sha256");

        body[0] = HASH_SHA256;
        if (!sha256 || hex_decode(sha256, body + 1, DIGEST_SIZE) < 0)
                return CC_UNSPECIFIED;
        *size += 1 + DIGEST_SIZE;
        return CC_OK;
}

static uint8_t answer_account(const json_t *answer, uint8_t *body, unsigned int *size) {
        if (!fill_name(json_get_string(answer, "userName"), body) ||
            !fill_name(json_get_string(answer, "password"), body + NAME_SIZE))
                return CC_UNSPECIFIED;
        *size += 2 * NAME_SIZE;
        return CC_OK;
}

static void handle_redfish_group(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *rdata_len,
                                 void *cb_data) {
        const char *control = cb_data;
        _cleanup_json_ json_t *question = NULL, *answer = NULL;
        int r;

        (void) mc;
        rdata[1] = GROUP_REDFISH;
        *rdata_len = 2;

        if (msg->cmd != COMMAND_FINGERPRINT && msg->cmd != COMMAND_ACCOUNT) {
                rdata[0] = CC_INVALID_COMMAND;
                return;
        }
        if (msg->len != 2) {
                rdata[0] = CC_REQUEST_LENGTH;
                return;
        }

        if (msg->cmd == COMMAND_FINGERPRINT)
                question =
                        json_pack("{s:s, s:i}", "command", "fingerprint", "certificate", (int) msg->data[1]);
        else
                question = json_pack("{s:s, s:b}", "command", "bootstrap-account", "keepEnabled",
                                     msg->data[1] == KEEP_ENABLED);
        if (!question) {
                rdata[0] = CC_UNSPECIFIED;
                return;
        }

        r = ask(control, question, &answer);
        if (r < 0) {
                rdata[0] = r == -ETIMEDOUT ? CC_TIMEOUT : CC_NO_RESPONSE;
                return;
        }

        rdata[0] = completion_code(answer);
        if (rdata[0] != CC_OK)
                return;
        if (msg->cmd == COMMAND_FINGERPRINT)
                rdata[0] = answer_fingerprint(answer, rdata + 2, rdata_len);
        else
                rdata[0] = answer_account(answer, rdata + 2, rdata_len);
}

int ipmi_sim_module_print_version(sys_data_t *sys, char *options) {
        (void) sys;
        (void) options;
        printf("Redfish credential bootstrapping, DSP0270 1.3\n");
        return 0;
}

int ipmi_sim_module_init(sys_data_t *sys, const char *options) {
        char *control;

        if (!options || options[0] != '/') {
                sys->log(sys, SETUP_ERROR, NULL, "bootstrap: give the absolute path of the control socket");
                return EINVAL;
        }
        control = strdup(options);
        if (!control)
                return ENOMEM;
        ipmi_emu_register_group_extension_handler(GROUP_REDFISH, handle_redfish_group, control);
        return 0;
}

/* ipmi_sim says nothing when it is ready; whoever started it waits for this line instead of for a while. */
int ipmi_sim_module_post_init(sys_data_t *sys) {
        (void) sys;
        printf("ready\n");
        fflush(stdout);
        return 0;
}
