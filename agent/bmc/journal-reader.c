/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "journal-reader.h"

struct journal_reader {
        char *path, *boot;
        FILE *file;
        uint64_t offset, position; /* of what comes next: in bytes, and as a number of records */

        /* The run that the place is in. */
        char *stage;
        uint64_t stage_offset, stage_position;
};

struct line {
        char *text; /* without newline */
        size_t size, allocated;
        json_t *json;
        int64_t sequence;
};

static void line_done(struct line *line) {
        free(line->text);
        json_decref(line->json);
}

void journal_batch_done(struct journal_batch *batch) {
        free(batch->boot);
        free(batch->stage);
        free(batch->records);
        *batch = (struct journal_batch){};
}

int journal_reader_new(const char *path, const char *boot, struct journal_reader **ret) {
        _cleanup_(journal_reader_freep) struct journal_reader *reader = NULL;

        reader = calloc(1, sizeof(*reader));
        if (!reader)
                return -ENOMEM;

        reader->path = strdup(path);
        reader->boot = strdup(boot);
        if (!reader->path || !reader->boot)
                return -ENOMEM;

        *ret = TAKE_PTR(reader);
        return 0;
}

struct journal_reader *journal_reader_free(struct journal_reader *reader) {
        if (!reader)
                return NULL;

        if (reader->file)
                fclose(reader->file);
        free(reader->path);
        free(reader->boot);
        free(reader->stage);
        free(reader);
        return NULL;
}

uint64_t journal_reader_position(const struct journal_reader *reader) {
        return reader->position;
}

/* Reads the line at offset. Returns 1, 0 when there is no whole line yet, -EBADMSG, -ENOMEM, a negative
 * errno. */
static int read_line(struct journal_reader *reader, uint64_t offset, struct line *line) {
        ssize_t n;
        int r;

        json_decref(TAKE_PTR(line->json));

        /* Seeking also lets go of what stdio has read ahead, which may end in half a line. */
        if (fseeko(reader->file, (off_t) offset, SEEK_SET) < 0)
                return -errno;

        errno = 0;
        n = getline(&line->text, &line->allocated, reader->file);
        if (n < 0)
                return ferror(reader->file) && errno > 0 ? -errno : 0;
        if (line->text[n - 1] != '\n')
                return 0;

        line->size = (size_t) n - 1;
        line->text[line->size] = 0;

        r = json_parse(line->text, line->size, &line->json);
        if (r < 0)
                return r;

        line->sequence = json_get_integer(line->json, "sequenceNumber", -1);
        return line->sequence < 0 ? -EBADMSG : 1;
}

/* A run begins with the line that has schemaVersion; which run it is says the next. Returns 1, 0 when that is
 * not there yet, a negative errno. */
static int begin_run(struct journal_reader *reader, uint64_t offset, uint64_t start_offset) {
        _cleanup_(line_done) struct line line = {};
        const char *name;
        char *stage;
        int r;

        r = read_line(reader, start_offset, &line);
        if (r <= 0)
                return r;

        name = json_get_string(json_object_get(json_object_get(json_object_get(line.json, "testRunArtifact"),
                                                               "testRunStart"),
                                               "metadata"),
                               "stage");
        if (!name)
                return -EBADMSG;

        stage = strdup(name);
        if (!stage)
                return -ENOMEM;

        free(reader->stage);
        reader->stage = stage;
        reader->stage_offset = offset;
        reader->stage_position = reader->position;
        return 1;
}

static enum batch_severity severity_of_log(const json_t *log) {
        const char *severity = json_get_string(log, "severity") ?: "";

        if (streq(severity, "ERROR") || streq(severity, "FATAL"))
                return BATCH_CRITICAL;

        return streq(severity, "WARNING") ? BATCH_WARNING : BATCH_OK;
}

/* A diagnosis speaks of the hardware; an error only says that a test could not run. */
enum batch_severity journal_record_severity(const json_t *record) {
        const json_t *run = json_object_get(record, "testRunArtifact");
        const json_t *artifact = run ?: json_object_get(record, "testStepArtifact");
        const char *diagnosis = json_get_string(json_object_get(artifact, "diagnosis"), "type") ?: "";
        const char *result = json_get_string(json_object_get(artifact, "testRunEnd"), "result") ?: "";

