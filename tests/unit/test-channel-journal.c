/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the channel reads from the journal's file, and what it makes of it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "bmc/journal-reader.h"
#include "bmc/provisioning-log.h"
#include "tests/unit/unit.h"

#define SCHEMA "{\"schemaVersion\":{\"major\":2,\"minor\":0},\"sequenceNumber\":0}\n"
#define START(s)                                                                                             \
        "{\"testRunArtifact\":{\"testRunStart\":{\"metadata\":{\"stage\":\"" s "\"}}},\"sequenceNumber\":1}" \
        "\n"
#define LOG(n, severity)                                                                                     \
        "{\"testRunArtifact\":{\"log\":{\"severity\":\"" severity                                            \
        "\",\"message\":\"x\"}},\"sequenceNumber\":" #n "}\n"

struct fixture {
        char path[sizeof("/tmp/seatrial-journal-XXXXXX")];
        int fd;
        struct journal_reader *reader;
        struct journal_batch batch;
};

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        *state = f;
        strcpy(f->path, "/tmp/seatrial-journal-XXXXXX");
        f->fd = mkstemp(f->path);
        assert_true(f->fd >= 0);
        return journal_reader_new(f->path, "b00t", &f->reader);
}

static int teardown(void **state) {
        struct fixture *f = *state;

        journal_reader_free(f->reader);
        journal_batch_done(&f->batch);
        close(f->fd);
        unlink(f->path);
        free(f);
        return 0;
}

static void append(struct fixture *f, const char *text) {
        assert_int_equal(write_all(f->fd, text, strlen(text)), 0);
}

static int next(struct fixture *f, uint64_t n_records) {
        journal_batch_done(&f->batch);
        return journal_reader_next(f->reader, n_records, 200, 64 * 1024, &f->batch);
}

static void assert_batch(struct fixture *f, const char *stage, uint64_t first, uint64_t last) {
        assert_string_equal(f->batch.boot, "b00t");
        assert_string_equal(f->batch.stage, stage);
        assert_int_equal(f->batch.first, first);
        assert_int_equal(f->batch.last, last);
}

static void batch_has_the_records_of_one_stage(void **state) {
        struct fixture *f = *state;

        append(f,
               SCHEMA START("discovery") LOG(2, "INFO") SCHEMA START("trial") LOG(2, "INFO") LOG(3, "INFO"));
        assert_int_equal(next(f, 7), 1);
        assert_batch(f, "discovery", 0, 2);
        journal_reader_accept(f->reader, &f->batch);
        assert_int_equal(next(f, 7), 1);
        assert_batch(f, "trial", 0, 3);
        journal_reader_accept(f->reader, &f->batch);
        assert_int_equal(journal_reader_position(f->reader), 7);
        assert_int_equal(next(f, 7), 0);
}

static void batch_is_the_same_until_it_is_accepted(void **state) {
        struct fixture *f = *state;

        append(f, SCHEMA START("trial"));
        assert_int_equal(next(f, 2), 1);
        assert_batch(f, "trial", 0, 1);
        append(f, LOG(2, "INFO"));
        assert_int_equal(next(f, 3), 1);
        assert_batch(f, "trial", 0, 2);
}

static void batch_ends_where_the_agent_says_that_the_journal_does(void **state) {
        struct fixture *f = *state;

        append(f, SCHEMA START("trial") LOG(2, "INFO") LOG(3, "INFO"));
        assert_int_equal(next(f, 0), 0);
        assert_int_equal(next(f, 3), 1);
        assert_batch(f, "trial", 0, 2);
}

static void run_whose_start_is_not_there_yet_waits(void **state) {
        struct fixture *f = *state;

        append(f, SCHEMA);
        assert_int_equal(next(f, 1), 0);
        append(f, "{\"testRunArtifact\":{\"testRun");
        assert_int_equal(next(f, 2), 0);
        append(f, "Start\":{\"metadata\":{\"stage\":\"trial\"}}},\"sequenceNumber\":1}\n");
        assert_int_equal(next(f, 2), 1);
        assert_batch(f, "trial", 0, 1);
}

