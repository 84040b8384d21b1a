/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/text.h"
#include "journal-reader.h"
#include "spool.h"

/* Before the compressed text, all little-endian. */
struct header {
        char magic[4];
        uint32_t text_size;
        uint32_t crc; /* of the compressed text */
};

static const char magic[4] = {'S', 'P', 'L', '1'};

/* More than a long trial's journal, and not much of a machine's memory. */
#define TEXT_MAX ((size_t) 16 * 1024 * 1024)

static json_t *run_of(json_t *spool, const char *boot, const char *stage) {
        json_t *last = json_array_get(spool, json_array_size(spool) - 1);

        if (last && streq(json_get_string(last, "boot"), boot) &&
            streq(json_get_string(last, "stage"), stage))
                return last;

        if (json_append(spool, json_pack("{s:s, s:s, s:[]}", "boot", boot, "stage", stage, "records")) < 0)
                return NULL;

        return json_array_get(spool, json_array_size(spool) - 1);
}

int spool_add(json_t *spool, const struct journal_batch *batch) {
        _cleanup_free_ char *text = strprintf("[%s]", batch->records);
        _cleanup_json_ json_t *records = NULL;
        json_t *run;
        int r;

        if (!text)
                return -ENOMEM;

        r = json_parse(text, strlen(text), &records);
        if (r < 0)
                return r;

        run = run_of(spool, batch->boot, batch->stage);
        if (!run)
                return -ENOMEM;

        return json_array_extend(json_object_get(run, "records"), records) < 0 ? -ENOMEM : 0;
}

uint64_t spool_count(const json_t *spool) {
        const json_t *run;
        uint64_t n = 0;
        size_t i;

        json_array_foreach(spool, i, run) n += json_array_size(json_object_get(run, "records"));

        return n;
}

/* What a run cannot be read without, and what somebody has to act on. */
static bool matters(const json_t *record) {
        static const char *const kinds[] = {"testRunStart", "testRunEnd", "testStepStart",
                                            "testStepEnd",  "diagnosis",  "error"};
        const json_t *artifact =
                json_object_get(record, "testRunArtifact") ?: json_object_get(record, "testStepArtifact");

        if (!artifact) /* schemaVersion */
                return true;

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (json_object_get(artifact, kinds[i]))
                        return true;

        return journal_record_severity(record) != BATCH_OK;
}

/* The log in place of a record. */
static json_t *stand_in(const json_t *record) {
        const json_t *step = json_object_get(record, "testStepArtifact");
        _cleanup_json_ json_t *log = json_pack("{s:{s:s, s:s}}", "log", "severity", "INFO", "message",
                                               "left out: there was no room in NVRAM for this record");

        if (step && json_set(log, "testStepId", json_incref(json_object_get(step, "testStepId"))) < 0)
                return NULL;

        return json_pack("{s:O, s:O, s:O}", step ? "testStepArtifact" : "testRunArtifact", log,
                         "sequenceNumber", json_object_get(record, "sequenceNumber"), "timestamp",
                         json_object_get(record, "timestamp"));
}

static int leave_out_bulk(json_t *spool) {
        json_t *run, *record;
        size_t i, k;

        json_array_foreach(spool, i, run) {
                json_t *records = json_object_get(run, "records");

                json_array_foreach(records, k, record) {
                        json_t *log;

                        if (matters(record))
                                continue;

                        log = stand_in(record);
                        if (!log || json_array_set_new(records, k, log) < 0)
                                return -ENOMEM;
                }
        }

        return 0;
}

static int compress_text(const char *text, size_t text_size, void **ret, size_t *ret_size) {
        struct header header = {.text_size = htole32((uint32_t) text_size)};
        _cleanup_free_ uint8_t *packed = NULL;
        uLongf size = compressBound(text_size);

        packed = malloc(sizeof(header) + size);
        if (!packed || compress2(packed + sizeof(header), &size, (const Bytef *) text, text_size,
                                 Z_BEST_COMPRESSION) != Z_OK)
                return -ENOMEM;

        memcpy(header.magic, magic, sizeof(magic));
        header.crc = htole32((uint32_t) crc32(0, packed + sizeof(header), (uInt) size));
        memcpy(packed, &header, sizeof(header));
        *ret = TAKE_PTR(packed);
        *ret_size = sizeof(header) + size;
        return 0;
}

