/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "bmc/redfish/redfish-message.h"
#include "bmc/redfish/redfish.h"
#include "bmc/redfish/resources.h"
#include "journal-reader.h"
#include "provisioning-log.h"

int provisioning_log_find(struct redfish *redfish, const json_t *system, char **ret_entries) {
        return redfish_find_log(redfish, system, "Provisioning", ret_entries);
}

static const char *severity_text(enum batch_severity severity) {
        switch (severity) {
        case BATCH_CRITICAL:
                return "Critical";
        case BATCH_WARNING:
                return "Warning";
        case BATCH_OK:
                break;
        }

        return "OK";
}

/* Everything but the records. */
static json_t *make_envelope(const struct journal_batch *batch) {
        char message[128], first[24], last[24];

        snprintf(first, sizeof(first), "%llu", (unsigned long long) batch->first);
        snprintf(last, sizeof(last), "%llu", (unsigned long long) batch->last);
        snprintf(message, sizeof(message), "%s: records %s to %s", batch->stage, first, last);

        return json_pack("{ssssssssss s[ssss] s{s{ssssss}}}", "EntryType", "Oem", "OemRecordFormat",
                         "OCP Test & Validation 2.0", "Severity", severity_text(batch->severity), "Message",
                         message, "MessageId", "Seatrial.1.0.Records", "MessageArgs", batch->boot,
                         batch->stage, first, last, "Oem", "Seatrial", "@odata.type",
                         "#Seatrial.v1_0_0.LogEntry", "Boot", batch->boot, "Stage", batch->stage);
}

/* The records go in as the journal's very text, so that what the BMC keeps is the same to the byte: into the
 * end of the innermost object, which jansson, keeping the order, has written last. */
char *provisioning_log_entry(const struct journal_batch *batch, size_t *ret_size) {
        static const char closing[] = "}}}";
        _cleanup_json_ json_t *envelope = make_envelope(batch);
        _cleanup_free_ char *outer = NULL;
        size_t size;
        char *text;
        int n;

        if (!envelope)
                return NULL;

        outer = json_dumps(envelope, JSON_COMPACT);
        if (!outer)
                return NULL;

        size = strlen(outer) - STRLEN("}}}");
        n = asprintf(&text, "%.*s,\"Records\":[%s]%s", (int) size, outer, batch->records, closing);
        if (n < 0)
                return NULL;

        *ret_size = (size_t) n;
        return text;
}

int provisioning_log_post(struct redfish *redfish, const char *entries, const struct journal_batch *batch,
                          char **ret_location, uint64_t *ret_expected) {
        _cleanup_json_ json_t *error = NULL;
        _cleanup_free_ char *entry = NULL;
        size_t size;
        int r;

        entry = provisioning_log_entry(batch, &size);
        if (!entry)
                return -ENOMEM;

        r = redfish_post(redfish, entries, entry, size, ret_location, &error);
        if (r == -EREMOTEIO && redfish_sequence_gap(error, ret_expected))
                return -ESTALE;

        return r;
}
