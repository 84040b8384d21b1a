/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is kept in NVRAM of the records that the BMC did not get. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "bmc/journal-reader.h"
#include "bmc/spool-store.h"
#include "bmc/spool.h"
#include "tests/unit/unit.h"

#define TIME "\"timestamp\":\"2026-01-01T00:00:00Z\""

static void add(json_t *spool, const char *boot, const char *stage, const char *records) {
        const struct journal_batch batch = {
                .boot = (char *) boot, .stage = (char *) stage, .records = (char *) records};

        assert_int_equal(spool_add(spool, &batch), 0);
}

static json_t *unpacked(const void *data, size_t size) {
        json_t *spool = NULL;

        assert_int_equal(spool_unpack(data, size, &spool), 0);
        return spool;
}

/* A measurement that no compression makes small. */
static void add_noise(json_t *spool, const char *boot, unsigned n) {
        uint32_t x = 1;

        for (unsigned i = 0; i < n; i++) {
                char record[400], *p = record;

                p += sprintf(p, "{\"testStepArtifact\":{\"testStepId\":\"0\",\"measurement\":{\"name\":\"");
                for (unsigned k = 0; k < 200; k++) {
                        x = x * 1664525 + 1013904223;
                        *p++ = (char) ('0' + (x >> 24) % 75);
                        if (p[-1] == '\\' || p[-1] == '"')
                                p[-1] = 'x';
                }
                sprintf(p, "\"}},\"sequenceNumber\":%u," TIME "}", i);
                add(spool, boot, "trial", record);
        }
}

static void spool_comes_back_as_it_was(void **state _unused_) {
        _cleanup_json_ json_t *spool = json_array(), *back = NULL;
        _cleanup_free_ void *data = NULL;
        size_t size;

        add(spool, "b1", "trial", "{\"sequenceNumber\":5," TIME "},{\"sequenceNumber\":6," TIME "}");
        add(spool, "b1", "trial", "{\"sequenceNumber\":7," TIME "}");
        add(spool, "b1", "production", "{\"sequenceNumber\":0," TIME "}");
        assert_int_equal(json_array_size(spool), 2);
        assert_int_equal(spool_count(spool), 4);

        assert_int_equal(spool_pack(spool, 4096, &data, &size), 0);
        back = unpacked(data, size);
        assert_true(json_equal(spool, back));
}

static void bulk_gives_way_and_what_matters_stays(void **state _unused_) {
        _cleanup_json_ json_t *spool = json_array(), *back = NULL;
        _cleanup_free_ void *data = NULL;
        const json_t *records, *log;
        size_t size;

        add_noise(spool, "b1", 60);
        add(spool, "b1", "trial",
            "{\"testStepArtifact\":{\"testStepId\":\"0\",\"diagnosis\":{\"verdict\":\"v\",\"type\":\"PASS\"}}"
            ","
            "\"sequenceNumber\":60," TIME "},"
            "{\"testRunArtifact\":{\"log\":{\"severity\":\"INFO\",\"message\":\"m\"}},\"sequenceNumber\":"
            "61," TIME "},"
            "{\"testRunArtifact\":{\"log\":{\"severity\":\"WARNING\",\"message\":\"w\"}},\"sequenceNumber\":"
            "62," TIME "}");
        assert_int_equal(spool_pack(spool, 2048, &data, &size), 0);
        assert_in_range(size, 1, 2048);

        back = unpacked(data, size);
        records = json_object_get(json_array_get(back, 0), "records");
        assert_int_equal(json_array_size(records), 63);

        log = json_object_get(json_array_get(records, 3), "testStepArtifact");
        assert_string_equal(json_get_string(log, "testStepId"), "0");
        assert_non_null(strstr(json_get_string(json_object_get(log, "log"), "message"), "left out"));
        assert_int_equal(json_get_integer(json_array_get(records, 3), "sequenceNumber", -1), 3);
        assert_non_null(json_get_string(json_array_get(records, 3), "timestamp"));

        assert_non_null(json_object_get(json_object_get(json_array_get(records, 60), "testStepArtifact"),
                                        "diagnosis"));
        log = json_object_get(json_object_get(json_array_get(records, 61), "testRunArtifact"), "log");
        assert_non_null(strstr(json_get_string(log, "message"), "left out"));
        log = json_object_get(json_object_get(json_array_get(records, 62), "testRunArtifact"), "log");
        assert_string_equal(json_get_string(log, "message"), "w");
}

static void oldest_run_goes_when_there_is_no_room_for_all(void **state _unused_) {
        _cleanup_json_ json_t *spool = json_array(), *back = NULL;
        _cleanup_free_ void *data = NULL;
        size_t size;

        add_noise(spool, "b1", 200);
        add_noise(spool, "b2", 5);
        assert_int_equal(spool_pack(spool, 500, &data, &size), 0);
        back = unpacked(data, size);
        assert_int_equal(json_array_size(back), 1);
        assert_string_equal(json_get_string(json_array_get(back, 0), "boot"), "b2");
        assert_int_equal(spool_count(spool), 5);
}

