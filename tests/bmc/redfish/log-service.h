/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log-service.h: the provisioning log as Redfish resources, and what a posted LogEntry must look like. */
#pragma once

struct answer;
struct request;
struct service;

void log_services_get(struct service *service, const struct request *request, struct answer *answer);
void log_service_get(struct service *service, const struct request *request, struct answer *answer);
void log_entries_get(struct service *service, const struct request *request, struct answer *answer);
void log_entries_post(struct service *service, const struct request *request, struct answer *answer);
void log_entry_get(struct service *service, const struct request *request, struct answer *answer);
