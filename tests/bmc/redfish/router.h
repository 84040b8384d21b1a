/* SPDX-License-Identifier: GPL-3.0-or-later */
/* router.h: which resource answers which path, and who may ask it what. */
#pragma once

#include <stddef.h>

#include <jansson.h>

struct answer;
struct request;
struct service;

/* A whole request, its body as it came. request has connection, method and path set; the rest is filled in,
 * and is the router's to free with router_done(). */
void router_handle(struct service *service, struct request *request, const char *body, size_t body_size,
                   struct answer *answer);
void router_done(struct request *request);

/* What GET gives of the resource at path, with its entity tag in it. A new reference, or NULL. */
json_t *router_get(struct service *service, const char *path);

/* The session whose token came with the request, or NULL. */
struct session *router_session(struct service *service, const struct request *request);