        if (streq(diagnosis, "FAIL") || streq(result, "FAIL"))
                return BATCH_CRITICAL;
        if (streq(diagnosis, "UNKNOWN") || json_object_get(artifact, "error"))
                return BATCH_WARNING;

        return severity_of_log(json_object_get(artifact, "log"));
}

static bool is_inventory(const json_t *record) {
        const json_t *extension = json_object_get(json_object_get(record, "testStepArtifact"), "extension");

        return streq(json_get_string(extension, "name") ?: "", "inventory");
}

int journal_batch_append(struct journal_batch *batch, const char *text, size_t size, const json_t *record) {
        uint64_t sequence = (uint64_t) json_get_integer(record, "sequenceNumber", 0);
        size_t comma = batch->records_size > 0;
        char *larger;

        larger = realloc(batch->records, batch->records_size + comma + size + 1);
        if (!larger)
                return -ENOMEM;

        batch->records = larger;
        if (comma)
                larger[batch->records_size++] = ',';
        memcpy(larger + batch->records_size, text, size);
        batch->records_size += size;
        larger[batch->records_size] = 0;

        batch->severity = MAX(batch->severity, journal_record_severity(record));
        batch->has_inventory = batch->has_inventory || is_inventory(record);
        batch->ends_run =
                batch->ends_run || json_object_get(json_object_get(record, "testRunArtifact"), "testRunEnd");
        if (!comma)
                batch->first = sequence;
        batch->last = sequence;
        return 0;
}

static int reader_open(struct journal_reader *reader) {
        if (!reader->file)
                reader->file = fopen(reader->path, "re");

        return reader->file ? 1 : errno == ENOENT ? 0 : -errno;
}

int journal_reader_next(struct journal_reader *reader, uint64_t n_records, size_t max_records,
                        size_t max_size, struct journal_batch *ret) {
        _cleanup_(journal_batch_done) struct journal_batch batch = {.offset = reader->offset};
        _cleanup_(line_done) struct line line = {};
        size_t n = 0;
        int r;

        if (reader->position >= n_records)
                return 0;

        r = reader_open(reader);
        if (r <= 0)
                return r;

        for (; n < max_records && reader->position + n < n_records; n++) {
                uint64_t start = batch.offset;

                r = read_line(reader, start, &line);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;

                if (n > 0 && (json_object_get(line.json, "schemaVersion") ||
                              batch.records_size + 1 + line.size > max_size))
                        break;

                if (n == 0) {
                        if (json_object_get(line.json, "schemaVersion")) {
                                r = begin_run(reader, start, start + line.size + 1);
                                if (r <= 0)
                                        return r;
                        } else if (!reader->stage)
                                return -EBADMSG;
                } else if ((uint64_t) line.sequence != batch.last + 1)
                        return -EBADMSG;

                r = journal_batch_append(&batch, line.text, line.size, line.json);
                if (r < 0)
                        return r;
                batch.offset += line.size + 1;
        }
        if (n == 0)
                return 0;

        batch.boot = strdup(reader->boot);
        batch.stage = strdup(reader->stage);
        if (!batch.boot || !batch.stage)
                return -ENOMEM;

        *ret = TAKE(batch, (struct journal_batch){});
        return 1;
}

void journal_reader_accept(struct journal_reader *reader, const struct journal_batch *batch) {
        reader->offset = batch->offset;
        reader->position += batch->last - batch->first + 1;
}

int journal_reader_step(struct journal_reader *reader, uint64_t n_records, json_t **ret) {
        _cleanup_(line_done) struct line line = {};
        int r;

        if (reader->position >= n_records)
                return 0;

        r = reader_open(reader);
        if (r <= 0)
                return r;

        r = read_line(reader, reader->offset, &line);
        if (r <= 0)
                return r;

        reader->offset += line.size + 1;
        reader->position++;
        *ret = TAKE_PTR(line.json);
        return 1;
}

int journal_reader_rewind(struct journal_reader *reader, const struct journal_batch *batch,
                          uint64_t sequence) {
        _cleanup_(line_done) struct line line = {};
        uint64_t offset = reader->stage_offset;

        if (sequence >= batch->first)
                return -ERANGE;

        for (uint64_t i = 0; i < sequence; i++) {
                int r;

                r = read_line(reader, offset, &line);
                if (r <= 0)
                        return r < 0 ? r : -EBADMSG;
                offset += line.size + 1;
        }

        reader->offset = offset;
        reader->position = reader->stage_position + sequence;
        return 0;
}
