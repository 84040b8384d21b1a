/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provisioning-log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"

/* Where one entry's line stands, and which records it holds. */
struct position {
        off_t offset;
        size_t size; /* with its newline */
        size_t stream;
        uint64_t first, n_records;
};

struct provisioning_log {
        int entries_fd, journal_fd;
        char *inventory_path;
        off_t entries_size, journal_size;

        struct position *positions;
        size_t n_positions;
        struct log_stream *streams;
        size_t n_streams;
        uint64_t n_records;
};

struct provisioning_log *provisioning_log_close(struct provisioning_log *log) {
        if (!log)
                return NULL;
        safe_close(log->entries_fd);
        safe_close(log->journal_fd);
        for (size_t i = 0; i < log->n_streams; i++) {
                free(log->streams[i].boot);
                free(log->streams[i].stage);
        }
        free(log->streams);
        free(log->positions);
        free(log->inventory_path);
        free(log);
        return NULL;
}

static json_t *entry_part(const json_t *entry, const char *key) {
        return json_object_get(json_object_get(json_object_get(entry, "Oem"), "Seatrial"), key);
}

/* Returns 0 and sets *ret to the index of the stream, which is made when it is new; -ENOMEM. */
static int find_stream(struct provisioning_log *log, const char *boot, const char *stage, size_t *ret) {
        _cleanup_free_ char *new_boot = NULL, *new_stage = NULL;
        struct log_stream *streams;

        for (size_t i = 0; i < log->n_streams; i++)
                if (streq(log->streams[i].boot, boot) && streq(log->streams[i].stage, stage)) {
                        *ret = i;
                        return 0;
                }

        new_boot = strdup(boot);
        new_stage = strdup(stage);
        streams = reallocarray(log->streams, log->n_streams + 1, sizeof(*streams));
        if (streams)
                log->streams = streams;
        if (!new_boot || !new_stage || !streams)
                return -ENOMEM;
        streams[log->n_streams] =
                (struct log_stream){.boot = TAKE_PTR(new_boot), .stage = TAKE_PTR(new_stage)};
        *ret = log->n_streams++;
        return 0;
}

/* Makes room for one more position, so that noting it cannot fail. */
static int reserve_position(struct provisioning_log *log) {
        struct position *positions = reallocarray(log->positions, log->n_positions + 1, sizeof(*positions));

        if (!positions)
                return -ENOMEM;
        log->positions = positions;
        return 0;
}

static void note_position(struct provisioning_log *log, size_t stream, uint64_t first, uint64_t n_records,
                          size_t size) {
        log->positions[log->n_positions++] = (struct position){
                .offset = log->entries_size,
                .size = size,
                .stream = stream,
                .first = first,
                .n_records = n_records,
        };
        log->entries_size += (off_t) size;
        log->streams[stream].next = first + n_records;
        log->n_records += n_records;
}

/* One line of JSON, with its newline; NULL when out of memory. */
static char *json_line(const json_t *value) {
        _cleanup_free_ char *text = json_dumps(value, JSON_COMPACT);

        return text ? strprintf("%s\n", text) : NULL;
}

