/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <curl/curl.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/text.h"
#include "bmc/wait.h"
#include "http.h"
#include "tls.h"

#define CONNECT_TIMEOUT (10 * USEC_PER_SEC)
#define SILENCE_TIMEOUT (10 * USEC_PER_SEC) /* without so much as an acknowledgement from the peer's TCP */
#define RETRY_AFTER_MAX 60U                 /* s */

struct http {
        CURL *easy;
        CURLM *multi;
        struct curl_slist *scratch; /* header fields of the request at work */
        char *origin;               /* "https://169.254.0.17:443" */
        struct tls_trust *trust;
        struct wait *wait;
        char error[CURL_ERROR_SIZE];
};

/* What a response grows into, for curl's callbacks. */
struct sink {
        struct http_response response;
        size_t allocated;
        int error;
};

void http_response_done(struct http_response *response) {
        if (response->auth_token)
                explicit_bzero(response->auth_token, strlen(response->auth_token));
        if (response->body)
                explicit_bzero(response->body, response->body_size);

        free(response->auth_token);
        free(response->body);
        free(response->location);
        free(response->etag);
        free(response->date);
        *response = (struct http_response){};
}

static void sink_done(struct sink *sink) {
        http_response_done(&sink->response);
}

/* curl keeps copies of passwords and tokens in buffers of its own: wiped when they are given back. */
static void wiping_free(void *p) {
        if (p)
                explicit_bzero(p, malloc_usable_size(p));
        free(p);
}

static void *wiping_realloc(void *p, size_t size) {
        size_t old = p ? malloc_usable_size(p) : 0;
        void *fresh;

        fresh = malloc(size);
        if (!fresh)
                return NULL;

        if (p)
                memcpy(fresh, p, MIN(old, size));
        wiping_free(p);
        return fresh;
}

/* TLS records, decrypted and not yet encrypted, lie in OpenSSL's. */
static void *openssl_malloc(size_t size, const char *file _unused_, int line _unused_) {
        return malloc(size);
}

static void *openssl_realloc(void *p, size_t size, const char *file _unused_, int line _unused_) {
        return wiping_realloc(p, size);
}

static void openssl_free(void *p, const char *file _unused_, int line _unused_) {
        wiping_free(p);
}

int http_initialize(void) {
        /* Refused in a process that has used OpenSSL before: the tests', not the channel's. */
        (void) CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);

        return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc, strdup,
                                    calloc) == CURLE_OK
                       ? 0
                       : -ENOMEM;
}

static size_t on_body(char *data, size_t one _unused_, size_t size, void *userdata) {
        struct sink *sink = userdata;
        struct http_response *response = &sink->response;

        if (size > HTTP_BODY_MAX - response->body_size) {
                sink->error = -EMSGSIZE;
                return 0;
        }

        if (response->body_size + size + 1 > sink->allocated) {
                size_t want = MAX(sink->allocated * 2, response->body_size + size + 1);
                char *larger = wiping_realloc(response->body, want);

                if (!larger) {
                        sink->error = -ENOMEM;
                        return 0;
                }
                response->body = larger;
                sink->allocated = want;
        }

        memcpy(response->body + response->body_size, data, size);
        response->body_size += size;
        response->body[response->body_size] = 0;
        return size;
}

/* Puts the value of the field called name into *ret when line is that. Returns false when memory is short. */
static bool header_take(const char *line, size_t size, const char *name, char **ret) {
        size_t length = strlen(name);
        char *value;

        if (size <= length || strncasecmp(line, name, length) != 0 || line[length] != ':')
                return true;

        line += length + 1;
        size -= length + 1;
        while (size > 0 && (*line == ' ' || *line == '\t')) {
                line++;
                size--;
        }

        value = text_sanitize(line, strcspn(line, "\r\n") < size ? strcspn(line, "\r\n") : size);
        if (!value)
                return false;

        wiping_free(*ret);
        *ret = value;
        return true;
}

static size_t on_header(char *data, size_t one _unused_, size_t size, void *userdata) {
        _cleanup_free_ char *retry_after = NULL;
        struct sink *sink = userdata;
        uint64_t seconds;

        if (!header_take(data, size, "Location", &sink->response.location) ||
            !header_take(data, size, "X-Auth-Token", &sink->response.auth_token) ||
            !header_take(data, size, "ETag", &sink->response.etag) ||
            !header_take(data, size, "Date", &sink->response.date) ||
            !header_take(data, size, "Retry-After", &retry_after)) {
                sink->error = -ENOMEM;
                return 0;
        }

        /* It may also be a date, which a BMC without a clock had better not give and which is left alone. */
        if (retry_after && parse_u64(retry_after, &seconds) >= 0)
                sink->response.retry_after = MIN(seconds, (uint64_t) RETRY_AFTER_MAX) * USEC_PER_SEC;

        return size;
}