static void half_a_line_is_no_record(void **state) {
        struct fixture *f = *state;

        append(f, SCHEMA START("trial") "{\"sequenceNumber\":2");
        assert_int_equal(next(f, 3), 1);
        assert_batch(f, "trial", 0, 1);
        journal_reader_accept(f->reader, &f->batch);
        append(f, "}\n");
        assert_int_equal(next(f, 3), 1);
        assert_batch(f, "trial", 2, 2);
}

static void batch_has_limits(void **state) {
        struct fixture *f = *state;

        append(f, SCHEMA START("trial"));
        for (unsigned i = 2; i < 1000; i++) {
                _cleanup_free_ char *line = strprintf("{\"sequenceNumber\":%u}\n", i);

                append(f, line);
        }
        assert_int_equal(journal_reader_next(f->reader, 1000, 200, 64 * 1024, &f->batch), 1);
        assert_batch(f, "trial", 0, 199);
        journal_reader_accept(f->reader, &f->batch);

        /* {"sequenceNumber":200},{"sequenceNumber":201} */
        journal_batch_done(&f->batch);
        assert_int_equal(journal_reader_next(f->reader, 1000, 200, 45, &f->batch), 1);
        assert_batch(f, "trial", 200, 201);
        assert_int_equal(f->batch.records_size, 45);
        journal_reader_accept(f->reader, &f->batch);

        /* A record that is larger than a batch may be goes alone. */
        journal_batch_done(&f->batch);
        assert_int_equal(journal_reader_next(f->reader, 1000, 200, 5, &f->batch), 1);
        assert_batch(f, "trial", 202, 202);
}

static void severity_is_that_of_the_worst_record(void **state) {
        static const struct {
                const char *line;
                enum batch_severity severity;
        } cases[] = {
                {LOG(2, "INFO"), BATCH_OK},
                {LOG(2, "DEBUG"), BATCH_OK},
                {LOG(2, "WARNING"), BATCH_WARNING},
                {LOG(2, "ERROR"), BATCH_CRITICAL},
                {LOG(2, "FATAL"), BATCH_CRITICAL},
                {LOG(2, "WARNING") LOG(3, "INFO"), BATCH_WARNING},
                {"{\"testStepArtifact\":{\"diagnosis\":{\"type\":\"PASS\"}},\"sequenceNumber\":2}\n",
                 BATCH_OK},
                {"{\"testStepArtifact\":{\"diagnosis\":{\"type\":\"UNKNOWN\"}},\"sequenceNumber\":2}\n",
                 BATCH_WARNING},
                {"{\"testStepArtifact\":{\"diagnosis\":{\"type\":\"FAIL\"}},\"sequenceNumber\":2}\n",
                 BATCH_CRITICAL},
                {"{\"testStepArtifact\":{\"error\":{\"symptom\":\"no-memory\"}},\"sequenceNumber\":2}\n",
                 BATCH_WARNING},
                {"{\"testRunArtifact\":{\"testRunEnd\":{\"result\":\"FAIL\"}},\"sequenceNumber\":2}\n",
                 BATCH_CRITICAL},
                {"{\"testRunArtifact\":{\"testRunEnd\":{\"result\":\"PASS\"}},\"sequenceNumber\":2}\n",
                 BATCH_OK},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct fixture *f;

                append(*state, SCHEMA START("trial"));
                append(*state, cases[i].line);
                f = *state;
                assert_int_equal(next(f, 4), 1);
                assert_int_equal(f->batch.severity, cases[i].severity);
                teardown(state);
                setup(state);
        }
}

