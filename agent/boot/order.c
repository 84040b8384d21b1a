/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "boot.h"
#include "order.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* Not isdigit() and isalpha(): a version means the same in every locale. */
static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *skip_separators(const char *s) {
        while (*s && !is_digit(*s) && !is_letter(*s) && !strchr("-.~^", *s))
                s++;

        return s;
}

static int compare_numbers(const char **a, const char **b) {
        const char *a_end, *b_end;
        int r;

        /* A number is newer than a word or nothing in its place, even if it is 0. */
        r = COMPARE(is_digit(**a), is_digit(**b));
        if (r != 0)
                return r;

        while (**a == '0')
                (*a)++;
        while (**b == '0')
                (*b)++;
        for (a_end = *a; is_digit(*a_end); a_end++)
                ;
        for (b_end = *b; is_digit(*b_end); b_end++)
                ;

        /* Without leading zeros the longer number is the larger, however long it is. */
        r = COMPARE(a_end - *a, b_end - *b);
        if (r == 0)
                r = strncmp(*a, *b, (size_t) (a_end - *a));

        *a = a_end;
        *b = b_end;
        return r;
}

static int compare_words(const char **a, const char **b) {
        for (; is_letter(**a) && **a == **b; (*a)++, (*b)++)
                ;

        return COMPARE(is_letter(**a) ? **a : 0, is_letter(**b) ? **b : 0);
}

int version_compare(const char *a, const char *b) {
        a = a ?: "";
        b = b ?: "";

        for (;;) {
                int r;

                a = skip_separators(a);
                b = skip_separators(b);

                /* Before the ends are looked at, as systemd does: "1.0~rc1" is older than "1.0". The
                 * specification's steps have it the other way round, against its definition of the tilde. */
                if (*a == '~' || *b == '~') {
                        if (*a != *b)
                                return *a == '~' ? -1 : 1;
                        a++;
                        b++;
                }

                if (!*a || !*b)
                        return COMPARE(*a != 0, *b != 0);

                for (const char *separator = "-^."; *separator; separator++)
                        if (*a == *separator || *b == *separator) {
                                if (*a != *b)
                                        return *a == *separator ? -1 : 1;
                                a++;
                                b++;
                        }

                r = is_digit(*a) || is_digit(*b) ? compare_numbers(&a, &b) : compare_words(&a, &b);
                if (r != 0)
                        return r;
        }
}

static bool is_bad(const struct boot_entry *entry) {
        return entry->tries_left == 0;
}

int boot_entry_compare(const struct boot_entry *a, const struct boot_entry *b) {
        int r;

        r = COMPARE(is_bad(a), is_bad(b));
        if (r != 0)
                return r;

        r = COMPARE(!a->sort_key, !b->sort_key);
        if (r != 0)
                return r;

        if (a->sort_key && b->sort_key) {
                r = strcmp(a->sort_key, b->sort_key);
                if (r != 0)
                        return r;

                r = strcmp(a->machine_id ?: "", b->machine_id ?: "");
                if (r != 0)
                        return r;

                r = version_compare(b->version, a->version);
                if (r != 0)
                        return r;
        }

        r = version_compare(b->id, a->id);
        if (r != 0)
                return r;

        return COMPARE(a->tries_done, b->tries_done);
}

bool boot_entry_matches(const struct boot_entry *entry, const char *pattern) {
        size_t length = strlen(pattern), suffix = STRLEN(".conf");
        _cleanup_free_ char *bare = NULL;

        if (fnmatch(pattern, entry->id, FNM_CASEFOLD) == 0)
                return true;

        if (length <= suffix || strcasecmp(pattern + length - suffix, ".conf") != 0)
                return false;

        bare = strndup(pattern, length - suffix);
        return bare && fnmatch(bare, entry->id, FNM_CASEFOLD) == 0;
}

static int compare_items(const void *x, const void *y, void *userdata) {
        const struct boot_entry *a = *(struct boot_entry *const *) x, *b = *(struct boot_entry *const *) y;
        const char *pattern = userdata;
        int r;

        if (pattern) {
                r = COMPARE(boot_entry_matches(b, pattern), boot_entry_matches(a, pattern));
                if (r != 0)
                        return r;
        }

        r = COMPARE(is_bad(a), is_bad(b));
        if (r != 0)
                return r;

        r = COMPARE(b->is_default, a->is_default);
        if (r != 0)
                return r;

        r = boot_entry_compare(a, b);
        if (r != 0)
                return r;

        return version_compare(a->device, b->device);
}

void boot_entries_sort(struct boot_entries *entries, const char *pattern) {
        if (entries->n_items > 0)
                qsort_r(entries->items, entries->n_items, sizeof(struct boot_entry *), compare_items,
                        (void *) pattern);
}
