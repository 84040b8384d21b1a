/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "redfish-message.h"
#include "redfish.h"

#define ROOT            "/redfish/v1/"
#define SESSIONS        "/redfish/v1/SessionService/Sessions"
#define REQUEST_TIMEOUT (30 * USEC_PER_SEC)

struct redfish {
        struct http *http;
        const struct account *account;
        json_t *root;
        char *token;   /* of the session */
        char *session; /* its path */
        bool stray;    /* there may be another one, of which we know nothing */
        uint64_t time;
        uint64_t retry_after;
        char problem[700];
};

void account_wipe(struct account *account) {
        explicit_bzero(account, sizeof(*account));
}

int redfish_new(struct redfish **ret) {
        struct redfish *redfish;

        redfish = calloc(1, sizeof(*redfish));
        if (!redfish)
                return -ENOMEM;

        *ret = redfish;
        return 0;
}

void redfish_use(struct redfish *redfish, struct http *http) {
        redfish->http = http;
}

static void redfish_forget_session(struct redfish *redfish) {
        if (redfish->token)
                explicit_bzero(redfish->token, strlen(redfish->token));

        free(redfish->token);
        free(redfish->session);
        redfish->token = redfish->session = NULL;
}

void redfish_forget(struct redfish *redfish) {
        redfish_forget_session(redfish);
        redfish->account = NULL;
}

struct redfish *redfish_free(struct redfish *redfish) {
        if (!redfish)
                return NULL;

        redfish_forget_session(redfish);
        json_decref(redfish->root);
        free(redfish);
        return NULL;
}

bool redfish_logged_in(const struct redfish *redfish) {
        return redfish->token;
}

const char *redfish_problem(const struct redfish *redfish) {
        return redfish->problem;
}

uint64_t redfish_retry_after(const struct redfish *redfish) {
        return redfish->retry_after;
}

int redfish_fail(struct redfish *redfish, int error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        vsnprintf(redfish->problem, sizeof(redfish->problem), format, ap);
        va_end(ap);
        return error;
}

static int status_error(unsigned status) {
        if (status >= 200 && status <= 299)
                return 0;

        switch (status) {
        case 401:
                return -EACCES;
        case 403:
                return -EPERM;
        case 404:
        case 405:
        case 501:
                return -ENOENT;
        case 412:
        case 428:
                return -ESTALE;
        case 413:
                return -EFBIG;
        case 408:
        case 429:
                return -EAGAIN;
        default:
                return status >= 500 ? -EAGAIN : -EREMOTEIO;
        }
}

/* One request, in the session if there is one, and its outcome. *ret_body is the parsed response, NULL when
 * it is no JSON object; in *ret_response is the response itself. */
static int redfish_exchange(struct redfish *redfish, const struct http_request *wanted, json_t **ret_body,
                            struct http_response *ret_response) {
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;
        struct http_request request = *wanted;
        int r;

        request.token = redfish->token;
        request.timeout = REQUEST_TIMEOUT;

        redfish->retry_after = 0;
        r = http_request(redfish->http, &request, &response);
        if (r < 0) {
                const char *reason = http_problem(redfish->http);

                return redfish_fail(redfish, r, "%s %s: %s", request.method, request.path,
                                    *reason ? reason : strerror(-r));
        }

        if (!response.date || redfish_parse_date(response.date, &redfish->time) < 0)
                redfish->time = 0;
        if (response.body && redfish_parse(response.body, response.body_size, &json) < 0)
                json = NULL;

        r = status_error(response.status);
        if (r < 0) {
                _cleanup_free_ char *text = redfish_error_text(json);

                redfish->retry_after = response.retry_after;
                redfish_fail(redfish, r, "%s %s: %u%s%s", request.method, request.path, response.status,
                             text ? ": " : "", text ?: "");
        }

        *ret_body = TAKE_PTR(json);
        *ret_response = TAKE(response, (struct http_response){});
        return r;
}

/* The same, with a new session when the service no longer knows the one that it is for. */
static int redfish_request(struct redfish *redfish, const struct http_request *request, json_t **ret_body,
                           struct http_response *ret_response) {
        int r;

        r = redfish_exchange(redfish, request, ret_body, ret_response);
        if (r != -EACCES || !redfish->account)
                return r;

        r = redfish_login(redfish, redfish->account);
        if (r < 0)
                return r;

        json_decref(TAKE_PTR(*ret_body));
        http_response_done(ret_response);
        return redfish_exchange(redfish, request, ret_body, ret_response);
}

/* Puts the header's entity tag where the protocol has it in resources as well. */
static int keep_etag(json_t *resource, const char *etag) {
        return etag ? json_set_string(resource, "@odata.etag", etag) : 0;
}

static int redfish_get_response(struct redfish *redfish, const char *path, json_t **ret,
                                struct http_response *ret_response) {
        const struct http_request request = {.method = "GET", .path = path};
        _cleanup_json_ json_t *json = NULL;
        int r;

        r = redfish_request(redfish, &request, &json, ret_response);
        if (r < 0)
                return r;
        if (!json)
                return redfish_fail(redfish, -EBADMSG, "GET %s: the response is no JSON object", path);

        r = keep_etag(json, ret_response->etag);
        if (r < 0)
                return redfish_fail(redfish, r, "GET %s: %s", path, strerror(-r));

        *ret = TAKE_PTR(json);
        return 0;
}

