/* SPDX-License-Identifier: GPL-3.0-or-later */
/* probes.h: asks devices that may hang, all at once, so that one which does not answer costs itself alone. */
#pragma once

#include "base/json.h"

struct inventory_roots;

/* Sets members of object, which stands for one device, and has those of its members that were asked for. Runs
 * in a thread of its own, and must keep to object, roots and what is constant. Returns 0, a negative errno.
 */
typedef int (*probe_t)(const struct inventory_roots *roots, json_t *object);

/* Runs probe for every object of the array, with the members that given lists (up to NULL; strings and
 * numbers), and adds to each what its probe has set. "read_error" becomes null, or the reason why a probe
 * failed or took longer than the limit: the object is then as it was before. A thread that hangs in the
 * kernel stays behind; it goes with its process, which collectors have of their own. Returns 0, a negative
 * errno. */
int probes_run(const struct inventory_roots *roots, json_t *objects, const char *const *given, probe_t probe);
