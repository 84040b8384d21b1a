/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/event.h"
#include "base/fd.h"
#include "base/text.h"
#include "message.h"
#include "router.h"
#include "service.h"

#define BODY_MAX           (1024 * 1024)
#define CONNECTION_BUFFER  (64 * 1024)
#define CONNECTION_TIMEOUT 60 /* seconds without a request, after which a connection is closed */
#define TLS_PRIORITIES     "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* What was asked, from its first header to the end of the answer. */
struct exchange {
        struct http *http;
        struct MHD_Connection *connection;
        char *method, *path;
        char *body;
        size_t body_size;
        bool too_large;

        bool delayed;
        struct event_source *wake;
        struct exchange *next_delayed;
};

/* From accept() to close(). */
struct connection {
        bool used; /* a request has come over it */
};

struct http {
        struct service *service;
        struct MHD_Daemon *daemon;
        struct event_source *io, *timer;
        FILE *access_log;
        struct exchange *delayed; /* whose connections MHD must be given back before it stops */
};

static void exchange_free(struct exchange *x) {
        free(x->method);
        free(x->path);
        free(x->body);
        free(x);
}

bool http_etag(const json_t *resource, char etag[static ETAG_MAX]) {
        _cleanup_free_ char *text = json_dumps(resource, JSON_COMPACT);
        unsigned char digest[EVP_MAX_MD_SIZE];
        char hex[2 * 8 + 1];

        if (!text || !EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL))
                return false;
        hex_encode(digest, 8, hex);
        snprintf(etag, ETAG_MAX, "\"%s\"", hex);
        return true;
}

static void log_access(struct http *http, const struct exchange *x, const char *outcome,
                       const char *user_name) {
        char now[FORMAT_TIMESTAMP_MAX];

        fprintf(http->access_log, "%s %s %s %s %s\n", format_timestamp_now(now), x->method, x->path, outcome,
                user_name[0] ? user_name : "-");
        fflush(http->access_log);
}

static bool is_get(const struct exchange *x) {
        return streq(x->method, MHD_HTTP_METHOD_GET) || streq(x->method, MHD_HTTP_METHOD_HEAD);
}

/* Gives half of the answer, then breaks the connection. */
struct half {
        size_t size;
        char data[];
};

static ssize_t read_half(void *userdata, uint64_t position, char *buffer, size_t max) {
        const struct half *half = userdata;
        size_t n;

        if (position >= half->size)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        n = MIN(max, half->size - (size_t) position);
        memcpy(buffer, half->data + position, n);
        return (ssize_t) n;
}

static struct MHD_Response *half_response(const char *text, size_t size) {
        struct MHD_Response *response;
        struct half *half;

        half = malloc(sizeof(*half) + size / 2);
        if (!half)
                return NULL;
        half->size = size / 2;
        memcpy(half->data, text, half->size);
        response = MHD_create_response_from_callback(size, CONNECTION_BUFFER, read_half, half, free);
        if (!response)
                free(half);
        return response;
}

