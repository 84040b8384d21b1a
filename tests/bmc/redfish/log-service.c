/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log-service.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"
#include "message.h"
#include "provisioning-log.h"
#include "service.h"

#define SERVICES_PATH "/redfish/v1/Systems/system/LogServices"
#define SERVICE_PATH  SERVICES_PATH "/Provisioning"
#define ENTRIES_PATH  SERVICE_PATH "/Entries"

#define ENTRY_TYPE    "#LogEntry.v1_9_0.LogEntry"
#define OEM_TYPE      "#Seatrial.v1_0_0.LogEntry"
#define RECORD_FORMAT "OCP Test & Validation 2.0"
#define MESSAGE_ID    "Seatrial.1.0.Records"
#define STAGE_MAX     32

/* An entry may carry as many records as a request can, so that a page holds few of them. */
#define PAGE 8

static json_t *services_member(struct service *service, uint64_t index) {
        (void) service;
        (void) index;
        return reference(SERVICE_PATH);
}

void log_services_get(struct service *service, const struct request *request, struct answer *answer) {
        answer_collection(service, request, answer, "LogServiceCollection", "Log Services",
                          service->shape.no_log ? 0 : 1, 1, services_member);
}

void log_service_get(struct service *service, const struct request *request, struct answer *answer) {
        char now[FORMAT_TIMESTAMP_MAX];

        (void) service;
        answer_resource(answer,
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:o}", "@odata.id",
                                  request->path, "@odata.type", "#LogService.v1_3_0.LogService", "Id",
                                  "Provisioning", "Name", "Provisioning Log", "Description",
                                  "What the host's provisioning agent reports", "ServiceEnabled", 1,
                                  "LogEntryType", "OEM", "OverWritePolicy", "NeverOverWrites", "DateTime",
                                  format_timestamp_now(now), "DateTimeLocalOffset", "+00:00", "Entries",
                                  reference(ENTRIES_PATH)));
}

/* The entry as a resource, out of the log; NULL when it cannot be read. */
static json_t *entry_resource(struct service *service, uint64_t id) {
        _cleanup_json_ json_t *entry = NULL;
        _cleanup_free_ char *path = strprintf(ENTRIES_PATH "/%" PRIu64, id);

        if (!path || provisioning_log_read(service->log, id, &entry) < 0)
                return NULL;
        if (json_set_string(entry, "@odata.id", path) < 0 ||
            json_set_string(entry, "@odata.type", ENTRY_TYPE) < 0 ||
            json_set_string(entry, "Name", "Provisioning Log Entry") < 0)
                return NULL;
        return TAKE_PTR(entry);
}

/* Redfish has the members of this one kind of collection given in full. */
static json_t *entries_member(struct service *service, uint64_t index) {
        return entry_resource(service, index + 1);
}

void log_entries_get(struct service *service, const struct request *request, struct answer *answer) {
        answer_collection(service, request, answer, "LogEntryCollection", "Provisioning Log Entries",
                          provisioning_log_n_entries(service->log), PAGE, entries_member);
}

void log_entry_get(struct service *service, const struct request *request, struct answer *answer) {
        uint64_t id;

        if (!isdigit((unsigned char) request->id[0]) || request->id[0] == '0' ||
            parse_u64(request->id, &id) < 0 || id > provisioning_log_n_entries(service->log)) {
                answer_fail(answer, MHD_HTTP_NOT_FOUND, MESSAGE_RESOURCE_MISSING_AT_URI, NULL, request->path);
                return;
        }
        answer_resource(answer, entry_resource(service, id));
}

static bool fail_missing(struct answer *answer, const char *property) {
        answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_MISSING, property, property);
        return false;
}

/* Says that value, of property, is of the wrong type, format or not in the list, as id has it. */
static bool fail_value(struct answer *answer, enum message_id id, const char *property, const json_t *value) {
        _cleanup_free_ char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        if (shown)
                answer_fail(answer, MHD_HTTP_BAD_REQUEST, id, property, shown, property);
        else
                answer_resource(answer, NULL);
        return false;
}

/* Each check_ returns false when the entry cannot be taken, with answer saying why. */

static bool check_type(const json_t *value, json_type type, const char *property, struct answer *answer) {
        if (!value)
                return fail_missing(answer, property);
        if (json_typeof(value) != type)
                return fail_value(answer, MESSAGE_PROPERTY_VALUE_TYPE_ERROR, property, value);
        return true;
}