static void no_room_at_all_is_said(void **state _unused_) {
        _cleanup_json_ json_t *spool = json_array();
        void *data;
        size_t size;

        add_noise(spool, "b1", 5);
        assert_int_equal(spool_pack(spool, 20, &data, &size), -ENOSPC);
}

static void batch_of_a_run_ends_where_it_is_large_enough(void **state _unused_) {
        _cleanup_(journal_batch_done) struct journal_batch batch = {};
        _cleanup_json_ json_t *spool = json_array();

        add(spool, "b1", "trial",
            "{\"sequenceNumber\":5},{\"sequenceNumber\":6},{\"sequenceNumber\":7},{\"sequenceNumber\":8}");
        assert_int_equal(spool_batch(json_array_get(spool, 0), 1, 50, &batch), 0);
        assert_string_equal(batch.boot, "b1");
        assert_string_equal(batch.stage, "trial");
        assert_int_equal(batch.first, 6);
        assert_int_equal(batch.last, 7);
        assert_string_equal(batch.records, "{\"sequenceNumber\":6},{\"sequenceNumber\":7}");
}

static void every_cut_and_every_changed_byte_is_found_out(void **state _unused_) {
        _cleanup_json_ json_t *spool = json_array();
        _cleanup_free_ void *data = NULL;
        json_t *back = NULL;
        size_t size;

        add(spool, "b1", "trial", "{\"sequenceNumber\":5," TIME "},{\"sequenceNumber\":6," TIME "}");
        assert_int_equal(spool_pack(spool, 4096, &data, &size), 0);
        for (size_t i = 0; i < size; i++) {
                assert_int_equal(spool_unpack(data, i, &back), -EBADMSG);
                ((uint8_t *) data)[i] ^= 0x10;
                assert_int_equal(spool_unpack(data, size, &back), -EBADMSG);
                ((uint8_t *) data)[i] ^= 0x10;
        }
}

static void what_is_no_row_of_records_is_no_spool(void **state _unused_) {
        static const char *const bad[] = {
                "{\"sequenceNumber\":5," TIME "},{\"sequenceNumber\":7," TIME "}",
                "{\"sequenceNumber\":\"5\"," TIME "}",
                "{\"sequenceNumber\":-1," TIME "}",
                "{\"sequenceNumber\":9223372036854775807," TIME "}",
                "{\"sequenceNumber\":5}",
                "{\"sequenceNumber\":5,\"testStepArtifact\":{}," TIME "}",
                "5",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_json_ json_t *spool = json_array();
                _cleanup_free_ void *data = NULL;
                json_t *back = NULL;
                size_t size;

                add(spool, "b1", "trial", bad[i]);
                assert_int_equal(spool_pack(spool, 4096, &data, &size), 0);
                assert_int_equal(spool_unpack(data, size, &back), -EBADMSG);
        }
}

/* --- the variables --- */

static int make_root(void **state) {
        char *root = strdup("/tmp/seatrial-spool-XXXXXX");

        *state = root;
        return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state) {
        char *root = *state;

        (void) spool_store_delete(root);
        assert_int_equal(rmdir(root), 0); /* nothing is left behind */
        free(root);
        return 0;
}

static void assert_stored(const char *root, const void *data, size_t size) {
        _cleanup_free_ void *back = NULL;
        size_t back_size;

        assert_int_equal(spool_store_read(root, &back, &back_size), 0);
        assert_int_equal(back_size, size);
        assert_memory_equal(back, data, size);
}

static void store_holds_what_was_written_last(void **state) {
        static uint8_t data[SPOOL_MAX + 8];
        const char *root = *state;
        size_t sizes[] = {1, EFI_VARIABLE_MAX, EFI_VARIABLE_MAX + 1, SPOOL_MAX, 100};
        void *none;
        size_t size;

        assert_int_equal(spool_store_read(root, &none, &size), -ENOENT);
        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t) (i * 7 + i / 256);
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                assert_int_equal(spool_store_write(root, data + i, sizes[i]), 0);
                assert_stored(root, data + i, sizes[i]);
        }

        assert_int_equal(spool_store_delete(root), 0);
        assert_int_equal(spool_store_read(root, &none, &size), -ENOENT);
}

static void store_takes_no_more_than_its_share(void **state) {
        static uint8_t data[SPOOL_MAX + 1];

        assert_int_equal(spool_store_write(*state, data, sizeof(data)), -EFBIG);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(spool_comes_back_as_it_was),
                cmocka_unit_test(bulk_gives_way_and_what_matters_stays),
                cmocka_unit_test(oldest_run_goes_when_there_is_no_room_for_all),
                cmocka_unit_test(no_room_at_all_is_said),
                cmocka_unit_test(batch_of_a_run_ends_where_it_is_large_enough),
                cmocka_unit_test(every_cut_and_every_changed_byte_is_found_out),
                cmocka_unit_test(what_is_no_row_of_records_is_no_spool),
                cmocka_unit_test_setup_teardown(store_holds_what_was_written_last, make_root, remove_root),
                cmocka_unit_test_setup_teardown(store_takes_no_more_than_its_share, make_root, remove_root),
        };

        return cmocka_run_group_tests_name("channel-spool", tests, NULL, NULL);
}
