/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "message.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "service.h"

#define ARGUMENTS_MAX 3

static const struct message {
        const char *id;
        const char *text; /* %1 stands for the first argument */
        unsigned n_arguments;
        const char *severity;
        const char *resolution;
} messages[] = {
        [MESSAGE_CREATED] =
                {
                        "Base.1.8.Created",
                        "The resource was created successfully.",
                        0,
                        "OK",
                        "None.",
                },
        [MESSAGE_INTERNAL_ERROR] =
                {
                        "Base.1.8.InternalError",
                        "The request failed due to an internal service error.  The service is still "
                        "operational.",
                        0,
                        "Critical",
                        "Resubmit the request.  If the problem persists, consider resetting the service.",
                },
        [MESSAGE_MALFORMED_JSON] =
                {
                        "Base.1.8.MalformedJSON",
                        "The request body submitted was malformed JSON and could not be parsed by the "
                        "receiving service.",
                        0,
                        "Critical",
                        "Ensure that the request body is valid JSON and resubmit the request.",
                },
        [MESSAGE_NO_VALID_SESSION] =
                {
                        "Base.1.8.NoValidSession",
                        "There is no valid session established with the implementation.",
                        0,
                        "Critical",
                        "Establish a session before attempting any operations.",
                },
        [MESSAGE_PRECONDITION_FAILED] =
                {
                        "Base.1.8.PreconditionFailed",
                        "The ETag supplied did not match the ETag required to change this resource.",
                        0,
                        "Critical",
                        "Try the operation again using the appropriate ETag.",
                },
        [MESSAGE_PRECONDITION_REQUIRED] =
                {
                        "Base.1.8.PreconditionRequired",
                        "A precondition header or annotation is required to change this resource.",
                        0,
                        "Critical",
                        "Try the operation again using an If-Match or If-None-Match header and appropriate "
                        "ETag.",
                },
        [MESSAGE_PROPERTY_MISSING] =
                {
                        "Base.1.8.PropertyMissing",
                        "The property %1 is a required property and must be included in the request.",
                        1,
                        "Warning",
                        "Ensure that the property is in the request body and has a valid value and resubmit "
                        "the request.",
                },
        [MESSAGE_PROPERTY_NOT_WRITABLE] =
                {
                        "Base.1.8.PropertyNotWritable",
                        "The property %1 is a read only property and cannot be assigned a value.",
                        1,
                        "Warning",
                        "Remove the property from the request body and resubmit the request.",
                },
        [MESSAGE_PROPERTY_UNKNOWN] =
                {
                        "Base.1.8.PropertyUnknown",
                        "The property %1 is not in the list of valid properties for the resource.",
                        1,
                        "Warning",
                        "Remove the unknown property from the request body and resubmit the request.",
                },
        [MESSAGE_PROPERTY_VALUE_FORMAT_ERROR] =
                {
                        "Base.1.8.PropertyValueFormatError",
                        "The value %1 for the property %2 is of a different format than the property can "
                        "accept.",
                        2,
                        "Warning",
                        "Correct the value for the property in the request body and resubmit the request.",
                },
        [MESSAGE_PROPERTY_VALUE_NOT_IN_LIST] =
                {
                        "Base.1.8.PropertyValueNotInList",
                        "The value %1 for the property %2 is not in the list of acceptable values.",
                        2,
                        "Warning",
                        "Choose a value from the enumeration list that the implementation can support and "
                        "resubmit the "
                        "request.",
                },
        [MESSAGE_PROPERTY_VALUE_TYPE_ERROR] =
                {
                        "Base.1.8.PropertyValueTypeError",
                        "The value %1 for the property %2 is of a different type than the property can "
                        "accept.",
                        2,
                        "Warning",
                        "Correct the value for the property in the request body and resubmit the request.",
                },
        [MESSAGE_QUERY_NOT_SUPPORTED] =
                {
                        "Base.1.8.QueryNotSupported",
                        "Querying is not supported by the implementation.",
                        0,
                        "Warning",
                        "Remove the query parameters and resubmit the request.",
                },
        [MESSAGE_QUERY_NOT_SUPPORTED_ON_RESOURCE] =
                {
                        "Base.1.8.QueryNotSupportedOnResource",
                        "Querying is not supported on the requested resource.",
                        0,
                        "Warning",
                        "Remove the query parameters and resubmit the request.",
                },
        [MESSAGE_QUERY_PARAMETER_VALUE_TYPE_ERROR] =
                {
                        "Base.1.8.QueryParameterValueTypeError",
                        "The value %1 for the query parameter %2 is of a different type than the parameter "
                        "can accept.",
                        2,
                        "Warning",
                        "Correct the value for the query parameter in the request and resubmit the request.",
                },
        [MESSAGE_RESOURCE_AT_URI_UNAUTHORIZED] =
                {
                        "Base.1.8.ResourceAtUriUnauthorized",
                        "While accessing the resource at %1, the service received an authorization error %2.",
                        2,
                        "Critical",
                        "Ensure that the appropriate access is provided for the service in order for it to "
                        "access the URI.",
                },
        [MESSAGE_RESOURCE_EXHAUSTION] =
                {
                        "Base.1.8.ResourceExhaustion",
                        "The resource %1 was unable to satisfy the request due to unavailability of "
                        "resources.",
                        1,
                        "Critical",
                        "Ensure that the resources are available and resubmit the request.",
                },
        [MESSAGE_RESOURCE_MISSING_AT_URI] =
                {
                        "Base.1.8.ResourceMissingAtURI",
                        "The resource at the URI %1 was not found.",
                        1,
                        "Critical",
                        "Place a valid resource at the URI or correct the URI and resubmit the request.",
                },
        [MESSAGE_SERVICE_TEMPORARILY_UNAVAILABLE] =
                {
                        "Base.1.8.ServiceTemporarilyUnavailable",
                        "The service is temporarily unavailable.  Retry in %1 seconds.",
                        1,
                        "Critical",
                        "Wait for the indicated retry duration and retry the operation.",
                },
        [MESSAGE_SESSION_LIMIT_EXCEEDED] =
                {
                        "Base.1.8.SessionLimitExceeded",
                        "The session establishment failed due to the number of simultaneous sessions "
                        "exceeding the limit of "
                        "the implementation.",
                        0,
                        "Critical",
                        "Reduce the number of other sessions before trying to establish the session or "
                        "increase the limit of "
                        "simultaneous sessions, if supported.",
                },
        [MESSAGE_SEQUENCE_GAP] =
                {
                        "Seatrial.1.0.SequenceGap",
                        "The next record of boot %1 and stage %2 has the sequence number %3.  Nothing was "
                        "stored.",
                        3,
                        "Warning",
                        "Send the records again, beginning with that sequence number.",
                },
};

