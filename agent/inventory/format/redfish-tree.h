/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redfish-tree.h: resources by their @odata.id, and what is common to all of them (DSP0266 9). */
#pragma once

#include "base/json.h"

struct redfish_tree {
        const json_t *inventory;
        json_t *resources; /* by @odata.id */
        char *system;      /* @odata.id of the system */
        char *chassis;
};

void redfish_tree_done(struct redfish_tree *tree);

/* The @odata.id of what has that id below collection; newly allocated, NULL when memory is short. */
char *redfish_uri(const char *collection, const char *id);

/* Makes a resource below collection, whose id may be given to two things: the second becomes ID-2. Returns
 * it, which is the tree's, or NULL when memory is short. */
json_t *redfish_add(struct redfish_tree *tree, const char *collection, const char *type, const char *version,
                    const char *id, const char *name);

/* Makes the collection that has that URI, out of the resources right below it; none when there are none.
 * Returns 0, -ENOMEM. */
int redfish_add_collection(struct redfish_tree *tree, const char *uri, const char *name, const char *type);

/* The system's own resource. */
json_t *redfish_system(const struct redfish_tree *tree);

/* A reference to a member, or a new null: unknown. */
json_t *redfish_copy(const json_t *object, const char *member);

/* Redfish leaves out what is unknown, and so does this. value's reference is taken. Returns 0, -ENOMEM. */
int redfish_set(json_t *resource, const char *name, json_t *value);

struct redfish_member {
        const char *redfish, *ours;
};

/* The same for the members of a list that ends with an empty one. */
int redfish_set_members(json_t *resource, const json_t *object, const struct redfish_member *members);

/* health NULL: unknown. Returns 0, -ENOMEM. */
int redfish_set_status(json_t *resource, const char *state, const char *health);

/* Sets name to a reference to what has that @odata.id. Returns 0, -ENOMEM. */
int redfish_link_to(json_t *resource, const char *name, const char *uri);

/* Appends a reference to resource to the list "name" of owner, which is made when it is missing. Returns 0,
 * -ENOMEM. */
int redfish_link_append(json_t *owner, const char *name, const json_t *resource);
