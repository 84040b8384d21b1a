/* SPDX-License-Identifier: GPL-3.0-or-later */
/* system.h: the computer system that this BMC manages, and perhaps others beside it. What clients may set of
 * it, the asset tag, the boot override and the plan, is kept in system.json of the state directory. */
#pragma once

#include <jansson.h>

struct answer;
struct request;
struct service;

/* Reads the settings, or makes those of a new machine. Returns 0, -EBADMSG when system.json is none, -errno.
 */
int system_load_settings(const char *directory, json_t **ret);

void systems_get(struct service *service, const struct request *request, struct answer *answer);
void system_get(struct service *service, const struct request *request, struct answer *answer);
void other_system_get(struct service *service, const struct request *request, struct answer *answer);
void system_patch(struct service *service, const struct request *request, struct answer *answer);
