/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bmc/redfish/redfish.h"
#include "contact.h"
#include "delivery.h"
#include "journal-reader.h"
#include "provisioning-log.h"

#define BATCH_SIZE    ((size_t) 64 * 1024)
#define BATCH_RECORDS 200U
#define GAPS_MAX      3U

int delivery_init(struct delivery *delivery, const char *journal_path, const char *boot) {
        *delivery = (struct delivery){.batch_size = BATCH_SIZE};
        return journal_reader_new(journal_path, boot, &delivery->reader);
}

void delivery_done(struct delivery *delivery) {
        delivery->reader = journal_reader_free(delivery->reader);
        free(TAKE_PTR(delivery->entries));
        read_back_done(&delivery->read_back);
}

uint64_t delivery_position(const struct delivery *delivery) {
        return journal_reader_position(delivery->reader);
}

int delivery_find_log(struct delivery *delivery, struct contact *contact) {
        struct redfish *redfish = contact->redfish;
        int r;

        if (delivery->entries)
                return 0;

        r = contact_find_system(contact);
        if (r < 0)
                return r;

        r = provisioning_log_find(redfish, contact->system, &delivery->entries);
        if (r == -ENOENT)
                return explain_error(&contact->problem, r, "the BMC offers no provisioning log: %s",
                                     redfish_problem(redfish));
        if (r < 0)
                return explain_error(&contact->problem, r, "the provisioning log cannot be found: %s",
                                     redfish_problem(redfish));

        return 0;
}

/* The BMC wants the stage from another record on: it has lost some. */
static int delivery_go_back(struct delivery *delivery, struct contact *contact,
                            const struct journal_batch *batch, uint64_t expected) {
        int r;

        r = ++delivery->gaps > GAPS_MAX ? -ERANGE : journal_reader_rewind(delivery->reader, batch, expected);
        if (r == -ERANGE)
                return explain_error(
                        &contact->problem, -EREMOTEIO,
                        "the BMC refuses record %llu of %s and wants %llu, which it has been sent",
                        (unsigned long long) batch->first, batch->stage, (unsigned long long) expected);
        if (r < 0)
                return explain_error(&contact->problem, r, "the journal's file cannot be read: %s",
                                     strerror(-r));

        return 0;
}

/* Returns 1 when the BMC has taken the batch, 0 when another is to be sent in its place. */
static int delivery_post(struct delivery *delivery, struct contact *contact,
                         const struct journal_batch *batch) {
        _cleanup_free_ char *location = NULL;
        uint64_t expected;
        int r;

        r = provisioning_log_post(contact->redfish, delivery->entries, batch, &location, &expected);
        if (r == -ESTALE)
                return delivery_go_back(delivery, contact, batch, expected);
        if (r == -EFBIG && batch->last > batch->first) {
                delivery->batch_size = batch->records_size / 2;
                return 0;
        }
        if (r == -ENOENT)
                return explain_error(&contact->problem, r, "the BMC's provisioning log takes no entries: %s",
                                     redfish_problem(contact->redfish));
        if (r < 0)
                return explain_error(&contact->problem, r, "the BMC does not take the journal: %s",
                                     redfish_problem(contact->redfish));

        journal_reader_accept(delivery->reader, batch);
        delivery->gaps = 0;

        r = read_back_expect(&delivery->read_back, batch, location);
        return r < 0 ? explain_error(&contact->problem, r, "what is to be read back cannot be kept: %s",
                                     strerror(-r))
                     : 1;
}

int delivery_send(struct delivery *delivery, struct contact *contact, uint64_t n_records) {
        int r;

        do {
                _cleanup_(journal_batch_done) struct journal_batch batch = {};

                r = journal_reader_next(delivery->reader, n_records, BATCH_RECORDS, delivery->batch_size,
                                        &batch);
                if (r < 0)
                        return explain_error(&contact->problem, r, "the journal's file cannot be read: %s",
                                             strerror(-r));
                if (r == 0)
                        return 0;

                r = delivery_post(delivery, contact, &batch);
        } while (r == 0);

        return r;
}