/* A string that is one of values, which NULL ends. */
static bool check_choice(const json_t *value, const char *property, const char *const *values,
                         struct answer *answer) {
        if (!check_type(value, JSON_STRING, property, answer))
                return false;
        for (; *values; values++)
                if (streq(*values, json_string_value(value)))
                        return true;
        return fail_value(answer, MESSAGE_PROPERTY_VALUE_NOT_IN_LIST, property, value);
}

/* Nothing in object but what known, which NULL ends, has. prefix is the path to object, empty or with a
 * slash. */
static bool check_keys(const json_t *object, const char *prefix, const char *const *known,
                       struct answer *answer) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) object, key, value) {
                _cleanup_free_ char *property = NULL;
                bool found = false;

                for (const char *const *k = known; *k; k++)
                        found = found || streq(*k, key);
                if (found)
                        continue;
                property = strprintf("%s%s", prefix, key);
                if (property)
                        answer_fail(answer, MHD_HTTP_BAD_REQUEST, MESSAGE_PROPERTY_UNKNOWN, property,
                                    property);
                else
                        answer_resource(answer, NULL);
                return false;
        }
        return true;
}

static bool is_uuid(const char *s) {
        for (size_t i = 0; i < 36; i++)
                if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' : !isxdigit((unsigned char) s[i]))
                        return false;
        return s[36] == '\0';
}