static char *expand(const char *text, const char *const arguments[static ARGUMENTS_MAX]) {
        _cleanup_free_ char *expanded = NULL;
        size_t size = 0;
        FILE *f;

        f = open_memstream(&expanded, &size);
        if (!f)
                return NULL;
        for (; *text; text++) {
                if (text[0] == '%' && text[1] >= '1' && text[1] <= '0' + ARGUMENTS_MAX) {
                        fputs(arguments[text[1] - '1'], f);
                        text++;
                } else
                        fputc(*text, f);
        }
        if (fclose(f) != 0)
                return NULL;
        return TAKE_PTR(expanded);
}

static json_t *extended_info(const struct message *m, const char *resolution, const char *property,
                             const char *const arguments[static ARGUMENTS_MAX]) {
        _cleanup_free_ char *text = expand(m->text, arguments);
        _cleanup_json_ json_t *array = json_array(), *info = NULL, *related = NULL;

        if (!text || !array)
                return NULL;
        for (unsigned i = 0; i < m->n_arguments; i++)
                if (json_append(array, json_string(arguments[i])) < 0)
                        return NULL;
        if (property) {
                related = json_pack("[s+]", "#/", property);
                if (!related)
                        return NULL;
        }
        info = json_pack("{s:s, s:s, s:s, s:O, s:s, s:s, s:s, s:O*}", "@odata.type",
                         "#Message.v1_1_1.Message", "MessageId", m->id, "Message", text, "MessageArgs", array,
                         "Severity", m->severity, "MessageSeverity", m->severity, "Resolution", resolution,
                         "RelatedProperties", related);
        return json_pack("[o]", TAKE_PTR(info));
}

static void set_body(struct answer *answer, unsigned status, json_t *body) {
        json_decref(answer->body);
        answer->status = body ? status : MHD_HTTP_INTERNAL_SERVER_ERROR;
        answer->body = body;
}

static void fail(struct answer *answer, unsigned status, const struct message *m, const char *resolution,
                 const char *property, const char *const arguments[static ARGUMENTS_MAX]) {
        _cleanup_json_ json_t *info = extended_info(m, resolution, property, arguments);

        set_body(answer, status,
                 info ? json_pack("{s:{s:s, s:O, s:O}}", "error", "code", m->id, "message",
                                  json_object_get(json_array_get(info, 0), "Message"),
                                  "@Message.ExtendedInfo", info)
                      : NULL);
}

void answer_fail(struct answer *answer, unsigned status, enum message_id id, const char *property, ...) {
        const struct message *m = &messages[id];
        const char *arguments[ARGUMENTS_MAX] = {};
        va_list list;

        va_start(list, property);
        for (unsigned i = 0; i < m->n_arguments; i++)
                arguments[i] = va_arg(list, const char *);
        va_end(list);
        fail(answer, status, m, m->resolution, property, arguments);
}

void answer_fail_general(struct answer *answer, unsigned status, const char *resolution) {
        static const struct message general = {
                .id = "Base.1.8.GeneralError",
                .text = "A general error has occurred. See Resolution for information on how to resolve the "
                        "error.",
                .severity = "Critical",
        };
        const char *const arguments[ARGUMENTS_MAX] = {};

        fail(answer, status, &general, resolution, NULL, arguments);
}

void answer_created(struct answer *answer, char *location) {
        const struct message *m = &messages[MESSAGE_CREATED];
        const char *const arguments[ARGUMENTS_MAX] = {};
        _cleanup_json_ json_t *info = extended_info(m, m->resolution, NULL, arguments);

        answer->location = location;
        set_body(answer, MHD_HTTP_CREATED,
                 info && location ? json_pack("{s:O}", "@Message.ExtendedInfo", info) : NULL);
}
