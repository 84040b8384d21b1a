/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/json.h"

/* True when a condition has a form that condition_holds() knows. */
bool condition_is_valid(const json_t *condition);

/* True when value (NULL: not there) is as the condition wants it. */
bool condition_holds(const json_t *condition, const json_t *value);

/* In words: "32 GiB", "at least 4", "one of A, B". member tells what is counted ("size_bytes"). NULL when
 * memory is short. */
char *condition_describe(const json_t *condition, const char *member);
char *value_describe(const json_t *value, const char *member);
