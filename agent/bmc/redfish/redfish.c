/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bmc/ipmi/bootstrap.h"
#include "redfish-message.h"
#include "redfish.h"

#define ROOT            "/redfish/v1/"
#define SESSIONS        "/redfish/v1/SessionService/Sessions"
#define REQUEST_TIMEOUT (30 * USEC_PER_SEC)

/* A server has a handful of systems and logs; a collection without end has something else in mind. */
#define MEMBERS_MAX 256U

struct redfish {
        struct http *http;
        const struct bootstrap_account *account;
        json_t *root;
        char *token;   /* of the session */
        char *session; /* its path */
        uint64_t retry_after;
        char problem[700];
};

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

static int _printf_(3, 4) redfish_fail(struct redfish *redfish, int error, const char *format, ...) {
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
        case 403:
                return -EACCES;
        case 404:
        case 405:
        case 501:
                return -ENOENT;
        case 413:
                return -EFBIG;
        case 408:
        case 429:
                return -EAGAIN;
        default:
                return status >= 500 ? -EAGAIN : -EREMOTEIO;
        }
}

/* One request and its outcome. *ret_body is the parsed response, NULL when it is no JSON object; in
 * *ret_response is the response itself. */
static int redfish_exchange(struct redfish *redfish, const char *method, const char *path, const char *body,
                            size_t body_size, json_t **ret_body, struct http_response *ret_response) {
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;
        int r;

        redfish->retry_after = 0;
        r = http_request(redfish->http, method, path, redfish->token, body, body_size, REQUEST_TIMEOUT,
                         &response);
        if (r < 0) {
                const char *reason = http_problem(redfish->http);

                return redfish_fail(redfish, r, "%s %s: %s", method, path, *reason ? reason : strerror(-r));
        }

        if (response.body && redfish_parse(response.body, response.body_size, &json) < 0)
                json = NULL;

        r = status_error(response.status);
        if (r < 0) {
                _cleanup_free_ char *text = redfish_error_text(json);

                redfish->retry_after = response.retry_after;
                redfish_fail(redfish, r, "%s %s: %u%s%s", method, path, response.status, text ? ": " : "",
                             text ?: "");
        }

        *ret_body = TAKE_PTR(json);
        *ret_response = TAKE(response, (struct http_response){});
        return r;
}

/* The same for requests in a session, which is opened anew when the service no longer knows it. */
static int redfish_request(struct redfish *redfish, const char *method, const char *path, const char *body,
                           size_t body_size, json_t **ret_body) {
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;
        int r;

        r = redfish_exchange(redfish, method, path, body, body_size, &json, &response);
        if (r == -EACCES && response.status == 401 && redfish->account) {
                r = redfish_login(redfish, redfish->account);
                if (r < 0)
                        return r;

                json_decref(TAKE_PTR(json));
                http_response_done(&response);
                r = redfish_exchange(redfish, method, path, body, body_size, &json, &response);
        }

        *ret_body = TAKE_PTR(json);
        return r;
}

int redfish_get(struct redfish *redfish, const char *path, json_t **ret) {
        _cleanup_json_ json_t *json = NULL;
        int r;

        r = redfish_request(redfish, "GET", path, NULL, 0, &json);
        if (r < 0)
                return r;
        if (!json)
                return redfish_fail(redfish, -EBADMSG, "GET %s: the response is no JSON object", path);

        *ret = TAKE_PTR(json);
        return 0;
}

int redfish_post(struct redfish *redfish, const char *path, const char *body, size_t size,
                 json_t **ret_error) {
        _cleanup_json_ json_t *json = NULL;
        int r;

        r = redfish_request(redfish, "POST", path, body, size, &json);
        if (r < 0 && ret_error)
                *ret_error = TAKE_PTR(json);

        return r;
}

