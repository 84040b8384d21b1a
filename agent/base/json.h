/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json.h: what jansson lacks for code that cleans up by scope. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "macro.h"

#define _cleanup_json_ _cleanup_(json_decrefp)

/* Sets key to a string, or to null when value is NULL: unknown is told, never left out. Returns 0, -ENOMEM
 * (also when value is no valid UTF-8: sanitize text from outside first). */
int json_set_string(json_t *object, const char *key, const char *value);

/* Sets key to the number. JSON integers are signed: values over INT64_MAX give -ERANGE. Returns 0, -ENOMEM.
 */
int json_set_u64(json_t *object, const char *key, uint64_t value);

int json_set_bool(json_t *object, const char *key, bool value);

/* Sets key to value, whose reference is taken in every case; NULL counts as out of memory. Returns 0,
 * -ENOMEM. */
int json_set(json_t *object, const char *key, json_t *value);

/* The same for a key of size bytes. */
int json_set_member(json_t *object, const char *key, size_t size, json_t *value);

/* A string of size bytes. NULL when memory is short or it is no valid UTF-8. */
json_t *json_string_of(const char *text, size_t size);

/* Appends value, whose reference is taken in every case; NULL counts as out of memory. Returns 0, -ENOMEM. */
int json_append(json_t *array, json_t *value);

/* The string, integer or object at key, or NULL, the default, NULL when there is none of that type. */
const char *json_get_string(const json_t *object, const char *key);
int64_t json_get_integer(const json_t *object, const char *key, int64_t otherwise);

/* Parses exactly one JSON text, nested no deeper than jansson's limit. Returns 0, -EBADMSG. */
int json_parse(const char *text, size_t size, json_t **ret);
