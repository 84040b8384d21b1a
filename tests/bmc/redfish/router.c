/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "router.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "account.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"
#include "http.h"
#include "log-service.h"
#include "message.h"
#include "root.h"
#include "service.h"
#include "session.h"
#include "system.h"

struct route {
        const char *path; /* a "*" at its end stands for one segment */
        handler_t get, post, patch, delete;
        bool open_get, open_post; /* without authentication */
        bool collection;          /* takes $skip and $top */
};

#define V1      "/redfish/v1"
#define SYSTEM  V1 "/Systems/system"
#define LOG     SYSTEM "/LogServices/Provisioning"
#define ACCOUNT V1 "/AccountService"

static const struct route routes[] = {
        {.path = "/redfish", .get = versions_get, .open_get = true},
        {.path = V1, .get = root_get, .open_get = true},
        {.path = V1 "/$metadata", .get = metadata_get, .open_get = true},
        {.path = V1 "/odata", .get = odata_get, .open_get = true},
        {.path = V1 "/SessionService", .get = session_service_get},
        {
                .path = V1 "/SessionService/Sessions",
                .get = sessions_get,
                .post = sessions_post,
                .open_post = true,
                .collection = true,
        },
        {.path = V1 "/SessionService/Sessions/*", .get = session_get, .delete = session_delete},
        {.path = ACCOUNT, .get = account_service_get},
        {.path = ACCOUNT "/Accounts", .get = accounts_get, .collection = true},
        {.path = ACCOUNT "/Accounts/*", .get = account_get, .delete = account_delete},
        {.path = ACCOUNT "/Roles", .get = roles_get, .collection = true},
        {.path = ACCOUNT "/Roles/Administrator", .get = role_get},
        {.path = V1 "/Managers", .get = managers_get, .collection = true},
        {.path = V1 "/Managers/bmc", .get = manager_get},
        {.path = V1 "/Systems", .get = systems_get, .collection = true},
        {.path = SYSTEM, .get = system_get, .patch = system_patch},
        {.path = V1 "/Systems/*", .get = other_system_get},
        {.path = SYSTEM "/LogServices", .get = log_services_get, .collection = true},
        {.path = LOG, .get = log_service_get},
        {.path = LOG "/Entries", .get = log_entries_get, .post = log_entries_post, .collection = true},
        {.path = LOG "/Entries/*", .get = log_entry_get},
};

/* Finds the route of path; *ret_id is what stands for its "*", or NULL. */
static const struct route *find_route(const char *path, const char **ret_id) {
        for (size_t i = 0; i < ELEMENTSOF(routes); i++) {
                const char *star = strchr(routes[i].path, '*');
                size_t length;

                *ret_id = NULL;
                if (!star) {
                        if (streq(routes[i].path, path))
                                return &routes[i];
                        continue;
                }
                length = (size_t) (star - routes[i].path);
                if (strncmp(routes[i].path, path, length) == 0 && path[length] &&
                    !strchr(path + length, '/')) {
                        *ret_id = path + length;
                        return &routes[i];
                }
        }
        return NULL;
}

static const char *header(const struct request *request, const char *name) {
        return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct session *router_session(struct service *service, const struct request *request) {
        const char *token = header(request, "X-Auth-Token");

        return token ? sessions_authenticate(&service->sessions, token) : NULL;
}

static bool authenticate_token(struct service *service, struct request *request) {
        const struct session *session = router_session(service, request);

        if (session)
                strcpy(request->user_name, session->user_name);
        return session;
}

static bool authenticate_basic(struct service *service, struct request *request) {
        const struct account *account = NULL;
        char *user_name, *password = NULL;

        user_name = MHD_basic_auth_get_username_password(request->connection, &password);
        if (user_name && password)
                account = accounts_authenticate(&service->accounts, user_name, password);
        MHD_free(user_name);
        MHD_free(password);
        if (account)
                strcpy(request->user_name, account->user_name);
        return account;
}

/* A certificate that the service's authority has signed stands for the account of its common name. */
static bool authenticate_certificate(const struct service *service, struct request *request) {
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        gnutls_session_t session = info ? info->tls_session : NULL;
        const gnutls_datum_t *certificate;
        size_t size = sizeof(request->user_name);
        gnutls_x509_crt_t x;
        unsigned status;
        bool named;

        if (!service->client_authority || !session ||
            gnutls_certificate_verify_peers2(session, &status) < 0 || status != 0)
                return false;
        certificate = gnutls_certificate_get_peers(session, NULL);
        if (!certificate || gnutls_x509_crt_init(&x) < 0)
                return false;
        named = gnutls_x509_crt_import(x, certificate, GNUTLS_X509_FMT_DER) >= 0 &&
                gnutls_x509_crt_get_dn_by_oid(x, GNUTLS_OID_X520_COMMON_NAME, 0, 0, request->user_name,
                                              &size) >= 0;
        gnutls_x509_crt_deinit(x);
        return named;
}

/* Whoever sends a token is judged by that alone. */
static bool authenticate(struct service *service, struct request *request) {
        if (header(request, "X-Auth-Token"))
                return authenticate_token(service, request);
        if (authenticate_certificate(service, request))
                return true;
        return authenticate_basic(service, request);
}

static const char *allowed_methods(const struct route *route) {
        if (route->post)
                return "GET, HEAD, POST";
        if (route->patch)
                return "GET, HEAD, PATCH";
        if (route->delete)
                return "GET, HEAD, DELETE";
        return "GET, HEAD";
}

static handler_t find_handler(const struct route *route, const char *method) {
        if (streq(method, "GET"))
                return route->get;
        if (streq(method, "POST"))
                return route->post;
        if (streq(method, "PATCH"))
                return route->patch;
        if (streq(method, "DELETE"))
                return route->delete;
        return NULL;
}

static bool parse_body(struct request *request, const char *body, size_t size, struct answer *answer) {
        const char *type = header(request, MHD_HTTP_HEADER_CONTENT_TYPE);

        if (!type || strncasecmp(type, "application/json", STRLEN("application/json")) != 0) {
                answer_fail_general(answer, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                    "Send the body as JSON, with the Content-Type application/json.");
                return false;
        }
        if (json_parse(body ? body : "", size, &request->body) < 0 || !json_is_object(request->body)) {
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_MALFORMED_JSON, NULL);
                return false;
        }
        return true;
}

