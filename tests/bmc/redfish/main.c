/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bmc-redfish: the Redfish side of the BMC that the tests and "make run" talk to. */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "base/event.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "control.h"
#include "http.h"
#include "provisioning-log.h"
#include "service.h"
#include "system.h"

#define EXIT_USAGE      2
#define SESSION_TIMEOUT 1800 /* seconds */
#define UUID_SIZE       (36 + 1)
#define AUTHORITY_MAX   65536

static const char usage[] =
        "Usage: bmc-redfish --state DIR [OPTION]...\n"
        "A BMC's Redfish service, over HTTPS, open to this machine alone. Writes \"ready port=N "
        "fingerprint=HEX\" when it "
        "serves.\n"
        "\n"
        "  --state DIR            where log, journal and certificate are kept; made when it is not there\n"
        "  --port N               port to serve on; 0, the default: a free one\n"
        "  --ipv6                 serve on ::1; default: on 127.0.0.1\n"
        "  --control PATH         Unix socket for the operator and for IPMI\n"
        "  --uuid UUID            of the computer system; default: a random one, kept in DIR\n"
        "  --service-uuid UUID    of the service; default: that of the computer system\n"
        "  --serial TEXT          serial number of the computer system\n"
        "  --authority DIR        sign the certificate with ca.pem and ca-key.pem in there\n"
        "  --client-authority FILE  let in who has a certificate by this one (PEM)\n"
        "  --session-timeout SEC  without a request, after which a session ends; default 1800\n"
        "  --die-with-parent      end when the process that started this one does\n"
        "  --help                 this text\n";

struct options {
        const char *state, *control, *uuid, *service_uuid, *serial, *authority, *client_authority;
        uint64_t port, session_timeout;
        bool ipv6, die_with_parent;
};

static int complain(int r, const char *what, const char *where) {
        fprintf(stderr, "bmc-redfish: %s %s: %s\n", what, where, strerror(-r));
        return r;
}

/* Returns 0, 1 when all is done, -EINVAL after it has said why. */
static int parse_options(int argc, char *argv[], struct options *ret) {
        enum {
                STATE,
                PORT,
                IPV6,
                CONTROL,
                UUID,
                SERVICE_UUID,
                SERIAL,
                AUTHORITY,
                CLIENT_AUTHORITY,
                SESSION_TIMEOUT_OPTION,
                DIE_WITH_PARENT,
                HELP
        };
        static const struct option known[] = {
                {"state", required_argument, NULL, STATE},
                {"port", required_argument, NULL, PORT},
                {"ipv6", no_argument, NULL, IPV6},
                {"control", required_argument, NULL, CONTROL},
                {"uuid", required_argument, NULL, UUID},
                {"service-uuid", required_argument, NULL, SERVICE_UUID},
                {"serial", required_argument, NULL, SERIAL},
                {"authority", required_argument, NULL, AUTHORITY},
                {"client-authority", required_argument, NULL, CLIENT_AUTHORITY},
                {"session-timeout", required_argument, NULL, SESSION_TIMEOUT_OPTION},
                {"die-with-parent", no_argument, NULL, DIE_WITH_PARENT},
                {"help", no_argument, NULL, HELP},
                {},
        };
        struct options o = {.session_timeout = SESSION_TIMEOUT};
        int c;

        while ((c = getopt_long(argc, argv, "", known, NULL)) >= 0)
                switch (c) {
                case STATE:
                        o.state = optarg;
                        break;
                case PORT:
                        if (parse_u64(optarg, &o.port) < 0 || o.port > UINT16_MAX) {
                                fprintf(stderr, "bmc-redfish: --port %s: give a number up to 65535\n",
                                        optarg);
                                return -EINVAL;
                        }
                        break;
                case IPV6:
                        o.ipv6 = true;
                        break;
                case CONTROL:
                        o.control = optarg;
                        break;
                case UUID:
                        o.uuid = optarg;
                        break;
                case SERVICE_UUID:
                        o.service_uuid = optarg;
                        break;
                case SERIAL:
                        o.serial = optarg;
                        break;
                case AUTHORITY:
                        o.authority = optarg;
                        break;
                case CLIENT_AUTHORITY:
                        o.client_authority = optarg;
                        break;
                case SESSION_TIMEOUT_OPTION:
                        if (parse_u64(optarg, &o.session_timeout) < 0 || o.session_timeout == 0 ||
                            o.session_timeout > UINT32_MAX) {
                                fprintf(stderr, "bmc-redfish: --session-timeout %s: give seconds, from 1\n",
                                        optarg);
                                return -EINVAL;
                        }
                        break;
                case DIE_WITH_PARENT:
                        o.die_with_parent = true;
                        break;
                case HELP:
                        fputs(usage, stdout);
                        return 1;
                default:
                        return -EINVAL;
                }
        if (optind < argc || !o.state) {
                fputs(usage, stderr);
                return -EINVAL;
        }
        *ret = o;
        return 0;
}

