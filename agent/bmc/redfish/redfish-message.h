/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redfish-message.h: reading what a Redfish service says (DSP0266). It is a trusted service, but nothing says
 * that it is a well-made one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

#define REDFISH_DEPTH_MAX 32U

/* Parses a JSON object nested no deeper than REDFISH_DEPTH_MAX. Returns 0, -EBADMSG. */
int redfish_parse(const char *text, size_t size, json_t **ret);

/* The path in a URI as the service writes it: "/redfish/v1/Systems", or the same behind "https://bmc". Points
 * into uri. NULL when it is none that may go into a request. */
const char *redfish_path(const char *uri);

/* The path in the resource's own @odata.id, or NULL. */
const char *redfish_path_of(const json_t *resource);

/* The path in object.name.@odata.id, or NULL. */
const char *redfish_link(const json_t *object, const char *name);

/* What an error response says, for a person: the messages of @Message.ExtendedInfo, or the error's own, in
 * printable ASCII. NULL when it says nothing, or memory is short. */
char *redfish_error_text(const json_t *object);

/* True when the error response has the message Seatrial.1.x.SequenceGap; *ret_expected then is the sequence
 * number of the record that the service wants next. */
bool redfish_sequence_gap(const json_t *object, uint64_t *ret_expected);

/* A date as HTTP has it (RFC 9110, 5.6.7: "Tue, 01 Jan 2030 12:00:00 GMT") into microseconds since 1970.
 * Returns 0, -EINVAL. */
int redfish_parse_date(const char *text, uint64_t *ret_usec);

/* Compares two UUIDs in text form. */
bool redfish_same_uuid(const char *a, const char *b);