struct query {
        const struct service *service;
        struct request *request;
        const struct route *route;
        struct answer *answer;
        bool failed;
};

static enum MHD_Result take_parameter(void *userdata, enum MHD_ValueKind kind, const char *key,
                                      const char *value) {
        struct query *query = userdata;
        uint64_t *number = NULL;

        (void) kind;
        if (key[0] != '$')
                return MHD_YES; /* DSP0266: what is not OData's is to be ignored */
        if (!query->route->collection) {
                answer_fail(query->answer, MHD_HTTP_NOT_IMPLEMENTED, MESSAGE_QUERY_NOT_SUPPORTED_ON_RESOURCE,
                            NULL);
                query->failed = true;
                return MHD_NO;
        }
        if (streq(key, "$expand") && !query->service->shape.no_expand && value && streq(value, ".")) {
                query->request->expand = true;
                return MHD_YES;
        }
        if (streq(key, "$skip"))
                number = &query->request->skip;
        else if (streq(key, "$top"))
                number = &query->request->top;

        if (!number)
                answer_fail(query->answer, MHD_HTTP_NOT_IMPLEMENTED, MESSAGE_QUERY_NOT_SUPPORTED, NULL);
        else if (!value || parse_u64(value, number) < 0)
                answer_fail(query->answer, MHD_HTTP_BAD_REQUEST, MESSAGE_QUERY_PARAMETER_VALUE_TYPE_ERROR,
                            NULL, value ? value : "", key);
        else
                return MHD_YES;
        query->failed = true;
        return MHD_NO;
}

static bool parse_query(const struct service *service, struct request *request, const struct route *route,
                        struct answer *answer) {
        struct query query = {.service = service, .request = request, .route = route, .answer = answer};

        request->skip = 0;
        request->top = UINT64_MAX;
        request->expand = false;
        MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_parameter, &query);
        return !query.failed;
}

/* If-Match: the resource must still be what the client saw. */
static bool check_precondition(struct service *service, const struct route *route, struct request *request,
                               struct answer *answer) {
        const char *expected = header(request, MHD_HTTP_HEADER_IF_MATCH);
        _cleanup_(answer_done) struct answer present = {};
        char etag[ETAG_MAX];

        if (!expected && service->shape.etag_required && streq(request->method, "PATCH")) {
                answer_fail(answer, MHD_HTTP_PRECONDITION_REQUIRED, MESSAGE_PRECONDITION_REQUIRED, NULL);
                return false;
        }
        if (!expected || streq(expected, "*") || !route->get)
                return true;
        route->get(service, request, &present);
        if (present.status == MHD_HTTP_OK && present.body && http_etag(present.body, etag) &&
            streq(expected, etag))
                return true;
        answer_fail(answer, MHD_HTTP_PRECONDITION_FAILED, MESSAGE_PRECONDITION_FAILED, NULL);
        return false;
}

json_t *router_get(struct service *service, const char *path) {
        _cleanup_(answer_done) struct answer answer = {.status = MHD_HTTP_NO_CONTENT};
        struct request request = {.method = "GET", .path = path, .top = UINT64_MAX};
        const struct route *route = find_route(path, &request.id);
        char etag[ETAG_MAX];

        if (!route || !route->get)
                return NULL;
        route->get(service, &request, &answer);
        if (answer.status != MHD_HTTP_OK || !answer.body || !http_etag(answer.body, etag) ||
            json_set_string(answer.body, "@odata.etag", etag) < 0)
                return NULL;
        return json_incref(answer.body);
}

void router_handle(struct service *service, struct request *request, const char *body, size_t body_size,
                   struct answer *answer) {
        const struct route *route = find_route(request->path, &request->id);
        handler_t handler = route ? find_handler(route, request->method) : NULL;
        bool open = route && ((route->open_get && streq(request->method, "GET")) ||
                              (route->open_post && streq(request->method, "POST")));

        answer->status = MHD_HTTP_NO_CONTENT;
        sessions_expire(&service->sessions);

        /* A stranger is not even told which resources there are. */
        if (!open && !authenticate(service, request)) {
                answer_fail(answer, MHD_HTTP_UNAUTHORIZED, MESSAGE_NO_VALID_SESSION, NULL);
                return;
        }
        if (!route) {
                answer_fail(answer, MHD_HTTP_NOT_FOUND, MESSAGE_RESOURCE_MISSING_AT_URI, NULL, request->path);
                return;
        }
        if (!handler) {
                answer_fail_general(answer, MHD_HTTP_METHOD_NOT_ALLOWED,
                                    "Use a method that the Allow header of this answer names.");
                answer->allow = allowed_methods(route);
                return;
        }
        if (!parse_query(service, request, route, answer))
                return;
        if ((handler == route->post || handler == route->patch) &&
            !parse_body(request, body, body_size, answer))
                return;
        if (handler != route->get && !check_precondition(service, route, request, answer))
                return;
        handler(service, request, answer);
}

void router_done(struct request *request) {
        json_decref(request->body);
        request->body = NULL;
}