static bool add_headers(struct MHD_Response *response, const struct answer *answer, const char *etag) {
        char retry_after[16];
        const struct {
                const char *name, *value;
        } headers[] = {
                {"OData-Version", "4.0"},
                {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
                {MHD_HTTP_HEADER_CONTENT_TYPE, answer->text   ? answer->text_type
                                               : answer->body ? "application/json;charset=utf-8"
                                                              : NULL},
                {MHD_HTTP_HEADER_ETAG, etag},
                {MHD_HTTP_HEADER_LOCATION, answer->location},
                {MHD_HTTP_HEADER_ALLOW, answer->allow},
                {MHD_HTTP_HEADER_RETRY_AFTER, answer->retry_after > 0 ? retry_after : NULL},
                {MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                 answer->status == MHD_HTTP_UNAUTHORIZED ? "Basic realm=\"bmc\"" : NULL},
                {"X-Auth-Token", answer->token[0] ? answer->token : NULL},
        };

        snprintf(retry_after, sizeof(retry_after), "%u", answer->retry_after);
        for (size_t i = 0; i < ELEMENTSOF(headers); i++)
                if (headers[i].value &&
                    MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES)
                        return false;
        return true;
}

/* Sends answer, or half of it. MHD_NO, on which MHD closes the connection, when out of memory. */
static enum MHD_Result send_answer(struct exchange *x, struct answer *answer, bool half,
                                   const char *user_name) {
        _cleanup_free_ char *dumped = NULL;
        const char *text = answer->text ? answer->text : "";
        const char *known =
                MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
        struct MHD_Response *response;
        char etag[ETAG_MAX] = "", outcome[16];
        enum MHD_Result r = MHD_NO;

        if (answer->body) {
                dumped = json_dumps(answer->body, JSON_COMPACT);
                if (!dumped)
                        return MHD_NO;
                text = dumped;
                if (answer->status == MHD_HTTP_OK && !http_etag(answer->body, etag))
                        return MHD_NO;
        }
        if (etag[0] && is_get(x) && known && streq(known, etag)) {
                answer->status = MHD_HTTP_NOT_MODIFIED;
                text = "";
        }

        if (half)
                response = half_response(text, strlen(text));
        else
                response =
                        MHD_create_response_from_buffer(strlen(text), (void *) text, MHD_RESPMEM_MUST_COPY);
        if (!response)
                return MHD_NO;
        if (add_headers(response, answer, etag[0] ? etag : NULL))
                r = MHD_queue_response(x->connection, answer->status, response);
        MHD_destroy_response(response);

        snprintf(outcome, sizeof(outcome), "%u", answer->status);
        log_access(x->http, x, half ? "cut" : outcome, user_name);
        return r;
}

static enum MHD_Result cut(struct exchange *x, const char *user_name) {
        log_access(x->http, x, "cut", user_name);
        return MHD_NO;
}

static enum MHD_Result send_fault_status(struct exchange *x, const struct fault_effect *effect) {
        _cleanup_(answer_done) struct answer answer = {};
        char seconds[16];

        snprintf(seconds, sizeof(seconds), "%u", effect->retry_after);
        if (effect->status == MHD_HTTP_SERVICE_UNAVAILABLE && effect->retry_after > 0)
                answer_fail(&answer, effect->status, MESSAGE_SERVICE_TEMPORARILY_UNAVAILABLE, NULL, seconds);
        else
                answer_fail_general(&answer, effect->status, "A test has asked for this answer.");
        answer.retry_after = effect->retry_after;
        if (effect->status == MHD_HTTP_METHOD_NOT_ALLOWED)
                answer.allow = "GET, HEAD";
        return send_answer(x, &answer, false, "");
}

static enum MHD_Result send_garbage(struct exchange *x) {
        _cleanup_(answer_done) struct answer answer = {
                .status = MHD_HTTP_OK,
                .text = "{\"@odata.id\":\"/redfish/v1/\xff\xfe\",\"Members\":[{]",
                .text_type = "application/json;charset=utf-8",
        };

        return send_answer(x, &answer, false, "");
}

static enum MHD_Result handle(struct exchange *x, const struct fault_effect *effect) {
        _cleanup_(answer_done) struct answer answer = {};
        _cleanup_(router_done) struct request request = {
                .connection = x->connection,
                .method = streq(x->method, MHD_HTTP_METHOD_HEAD) ? MHD_HTTP_METHOD_GET : x->method,
                .path = x->path,
        };

        if (effect->action == FAULT_DROP_SESSION) {
                struct session *session = router_session(x->http->service, &request);

                if (session)
                        session_end(session);
        }
        if (x->too_large)
                answer_fail_general(&answer, MHD_HTTP_CONTENT_TOO_LARGE, "Send a body of at most 1 MiB.");
        else
                router_handle(x->http->service, &request, x->body, x->body_size, &answer);

        if (effect->action == FAULT_CUT_AFTER)
                return cut(x, request.user_name);
        return send_answer(x, &answer, effect->action == FAULT_CUT_MIDDLE, request.user_name);
}

/* Lets MHD do what there is to do, and comes back when it wants. */
static int run(struct http *http) {
        MHD_UNSIGNED_LONG_LONG timeout_ms;

        if (MHD_run(http->daemon) != MHD_YES)
                return -EIO;
        if (MHD_get_timeout(http->daemon, &timeout_ms) == MHD_YES)
                return event_source_set_timer(http->timer, timeout_ms * USEC_PER_MSEC);
        return event_source_set_timer(http->timer, USEC_INFINITY);
}

static int on_wake(struct event_source *source, int fd, uint32_t revents, void *userdata) {
        struct exchange *x = userdata;
        struct http *http = x->http;

        (void) source;
        (void) fd;
        (void) revents;
        x->wake = event_source_free(x->wake);
        for (struct exchange **p = &http->delayed; *p; p = &(*p)->next_delayed)
                if (*p == x) {
                        *p = x->next_delayed;
                        break;
                }
        MHD_resume_connection(x->connection);
        return run(http);
}

static enum MHD_Result delay(struct exchange *x, unsigned milliseconds) {
        if (event_add_timer(x->http->service->event, milliseconds * USEC_PER_MSEC, on_wake, x, &x->wake) < 0)
                return MHD_NO;
        x->delayed = true;
        x->next_delayed = x->http->delayed;
        x->http->delayed = x;
        MHD_suspend_connection(x->connection);
        return MHD_YES;
}

static void count_request(struct exchange *x) {
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        struct connection *connection = info ? info->socket_context : NULL;

        x->http->service->requests++;
        if (connection && !connection->used) {
                connection->used = true;
                x->http->service->connections++;
        }
}

/* The whole request is there. */
static enum MHD_Result complete(struct exchange *x) {
        struct fault_effect effect = {};

        if (!x->delayed) {
                count_request(x);
                effect = faults_match_http(&x->http->service->faults, x->method, x->path);
        }
        switch (effect.action) {
        case FAULT_DELAY:
                return delay(x, effect.milliseconds);
        case FAULT_CUT_BEFORE:
                return cut(x, "");
        case FAULT_STATUS:
                return send_fault_status(x, &effect);
        case FAULT_GARBAGE:
                return send_garbage(x);
        default:
                return handle(x, &effect);
        }
}

static bool collect(struct exchange *x, const char *data, size_t size) {
        char *body;

        if (x->too_large || size > BODY_MAX - x->body_size) {
                /* The rest is read and thrown away: the client would not read an answer before it has sent it
                 * all. */
                x->too_large = true;
                return true;
        }
        body = realloc(x->body, x->body_size + size);
        if (!body)
                return false;
        memcpy(body + x->body_size, data, size);
        x->body = body;
        x->body_size += size;
        return true;
}

static struct exchange *exchange_new(struct http *http, struct MHD_Connection *connection, const char *url,
                                     const char *method) {
        struct exchange *x = calloc(1, sizeof(*x));
        size_t length = strlen(url);

        if (!x)
                return NULL;
        while (length > 1 && url[length - 1] == '/')
                length--;
        x->http = http;
        x->connection = connection;
        x->method = strdup(method);
        x->path = strndup(url, length);
        if (!x->method || !x->path) {
                exchange_free(x);
                return NULL;
        }
        return x;
}

/* A client that waits for leave to send (Expect: 100-continue) is told at once when its body is too large. */
static bool refused_early(struct exchange *x) {
        const char *expect =
                MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT);
        const char *length =
                MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
        uint64_t size;

        if (!expect || !length || parse_u64(length, &size) < 0 || size <= BODY_MAX)
                return false;
        x->too_large = true;
        return true;
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context) {
        struct http *http = userdata;
        struct exchange *x = *context;

        (void) version;
        if (!x) {
                x = exchange_new(http, connection, url, method);
                if (!x)
                        return MHD_NO;
                *context = x;
                return refused_early(x) ? complete(x) : MHD_YES;
        }
        if (*upload_size > 0) {
                if (!collect(x, upload, *upload_size))
                        return MHD_NO;
                *upload_size = 0;
                return MHD_YES;
        }
        return complete(x);
}