/* The journal's lines for these records. */
static int journal_lines(const json_t *records, char **ret, size_t *ret_size) {
        _cleanup_free_ char *lines = NULL;
        const json_t *record;
        size_t i, size = 0;
        FILE *f;
        int r = 0;

        f = open_memstream(&lines, &size);
        if (!f)
                return -errno;
        json_array_foreach((json_t *) records, i, record) {
                _cleanup_free_ char *line = json_line(record);

                if (!line || fputs(line, f) < 0) {
                        r = -ENOMEM;
                        break;
                }
        }
        if (fclose(f) != 0 || r < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(lines);
        *ret_size = size;
        return 0;
}

/* The inventory in the last of these records that carries one, or NULL. */
static const json_t *find_inventory(const json_t *records) {
        for (size_t i = json_array_size(records); i > 0; i--) {
                const json_t *step = json_object_get(json_array_get(records, i - 1), "testStepArtifact");
                const json_t *extension = json_object_get(step, "extension");
                const char *name = json_get_string(extension, "name");

                if (name && streq(name, "inventory"))
                        return json_object_get(extension, "content");
        }
        return NULL;
}

static int store_inventory(struct provisioning_log *log, const json_t *inventory) {
        _cleanup_free_ char *text = json_dumps(inventory, JSON_INDENT(2) | JSON_ENCODE_ANY);
        _cleanup_free_ char *line = text ? strprintf("%s\n", text) : NULL;

        if (!line)
                return -ENOMEM;
        return write_file_atomic(log->inventory_path, line, strlen(line), 0644);
}

static bool is_next(const struct provisioning_log *log, const json_t *entry, size_t stream,
                    uint64_t *ret_first) {
        int64_t first =
                json_get_integer(json_array_get(entry_part(entry, "Records"), 0), "sequenceNumber", -1);

        *ret_first = (uint64_t) first;
        return first >= 0 && *ret_first == log->streams[stream].next;
}

/* Takes up one line of entries.jsonl, and appends the records in it to journal. */
static int take_up_entry(struct provisioning_log *log, const char *line, size_t size, FILE *journal) {
        _cleanup_json_ json_t *entry = NULL;
        _cleanup_free_ char *lines = NULL;
        const json_t *records, *inventory;
        const char *boot, *stage;
        uint64_t first;
        size_t stream, lines_size;
        int r;

        r = json_parse(line, size, &entry);
        if (r < 0)
                return r;
        records = entry_part(entry, "Records");
        boot = json_string_value(entry_part(entry, "Boot"));
        stage = json_string_value(entry_part(entry, "Stage"));
        if (!boot || !stage || json_array_size(records) == 0)
                return -EBADMSG;
        r = find_stream(log, boot, stage, &stream);
        if (r < 0)
                return r;
        if (!is_next(log, entry, stream, &first))
                return -EBADMSG;

        r = journal_lines(records, &lines, &lines_size);
        if (r < 0)
                return r;
        if (fwrite(lines, 1, lines_size, journal) != lines_size)
                return -ENOMEM;
        inventory = find_inventory(records);
        if (inventory) {
                r = store_inventory(log, inventory);
                if (r < 0)
                        return r;
        }

        r = reserve_position(log);
        if (r < 0)
                return r;
        note_position(log, stream, first, json_array_size(records), size);
        return 0;
}

static int take_up_entries(struct provisioning_log *log, FILE *entries, FILE *journal) {
        _cleanup_free_ char *line = NULL;
        size_t room = 0;
        ssize_t n;

        while ((n = getline(&line, &room, entries)) > 0) {
                int r;

                if (line[n - 1] != '\n')
                        break;
                r = take_up_entry(log, line, (size_t) n, journal);
                if (r < 0)
                        return r;
        }
        if (ferror(entries))
                return -EIO;
        return 0;
}

static int take_up(struct provisioning_log *log, const char *entries_path, const char *journal_path) {
        _cleanup_fclose_ FILE *entries = NULL;
        _cleanup_free_ char *journal = NULL;
        size_t journal_size = 0;
        FILE *f;
        int r;

        entries = fopen(entries_path, "re");
        if (!entries)
                return -errno;
        f = open_memstream(&journal, &journal_size);
        if (!f)
                return -errno;
        r = take_up_entries(log, entries, f);
        if (fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0)
                return r;

        if (ftruncate(log->entries_fd, log->entries_size) < 0)
                return -errno;
        r = write_file_atomic(journal_path, journal, journal_size, 0644);
        if (r < 0)
                return r;
        log->journal_size = (off_t) journal_size;
        return 0;
}

int provisioning_log_open(const char *directory, struct provisioning_log **ret) {
        _cleanup_(provisioning_log_closep) struct provisioning_log *log = NULL;
        _cleanup_free_ char *entries_path = strprintf("%s/entries.jsonl", directory);
        _cleanup_free_ char *journal_path = strprintf("%s/journal.jsonl", directory);
        int r;

        log = calloc(1, sizeof(*log));
        if (!log)
                return -ENOMEM;
        log->entries_fd = log->journal_fd = -EBADF;
        log->inventory_path = strprintf("%s/inventory.json", directory);
        if (!log->inventory_path || !entries_path || !journal_path)
                return -ENOMEM;

        log->entries_fd = open(entries_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (log->entries_fd < 0)
                return -errno;
        r = take_up(log, entries_path, journal_path);
        if (r < 0)
                return r;
        log->journal_fd = open(journal_path, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (log->journal_fd < 0)
                return -errno;

        *ret = TAKE_PTR(log);
        return 0;
}

/* The entry that holds this record of the stream; the record is held. */
static uint64_t find_holder(const struct provisioning_log *log, size_t stream, uint64_t record) {
        size_t i = log->n_positions;

        do
                i--;
        while (log->positions[i].stream != stream || record < log->positions[i].first);
        return i + 1;
}

/* Writes entry and records, or neither. */
static int append(struct provisioning_log *log, const char *entry, size_t entry_size, const char *records,
                  size_t records_size) {
        int r;

        r = write_all(log->entries_fd, entry, entry_size);
        if (r >= 0)
                r = write_all(log->journal_fd, records, records_size);
        if (r >= 0)
                return 0;

        if (ftruncate(log->entries_fd, log->entries_size) < 0 ||
            ftruncate(log->journal_fd, log->journal_size) < 0)
                return -EIO;
        return r;
}

int provisioning_log_add(struct provisioning_log *log, json_t *entry, uint64_t *ret_id, uint64_t *ret_next) {
        _cleanup_free_ char *line = NULL, *lines = NULL, *id = NULL;
        json_t *records = entry_part(entry, "Records");
        char created[FORMAT_TIMESTAMP_MAX];
        const json_t *inventory;
        uint64_t first, after;
        size_t stream, lines_size;
        int r;

        r = find_stream(log, json_string_value(entry_part(entry, "Boot")),
                        json_string_value(entry_part(entry, "Stage")), &stream);
        if (r < 0)
                return r;

        first = (uint64_t) json_get_integer(json_array_get(records, 0), "sequenceNumber", 0);
        after = first + json_array_size(records);
        if (first > log->streams[stream].next) {
                *ret_next = log->streams[stream].next;
                return -ERANGE;
        }
        if (after <= log->streams[stream].next) {
                *ret_id = find_holder(log, stream, after - 1);
                return 0;
        }
        for (; first < log->streams[stream].next; first++)
                if (json_array_remove(records, 0) < 0)
                        return -EINVAL;

        id = strprintf("%zu", log->n_positions + 1);
        if (!id || json_set_string(entry, "Id", id) < 0 ||
            json_set_string(entry, "Created", format_timestamp_now(created)) < 0)
                return -ENOMEM;
        line = json_line(entry);
        if (!line)
                return -ENOMEM;
        r = journal_lines(records, &lines, &lines_size);
        if (r < 0)
                return r;
        r = reserve_position(log);
        if (r < 0)
                return r;

        inventory = find_inventory(records);
        if (inventory) {
                r = store_inventory(log, inventory);
                if (r < 0)
                        return r;
        }
        r = append(log, line, strlen(line), lines, lines_size);
        if (r < 0)
                return r;

        note_position(log, stream, first, after - first, strlen(line));
        log->journal_size += (off_t) lines_size;
        *ret_id = log->n_positions;
        return 0;
}

int provisioning_log_read(struct provisioning_log *log, uint64_t id, json_t **ret) {
        _cleanup_free_ char *line = NULL;
        const struct position *position;
        ssize_t n;

        if (id == 0 || id > log->n_positions)
                return -ENOENT;
        position = &log->positions[id - 1];
        line = malloc(position->size);
        if (!line)
                return -ENOMEM;
        n = pread(log->entries_fd, line, position->size, position->offset);
        if (n < 0)
                return -errno;
        if ((size_t) n != position->size)
                return -EIO;
        return json_parse(line, position->size, ret);
}

uint64_t provisioning_log_n_entries(const struct provisioning_log *log) {
        return log->n_positions;
}

uint64_t provisioning_log_n_records(const struct provisioning_log *log) {
        return log->n_records;
}

const struct log_stream *provisioning_log_streams(const struct provisioning_log *log, size_t *ret_n) {
        *ret_n = log->n_streams;
        return log->streams;
}
