/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.h: what is said about a request that failed, in the words of a message registry (DSP0266 "Error
 * responses", DSP8011 for Base). */
#pragma once

struct answer;

enum message_id {
        MESSAGE_CREATED,
        MESSAGE_INTERNAL_ERROR,
        MESSAGE_MALFORMED_JSON,
        MESSAGE_NO_VALID_SESSION,
        MESSAGE_PRECONDITION_FAILED,
        MESSAGE_PRECONDITION_REQUIRED,
        MESSAGE_PROPERTY_MISSING,
        MESSAGE_PROPERTY_NOT_WRITABLE,
        MESSAGE_PROPERTY_UNKNOWN,
        MESSAGE_PROPERTY_VALUE_FORMAT_ERROR,
        MESSAGE_PROPERTY_VALUE_NOT_IN_LIST,
        MESSAGE_PROPERTY_VALUE_TYPE_ERROR,
        MESSAGE_QUERY_NOT_SUPPORTED,
        MESSAGE_QUERY_NOT_SUPPORTED_ON_RESOURCE,
        MESSAGE_QUERY_PARAMETER_VALUE_TYPE_ERROR,
        MESSAGE_RESOURCE_AT_URI_UNAUTHORIZED,
        MESSAGE_RESOURCE_EXHAUSTION,
        MESSAGE_RESOURCE_MISSING_AT_URI,
        MESSAGE_SERVICE_TEMPORARILY_UNAVAILABLE,
        MESSAGE_SESSION_LIMIT_EXCEEDED,
        MESSAGE_SEQUENCE_GAP,
};

/* Makes answer an error of that status. The message's arguments follow, strings, as many as it takes.
 * property is the one that it is about, as "Oem/Seatrial/Boot", or NULL. */
void answer_fail(struct answer *answer, unsigned status, enum message_id id, const char *property, ...);

/* An error for which Base has no message of its own; resolution says what the client can do. */
void answer_fail_general(struct answer *answer, unsigned status, const char *resolution);

/* 201 for what has been made at the path, and who says so. */
void answer_created(struct answer *answer, char *location);
