/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http.h: HTTPS on 127.0.0.1, each request to the router, with the faults that a test has asked for. */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/macro.h"

struct http;
struct service;

/* Serves on service->port (0: a free one, which is set there) with service->certificate, and writes one line
 * a request to access.log in the service's directory. Returns 0, -EPROTO when the server does not take
 * certificate and key, a negative errno. */
int http_start(struct service *service, struct http **ret);

struct http *http_stop(struct http *http);
DEFINE_CLEANUP(struct http *, http_stop);

/* The ETag of a resource: changes when its content does. Returns false when out of memory. */
#define ETAG_MAX 24
bool http_etag(const json_t *resource, char etag[static ETAG_MAX]);
