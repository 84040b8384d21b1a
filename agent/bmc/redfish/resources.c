/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "redfish-message.h"
#include "redfish.h"
#include "resources.h"

/* A server has a handful of systems and logs; a collection without end has something else in mind. */
#define MEMBERS_MAX 256U

/* One page. Returns 1 when the callback did, 0, a negative errno. */
static int each_on_page(struct redfish *redfish, const json_t *page, redfish_member_t callback,
                        void *userdata) {
        const json_t *members = json_object_get(page, "Members"), *member;
        size_t i;

        json_array_foreach(members, i, member) {
                int r;

                if (!redfish_path_of(member))
                        return redfish_fail(redfish, -EBADMSG, "GET %s: a member without a path",
                                            redfish_path_of(page) ?: "?");

                r = callback(redfish, member, userdata);
                if (r != 0)
                        return r;
        }

        return 0;
}

/* Goes through it from the page first on. */
static int each_from(struct redfish *redfish, const char *collection, const char *first, size_t max,
                     redfish_member_t callback, void *userdata) {
        _cleanup_free_ char *next = NULL;
        size_t n_members = 0;

        next = strdup(first);
        if (!next)
                return -ENOMEM;

        while (next) {
                _cleanup_json_ json_t *page = NULL;
                const char *link;
                size_t n;
                int r;

                r = redfish_get(redfish, next, &page);
                if (r < 0)
                        return r;

                n = json_array_size(json_object_get(page, "Members"));
                n_members += n;
                if (n_members > max)
                        return redfish_fail(redfish, -EBADMSG, "GET %s: more than %zu members", collection,
                                            max);

                r = each_on_page(redfish, page, callback, userdata);
                if (r != 0)
                        return r;

                free(TAKE_PTR(next));
                link = json_get_string(page, "Members@odata.nextLink");
                if (link && n > 0) { /* pages without members could go on for ever */
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

int redfish_each_member(struct redfish *redfish, const char *collection, size_t max,
                        redfish_member_t callback, void *userdata) {
        return each_from(redfish, collection, collection, max, callback, userdata);
}

/* An "Id" every resource has, and no reference. */
static bool is_in_full(const json_t *member) {
        return json_object_get(member, "Id");
}

/* Reads it, unless it stands there in full. *ret is a new reference. */
static int get_member(struct redfish *redfish, const json_t *member, json_t **ret) {
        if (!is_in_full(member))
                return redfish_get(redfish, redfish_path_of(member), ret);

        *ret = json_incref((json_t *) member);
        return 0;
}

struct passing_on {
        redfish_member_t callback;
        void *userdata;
        bool begun;
};

static int pass_on(struct redfish *redfish, const json_t *member, void *userdata) {
        struct passing_on *to = userdata;

        to->begun = true;
        return to->callback(redfish, member, to->userdata);
}

static bool can_expand(const struct redfish *redfish) {
        const json_t *features = json_object_get(redfish_root(redfish), "ProtocolFeaturesSupported");

        return json_is_true(json_object_get(json_object_get(features, "ExpandQuery"), "NoLinks"));
}

/* redfish_each_member(), but asks for the members in full where the service can do that ($expand,
 * DSP0266 7.3). They may be references all the same: get_member() makes a resource of either. */
static int each_member_in_full(struct redfish *redfish, const char *collection, size_t max,
                               redfish_member_t callback, void *userdata) {
        struct passing_on to = {.callback = callback, .userdata = userdata};
        _cleanup_free_ char *expanded = NULL;
        int r;

        if (!can_expand(redfish))
                return redfish_each_member(redfish, collection, max, callback, userdata);

        expanded = strprintf("%s?$expand=.", collection);
        if (!expanded)
                return -ENOMEM;

        r = each_from(redfish, collection, expanded, max, pass_on, &to);

        /* It promises what it cannot do, or not for this one. */
        if ((r == -ENOENT || r == -EREMOTEIO || r == -EMSGSIZE || r == -EBADMSG) && !to.begun)
                r = redfish_each_member(redfish, collection, max, callback, userdata);
        return r;
}

/* Those that are there are put down first: what is deleted changes the collection. */
static int on_session(struct redfish *redfish, const json_t *member, void *userdata) {
        const char *path = redfish_path_of(member), *own = redfish_session_path(redfish);

        return own && streq(path, own) ? 0 : json_append(userdata, json_string(path));
}

int redfish_end_strays(struct redfish *redfish) {
        const char *user_name = redfish_stray_user(redfish);
        _cleanup_json_ json_t *paths = json_array();
        const json_t *path;
        size_t i;
        int r;

        if (!user_name)
                return 0;
        if (!paths)
                return -ENOMEM;

        r = redfish_each_member(redfish, redfish_sessions_path(redfish), MEMBERS_MAX, on_session, paths);
        if (r < 0)
                return r;

        json_array_foreach(paths, i, path) {
                _cleanup_json_ json_t *session = NULL;

                r = redfish_get(redfish, json_string_value(path), &session);
                if (r >= 0 && streq(json_get_string(session, "UserName") ?: "", user_name))
                        r = redfish_delete(redfish, json_string_value(path));
                if (r < 0 && r != -ENOENT && r != -EPERM)
                        return r;
        }

        return 0;
}

struct system_search {
        const char *uuid, *serial;
        json_t *by_uuid, *by_serial, *first;
        unsigned n_systems, n_by_serial;
};

static void system_search_done(struct system_search *search) {
        json_decref(search->by_uuid);
        json_decref(search->by_serial);
        json_decref(search->first);
}

static int on_system(struct redfish *redfish, const json_t *member, void *userdata) {
        struct system_search *search = userdata;
        _cleanup_json_ json_t *system = NULL;
        const char *uuid, *serial;
        int r;

        r = get_member(redfish, member, &system);
        if (r < 0)
                return r;

        uuid = json_get_string(system, "UUID");
        if (uuid && search->uuid && redfish_same_uuid(uuid, search->uuid)) {
                search->by_uuid = TAKE_PTR(system);
                return 1;
        }

        serial = json_get_string(system, "SerialNumber");
        if (serial && search->serial && streq(serial, search->serial) && search->n_by_serial++ == 0)
                search->by_serial = json_incref(system);
        if (search->n_systems++ == 0)
                search->first = json_incref(system);
        return 0;
}

int redfish_find_system(struct redfish *redfish, const char *uuid, const char *serial, json_t **ret) {
        _cleanup_(system_search_done) struct system_search search = {.uuid = uuid, .serial = serial};
        const char *systems;
        int r;

        systems = redfish_link(redfish_root(redfish), "Systems");
        if (!systems)
                return redfish_fail(redfish, -ENOENT, "the service root has no Systems");

        r = each_member_in_full(redfish, systems, MEMBERS_MAX, on_system, &search);
        if (r < 0)
                return r;

        if (search.by_uuid)
                *ret = TAKE_PTR(search.by_uuid);
        else if (search.n_by_serial == 1)
                *ret = TAKE_PTR(search.by_serial);
        else if (search.n_systems == 1)
                *ret = TAKE_PTR(search.first);
        else
                return redfish_fail(redfish, -ENOENT,
                                    "none of the %u systems of %s has this machine's UUID %s or, alone, its "
                                    "serial number %s",
                                    search.n_systems, systems, uuid ?: "(unknown)", serial ?: "(unknown)");

        return 0;
}

struct log_search {
        const char *id;
        char *entries;
};

/* The last segment of a log service's path is its Id in every implementation known: no request for each. */
static bool ends_in(const char *path, const char *id) {
        size_t length = strlen(path), id_length = strlen(id);

        while (length > 0 && path[length - 1] == '/')
                length--;
        return length > id_length && path[length - id_length - 1] == '/' &&
               strncmp(path + length - id_length, id, id_length) == 0;
}

static int on_log_service(struct redfish *redfish, const json_t *member, void *userdata) {
        const char *path = redfish_path_of(member), *entries;
        _cleanup_json_ json_t *service = NULL;
        struct log_search *search = userdata;
        int r;

        if (!ends_in(path, search->id))
                return 0;

        r = get_member(redfish, member, &service);
        if (r < 0)
                return r;

        entries = redfish_link(service, "Entries");
        if (!entries)
                return redfish_fail(redfish, -ENOENT, "%s has no Entries", path);

        search->entries = strdup(entries);
        return search->entries ? 1 : -ENOMEM;
}

int redfish_find_log(struct redfish *redfish, const json_t *system, const char *id, char **ret_entries) {
        struct log_search search = {.id = id};
        const char *services;
        int r;

        services = redfish_link(system, "LogServices");
        if (!services)
                return redfish_fail(redfish, -ENOENT, "the system has no LogServices");

        r = each_member_in_full(redfish, services, MEMBERS_MAX, on_log_service, &search);
        if (r < 0)
                return r;
        if (r == 0)
                return redfish_fail(redfish, -ENOENT, "%s has no log \"%s\"", services, id);

        *ret_entries = search.entries;
        return 0;
}
