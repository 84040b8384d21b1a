/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "redfish-tree.h"

void redfish_tree_done(struct redfish_tree *tree) {
        json_decref(tree->resources);
        free(tree->system);
        free(tree->chassis);
}

json_t *redfish_copy(const json_t *object, const char *member) {
        json_t *value = json_object_get(object, member);

        return value ? json_incref(value) : json_null();
}

int redfish_set(json_t *resource, const char *name, json_t *value) {
        if (json_is_null(value))
                return 0;

        return json_set(resource, name, value);
}

/* Ids become parts of URIs. */
static void clean_id(char *id) {
        for (; *id; id++)
                if (!isalnum((unsigned char) *id) && !strchr("-_.", *id))
                        *id = '_';
}

char *redfish_uri(const char *collection, const char *id) {
        _cleanup_free_ char *clean = strdup(id);

        if (!clean)
                return NULL;

        clean_id(clean);
        return strprintf("%s/%s", collection, clean);
}

json_t *redfish_add(struct redfish_tree *tree, const char *collection, const char *type, const char *version,
                    const char *id, const char *name) {
        _cleanup_free_ char *first = redfish_uri(collection, id), *uri = NULL, *odata = NULL;
        json_t *resource;

        uri = first ? strdup(first) : NULL;
        for (unsigned n = 2; uri && json_object_get(tree->resources, uri); n++) {
                free(uri);
                uri = strprintf("%s-%u", first, n);
        }
        if (!uri)
                return NULL;

        odata = strprintf("#%s.%s.%s", type, version, type);
        resource = odata ? json_pack("{s:s, s:s, s:s, s:s}", "@odata.id", uri, "@odata.type", odata, "Id",
                                     strrchr(uri, '/') + 1, "Name", name)
                         : NULL;

        return json_set(tree->resources, uri, resource) < 0 ? NULL : resource;
}

int redfish_link_to(json_t *resource, const char *name, const char *uri) {
        return json_set(resource, name, json_pack("{s:s}", "@odata.id", uri));
}

int redfish_link_append(json_t *owner, const char *name, const json_t *resource) {
        json_t *list = json_object_get(owner, name);
        int r;

        if (!list) {
                list = json_array();
                r = json_set(owner, name, list);
                if (r < 0)
                        return r;
        }

        return json_append(list, json_pack("{s:s}", "@odata.id", json_get_string(resource, "@odata.id")));
}

int redfish_set_members(json_t *resource, const json_t *object, const struct redfish_member *members) {
        for (; members->redfish; members++) {
                int r = redfish_set(resource, members->redfish, redfish_copy(object, members->ours));

                if (r < 0)
                        return r;
        }

        return 0;
}

int redfish_set_status(json_t *resource, const char *state, const char *health) {
        return json_set(resource, "Status",
                        health ? json_pack("{s:s, s:s}", "State", state, "Health", health)
                               : json_pack("{s:s}", "State", state));
}

json_t *redfish_system(const struct redfish_tree *tree) {
        return json_object_get(tree->resources, tree->system);
}

int redfish_add_collection(struct redfish_tree *tree, const char *uri, const char *name, const char *type) {
        _cleanup_json_ json_t *members = json_array();
        _cleanup_free_ char *odata = NULL;
        json_t *resource;
        const char *key;
        int r;

        json_object_foreach(tree->resources, key, resource) {
                const char *rest = startswith(key, uri);

                if (!rest || *rest != '/' || strchr(rest + 1, '/'))
                        continue;

                r = json_append(members, json_pack("{s:s}", "@odata.id", key));
                if (r < 0)
                        return r;
        }

        if (json_array_size(members) == 0)
                return 0;

        odata = strprintf("#%s.%s", type, type);
        return odata ? json_set(tree->resources, uri,
                                json_pack("{s:s, s:s, s:s, s:i, s:O}", "@odata.id", uri, "@odata.type", odata,
                                          "Name", name, "Members@odata.count", (int) json_array_size(members),
                                          "Members", members))
                     : -ENOMEM;
}