static void on_completed(void *userdata, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code) {
        (void) userdata;
        (void) connection;
        (void) code;
        if (*context)
                exchange_free(*context);
        *context = NULL;
}

static void on_connection(void *userdata, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code) {
        struct http *http = userdata;

        (void) mhd;
        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
                http->service->accepted++;
                *context = calloc(1, sizeof(struct connection));
        } else {
                free(*context);
                *context = NULL;
        }
}

static int on_ready(struct event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source;
        (void) fd;
        (void) revents;
        return run(userdata);
}

/* A listening socket on 127.0.0.1 or ::1; sets *port when it is 0. */
static int listen_on(bool ipv6, unsigned *port) {
        struct sockaddr_in6 six = {
                .sin6_family = AF_INET6, .sin6_port = htons((uint16_t) *port), .sin6_addr = in6addr_loopback};
        struct sockaddr_in four = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t) *port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct sockaddr *address = ipv6 ? (struct sockaddr *) &six : (struct sockaddr *) &four;
        socklen_t size = ipv6 ? sizeof(six) : sizeof(four);
        _cleanup_close_ int fd = -EBADF;
        const int yes = 1;

        fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        /* A service that restarts takes its port again at once, whatever connections of its predecessor
         * linger. */
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 || bind(fd, address, size) < 0 ||
            listen(fd, SOMAXCONN) < 0 || getsockname(fd, address, &size) < 0)
                return -errno;
        *port = ntohs(ipv6 ? six.sin6_port : four.sin_port);
        return TAKE_FD(fd);
}

