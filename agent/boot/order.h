/* SPDX-License-Identifier: GPL-3.0-or-later */
/* order.h: which boot entry comes before which (UAPI.1 "Sorting", UAPI.10 version comparison). */
#pragma once

#include <stdbool.h>

struct boot_entries;
struct boot_entry;

/* Less than, equal to or greater than 0 as version a is older than, equal to or newer than b. NULL is "". */
int version_compare(const char *a, const char *b);

/* Less than, equal to or greater than 0 as a comes before b, stands beside b, or comes after b in a boot
 * menu. */
int boot_entry_compare(const struct boot_entry *a, const struct boot_entry *b);

/* Does the glob pattern name this entry, by its id with or without ".conf", in either case? */
bool boot_entry_matches(const struct boot_entry *entry, const char *pattern);

/* Best first: the entries that pattern (may be NULL) matches, then those that have not proved bad, then the
 * loader's default, then by boot_entry_compare(), and at last by device, so that the order is always the
 * same. */
void boot_entries_sort(struct boot_entries *entries, const char *pattern);
