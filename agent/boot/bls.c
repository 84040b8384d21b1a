/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bls.h"
#include "boot.h"
#include "conf-reader.h"

#ifdef __x86_64__
#define ARCHITECTURE "x64"
#else
#error "which EFI architecture is this?"
#endif

static int check_size(size_t size, char **ret_reason) {
        if (size > BLS_FILE_MAX)
                return explain_error(ret_reason, -EBADMSG, "it is larger than %s",
                                     FORMAT_BYTES(BLS_FILE_MAX));

        return 0;
}

static int append_options(char **options, const char *value) {
        char *joined;

        if (!*value)
                return 0;

        joined = *options ? strprintf("%s %s", *options, value) : strdup(value);
        if (!joined)
                return -ENOMEM;

        free(*options);
        *options = joined;
        return 0;
}

static int append_initrd(char ***initrds, size_t *n, const char *value) {
        char **larger;

        larger = reallocarray(*initrds, *n + 2, sizeof(char *));
        if (!larger)
                return -ENOMEM;
        *initrds = larger;

        larger[*n] = strdup(value);
        if (!larger[*n])
                return -ENOMEM;

        larger[++*n] = NULL;
        return 0;
}

/* A number of at most nine digits, which an int always holds. Returns what follows it, NULL when there is
 * none. */
static const char *parse_counter(const char *s, int *ret) {
        size_t digits = strspn(s, "0123456789");

        if (digits == 0 || digits > 9)
                return NULL;

        *ret = (int) strtol(s, NULL, 10);
        return s + digits;
}

/* "LEFT" or "LEFT-DONE", nothing behind it. */
static bool parse_counters(const char *s, int *ret_left, int *ret_done) {
        int left, done = 0;

        s = parse_counter(s, &left);
        if (s && *s == '-')
                s = parse_counter(s + 1, &done);
        if (!s || *s)
                return false;

        *ret_left = left;
        *ret_done = done;
        return true;
}

int bls_parse_file_name(const char *name, const char *suffix, char **ret_id, int *ret_tries_left,
                        int *ret_tries_done) {
        size_t length = strlen(name), end = strlen(suffix);
        int left = BOOT_TRIES_UNCOUNTED, done = 0;
        _cleanup_free_ char *id = NULL;
        char *plus;

        if (length <= end || strcasecmp(name + length - end, suffix) != 0)
                return -EINVAL;
        for (size_t i = 0; i < length; i++)
                if (name[i] <= ' ' || name[i] > '~')
                        return -EINVAL;

        id = strndup(name, length - end);
        if (!id)
                return -ENOMEM;

        plus = strrchr(id, '+');
        if (plus && parse_counters(plus + 1, &left, &done))
                *plus = 0;
        if (!*id)
                return -EINVAL;

        *ret_id = TAKE_PTR(id);
        *ret_tries_left = left;
        *ret_tries_done = done;
        return 0;
}

/* What the keys of an entry say beyond the fields of struct boot_entry. */
struct extras {
        size_t n_initrds;
        bool efi, devicetree;
};

static int apply_key(struct boot_entry *entry, struct extras *extras, const char *key, const char *value) {
        struct {
                const char *key;
                char **field;
        } const strings[] = {
                {"title", &entry->title},
                {"version", &entry->version},
                {"machine-id", &entry->machine_id},
                {"sort-key", &entry->sort_key},
                {"architecture", &entry->architecture},
                {"linux", &entry->linux_path},
                {"uki", &entry->linux_path},
        };

        /* A key without a value says nothing. */
        if (!*value)
                return 0;

        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                if (streq(key, strings[i].key))
                        return conf_replace(strings[i].field, value);

        if (streq(key, "options"))
                return append_options(&entry->options, value);

        if (streq(key, "initrd"))
                return append_initrd(&entry->initrds, &extras->n_initrds, value);

        if (streq(key, "efi"))
                extras->efi = true;
        else if (streq(key, "devicetree"))
                extras->devicetree = true;

        return 0;
}

/* Is the entry for this machine? Returns 1, 0 with the reason why not (NULL when memory is short). */
static int check_bootable(const struct boot_entry *entry, const struct extras *extras, char **ret_reason) {
        if (entry->architecture && strcasecmp(entry->architecture, ARCHITECTURE) != 0)
                *ret_reason = strprintf("it is for the architecture %s, and this machine is %s",
                                        entry->architecture, ARCHITECTURE);
        else if (extras->efi)
                *ret_reason = strdup("it starts an EFI program, which needs the firmware's boot services");
        else if (extras->devicetree)
                *ret_reason = strdup("it needs a device tree, which this machine's kernels do not take");
        else
                return 1;

        return 0;
}

int bls_parse_entry(const char *name, const char *text, size_t size, struct boot_entry **ret,
                    char **ret_reason) {
        _cleanup_(boot_entry_freep) struct boot_entry *entry = NULL;
        struct conf_reader reader = CONF_READER(text, size);
        struct extras extras = {};
        char *key, *value, *reason;
        int r;

        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;

        r = bls_parse_file_name(name, ".conf", &entry->id, &entry->tries_left, &entry->tries_done);
        if (r == -EINVAL)
                return explain_error(ret_reason, -EBADMSG, "its file name is not one for an entry");
        if (r < 0)
                return r;

        r = check_size(size, ret_reason);
        if (r < 0)
                return r;

        while ((r = conf_reader_next(&reader, &key, &value, ret_reason)) > 0) {
                r = apply_key(entry, &extras, key, value);
                if (r < 0)
                        return r;
                if (extras.n_initrds > BLS_INITRDS_MAX)
                        return explain_error(ret_reason, -EBADMSG, "it names more than %u initrds",
                                             BLS_INITRDS_MAX);
        }
        if (r < 0)
                return r;

        if (check_bootable(entry, &extras, &reason) == 0) {
                if (!reason)
                        return -ENOMEM;
                *ret_reason = reason;
                return 0;
        }

        if (!entry->linux_path)
                return explain_error(ret_reason, -EBADMSG, "it has no line \"linux PATH\" or \"uki PATH\"");

        *ret = TAKE_PTR(entry);
        return 1;
}

int bls_parse_loader(const char *text, size_t size, char **ret_default, char **ret_reason) {
        _cleanup_free_ char *pattern = NULL;
        struct conf_reader reader = CONF_READER(text, size);
        char *key, *value;
        int r;

        r = check_size(size, ret_reason);
        if (r < 0)
                return r;

        while ((r = conf_reader_next(&reader, &key, &value, ret_reason)) > 0) {
                if (!streq(key, "default") || !*value)
                        continue;

                r = conf_replace(&pattern, value);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        *ret_default = TAKE_PTR(pattern);
        return 0;
}
