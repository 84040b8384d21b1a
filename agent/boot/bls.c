/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bls.h"
#include "boot.h"

#ifdef __x86_64__
#define ARCHITECTURE "x64"
#else
#error "which EFI architecture is this?"
#endif

/* Goes through a file line by line. */
struct reader {
        const char *p, *end;
        unsigned line;
        char buffer[BLS_LINE_MAX + 1]; /* the line that key and value are in */
};

/* The length of the UTF-8 character at p, 0 when what stands there is none, or is a control character other
 * than the tab: text goes on to consoles, which must not obey it. */
static size_t character_length(const unsigned char *p, size_t size) {
        static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000}; /* by length */
        uint32_t code;
        size_t length;

        if (p[0] < 0x80)
                return p[0] == '\t' || (p[0] >= 0x20 && p[0] != 0x7f);

        if ((p[0] & 0xe0) == 0xc0)
                length = 2;
        else if ((p[0] & 0xf0) == 0xe0)
                length = 3;
        else if ((p[0] & 0xf8) == 0xf0)
                length = 4;
        else
                return 0;

        if (length > size)
                return 0;

        code = p[0] & (0x7fU >> length);
        for (size_t i = 1; i < length; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (p[i] & 0x3f);
        }

        if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || code < 0xa0)
                return 0;

        return length;
}

static bool text_is_clean(const char *text, size_t size) {
        for (size_t i = 0, length; i < size; i += length) {
                length = character_length((const unsigned char *) text + i, size - i);
                if (length == 0)
                        return false;
        }

        return true;
}

static int refuse(char *reason, char **ret_reason) {
        if (!reason)
                return -ENOMEM;

        *ret_reason = reason;
        return -EBADMSG;
}

/* The next line that is neither blank nor a comment, as key and value (perhaps empty), which stay good until
 * the next call. Returns 1, 0 at the end, -EBADMSG with the reason, -ENOMEM. */
static int reader_next(struct reader *r, char **ret_key, char **ret_value, char **ret_reason) {
        while (r->p < r->end) {
                const char *start = r->p, *newline = memchr(start, '\n', (size_t) (r->end - start));
                size_t size = (size_t) ((newline ?: r->end) - start);
                char *key, *value;

                r->p = newline ? newline + 1 : r->end;
                r->line++;

                if (size > 0 && start[size - 1] == '\r')
                        size--;
                if (size > BLS_LINE_MAX)
                        return refuse(strprintf("line %u is longer than %u bytes", r->line, BLS_LINE_MAX),
                                      ret_reason);

                if (size > 0 && start[0] == '#')
                        continue;
                if (!text_is_clean(start, size))
                        return refuse(strprintf("line %u has a byte that is no text in UTF-8", r->line),
                                      ret_reason);

                memcpy(r->buffer, start, size);
                r->buffer[size] = 0;
                key = strstrip(r->buffer);
                if (!*key || *key == '#')
                        continue;

                value = key + strcspn(key, " \t");
                if (*value) {
                        *value++ = 0;
                        value += strspn(value, " \t");
                }

                *ret_key = key;
                *ret_value = value;
                return 1;
        }

        return 0;
}

static int check_size(size_t size, char **ret_reason) {
        if (size > BLS_FILE_MAX)
                return refuse(strprintf("it is larger than %s", FORMAT_BYTES(BLS_FILE_MAX)), ret_reason);

        return 0;
}

static int replace_string(char **field, const char *value) {
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;

        free(*field);
        *field = copy;
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

int bls_parse_file_name(const char *name, char **ret_id, int *ret_tries_left, int *ret_tries_done) {
        size_t length = strlen(name), suffix = STRLEN(".conf");
        int left = BOOT_TRIES_UNCOUNTED, done = 0;
        _cleanup_free_ char *id = NULL;
        char *plus;

        if (length <= suffix || strcasecmp(name + length - suffix, ".conf") != 0)
                return -EINVAL;
        for (size_t i = 0; i < length; i++)
                if (name[i] <= ' ' || name[i] > '~')
                        return -EINVAL;

        id = strndup(name, length - suffix);
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
        };

        /* A key without a value says nothing. */
        if (!*value)
                return 0;

        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                if (streq(key, strings[i].key))
                        return replace_string(strings[i].field, value);

        if (streq(key, "options"))
                return append_options(&entry->options, value);

        if (streq(key, "initrd"))
                return append_initrd(&entry->initrds, &extras->n_initrds, value);

        if (streq(key, "efi") || streq(key, "uki"))
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
        struct reader reader = {.p = text, .end = text + size};
        struct extras extras = {};
        char *key, *value, *reason;
        int r;

        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;

        r = bls_parse_file_name(name, &entry->id, &entry->tries_left, &entry->tries_done);
        if (r == -EINVAL)
                return refuse(strdup("its file name is not one for an entry"), ret_reason);
        if (r < 0)
                return r;

        r = check_size(size, ret_reason);
        if (r < 0)
                return r;

        while ((r = reader_next(&reader, &key, &value, ret_reason)) > 0) {
                r = apply_key(entry, &extras, key, value);
                if (r < 0)
                        return r;
                if (extras.n_initrds > BLS_INITRDS_MAX)
                        return refuse(strprintf("it names more than %u initrds", BLS_INITRDS_MAX),
                                      ret_reason);
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
                return refuse(strdup("it has no line \"linux PATH\""), ret_reason);

        *ret = TAKE_PTR(entry);
        return 1;
}

int bls_parse_loader(const char *text, size_t size, char **ret_default, char **ret_reason) {
        _cleanup_free_ char *pattern = NULL;
        struct reader reader = {.p = text, .end = text + size};
        char *key, *value;
        int r;

        r = check_size(size, ret_reason);
        if (r < 0)
                return r;

        while ((r = reader_next(&reader, &key, &value, ret_reason)) > 0) {
                if (!streq(key, "default") || !*value)
                        continue;

                r = replace_string(&pattern, value);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        *ret_default = TAKE_PTR(pattern);
        return 0;
}
