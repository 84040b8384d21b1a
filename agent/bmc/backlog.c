/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "backlog.h"
#include "base/text.h"
#include "bmc/redfish/redfish.h"
#include "contact.h"
#include "journal-reader.h"
#include "provisioning-log.h"
#include "spool-store.h"
#include "spool.h"

#define BATCH_SIZE    ((size_t) 64 * 1024)
#define BATCH_RECORDS 200U

/* Where even this is not to be had, there is no room. */
#define KEEP_MIN ((size_t) 1024)

int backlog_init(struct backlog *backlog, const char *sys_root) {
        *backlog = (struct backlog){.batch_size = BATCH_SIZE};
        backlog->nvram = strprintf("%s/firmware/efi/efivars", sys_root);
        backlog->spool = json_array();
        return backlog->nvram && backlog->spool ? 0 : -ENOMEM;
}

void backlog_done(struct backlog *backlog) {
        free(TAKE_PTR(backlog->nvram));
        json_decref(TAKE_PTR(backlog->spool));
}

int backlog_read(struct backlog *backlog) {
        _cleanup_json_ json_t *spool = NULL;
        _cleanup_free_ void *data = NULL;
        size_t size;
        int r;

        r = spool_store_read(backlog->nvram, &data, &size);
        if (r == -ENOENT || r == -EOPNOTSUPP)
                return 0;
        if (r < 0)
                return r;

        r = spool_unpack(data, size, &spool);
        if (r < 0)
                return r;

        json_decref(backlog->spool);
        backlog->spool = TAKE_PTR(spool);
        return 1;
}

int backlog_clear(struct backlog *backlog) {
        return spool_store_delete(backlog->nvram);
}

uint64_t backlog_count(const struct backlog *backlog) {
        return spool_count(backlog->spool) - backlog->sent;
}

static const json_t *first_records(const struct backlog *backlog) {
        return json_object_get(json_array_get(backlog->spool, 0), "records");
}

static void drop_first(struct backlog *backlog) {
        (void) json_array_remove(backlog->spool, 0);
        backlog->sent = 0;
}

/* Of a run from which the BMC lacks what stands before it, nothing more can be delivered; what it has lost of
 * the run itself, it is sent again. */
static bool go_back(struct backlog *backlog, uint64_t expected) {
        uint64_t first =
                (uint64_t) json_get_integer(json_array_get(first_records(backlog), 0), "sequenceNumber", 0);

        if (expected < first || expected - first >= backlog->sent)
                return false;

        backlog->sent = (size_t) (expected - first);
        return true;
}

static int refused(struct backlog *backlog, struct contact *contact, int error, uint64_t *ret_lost) {
        *ret_lost = json_array_size(first_records(backlog)) - backlog->sent;
        drop_first(backlog);

        if (error == -ESTALE)
                (void) explain_error(&contact->problem, error, "the BMC has lost the records before them");
        else
                (void) explain_error(&contact->problem, error, "%s", redfish_problem(contact->redfish));
        return 1;
}

int backlog_send(struct backlog *backlog, struct contact *contact, const char *entries, uint64_t *ret_lost) {
        _cleanup_(journal_batch_done) struct journal_batch batch = {};
        uint64_t expected;
        int r;

        *ret_lost = 0;
        if (json_array_size(backlog->spool) == 0)
                return 0;

        r = spool_batch(json_array_get(backlog->spool, 0), backlog->sent, backlog->batch_size, &batch);
        if (r < 0)
                return explain_error(&contact->problem, r, "no memory");

        r = provisioning_log_post(contact->redfish, entries, &batch, NULL, &expected);
        if (r >= 0) {
                backlog->sent += batch.last - batch.first + 1;
                if (backlog->sent >= json_array_size(first_records(backlog)))
                        drop_first(backlog);
                return 1;
        }

        if (r == -ESTALE && go_back(backlog, expected))
                return 1;
        if (r == -EFBIG && batch.last > batch.first) {
                backlog->batch_size = batch.records_size / 2;
                return 1;
        }
        if (r == -ESTALE || r == -EFBIG || r == -EREMOTEIO)
                return refused(backlog, contact, r, ret_lost);

        return explain_error(&contact->problem, r, "the BMC does not take the records of an earlier boot: %s",
                             redfish_problem(contact->redfish));
}

static int add_journal(struct backlog *backlog, struct journal_reader *reader, uint64_t n_records) {
        for (;;) {
                _cleanup_(journal_batch_done) struct journal_batch batch = {};
                int r;

                r = journal_reader_next(reader, n_records, BATCH_RECORDS, BATCH_SIZE, &batch);
                if (r <= 0)
                        return r;

                r = spool_add(backlog->spool, &batch);
                if (r < 0)
                        return r;
                journal_reader_accept(reader, &batch);
        }
}

/* The BMC has these. */
static void drop_sent(struct backlog *backlog) {
        json_t *records = json_object_get(json_array_get(backlog->spool, 0), "records");

        for (; backlog->sent > 0; backlog->sent--)
                (void) json_array_remove(records, 0);
}

int backlog_keep(struct backlog *backlog, struct journal_reader *reader, uint64_t n_records, uint64_t *ret) {
        int r;

        drop_sent(backlog);
        r = add_journal(backlog, reader, n_records);
        if (r < 0)
                return r;

        /* How much room there is, the firmware says only by refusing. */
        r = -ENOSPC;
        for (size_t max = SPOOL_MAX; r == -ENOSPC && max >= KEEP_MIN; max /= 2) {
                _cleanup_free_ void *data = NULL;
                size_t size;

                r = spool_pack(backlog->spool, max, &data, &size);
                if (r >= 0)
                        r = spool_store_write(backlog->nvram, data, size);
        }
        if (r < 0)
                return r;

        *ret = backlog_count(backlog);
        return 0;
}
