/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.h: Redfish sessions (DSP0266 13.3). */
#pragma once

#include <stdint.h>

#include "account.h"

#define SESSIONS_MAX 16

struct session {
        char id[16 + 1]; /* empty: a free slot */
        char token[32 + 1];
        char user_name[ACCOUNT_NAME_MAX + 1];
        uint64_t last_used; /* as now_usec() counts */
};

struct sessions {
        struct session slots[SESSIONS_MAX];
        uint64_t timeout_usec; /* without a request, after which a session ends */
};

/* Ends what has been idle for too long. */
void sessions_expire(struct sessions *sessions);

/* The session of that token, which has now been used, or NULL. */
struct session *sessions_authenticate(struct sessions *sessions, const char *token);

unsigned sessions_count(const struct sessions *sessions);
void session_end(struct session *session);
void sessions_end_user(struct sessions *sessions, const char *user_name);

void session_service_get(struct service *service, const struct request *request, struct answer *answer);
void sessions_get(struct service *service, const struct request *request, struct answer *answer);
void sessions_post(struct service *service, const struct request *request, struct answer *answer);
void session_get(struct service *service, const struct request *request, struct answer *answer);
void session_delete(struct service *service, const struct request *request, struct answer *answer);
