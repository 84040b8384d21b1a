/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"
#include "message.h"
#include "service.h"

#define SERVICE_PATH  "/redfish/v1/SessionService"
#define SESSIONS_PATH SERVICE_PATH "/Sessions"

void sessions_expire(struct sessions *sessions) {
        uint64_t now = now_usec();

        for (unsigned i = 0; i < SESSIONS_MAX; i++)
                if (sessions->slots[i].id[0] && now - sessions->slots[i].last_used > sessions->timeout_usec)
                        session_end(&sessions->slots[i]);
}

struct session *sessions_authenticate(struct sessions *sessions, const char *token) {
        struct session *found = NULL;

        if (strlen(token) != sizeof(found->token) - 1)
                return NULL;
        for (unsigned i = 0; i < SESSIONS_MAX; i++) {
                struct session *session = &sessions->slots[i];

                if (CRYPTO_memcmp(session->token, token, sizeof(session->token)) == 0 && session->id[0])
                        found = session;
        }
        if (found)
                found->last_used = now_usec();
        return found;
}

unsigned sessions_count(const struct sessions *sessions) {
        unsigned n = 0;

        for (unsigned i = 0; i < SESSIONS_MAX; i++)
                n += sessions->slots[i].id[0] != '\0';
        return n;
}

void session_end(struct session *session) {
        OPENSSL_cleanse(session, sizeof(*session));
}

void sessions_end_user(struct sessions *sessions, const char *user_name) {
        for (unsigned i = 0; i < SESSIONS_MAX; i++)
                if (sessions->slots[i].id[0] && streq(sessions->slots[i].user_name, user_name))
                        session_end(&sessions->slots[i]);
}

/* Returns 0, -ENOSPC when there are SESSIONS_MAX already, -EIO when there is no randomness. */
static int session_create(struct sessions *sessions, const struct account *account,
                          const struct session **ret) {
        unsigned char id[8], token[16];

        for (unsigned i = 0; i < SESSIONS_MAX; i++) {
                struct session *session = &sessions->slots[i];

                if (session->id[0])
                        continue;
                if (RAND_bytes(id, sizeof(id)) != 1 || RAND_bytes(token, sizeof(token)) != 1)
                        return -EIO;
                hex_encode(id, sizeof(id), session->id);
                hex_encode(token, sizeof(token), session->token);
                strcpy(session->user_name, account->user_name);
                session->last_used = now_usec();
                *ret = session;
                return 0;
        }
        return -ENOSPC;
}

void session_service_get(struct service *service, const struct request *request, struct answer *answer) {
        answer_resource(answer, json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:o}", "@odata.id", request->path,
                                          "@odata.type", "#SessionService.v1_1_8.SessionService", "Id",
                                          "SessionService", "Name", "Session Service", "ServiceEnabled", 1,
                                          "SessionTimeout",
                                          (json_int_t) (service->sessions.timeout_usec / USEC_PER_SEC),
                                          "Sessions", reference(SESSIONS_PATH)));
}

static json_t *member(struct service *service, uint64_t index) {
        for (unsigned i = 0; i < SESSIONS_MAX; i++)
                if (service->sessions.slots[i].id[0] && index-- == 0)
                        return reference(SESSIONS_PATH "/%s", service->sessions.slots[i].id);
        return NULL;
}

void sessions_get(struct service *service, const struct request *request, struct answer *answer) {
        answer_collection(service, request, answer, "SessionCollection", "Sessions",
                          sessions_count(&service->sessions), SESSIONS_MAX, member);
}

static json_t *session_resource(const struct session *session) {
        _cleanup_free_ char *path = strprintf(SESSIONS_PATH "/%s", session->id);

        if (!path)
                return NULL;
        return json_pack("{s:s, s:s, s:s, s:s, s:s}", "@odata.id", path, "@odata.type",
                         "#Session.v1_3_0.Session", "Id", session->id, "Name", "Session", "UserName",
                         session->user_name);
}

/* The string at key; fails the answer when it is missing or no string. */
static const char *credential(const struct request *request, struct answer *answer, const char *key) {
        const json_t *value = json_object_get(request->body, key);

        if (json_is_string(value))
                return json_string_value(value);
        if (!value)
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_MISSING, key, key);
        else
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_VALUE_TYPE_ERROR, key,
                            "(not shown)", key);
        return NULL;
}

void sessions_post(struct service *service, const struct request *request, struct answer *answer) {
        const char *user_name, *password;
        const struct account *account;
        const struct session *session;
        int r;

        user_name = credential(request, answer, "UserName");
        if (!user_name)
                return;
        password = credential(request, answer, "Password");
        if (!password)
                return;

        account = accounts_authenticate(&service->accounts, user_name, password);
        if (!account) {
                answer_fail(answer, MHD_HTTP_UNAUTHORIZED, MESSAGE_RESOURCE_AT_URI_UNAUTHORIZED, NULL,
                            request->path, "Invalid username or password");
                return;
        }

        r = session_create(&service->sessions, account, &session);
        if (r == -ENOSPC) {
                answer_fail(answer, MHD_HTTP_SERVICE_UNAVAILABLE, MESSAGE_SESSION_LIMIT_EXCEEDED, NULL);
                return;
        }
        if (r < 0) {
                answer_fail(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, MESSAGE_INTERNAL_ERROR, NULL);
                return;
        }

        answer_resource(answer, session_resource(session));
        if (answer->status != MHD_HTTP_OK)
                return;
        answer->status = MHD_HTTP_CREATED;
        answer->location = strprintf(SESSIONS_PATH "/%s", session->id);
        strcpy(answer->token, session->token);
}

/* The session that the request's path names; fails the answer when there is none. */
static struct session *find(struct service *service, const struct request *request, struct answer *answer) {
        for (unsigned i = 0; i < SESSIONS_MAX; i++)
                if (service->sessions.slots[i].id[0] && streq(service->sessions.slots[i].id, request->id))
                        return &service->sessions.slots[i];
        answer_fail(answer, MHD_HTTP_NOT_FOUND, MESSAGE_RESOURCE_MISSING_AT_URI, NULL, request->path);
        return NULL;
}

void session_get(struct service *service, const struct request *request, struct answer *answer) {
        const struct session *session = find(service, request, answer);

        if (session)
                answer_resource(answer, session_resource(session));
}

void session_delete(struct service *service, const struct request *request, struct answer *answer) {
        struct session *session = find(service, request, answer);

        if (session)
                session_end(session);
}