/* When the USB NIC goes away, what was sent stays unacknowledged for ever, and nobody else says so. */
static int on_socket(void *userdata _unused_, curl_socket_t fd, curlsocktype purpose _unused_) {
        static const unsigned msec = (unsigned) (SILENCE_TIMEOUT / USEC_PER_MSEC);

        return setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &msec, sizeof(msec)) < 0 ? CURL_SOCKOPT_ERROR
                                                                                      : CURL_SOCKOPT_OK;
}

static CURLcode on_ssl_context(CURL *easy _unused_, void *context, void *userdata) {
        return tls_arm(context, userdata) < 0 ? CURLE_SSL_CERTPROBLEM : CURLE_OK;
}

/* Options that never change. */
static CURLcode http_set_up(struct http *http, const char *interface, unsigned index,
                            const struct ip_address *address) {
        _cleanup_free_ char *bind_to = NULL;
        CURLcode c = CURLE_OK;

        /* "if!": the name of an interface, never of a host. */
        bind_to = strprintf("if!%s", interface);
        if (!bind_to)
                return CURLE_OUT_OF_MEMORY;

#define SET(option, value)                                                                                   \
        do {                                                                                                 \
                if (c == CURLE_OK)                                                                           \
                        c = curl_easy_setopt(http->easy, option, value);                                     \
        } while (false)

        /* The small libcurl lacks what is switched off here. */
        (void) curl_easy_setopt(http->easy, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(http->easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);

        SET(CURLOPT_ERRORBUFFER, http->error);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_PROTOCOLS_STR, "https");
        SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_USERAGENT, "seatrial");
        SET(CURLOPT_INTERFACE, bind_to);
        if (ip_is_link_local_6(address))
                SET(CURLOPT_ADDRESS_SCOPE, (long) index);
        SET(CURLOPT_CONNECTTIMEOUT_MS, (long) (CONNECT_TIMEOUT / USEC_PER_MSEC));
        SET(CURLOPT_SOCKOPTFUNCTION, on_socket);

        /* What is trusted is tls.c's to say, names and dates included. A resumed TLS session would skip that:
         * none is. */
        SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_CAINFO, NULL);
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
        SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
        SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
        SET(CURLOPT_SSL_CTX_DATA, http->trust);

        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_HEADERFUNCTION, on_header);
#undef SET

        return c;
}

int http_new(const struct ip_address *address, uint16_t port, const char *interface, unsigned index,
             struct tls_trust *trust, struct wait *w, struct http **ret) {
        _cleanup_(http_freep) struct http *http = NULL;
        CURLcode c;

        http = calloc(1, sizeof(*http));
        if (!http)
                return -ENOMEM;
        http->trust = trust;
        http->wait = w;

        http->origin = strprintf(address->family == AF_INET6 ? "https://[%s]:%u" : "https://%s:%u",
                                 FORMAT_IP(address), port);
        http->easy = curl_easy_init();
        http->multi = curl_multi_init();
        if (!http->origin || !http->easy || !http->multi)
                return -ENOMEM;

        c = http_set_up(http, interface, index, address);
        if (c != CURLE_OK)
                return c == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;

        *ret = TAKE_PTR(http);
        return 0;
}

/* The list holds the token. curl_slist_free_all() gives it back through wiping_free(). */
static void http_drop_scratch(struct http *http) {
        curl_slist_free_all(http->scratch);
        http->scratch = NULL;
}

struct http *http_free(struct http *http) {
        if (!http)
                return NULL;

        /* Connections belong to the multi handle. */
        curl_easy_cleanup(http->easy);
        curl_multi_cleanup(http->multi);
        http_drop_scratch(http);
        free(http->origin);
        free(http);
        return NULL;
}

static int http_add_field(struct http *http, const char *field) {
        struct curl_slist *longer;

        longer = curl_slist_append(http->scratch, field);
        if (!longer)
                return -ENOMEM;

        http->scratch = longer;
        return 0;
}

/* Adds "name: value", of which value may be a secret. */
static int http_add_value(struct http *http, const char *name, const char *value) {
        char *field;
        int r;

        field = strprintf("%s: %s", name, value);
        if (!field)
                return -ENOMEM;

        r = http_add_field(http, field);
        wiping_free(field);
        return r;
}

