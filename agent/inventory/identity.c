/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/text.h"
#include "identity.h"

/* Eight bytes of the digest tell two machines apart. */
#define DIGEST_BYTES 8U

static const struct {
        const char *name;
        const char *part;
        const char
                *list; /* member of the part that is the list; NULL: the part is the list, or the one thing */
        const char *members[8];
} identities[] = {
        {"system", "system", NULL, {"manufacturer", "product", "serial_number", "uuid"}},
        {"boards", "system", "boards", {"manufacturer", "product", "serial_number"}},
        {"processors",
         "processors",
         "sockets",
         {"socket", "populated", "model", "serial_number", "running_core_count"}},
        {"memory",
         "memory",
         "modules",
         {"locator", "bank_locator", "size_bytes", "part_number", "serial_number"}},
        {"pci",
         "pci",
         NULL,
         {"address", "vendor_id", "device_id", "subsystem_vendor_id", "subsystem_device_id",
          "serial_number"}},
        {"storage", "storage", NULL, {"model", "serial_number", "wwid", "size_bytes"}},
        {"network", "network", NULL, {"pci_address", "permanent_mac_address"}},
        {"power", "power", NULL, {"location", "present", "serial_number"}},
        {"tpm", "tpm", NULL, {"manufacturer", "ek_certificate_sha256"}},
};

/* The line of one thing: its members as JSON, with commas between. */
static char *describe(const json_t *thing, const char *const *members, size_t n) {
        _cleanup_json_ json_t *values = json_array();

        for (size_t i = 0; i < n && members[i]; i++) {
                json_t *value = json_object_get(thing, members[i]);

                if (json_append(values, value ? json_incref(value) : json_null()) < 0)
                        return NULL;
        }

        return json_dumps(values, JSON_COMPACT);
}

static int compare_lines(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static void free_lines(char ***lines) {
        for (char **line = *lines; line && *line; line++)
                free(*line);
        free(*lines);
}

/* Drives may be found in another order each time. */
static int digest_list(const json_t *things, const char *const *members, size_t n_members,
                       char hex[static 2 * DIGEST_BYTES + 1]) {
        _cleanup_(free_lines) char **lines = calloc(json_array_size(things) + 1, sizeof(char *));
        unsigned char digest[SHA256_DIGEST_LENGTH];
        _cleanup_free_ char *text = NULL;
        const json_t *thing;
        size_t n = 0, i;

        if (!lines)
                return -ENOMEM;

        json_array_foreach(things, i, thing) {
                lines[n] = describe(thing, members, n_members);
                if (!lines[n++])
                        return -ENOMEM;
        }

        qsort(lines, n, sizeof(*lines), compare_lines);

        text = strdup("");
        for (i = 0; text && i < n; i++) {
                _cleanup_free_ char *before = TAKE_PTR(text);

                text = strprintf("%s%s\n", before, lines[i]);
        }
        if (!text)
                return -ENOMEM;

        SHA256((const unsigned char *) text, strlen(text), digest);
        hex_encode(digest, DIGEST_BYTES, hex);
        return 0;
}

/* A collector that was out of time says nothing about what the machine is made of. */
static bool could_not_be_had(const json_t *inventory, const char *part) {
        const json_t *problem;
        size_t i;

        json_array_foreach(json_object_get(inventory, "problems"), i, problem) {
                const char *name = json_get_string(problem, "part");

                if (name && streq(name, part))
                        return true;
        }

        return false;
}

int inventory_identity(const json_t *inventory, json_t **ret) {
        _cleanup_json_ json_t *identity = json_object();

        if (!identity)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(identities); i++) {
                json_t *part = json_object_get(inventory, identities[i].part);
                _cleanup_json_ json_t *things = NULL;
                char hex[2 * DIGEST_BYTES + 1];
                int r;

                if (could_not_be_had(inventory, identities[i].part)) {
                        r = json_set_string(identity, identities[i].name, NULL);
                        if (r < 0)
                                return r;
                        continue;
                }

                if (identities[i].list)
                        part = json_object_get(part, identities[i].list);
                if (json_is_array(part))
                        things = json_incref(part);
                else if (json_is_object(part))
                        things = json_pack("[O]", part);
                else
                        continue;

                r = things ? digest_list(things, identities[i].members, ELEMENTSOF(identities[i].members),
                                         hex)
                           : -ENOMEM;
                if (r >= 0)
                        r = json_set_string(identity, identities[i].name, hex);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(identity);
        return 0;
}

int inventory_identity_changes(const json_t *old, const json_t *new, json_t **ret) {
        _cleanup_json_ json_t *changes = json_array();

        if (!changes)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(identities); i++) {
                const json_t *before = json_object_get(old, identities[i].name),
                             *now = json_object_get(new, identities[i].name);
                int r;

                if (before == now || json_is_null(before) || json_is_null(now) ||
                    (before && now && json_equal(before, now)))
                        continue;

                r = json_append(changes, json_string(identities[i].name));
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(changes);
        return 0;
}

int inventory_identity_complete(json_t *identity, const json_t *old) {
        for (size_t i = 0; i < ELEMENTSOF(identities); i++) {
                const char *name = identities[i].name;
                json_t *before = json_object_get(old, name);

                if (!json_is_null(json_object_get(identity, name)))
                        continue;

                (void) json_object_del(identity, name);
                if (json_is_string(before) && json_set(identity, name, json_incref(before)) < 0)
                        return -ENOMEM;
        }

        return 0;
}