int redfish_read_root(struct redfish *redfish) {
        json_t *root = NULL;
        int r;

        r = redfish_get(redfish, ROOT, &root);
        if (r < 0)
                return r;

        json_decref(redfish->root);
        redfish->root = root;
        return 0;
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

int redfish_login(struct redfish *redfish, const struct bootstrap_account *account) {
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;
        const char *sessions, *path;
        char body[2 * (sizeof(account->user_name) + sizeof(account->password)) + 64], *p = body;
        int r;

        redfish->account = account;
        redfish_forget_session(redfish);

        p = append_string(stpcpy(p, "{\"UserName\":"), account->user_name);
        p = append_string(stpcpy(p, ",\"Password\":"), account->password);
        p = stpcpy(p, "}");

        sessions = redfish_link(json_object_get(redfish->root, "Links"), "Sessions") ?: SESSIONS;
        r = redfish_exchange(redfish, "POST", sessions, body, (size_t) (p - body), &json, &response);
        explicit_bzero(body, sizeof(body));
        if (r < 0)
                return r;

        /* Location is where the session stands; the body says so as well. */
        path = response.location ? redfish_path(response.location) : NULL;
        if (!path && json_get_string(json, "@odata.id"))
                path = redfish_path(json_get_string(json, "@odata.id"));
        if (!response.auth_token || !*response.auth_token || !path)
                return redfish_fail(redfish, -EBADMSG,
                                    "POST %s: the response has no X-Auth-Token or no Location", sessions);

        redfish->session = strdup(path);
        if (!redfish->session)
                return -ENOMEM;

        redfish->token = TAKE_PTR(response.auth_token);
        return 0;
}

int redfish_logout(struct redfish *redfish) {
        _cleanup_(http_response_done) struct http_response response = {};
        _cleanup_json_ json_t *json = NULL;
        int r;

        if (!redfish->token)
                return 0;

        r = redfish_exchange(redfish, "DELETE", redfish->session, NULL, 0, &json, &response);
        /* One that the service has already forgotten is ended as well. */
        if (r < 0 && response.status != 401 && response.status != 404)
                return r;

        redfish_forget_session(redfish);
        return 0;
}

/* Called with each member's path. Returns 0 to go on, 1 when it was the one, a negative errno. */
typedef int (*member_callback_t)(struct redfish *redfish, const char *path, void *userdata);

/* Goes through a collection, page by page. Returns 1 when the callback did, 0, a negative errno. */
static int redfish_members(struct redfish *redfish, const char *collection, member_callback_t callback,
                           void *userdata) {
        _cleanup_free_ char *next = NULL;
        unsigned n_members = 0;

        next = strdup(collection);
        if (!next)
                return -ENOMEM;

        while (next) {
                _cleanup_json_ json_t *page = NULL;
                const json_t *members, *member;
                const char *link;
                size_t i;
                int r;

                r = redfish_get(redfish, next, &page);
                if (r < 0)
                        return r;

                members = json_object_get(page, "Members");
                json_array_foreach(members, i, member) {
                        const char *uri = json_get_string(member, "@odata.id");
                        const char *path = uri ? redfish_path(uri) : NULL;

                        if (!path)
                                return redfish_fail(redfish, -EBADMSG, "GET %s: a member without a path",
                                                    next);
                        if (++n_members > MEMBERS_MAX)
                                return redfish_fail(redfish, -EBADMSG, "GET %s: more than %u members",
                                                    collection, MEMBERS_MAX);

                        r = callback(redfish, path, userdata);
                        if (r != 0)
                                return r;
                }

                free(TAKE_PTR(next));
                link = json_get_string(page, "Members@odata.nextLink");
                if (link && json_array_size(members) > 0) { /* pages without members could go on for ever */
                        link = redfish_path(link);
                        if (!link)
                                return redfish_fail(redfish, -EBADMSG, "GET %s: no path to the next page",
                                                    collection);

                        next = strdup(link);
                        if (!next)
                                return -ENOMEM;
                }
        }

        return 0;
}

struct system_search {
        const char *uuid;
        json_t *only, *found; /* only: the first, for as long as there is no second */
        unsigned n_systems;
};

static void system_search_done(struct system_search *search) {
        json_decref(search->only);
        json_decref(search->found);
}

static int on_system(struct redfish *redfish, const char *path, void *userdata) {
        struct system_search *search = userdata;
        _cleanup_json_ json_t *system = NULL;
        const char *uuid;
        int r;

        r = redfish_get(redfish, path, &system);
        if (r < 0)
                return r;

        uuid = json_get_string(system, "UUID");
        if (uuid && search->uuid && redfish_same_uuid(uuid, search->uuid)) {
                search->found = TAKE_PTR(system);
                return 1;
        }

        if (search->n_systems++ == 0)
                search->only = TAKE_PTR(system);
        return 0;
}

int redfish_find_system(struct redfish *redfish, const char *uuid, json_t **ret) {
        _cleanup_(system_search_done) struct system_search search = {.uuid = uuid};
        const char *systems;
        int r;

        systems = redfish_link(redfish->root, "Systems");
        if (!systems)
                return redfish_fail(redfish, -ENOENT, "the service root has no Systems");

        r = redfish_members(redfish, systems, on_system, &search);
        if (r < 0)
                return r;

        if (search.found)
                *ret = TAKE_PTR(search.found);
        else if (search.n_systems == 1)
                *ret = TAKE_PTR(search.only);
        else
                return redfish_fail(redfish, -ENOENT,
                                    "none of the %u systems of %s has this machine's UUID %s",
                                    search.n_systems, systems, uuid ?: "(unknown)");

        return 0;
}

struct log_search {
        const char *id;
        char *path;
};

static int on_log_service(struct redfish *redfish _unused_, const char *path, void *userdata) {
        struct log_search *search = userdata;
        size_t length = strlen(path), id_length = strlen(search->id);

        /* The last segment of a log service's path is its Id in every implementation known: no request for
         * each. */
        while (length > 0 && path[length - 1] == '/')
                length--;
        if (length <= id_length || path[length - id_length - 1] != '/' ||
            strncmp(path + length - id_length, search->id, id_length) != 0)
                return 0;

        search->path = strdup(path);
        return search->path ? 1 : -ENOMEM;
}

int redfish_find_log(struct redfish *redfish, const json_t *system, const char *id, char **ret_entries) {
        _cleanup_json_ json_t *service = NULL;
        _cleanup_free_ char *path = NULL;
        struct log_search search = {.id = id};
        const char *services, *entries;
        char *copy;
        int r;

        services = redfish_link(system, "LogServices");
        if (!services)
                return redfish_fail(redfish, -ENOENT, "the system has no LogServices");

        r = redfish_members(redfish, services, on_log_service, &search);
        if (r < 0)
                return r;
        if (r == 0)
                return redfish_fail(redfish, -ENOENT, "%s has no log \"%s\"", services, id);
        path = search.path;

        r = redfish_get(redfish, path, &service);
        if (r < 0)
                return r;

        entries = redfish_link(service, "Entries");
        if (!entries)
                return redfish_fail(redfish, -ENOENT, "%s has no Entries", path);

        copy = strdup(entries);
        if (!copy)
                return -ENOMEM;

        *ret_entries = copy;
        return 0;
}