static int http_set_fields(struct http *http, const struct http_request *request) {
        static const char *const always[] = {"Accept: application/json", "OData-Version: 4.0", "Expect:"};
        int r = 0;

        http_drop_scratch(http);
        for (size_t i = 0; i < ELEMENTSOF(always) && r >= 0; i++)
                r = http_add_field(http, always[i]);

        if (r >= 0 && request->body)
                r = http_add_field(http, "Content-Type: application/json");
        if (r >= 0 && request->if_match)
                r = http_add_value(http, "If-Match", request->if_match);
        if (r >= 0 && request->token)
                r = http_add_value(http, "X-Auth-Token", request->token);

        return r;
}

/* Runs the transfer to its end. Returns 0 and sets *ret, a negative errno. */
static int http_transfer(struct http *http, uint64_t until, CURLcode *ret) {
        for (;;) {
                struct curl_waitfd agent[] = {
                        {.fd = http->wait->records_fd, .events = CURL_WAIT_POLLIN},
                        {.fd = http->wait->close_fd, .events = CURL_WAIT_POLLIN},
                };
                unsigned n_agent = http->wait->close_fd >= 0 ? ELEMENTSOF(agent) : 0;
                uint64_t now, end;
                int running, left, r;
                CURLMsg *message;

                if (curl_multi_perform(http->multi, &running) != CURLM_OK)
                        return -ENOMEM;

                message = curl_multi_info_read(http->multi, &left);
                if (message) {
                        *ret = message->data.result;
                        return 0;
                }

                /* The agent's patience may have changed meanwhile. */
                end = MIN(until, http->wait->deadline);
                now = now_usec();
                if (now >= end)
                        return -ETIMEDOUT;

                if (curl_multi_poll(http->multi, agent, n_agent,
                                    (int) MIN((end - now + 999) / USEC_PER_MSEC, (uint64_t) 60000),
                                    NULL) != CURLM_OK)
                        return -ENOMEM;

                r = wait_take(http->wait);
                if (r < 0)
                        return r;
        }
}

static int http_explain(struct http *http, CURLcode c, const struct sink *sink) {
        if (c == CURLE_OK)
                return 0;

        if (http->trust->rejected) {
                snprintf(http->error, sizeof(http->error), "%s", http->trust->problem);
                return -EKEYREJECTED;
        }
        if (sink->error == -EMSGSIZE)
                snprintf(http->error, sizeof(http->error), "the response is larger than %s",
                         FORMAT_BYTES(HTTP_BODY_MAX));
        if (sink->error < 0)
                return sink->error;

        if (!*http->error)
                snprintf(http->error, sizeof(http->error), "%s", curl_easy_strerror(c));

        switch (c) {
        case CURLE_OPERATION_TIMEDOUT:
                return -ETIMEDOUT;
        case CURLE_COULDNT_CONNECT:
        case CURLE_INTERFACE_FAILED:
                return -ECONNREFUSED;
        case CURLE_OUT_OF_MEMORY:
                return -ENOMEM;
        default:
                return -ECONNRESET;
        }
}

/* What differs from request to request. */
static int http_set_request(struct http *http, const struct http_request *request, struct sink *sink) {
        _cleanup_free_ char *url = NULL;
        int r;

        url = strprintf("%s%s", http->origin, request->path);
        if (!url)
                return -ENOMEM;

        r = http_set_fields(http, request);
        if (r < 0)
                return r;

        curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(http->easy, CURLOPT_HTTPGET, 1L);
        if (request->body) {
                curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_size);
                curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, request->body);
        }
        curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, sink);
        curl_easy_setopt(http->easy, CURLOPT_HEADERDATA, sink);
        curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, http->scratch);
        if (curl_easy_setopt(http->easy, CURLOPT_CUSTOMREQUEST, request->method) != CURLE_OK ||
            curl_easy_setopt(http->easy, CURLOPT_URL, url) != CURLE_OK)
                return -ENOMEM;

        return 0;
}

int http_request(struct http *http, const struct http_request *request, struct http_response *ret) {
        _cleanup_(sink_done) struct sink sink = {};
        CURLcode c = CURLE_OK;
        long status = 0;
        int r;

        *http->error = 0;
        http->trust->rejected = false;

        r = http_set_request(http, request, &sink);
        if (r < 0)
                return r;

        if (curl_multi_add_handle(http->multi, http->easy) != CURLM_OK)
                return -ENOMEM;
        r = http_transfer(http, wait_until(http->wait, request->timeout), &c);
        curl_multi_remove_handle(http->multi, http->easy);

        curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
        http_drop_scratch(http);
        if (r == -ETIMEDOUT)
                snprintf(http->error, sizeof(http->error), "no response in time");
        if (r < 0)
                return r;

        r = http_explain(http, c, &sink);
        if (r < 0)
                return r;

        curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
        sink.response.status = (unsigned) status;
        *ret = TAKE(sink.response, (struct http_response){});
        return 0;
}

const char *http_problem(const struct http *http) {
        return http->error;
}