int redfish_get(struct redfish *redfish, const char *path, json_t **ret) {
        _cleanup_(http_response_done) struct http_response response = {};

        return redfish_get_response(redfish, path, ret, &response);
}

int redfish_post(struct redfish *redfish, const char *path, const char *body, size_t size,
                 char **ret_location, json_t **ret_error) {
        const struct http_request request = {.method = "POST", .path = path, .body = body, .body_size = size};
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;
        const char *location;
        int r;

        r = redfish_request(redfish, &request, &json, &response);
        if (r < 0 && ret_error)
                *ret_error = TAKE_PTR(json);
        if (r < 0 || !ret_location)
                return r;

        location = response.location ? redfish_path(response.location) : NULL;
        *ret_location = location ? strdup(location) : NULL;
        return location && !*ret_location ? -ENOMEM : 0;
}

int redfish_patch(struct redfish *redfish, const json_t *resource, const json_t *changes) {
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;
        _cleanup_free_ char *body = NULL;
        struct http_request request = {
                .method = "PATCH",
                .path = redfish_path_of(resource),
                .if_match = json_get_string(resource, "@odata.etag"),
        };

        if (!request.path)
                return redfish_fail(redfish, -EBADMSG, "PATCH: the resource has no @odata.id");

        body = json_dumps(changes, JSON_COMPACT);
        if (!body)
                return -ENOMEM;

        request.body = body;
        request.body_size = strlen(body);
        return redfish_request(redfish, &request, &json, &response);
}

int redfish_read_root(struct redfish *redfish) {
        _cleanup_(http_response_done) struct http_response response = {};
        json_t *root = NULL;
        int r;

        r = redfish_get_response(redfish, ROOT, &root, &response);
        if (r < 0)
                return r;

        json_decref(redfish->root);
        redfish->root = root;
        return 0;
}

const json_t *redfish_root(const struct redfish *redfish) {
        return redfish->root;
}

uint64_t redfish_time(const struct redfish *redfish) {
        return redfish->time;
}

/* Appends text as a JSON string and returns the new end. Not through jansson, whose copies nobody wipes; the
 * account's texts are printable ASCII. */
static char *append_string(char *p, const char *text) {
        *p++ = '"';
        for (; *text; text++) {
                if (*text == '"' || *text == '\\')
                        *p++ = '\\';
                *p++ = *text;
        }
        *p++ = '"';
        *p = 0;
        return p;
}

const char *redfish_sessions_path(const struct redfish *redfish) {
        return redfish_link(json_object_get(redfish->root, "Links"), "Sessions") ?: SESSIONS;
}

const char *redfish_session_path(const struct redfish *redfish) {
        return redfish->session;
}

const char *redfish_session_token(const struct redfish *redfish) {
        return redfish->token;
}

const char *redfish_stray_user(const struct redfish *redfish) {
        return redfish->stray && redfish->account && redfish->account->own ? redfish->account->user_name
                                                                           : NULL;
}

int redfish_delete(struct redfish *redfish, const char *path) {
        const struct http_request request = {.method = "DELETE", .path = path};
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;

        return redfish_request(redfish, &request, &json, &response);
}

int redfish_login(struct redfish *redfish, const struct account *account) {
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;
        const char *path;
        char body[2 * (sizeof(account->user_name) + sizeof(account->password)) + 64], *p = body;
        struct http_request request = {.method = "POST", .body = body};
        int r;

        redfish->account = account;
        redfish_forget_session(redfish);

        p = append_string(stpcpy(p, "{\"UserName\":"), account->user_name);
        p = append_string(stpcpy(p, ",\"Password\":"), account->password);
        p = stpcpy(p, "}");

        request.path = redfish_sessions_path(redfish);
        request.body_size = (size_t) (p - body);
        r = redfish_exchange(redfish, &request, &json, &response);
        explicit_bzero(body, sizeof(body));
        if (r < 0 && response.status == 0)
                redfish->stray = true;
        if (r < 0)
                return r;

        /* Location is where the session stands; the body says so as well. */
        path = response.location ? redfish_path(response.location) : NULL;
        if (!path)
                path = redfish_path_of(json);
        if (!response.auth_token || !*response.auth_token || !path)
                return redfish_fail(redfish, -EBADMSG,
                                    "POST %s: the response has no X-Auth-Token or no Location", request.path);

        redfish->session = strdup(path);
        if (!redfish->session)
                return -ENOMEM;

        redfish->token = TAKE_PTR(response.auth_token);
        return 0;
}

int redfish_adopt(struct redfish *redfish, const struct account *account, const char *session,
                  const char *token) {
        redfish_forget_session(redfish);
        redfish->session = strdup(session);
        redfish->token = strdup(token);
        if (!redfish->session || !redfish->token) {
                redfish_forget_session(redfish);
                return -ENOMEM;
        }

        redfish->account = account;
        return 0;
}

int redfish_logout(struct redfish *redfish) {
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;
        int r;

        if (!redfish->token)
                return 0;

        r = redfish_exchange(redfish, &(struct http_request){.method = "DELETE", .path = redfish->session},
                             &json, &response);
        /* One that the service has already forgotten is ended as well. */
        if (r < 0 && response.status != 401 && response.status != 404)
                return r;

        redfish_forget_session(redfish);
        return 0;
}