int spool_pack(json_t *spool, size_t max, void **ret, size_t *ret_size) {
        bool whole = true;

        while (json_array_size(spool) > 0) {
                _cleanup_free_ char *text = json_dumps(spool, JSON_COMPACT);
                _cleanup_free_ void *packed = NULL;
                size_t size;
                int r;

                if (!text)
                        return -ENOMEM;

                if (strlen(text) <= TEXT_MAX) {
                        r = compress_text(text, strlen(text), &packed, &size);
                        if (r < 0)
                                return r;
                        if (size <= max) {
                                *ret = TAKE_PTR(packed);
                                *ret_size = size;
                                return 0;
                        }
                }

                r = whole ? leave_out_bulk(spool) : json_array_remove(spool, 0);
                if (r < 0)
                        return -ENOMEM;
                whole = false;
        }

        return -ENOSPC;
}

static bool is_record(const json_t *record, json_int_t *ret_sequence) {
        const json_t *step = json_object_get(record, "testStepArtifact");
        json_int_t sequence = json_get_integer(record, "sequenceNumber", -1);

        if (sequence < 0 || sequence == INT64_MAX || !json_get_string(record, "timestamp") ||
            (step && !json_get_string(step, "testStepId")))
                return false;

        *ret_sequence = sequence;
        return true;
}

static bool is_run(const json_t *run) {
        const json_t *records = json_object_get(run, "records"), *record;
        json_int_t sequence, expected = 0;
        size_t i;

        if (!json_get_string(run, "boot") || !json_get_string(run, "stage") || json_array_size(records) == 0)
                return false;

        json_array_foreach(records, i, record) {
                if (!is_record(record, &sequence) || (i > 0 && sequence != expected))
                        return false;
                expected = sequence + 1;
        }

        return true;
}

int spool_unpack(const void *data, size_t size, json_t **ret) {
        _cleanup_json_ json_t *spool = NULL;
        _cleanup_free_ char *text = NULL;
        const uint8_t *packed = (const uint8_t *) data + sizeof(struct header);
        struct header header;
        const json_t *run;
        uLongf text_size;
        size_t i;
        int r;

        if (size < sizeof(header))
                return -EBADMSG;
        memcpy(&header, data, sizeof(header));
        size -= sizeof(header);
        text_size = le32toh(header.text_size);
        if (memcmp(header.magic, magic, sizeof(magic)) != 0 || text_size == 0 || text_size > TEXT_MAX ||
            crc32(0, packed, (uInt) size) != le32toh(header.crc))
                return -EBADMSG;

        text = malloc(text_size);
        if (!text)
                return -ENOMEM;
        if (uncompress((Bytef *) text, &text_size, packed, size) != Z_OK ||
            text_size != le32toh(header.text_size))
                return -EBADMSG;

        r = json_parse(text, text_size, &spool);
        if (r < 0)
                return r;
        if (!json_is_array(spool))
                return -EBADMSG;
        json_array_foreach(spool, i, run) if (!is_run(run)) return -EBADMSG;

        *ret = TAKE_PTR(spool);
        return 0;
}

int spool_batch(const json_t *run, size_t from, size_t max_size, struct journal_batch *ret) {
        _cleanup_(journal_batch_done) struct journal_batch batch = {};
        const json_t *records = json_object_get(run, "records");

        batch.boot = strdup(json_get_string(run, "boot"));
        batch.stage = strdup(json_get_string(run, "stage"));
        if (!batch.boot || !batch.stage)
                return -ENOMEM;

        for (size_t i = from; i < json_array_size(records); i++) {
                const json_t *record = json_array_get(records, i);
                _cleanup_free_ char *text = json_dumps(record, JSON_COMPACT);
                int r;

                if (!text)
                        return -ENOMEM;
                if (i > from && batch.records_size + 1 + strlen(text) > max_size)
                        break;

                r = journal_batch_append(&batch, text, strlen(text), record);
                if (r < 0)
                        return r;
        }

        *ret = TAKE(batch, (struct journal_batch){});
        return 0;
}