static bool is_stage(const char *s) {
        size_t length = strlen(s);

        return length > 0 && length <= STAGE_MAX &&
               strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

/* expected: the sequence number of this record, or -1 when it may begin anywhere. */
static bool check_record(const json_t *record, size_t index, int64_t expected, struct answer *answer) {
        static const char *const artifacts[] = {"schemaVersion", "testRunArtifact", "testStepArtifact"};
        _cleanup_free_ char *path = strprintf("Oem/Seatrial/Records/%zu", index);
        _cleanup_free_ char *number_path = strprintf("Oem/Seatrial/Records/%zu/sequenceNumber", index);
        _cleanup_free_ char *time_path = strprintf("Oem/Seatrial/Records/%zu/timestamp", index);
        const json_t *number;
        unsigned n_artifacts = 0;

        if (!path || !number_path || !time_path) {
                answer_resource(answer, NULL);
                return false;
        }
        if (!check_type(record, JSON_OBJECT, path, answer))
                return false;
        number = json_object_get(record, "sequenceNumber");
        if (!check_type(number, JSON_INTEGER, number_path, answer))
                return false;
        if (json_integer_value(number) < 0 || (expected >= 0 && json_integer_value(number) != expected))
                return fail_value(answer, MESSAGE_PROPERTY_VALUE_FORMAT_ERROR, number_path, number);
        if (!check_type(json_object_get(record, "timestamp"), JSON_STRING, time_path, answer))
                return false;

        for (size_t i = 0; i < ELEMENTSOF(artifacts); i++)
                n_artifacts += json_object_get(record, artifacts[i]) != NULL;
        if (n_artifacts != 1)
                return fail_value(answer, MESSAGE_PROPERTY_VALUE_FORMAT_ERROR, path, record);
        return true;
}

static bool check_records(const json_t *records, struct answer *answer) {
        const char *property = "Oem/Seatrial/Records";
        const json_t *record;
        int64_t expected = -1;
        size_t i;

        if (!check_type(records, JSON_ARRAY, property, answer))
                return false;
        if (json_array_size(records) == 0)
                return fail_value(answer, MESSAGE_PROPERTY_VALUE_FORMAT_ERROR, property, records);
        json_array_foreach((json_t *) records, i, record) {
                if (!check_record(record, i, expected, answer))
                        return false;
                expected = json_get_integer(record, "sequenceNumber", 0);
                if (expected == INT64_MAX)
                        return fail_value(answer, MESSAGE_PROPERTY_VALUE_FORMAT_ERROR, property, record);
                expected++;
        }
        return true;
}

static bool check_oem(const json_t *oem, struct answer *answer) {
        static const char *const vendors[] = {"Seatrial", NULL};
        static const char *const known[] = {"@odata.type", "Boot", "Stage", "Records", NULL};
        static const char *const types[] = {OEM_TYPE, NULL};
        const json_t *seatrial = json_object_get(oem, "Seatrial");
        const json_t *boot = json_object_get(seatrial, "Boot");
        const json_t *stage = json_object_get(seatrial, "Stage");

        if (!check_type(oem, JSON_OBJECT, "Oem", answer) || !check_keys(oem, "Oem/", vendors, answer) ||
            !check_type(seatrial, JSON_OBJECT, "Oem/Seatrial", answer) ||
            !check_keys(seatrial, "Oem/Seatrial/", known, answer) ||
            !check_choice(json_object_get(seatrial, "@odata.type"), "Oem/Seatrial/@odata.type", types,
                          answer) ||
            !check_type(boot, JSON_STRING, "Oem/Seatrial/Boot", answer) ||
            !check_type(stage, JSON_STRING, "Oem/Seatrial/Stage", answer))
                return false;
        if (!is_uuid(json_string_value(boot)))
                return fail_value(answer, MESSAGE_PROPERTY_VALUE_FORMAT_ERROR, "Oem/Seatrial/Boot", boot);
        if (!is_stage(json_string_value(stage)))
                return fail_value(answer, MESSAGE_PROPERTY_VALUE_FORMAT_ERROR, "Oem/Seatrial/Stage", stage);
        return check_records(json_object_get(seatrial, "Records"), answer);
}

static bool check_message_arguments(const json_t *arguments, struct answer *answer) {
        const json_t *argument;
        size_t i;

        if (!check_type(arguments, JSON_ARRAY, "MessageArgs", answer))
                return false;
        json_array_foreach((json_t *) arguments, i, argument) {
                if (!json_is_string(argument))
                        return fail_value(answer, MESSAGE_PROPERTY_VALUE_TYPE_ERROR, "MessageArgs", argument);
        }
        return true;
}

static bool check_entry(const json_t *entry, struct answer *answer) {
        static const char *const known[] = {"EntryType", "OemRecordFormat", "Severity", "Message",
                                            "MessageId", "MessageArgs",     "Oem",      NULL};
        static const char *const entry_types[] = {"Oem", NULL};
        static const char *const formats[] = {RECORD_FORMAT, NULL};
        static const char *const severities[] = {"OK", "Warning", "Critical", NULL};
        static const char *const message_ids[] = {MESSAGE_ID, NULL};

        return check_keys(entry, "", known, answer) &&
               check_choice(json_object_get(entry, "EntryType"), "EntryType", entry_types, answer) &&
               check_choice(json_object_get(entry, "OemRecordFormat"), "OemRecordFormat", formats, answer) &&
               check_choice(json_object_get(entry, "Severity"), "Severity", severities, answer) &&
               check_type(json_object_get(entry, "Message"), JSON_STRING, "Message", answer) &&
               check_choice(json_object_get(entry, "MessageId"), "MessageId", message_ids, answer) &&
               check_message_arguments(json_object_get(entry, "MessageArgs"), answer) &&
               check_oem(json_object_get(entry, "Oem"), answer);
}

static void fail_gap(struct answer *answer, const json_t *entry, uint64_t next) {
        const json_t *seatrial = json_object_get(json_object_get(entry, "Oem"), "Seatrial");
        _cleanup_free_ char *number = strprintf("%" PRIu64, next);

        if (number)
                answer_fail(answer, MHD_HTTP_CONFLICT, MESSAGE_SEQUENCE_GAP,
                            "Oem/Seatrial/Records/0/sequenceNumber", json_get_string(seatrial, "Boot"),
                            json_get_string(seatrial, "Stage"), number);
        else
                answer_resource(answer, NULL);
}

void log_entries_post(struct service *service, const struct request *request, struct answer *answer) {
        uint64_t id, next;
        int r;

        if (!check_entry(request->body, answer))
                return;
        r = provisioning_log_add(service->log, request->body, &id, &next);
        if (r == -ERANGE)
                fail_gap(answer, request->body, next);
        else if (r == -ENOSPC || r == -EDQUOT || r == -EFBIG)
                answer_fail(answer, MHD_HTTP_INSUFFICIENT_STORAGE, MESSAGE_RESOURCE_EXHAUSTION, NULL,
                            SERVICE_PATH);
        else if (r < 0)
                answer_resource(answer, NULL);
        else
                answer_created(answer, strprintf(ENTRIES_PATH "/%" PRIu64, id));
}
