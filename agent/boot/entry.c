/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "boot.h"

struct boot_entry *boot_entry_free(struct boot_entry *entry) {
        if (!entry)
                return NULL;

        free(entry->source);
        free(entry->device);
        free(entry->id);
        free(entry->title);
        free(entry->version);
        free(entry->sort_key);
        free(entry->machine_id);
        free(entry->architecture);
        free(entry->linux_path);
        for (char **initrd = entry->initrds; initrd && *initrd; initrd++)
                free(*initrd);
        free(entry->initrds);
        free(entry->options);
        free(entry);
        return NULL;
}

int boot_entries_add(struct boot_entries *entries, struct boot_entry *entry) {
        struct boot_entry **larger;

        larger = reallocarray(entries->items, entries->n_items + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;

        entries->items = larger;
        entries->items[entries->n_items++] = entry;
        return 0;
}

void boot_entries_done(struct boot_entries *entries) {
        for (size_t i = 0; i < entries->n_items; i++)
                boot_entry_free(entries->items[i]);
        free(entries->items);
        *entries = (struct boot_entries){};
}

/* The members of struct boot_entry that are strings, as they are called in JSON. */
static const struct {
        const char *key;
        size_t offset;
        bool required;
} strings[] = {
        {"source", offsetof(struct boot_entry, source), true},
        {"device", offsetof(struct boot_entry, device), true},
        {"id", offsetof(struct boot_entry, id), true},
        {"title", offsetof(struct boot_entry, title), false},
        {"version", offsetof(struct boot_entry, version), false},
        {"sortKey", offsetof(struct boot_entry, sort_key), false},
        {"machineId", offsetof(struct boot_entry, machine_id), false},
        {"architecture", offsetof(struct boot_entry, architecture), false},
        {"linux", offsetof(struct boot_entry, linux_path), true},
        {"options", offsetof(struct boot_entry, options), false},
};

static char **string_member(const struct boot_entry *entry, size_t i) {
        return (char **) ((char *) entry + strings[i].offset);
}

static json_t *initrds_to_json(char **initrds) {
        _cleanup_json_ json_t *array = NULL;

        array = json_array();
        if (!array)
                return NULL;

        for (char **initrd = initrds; initrd && *initrd; initrd++)
                if (json_append(array, json_string(*initrd)) < 0)
                        return NULL;

        return TAKE_PTR(array);
}

json_t *boot_entry_to_json(const struct boot_entry *entry) {
        _cleanup_json_ json_t *object = NULL;
        bool counted = entry->tries_left != BOOT_TRIES_UNCOUNTED;

        object = json_object();
        if (!object)
                return NULL;

        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                if (json_set_string(object, strings[i].key, *string_member(entry, i)) < 0)
                        return NULL;

        if (json_set(object, "initrds", initrds_to_json(entry->initrds)) < 0 ||
            json_set(object, "triesLeft", counted ? json_integer(entry->tries_left) : json_null()) < 0 ||
            json_set(object, "triesDone", counted ? json_integer(entry->tries_done) : json_null()) < 0 ||
            json_set_bool(object, "default", entry->is_default) < 0)
                return NULL;

        return TAKE_PTR(object);
}

static int initrds_from_json(const json_t *array, char ***ret) {
        size_t n = json_array_size(array);
        char **initrds;

        if (n == 0)
                return 0;

        /* As part of an entry from here on, it is freed with it whatever happens. */
        *ret = initrds = calloc(n + 1, sizeof(char *));
        if (!initrds)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                const char *value = json_string_value(json_array_get(array, i));

                if (!value)
                        return -EBADMSG;

                initrds[i] = strdup(value);
                if (!initrds[i])
                        return -ENOMEM;
        }

        return 0;
}

int boot_entry_from_json(const json_t *object, struct boot_entry **ret) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        int64_t left, done;
        int r;

        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                const char *value = json_get_string(object, strings[i].key);
                char **member = string_member(entry, i);

                if (!value) {
                        if (strings[i].required)
                                return -EBADMSG;
                        continue;
                }

                *member = strdup(value);
                if (!*member)
                        return -ENOMEM;
        }

        r = initrds_from_json(json_object_get(object, "initrds"), &entry->initrds);
        if (r < 0)
                return r;

        left = json_get_integer(object, "triesLeft", BOOT_TRIES_UNCOUNTED);
        done = json_get_integer(object, "triesDone", 0);
        if (left < BOOT_TRIES_UNCOUNTED || left > INT_MAX || done < 0 || done > INT_MAX)
                return -EBADMSG;

        entry->tries_left = (int) left;
        entry->tries_done = (int) done;
        entry->is_default = json_is_true(json_object_get(object, "default"));
        *ret = TAKE_PTR(entry);
        return 0;
}

void boot_log(boot_log_t log, void *userdata, const char *severity, const char *format, ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = vstrprintf(format, ap);
        va_end(ap);

        /* Short of memory, the format still says more than silence. */
        log(severity, message ?: format, userdata);
}
