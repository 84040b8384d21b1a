/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http.h: requests over HTTPS to one server, on one kept connection, bound to one network interface. No
 * proxy, no redirects, no cookies. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "bmc/link/ip.h"

struct http;
struct tls_trust;
struct wait;

#define HTTP_BODY_MAX ((size_t) 1024 * 1024)

struct http_request {
        const char *method;
        const char *path;     /* begins with a slash */
        const char *token;    /* X-Auth-Token, or NULL */
        const char *if_match; /* an entity tag, or NULL */
        const char *body;     /* JSON, or NULL */
        size_t body_size;
        uint64_t timeout; /* us */
};

struct http_response {
        unsigned status; /* 200 */
        char *body;      /* NUL behind it */
        size_t body_size;
        char *location;       /* header fields, NULL when not sent */
        char *auth_token;     /* X-Auth-Token; a secret */
        char *etag;           /* with its quotes */
        char *date;           /* "Tue, 01 Jan 2030 12:00:00 GMT" */
        uint64_t retry_after; /* us; 0 when not sent */
};

/* Wipes what is secret. */
void http_response_done(struct http_response *response);

/* Once in a process, before any other. Returns 0, -ENOMEM. */
int http_initialize(void);

/* A client of https://address:port on interface (with index). trust and wait must outlive it; wait is used
 * for all waiting. Returns 0, a negative errno. */
int http_new(const struct ip_address *address, uint16_t port, const char *interface, unsigned index,
             struct tls_trust *trust, struct wait *w, struct http **ret);
struct http *http_free(struct http *http);
DEFINE_CLEANUP(struct http *, http_free);

/* Sends one request and reads the whole response, whatever its status. Returns 0, or with the reason in
 * http_problem(): -EKEYREJECTED the certificate is not one that is trusted, and nothing was sent, -ETIMEDOUT,
 * -ECONNREFUSED no connection, -EMSGSIZE the response is larger than HTTP_BODY_MAX, -ECONNRESET the
 * connection broke, -ENOMEM, a negative errno of wait. */
int http_request(struct http *http, const struct http_request *request, struct http_response *ret);

/* Why the last request failed, in words. */
const char *http_problem(const struct http *http);
