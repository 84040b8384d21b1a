/* SPDX-License-Identifier: GPL-3.0-or-later */
/* root.h: where a client begins, and the manager: documents in which nothing can be set. */
#pragma once

struct answer;
struct request;
struct service;

void versions_get(struct service *service, const struct request *request, struct answer *answer);
void root_get(struct service *service, const struct request *request, struct answer *answer);
void metadata_get(struct service *service, const struct request *request, struct answer *answer);
void odata_get(struct service *service, const struct request *request, struct answer *answer);
void managers_get(struct service *service, const struct request *request, struct answer *answer);
void manager_get(struct service *service, const struct request *request, struct answer *answer);