static void rewinding_goes_back_within_the_stage(void **state) {
        struct fixture *f = *state;

        append(f, SCHEMA START("discovery") SCHEMA START("trial") LOG(2, "INFO") LOG(3, "INFO"));
        assert_int_equal(next(f, 2), 1);
        journal_reader_accept(f->reader, &f->batch);
        assert_int_equal(next(f, 5), 1);
        journal_reader_accept(f->reader, &f->batch);
        assert_int_equal(next(f, 6), 1);
        assert_batch(f, "trial", 3, 3);

        assert_int_equal(journal_reader_rewind(f->reader, &f->batch, 3), -ERANGE);
        assert_int_equal(journal_reader_rewind(f->reader, &f->batch, 1), 0);
        assert_int_equal(journal_reader_position(f->reader), 3);
        assert_int_equal(next(f, 6), 1);
        assert_batch(f, "trial", 1, 3);
        assert_int_equal(journal_reader_rewind(f->reader, &f->batch, 0), 0);
        assert_int_equal(next(f, 6), 1);
        assert_batch(f, "trial", 0, 3);
        journal_reader_accept(f->reader, &f->batch);
        assert_int_equal(journal_reader_position(f->reader), 6);
}

static void file_that_is_no_journal_is_told(void **state) {
        static const char *const files[] = {
                LOG(2, "INFO"), /* no run */
                "nonsense\n",
                "[]\n",
                "{}\n",
                "{\"schemaVersion\":{},\"sequenceNumber\":-1}\n",
                SCHEMA LOG(1, "INFO"),                /* a run without start */
                SCHEMA START("trial") LOG(3, "INFO"), /* a record missing */
        };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                append(*state, files[i]);
                assert_int_equal(next(*state, 9), -EBADMSG);
                teardown(state);
                setup(state);
        }
}

static void file_may_come_later(void **state) {
        struct fixture *f = *state;

        unlink(f->path);
        assert_int_equal(next(f, 2), 0);
        assert_int_equal(
                write_file_atomic(f->path, SCHEMA START("trial"), strlen(SCHEMA START("trial")), 0600), 0);
        assert_int_equal(next(f, 2), 1);
        assert_batch(f, "trial", 0, 1);
}

static void entry_holds_the_records_as_they_are(void **state) {
        struct fixture *f = *state;
        _cleanup_json_ json_t *entry = NULL;
        _cleanup_free_ char *text = NULL;
        const json_t *oem;
        size_t size;

        append(f, SCHEMA START("trial") "{\"sequenceNumber\":2,\"value\":0.1}\n" LOG(3, "WARNING"));
        assert_int_equal(next(f, 4), 1);
        text = provisioning_log_entry(&f->batch, &size);
        assert_non_null(text);
        assert_int_equal(size, strlen(text));
        assert_non_null(strstr(text, ",{\"sequenceNumber\":2,\"value\":0.1},"));

        assert_int_equal(json_parse(text, size, &entry), 0);
        assert_string_equal(json_get_string(entry, "EntryType"), "Oem");
        assert_string_equal(json_get_string(entry, "OemRecordFormat"), "OCP Test & Validation 2.0");
        assert_string_equal(json_get_string(entry, "Severity"), "Warning");
        assert_string_equal(json_get_string(entry, "Message"), "trial: records 0 to 3");
        assert_string_equal(json_get_string(entry, "MessageId"), "Seatrial.1.0.Records");
        assert_int_equal(json_array_size(json_object_get(entry, "MessageArgs")), 4);
        assert_string_equal(json_string_value(json_array_get(json_object_get(entry, "MessageArgs"), 3)), "3");
        oem = json_object_get(json_object_get(entry, "Oem"), "Seatrial");
        assert_string_equal(json_get_string(oem, "@odata.type"), "#Seatrial.v1_0_0.LogEntry");
        assert_string_equal(json_get_string(oem, "Boot"), "b00t");
        assert_string_equal(json_get_string(oem, "Stage"), "trial");
        assert_int_equal(json_array_size(json_object_get(oem, "Records")), 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(batch_has_the_records_of_one_stage),
                TEST(batch_is_the_same_until_it_is_accepted),
                TEST(batch_ends_where_the_agent_says_that_the_journal_does),
                TEST(run_whose_start_is_not_there_yet_waits),
                TEST(half_a_line_is_no_record),
                TEST(batch_has_limits),
                TEST(severity_is_that_of_the_worst_record),
                TEST(rewinding_goes_back_within_the_stage),
                TEST(file_that_is_no_journal_is_told),
                TEST(file_may_come_later),
                TEST(entry_holds_the_records_as_they_are),
        };

        return cmocka_run_group_tests_name("channel-journal", tests, NULL, NULL);
}
