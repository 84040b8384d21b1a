/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-channel-fixture.h: the whole channel, in its process, against the BMC's real Redfish service over real
 * TLS; and a journal for it to deliver. */
#pragma once

#include "base/event.h"
#include "bmc/channel-process.h"
#include "plan/plan.h"
#include "tests/unit/test-channel-bmc.h"

#define BOOT    "6f2d9a52-40d4-4d0d-9a5f-7f1b3a0c1d2e"
#define SECONDS (USEC_PER_SEC)

struct fixture {
        struct bmc bmc;
        struct event *event;
        struct plan *plan;
        struct channel *channel;
        struct contact_environment environment;

        char *journal_path;
        FILE *journal;
        uint64_t n_records, sequence;

        json_t *logs;
        bool has_begun;
        char *way; /* which one was found, told once */
        char *summary;
};

static inline int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        *state = f;
        if (!loopback)
                return 0;

        bmc_new(&f->bmc);
        f->environment = bmc_environment(&f->bmc);
        f->logs = json_array();
        f->journal_path = strprintf("%s/journal.jsonl", f->bmc.directory);
        f->journal = fopen(f->journal_path, "we");
        assert_int_equal(event_new(&f->event), 0);
        assert_int_equal(plan_new(&f->plan), 0);
        f->plan->bmc_interface_wait = SECONDS / 5;
        f->plan->bmc_patience = 5 * SECONDS;
        return 0;
}

static inline int teardown(void **state) {
        struct fixture *f = *state;

        if (loopback) {
                channel_free(f->channel);
                plan_free(f->plan);
                event_free(f->event);
                fclose(f->journal);
                free(f->journal_path);
                json_decref(f->logs);
                free(f->summary);
                free(f->way);
                bmc_done(&f->bmc);
        }
        free(f);
        return 0;
}

static inline void on_log(const char *severity, const char *message, void *userdata) {
        struct fixture *f = userdata;

        if (streq(severity, "INFO") && strstr(message, ", as host interface 2a00h has it, ")) {
                assert_null(f->way);
                f->way = strdup(message);
                return;
        }
        /* Told in every run. */
        if (streq(severity, "DEBUG") && strstr(message, " s after the kernel's start")) {
                f->has_begun = true;
                return;
        }
        json_array_append_new(f->logs, json_pack("[ss]", severity, message));
}

static inline void on_state(enum channel_state state _unused_, const char *summary, void *userdata) {
        struct fixture *f = userdata;

        free(f->summary);
        f->summary = strdup(summary);
}

static const struct channel_handler handler = {.log = on_log, .state = on_state};

static inline struct fixture *start(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        assert_int_equal(channel_start_in(&f->environment, f->event, f->plan, f->journal_path, BOOT, &handler,
                                          f, &f->channel),
                         0);
        return f;
}

/* As after a reset or in another kernel: another journal, of another boot, and the same NVRAM. */
static inline void boot_again(struct fixture *f, const char *boot) {
        fclose(f->journal);
        f->journal = fopen(f->journal_path, "we");
        f->n_records = f->sequence = 0;
        free(TAKE_PTR(f->way));
        f->channel = channel_free(f->channel);
        assert_int_equal(channel_start_in(&f->environment, f->event, f->plan, f->journal_path, boot, &handler,
                                          f, &f->channel),
                         0);
}

/* Until it is open or has failed. */
static inline enum channel_state settle(struct fixture *f) {
        enum channel_state s;

        while ((s = channel_get_state(f->channel)) == CHANNEL_STARTING)
                assert_int_equal(event_iterate(f->event, 20 * SECONDS), 1);
        return s;
}

static inline bool told(struct fixture *f, const char *severity, const char *text) {
        const json_t *entry;
        size_t i;

        json_array_foreach(f->logs, i, entry) {
                if (streq(json_string_value(json_array_get(entry, 0)), severity) &&
                    strstr(json_string_value(json_array_get(entry, 1)), text))
                        return true;
        }

        return false;
}

static inline void journal_line(struct fixture *f, json_t *record) {
        _cleanup_free_ char *line = NULL;

        json_object_set_new(record, "sequenceNumber", json_integer((json_int_t) f->sequence++));
        json_object_set_new(record, "timestamp", json_string("2026-01-01T00:00:00Z"));
        line = json_dumps(record, JSON_COMPACT);
        json_decref(record);
        fprintf(f->journal, "%s\n", line);
        fflush(f->journal);
        channel_notify(f->channel, ++f->n_records);
}

static inline void journal_stage(struct fixture *f, const char *stage) {
        f->sequence = 0;
        journal_line(f, json_pack("{s{sisi}}", "schemaVersion", "major", 2, "minor", 0));
        journal_line(f, json_pack("{s{s{ssssss s{} s{ss} s{ssss}}}}", "testRunArtifact", "testRunStart",
                                  "name", stage, "version", "0.1.0", "commandLine", "", "parameters",
                                  "dutInfo", "dutInfoId", "dut0", "metadata", "boot", BOOT, "stage", stage));
}

static inline void journal_logs(struct fixture *f, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                journal_line(f, json_pack("{s{s{ssss}}}", "testRunArtifact", "log", "severity", "INFO",
                                          "message", "something of no importance has happened"));
}

static inline void journal_end(struct fixture *f) {
        journal_line(f, json_pack("{s{s{ssss}}}", "testRunArtifact", "testRunEnd", "status", "COMPLETE",
                                  "result", "PASS"));
}

static inline void deliver_within(struct fixture *f, uint64_t usec) {
        int r;

        r = channel_flush(f->channel, usec);
        if (r < 0) {
                _cleanup_free_ char *logs = json_dumps(f->logs, 0);

                fail_msg("flush: %s; %s", strerror(-r), logs);
        }
        assert_int_equal(channel_acknowledged(f->channel), f->n_records);
}

static inline void deliver(struct fixture *f) {
        deliver_within(f, 20 * SECONDS);
}

/* What the BMC holds is the journal's file, line for line. */
static inline void assert_bmc_has_journal(struct fixture *f) {
        _cleanup_free_ char *path = strprintf("%s/journal.jsonl", f->bmc.state);
        _cleanup_fclose_ FILE *sent = fopen(f->journal_path, "re"), *held = fopen(path, "re");
        _cleanup_free_ char *a = NULL, *b = NULL;
        size_t a_size = 0, b_size = 0;
        uint64_t n = 0;

        assert_non_null(sent);
        assert_non_null(held);
        for (;; n++) {
                ssize_t sent_size = getline(&a, &a_size, sent), held_size = getline(&b, &b_size, held);
                _cleanup_json_ json_t *sent_json = NULL, *held_json = NULL;

                assert_int_equal(sent_size < 0, held_size < 0);
                if (sent_size < 0)
                        break;

                assert_int_equal(json_parse(a, (size_t) sent_size, &sent_json), 0);
                assert_int_equal(json_parse(b, (size_t) held_size, &held_json), 0);
                assert_true(json_equal(sent_json, held_json));
        }
        assert_int_equal(n, f->n_records);
}

/* Closes it, all being well. */
static inline void finish(struct fixture *f) {
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), 0);
        assert_int_equal(channel_get_state(f->channel), CHANNEL_CLOSED);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 0);
        assert_bmc_has_journal(f);
}

static inline void journal_inventory(struct fixture *f) {
        journal_line(f, json_pack("{s{sss{sss{sf}}}}", "testStepArtifact", "testStepId", "0", "extension",
                                  "name", "inventory", "content", "volts", 1.2));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
