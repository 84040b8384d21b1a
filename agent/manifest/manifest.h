/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manifest.h: what was ordered, and how the machine differs from it. A manifest is JSON:
 *
 *      {"schema_version": 1, "rules": [
 *        {"name": "DIMM_B2", "part": "memory.modules", "where": {"locator": "DIMM_B2"},
 *         "expect": {"size_bytes": 34359738368, "part_number": {"matches": "M393*"}}},
 *        {"part": "storage", "where": {"transport": "nvme"}, "count": {"at_least": 4},
 *         "expect": {"firmware_version": {"one_of": ["GDC5302Q", "GDC5602Q"]}}, "severity": "warning"}]}
 *
 * part names an object or a list of the inventory, through dots. where chooses things of a list by their
 * members, and expect is what each of them must hold; without count there must be one at least. What is to be
 * held against a member is a value (exactly that), or an object: at_least, at_most (numbers), one_of (a
 * list), matches (a pattern as in a shell); of several, all must hold. A member inside an object is named
 * through dots: "link.width". */
#pragma once

#include "base/json.h"

#define MANIFEST_SCHEMA_VERSION 1

/* Where the image keeps it. */
#define MANIFEST_FILE "/etc/seatrial/manifest.json"

/* Reads a manifest's text and checks its form. Returns 0 and a new reference in *ret, -EBADMSG with what is
 * wrong in *ret_error (newly allocated), -ENOMEM. */
int manifest_parse(const char *text, size_t size, json_t **ret, char **ret_error);

/* Compares. Returns 0 and an array in *ret of objects, one for each deviation, in the order of the rules:
 * rule (its name), severity ("critical" unless the rule says "warning"), where ("DIMM_B2", "0000:41:00.0"),
 * member, expected, found (values as text for a person) and message ("DIMM_B2: size_bytes 32 GiB expected,
 * slot empty"); -ENOMEM. */
int manifest_check(const json_t *manifest, const json_t *inventory, json_t **ret);

/* Makes a manifest that the machine whose inventory this is satisfies, and one with anything less does not.
 * Returns 0, -ENOMEM. */
int manifest_make(const json_t *inventory, json_t **ret);

/* seatrial manifest: writes one, or checks this machine. Returns an exit status. */
int verb_manifest(int argc, char **argv);