/* The UUID of a machine for which none was given: random, and the same at the next start. */
static int load_uuid(const char *directory, char **ret) {
        _cleanup_free_ char *path = strprintf("%s/uuid", directory);
        unsigned char b[16];
        char text[UUID_SIZE + 1];
        int r;

        if (!path)
                return -ENOMEM;
        r = read_line_file(path, ret);
        if (r != -ENOENT)
                return r;

        if (RAND_bytes(b, sizeof(b)) != 1)
                return -EIO;
        /* RFC 4122: version 4, variant 1. */
        b[6] = (unsigned char) ((b[6] & 0x0f) | 0x40);
        b[8] = (unsigned char) ((b[8] & 0x3f) | 0x80);
        snprintf(text, sizeof(text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n",
                 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                 b[14], b[15]);
        r = write_file_atomic(path, text, strlen(text), 0644);
        if (r < 0)
                return r;
        return read_line_file(path, ret);
}

static int follow_parent(void) {
        pid_t parent = getppid();

        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
                return -errno;
        /* It may have died before that took effect. */
        return getppid() == parent ? 0 : -ESRCH;
}

static int on_signal(struct event_source *source, int fd, uint32_t revents, void *userdata) {
        bool *quit = userdata;

        (void) source;
        (void) fd;
        (void) revents;
        *quit = true;
        return 0;
}

/* The signals that end the service, as a file descriptor. */
static int open_signals(void) {
        sigset_t signals;
        int fd;

        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

static int serve(struct service *service) {
        _cleanup_(event_source_freep) struct event_source *source = NULL;
        _cleanup_close_ int fd = open_signals();
        bool quit = false;
        int r;

        if (fd < 0)
                return fd;
        r = event_add_io(service->event, fd, EPOLLIN, on_signal, &quit, &source);
        if (r < 0)
                return r;

        printf("ready port=%u fingerprint=%s\n", service->port, service->certificate.fingerprint);
        fflush(stdout);

        while (!quit) {
                r = event_iterate(service->event, USEC_INFINITY);
                if (r < 0)
                        return r;
                if (service->control)
                        control_check_waits(service->control);
        }
        return 0;
}

static void service_done(struct service *service) {
        http_stop(service->http);
        control_stop(service->control);
        provisioning_log_close(service->log);
        certificate_done(&service->certificate);
        faults_done(&service->faults);
        json_decref(service->settings);
        free(service->client_authority);
        event_free(service->event);
}

static int run(const struct options *o) {
        _cleanup_free_ char *uuid = NULL;
        _cleanup_(service_done) struct service service = {
                .directory = o->state,
                .authority = o->authority,
                .uuid = o->uuid,
                .serial = o->serial,
                .port = (unsigned) o->port,
                .ipv6 = o->ipv6,
                .sessions.timeout_usec = o->session_timeout * USEC_PER_SEC,
        };
        int r;

        r = make_directories(o->state, 0755);
        if (r < 0)
                return complain(r, "cannot make the directory", o->state);
        if (!service.uuid) {
                r = load_uuid(o->state, &uuid);
                if (r < 0)
                        return complain(r, "cannot keep a UUID in", o->state);
                service.uuid = uuid;
        }
        service.service_uuid = o->service_uuid ? o->service_uuid : service.uuid;

        r = certificate_load(o->state, o->authority, &service.certificate);
        if (r < 0)
                return complain(r, "no use of certificate.pem and key.pem in", o->state);
        if (o->client_authority) {
                r = read_file(o->client_authority, AUTHORITY_MAX, &service.client_authority, NULL);
                if (r < 0)
                        return complain(r, "cannot read", o->client_authority);
        }
        r = system_load_settings(o->state, &service.settings);
        if (r < 0)
                return complain(r, "no use of system.json in", o->state);
        r = provisioning_log_open(o->state, &service.log);
        if (r < 0)
                return complain(r, "cannot take up the log in", o->state);

        r = event_new(&service.event);
        if (r < 0)
                return complain(r, "cannot wait for events in", o->state);
        if (o->control) {
                r = control_start(&service, o->control, &service.control);
                if (r < 0)
                        return complain(r, "cannot listen on", o->control);
        }
        r = http_start(&service, &service.http);
        if (r < 0)
                return complain(r, "cannot serve on 127.0.0.1 with the certificate in", o->state);

        r = serve(&service);
        if (r < 0)
                return complain(r, "cannot go on serving from", o->state);
        return 0;
}

int main(int argc, char *argv[]) {
        struct options options;
        int r;

        r = parse_options(argc, argv, &options);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        if (options.die_with_parent && follow_parent() < 0) {
                fputs("bmc-redfish: the parent has gone\n", stderr);
                return EXIT_FAILURE;
        }
        return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