int http_start(struct service *service, struct http **ret) {
        _cleanup_(http_stopp) struct http *http = NULL;
        _cleanup_free_ char *log_path = strprintf("%s/access.log", service->directory);
        _cleanup_close_ int fd = -EBADF;
        /* With one, clients are asked for a certificate, and may do without. */
        const struct MHD_OptionItem client_authority[] = {
                {service->client_authority ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
                 service->client_authority},
                {MHD_OPTION_END, 0, NULL},
        };
        const union MHD_DaemonInfo *info;
        int r;

        http = calloc(1, sizeof(*http));
        if (!http || !log_path)
                return -ENOMEM;
        http->service = service;
        http->access_log = fopen(log_path, "ae");
        if (!http->access_log)
                return -errno;
        fd = listen_on(service->ipv6, &service->port);
        if (fd < 0)
                return fd;

        http->daemon = MHD_start_daemon(
                MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
                MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT, service->certificate.certificate,
                MHD_OPTION_HTTPS_MEM_KEY, service->certificate.key, MHD_OPTION_ARRAY, client_authority,
                MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES, MHD_OPTION_CONNECTION_TIMEOUT,
                (unsigned) CONNECTION_TIMEOUT, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_BUFFER,
                MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
                http, MHD_OPTION_END);
        if (!http->daemon)
                return -EPROTO;
        TAKE_FD(fd); /* MHD closes it */

        info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        r = event_add_timer(service->event, 0, on_ready, http, &http->timer);
        if (r < 0)
                return r;
        r = event_add_io(service->event, info->epoll_fd, EPOLLIN, on_ready, http, &http->io);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(http);
        return 0;
}

struct http *http_stop(struct http *http) {
        if (!http)
                return NULL;
        for (struct exchange *x = http->delayed; x; x = x->next_delayed) {
                event_source_free(x->wake);
                MHD_resume_connection(x->connection);
        }
        event_source_free(http->io);
        event_source_free(http->timer);
        if (http->daemon)
                MHD_stop_daemon(http->daemon);
        fclosep(&http->access_log);
        free(http);
        return NULL;
}
