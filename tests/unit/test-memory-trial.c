/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"
#include "trial/memory/allocate.h"
#include "trial/memory/cache.h"
#include "trial/memory/failures.h"
#include "trial/trial.h"

#define MIB ((uint64_t) 1 << 20)
#define GIB ((uint64_t) 1 << 30)

static void meminfo_gives_total_and_available(void **state _unused_) {
        const char text[] = "MemTotal:       24683324 kB\n"
                            "MemFree:        23308676 kB\n"
                            "MemAvailable:   23554348 kB\n"
                            "Buffers:          102276 kB\n";
        struct memory_situation situation;

        assert_int_equal(memory_situation_parse(text, &situation), 0);
        assert_int_equal(situation.total, 24683324 * UINT64_C(1024));
        assert_int_equal(situation.available, 23554348 * UINT64_C(1024));
}

static void meminfo_without_a_needed_line_is_refused(void **state _unused_) {
        struct memory_situation situation = {.total = 1};

        assert_int_equal(memory_situation_parse("", &situation), -EBADMSG);
        assert_int_equal(memory_situation_parse("MemTotal: 1 kB\nMemFree: 1 kB\n", &situation), -EBADMSG);
        assert_int_equal(memory_situation_parse("MemTotal: lots kB\nMemAvailable: 1 kB\n", &situation),
                         -EBADMSG);
        assert_int_equal(memory_situation_parse("MemTotal: 1 kB\nMemAvailable:", &situation), -EBADMSG);
        assert_int_equal(situation.total, 1);
}

static void budget_is_a_share_of_what_is_available(void **state _unused_) {
        const struct memory_situation situation = {.total = 64 * GIB, .available = 60 * GIB};

        assert_int_equal(memory_budget(&situation, &(struct plan_amount){.percent = 50}), 30 * GIB);
        assert_int_equal(memory_budget(&situation, &(struct plan_amount){.bytes = 4 * GIB + 1}), 4 * GIB);
}

static void budget_leaves_the_system_something(void **state _unused_) {
        const struct memory_situation situation = {.total = 2 * GIB, .available = 1800 * MIB};
        uint64_t all = memory_budget(&situation, &(struct plan_amount){.percent = 100});

        assert_int_equal(all, (1800 - 24 - 16) * MIB);
        assert_int_equal(memory_budget(&situation, &(struct plan_amount){.bytes = 8 * GIB}), all);
}

static void budget_of_a_full_machine_is_nothing(void **state _unused_) {
        const struct memory_situation situation = {.total = 2 * GIB, .available = 10 * MIB};

        assert_int_equal(memory_budget(&situation, &(struct plan_amount){.percent = 100}), 0);
        assert_int_equal(memory_budget(&situation, &(struct plan_amount){.bytes = 4096}), 0);
}

static void memory_is_taken_to_the_page(void **state _unused_) {
        struct memory_holding holding = {};
        const uint64_t want = 5 * MIB + 4096;
        uint64_t sum = 0;

        assert_int_equal(memory_take(&holding, want), 0);
        assert_int_equal(holding.size, want);

        for (size_t i = 0; i < holding.n_blocks; i++) {
                const struct memory_block *block = &holding.blocks[i];

                assert_int_equal((uintptr_t) block->address % 4096, 0);
                memset(block->address, 0xa5, block->size);
                sum += block->size;
        }
        assert_int_equal(sum, want);

        memory_release(&holding);
        assert_int_equal(holding.size, 0);
        assert_null(holding.blocks);
}

static void less_than_a_page_takes_nothing(void **state _unused_) {
        struct memory_holding holding = {};

        assert_int_equal(memory_take(&holding, 4095), 0);
        assert_int_equal(holding.size, 0);
        memory_release(&holding);
}

static void physical_address_keeps_the_offset_in_its_page(void **state _unused_) {
        struct memory_holding holding = {};
        uint64_t first, second;
        char *memory;
        int r;

        assert_int_equal(memory_take(&holding, 4096), 0);
        memory = holding.blocks[0].address;

        r = memory_physical_address(memory, &first);
        if (geteuid() == 0) {
                assert_int_equal(r, 0);
                assert_int_equal(first % 4096, 0);
                assert_true(first > 0);
                assert_int_equal(memory_physical_address(memory + 1234, &second), 0);
                assert_int_equal(second, first + 1234);
        } else
                assert_int_equal(r, -EPERM);

        memory_release(&holding);
        assert_int_equal(memory_physical_address(NULL, &first), -ENXIO);
}

static void caches_hold_something(void **state _unused_) {
        assert_in_range(cache_size(), 64 * 1024, 64 * GIB);
}

/* What a function that reports writes to its pipe, as one array. */
struct report {
        int fds[2];
        struct trial_context context;
};

static void report_open(struct report *report) {
        assert_int_equal(pipe(report->fds), 0);
        report->context = (struct trial_context){.report_fd = report->fds[1]};
}

static json_t *report_close(struct report *report) {
        json_t *messages = json_array();
        _cleanup_fclose_ FILE *file = NULL;
        char line[4096];

        close(report->fds[1]);
        file = fdopen(report->fds[0], "r");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file)) {
                json_t *message;

                assert_int_equal(json_parse(line, strlen(line), &message), 0);
                json_array_append_new(messages, message);
        }

        return messages;
}

static const struct march_failure stuck = {
        .address = (void *) 0x10, /* not mapped, and so without a physical address */
        .expected = 0,
        .actual = 0x2000,
        .reread = 0x2000,
        .pass = 0,
        .element = 1,
        .operation = 0,
};

static json_t *failures_of(const struct march_failures *failures, size_t n) {
        const struct march_failures *list[2] = {&failures[0], &failures[n - 1]};
        struct report report;

        report_open(&report);
        assert_int_equal(
                failures_report(&report.context, march_pattern_find("march-c-"), list, n, "COVERAGE"), 0);
        return report_close(&report);
}

static void failure_is_told_in_words_and_in_detail(void **state _unused_) {
        struct march_failures failures = {.n_words = 3, .n_items = 1, .items = {stuck}};
        _cleanup_json_ json_t *messages = failures_of(&failures, 1);
        const json_t *detail, *diagnosis;

        assert_int_equal(json_array_size(messages), 2);
        detail = json_object_get(json_array_get(messages, 0), "extension");
        assert_string_equal(json_get_string(detail, "name"), "memory-failure");
        detail = json_object_get(detail, "content");
        assert_true(json_is_null(json_object_get(detail, "physicalAddress")));
        assert_string_equal(json_get_string(detail, "virtualAddress"), "0x0000000000000010");
        assert_string_equal(json_get_string(detail, "actual"), "0x0000000000002000");
        assert_string_equal(json_get_string(detail, "element"), "up r0w1");

        diagnosis = json_object_get(json_array_get(messages, 1), "diagnosis");
        assert_string_equal(json_get_string(diagnosis, "type"), "FAIL");
        assert_string_equal(json_get_string(diagnosis, "verdict"), "memory-data-miscompare");
        assert_string_equal(
                json_get_string(diagnosis, "message"),
                "3 miscompares; the first at virtual address 0x10, bit 13: expected 0x0000000000000000, "
                "read 0x0000000000002000, wrong when read again, in March C- \"up r0w1\"; COVERAGE");
}

static const char *message_of(const json_t *messages) {
        const json_t *last = json_array_get(messages, json_array_size(messages) - 1);

        return json_get_string(json_object_get(last, "diagnosis"), "message");
}

static void failure_in_passing_is_told_from_a_stuck_one(void **state _unused_) {
        struct march_failures failures = {.n_words = 1, .n_items = 1, .items = {stuck}};
        _cleanup_json_ json_t *messages = NULL;

        failures.items[0].reread = 0;
        messages = failures_of(&failures, 1);
        assert_non_null(strstr(message_of(messages), "1 miscompare; "));
        assert_non_null(strstr(message_of(messages), "right when read again"));
}

static void few_bits_are_named_and_many_counted(void **state _unused_) {
        struct march_failures failures = {.n_words = 1, .n_items = 1, .items = {stuck}};
        _cleanup_json_ json_t *two = NULL, *many = NULL;

        failures.items[0].actual = 0x8000000000000001;
        two = failures_of(&failures, 1);
        assert_non_null(strstr(message_of(two), ", bits 0, 63: "));

        failures.items[0].actual = 0xff00;
        many = failures_of(&failures, 1);
        assert_non_null(strstr(message_of(many), ", 8 bits: "));
}

static void the_earliest_failure_of_all_threads_is_the_first(void **state _unused_) {
        struct march_failures failures[2] = {
                {.n_words = 40, .n_items = MARCH_FAILURES_MAX},
                {.n_words = 2, .n_items = 1, .items = {stuck}},
        };
        _cleanup_json_ json_t *messages = NULL;

        for (size_t i = 0; i < MARCH_FAILURES_MAX; i++) {
                failures[0].items[i] = stuck;
                failures[0].items[i].element = 2;
        }

        messages = failures_of(failures, 2);
        assert_int_equal(json_array_size(messages), MARCH_FAILURES_MAX + 1);
        assert_non_null(strstr(message_of(messages), "42 miscompares; "));
        assert_non_null(strstr(message_of(messages), "\"up r0w1\""));
}

/* The whole trial in this process, its threads and all. */
static json_t *run_trial(const char *const settings[][2], int *ret) {
        _cleanup_(plan_problems_done) struct plan_problems problems = {};
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct report report;

        assert_int_equal(plan_new(&plan), 0);
        for (size_t i = 0; settings[i][0]; i++)
                assert_int_equal(plan_set(plan, settings[i][0], settings[i][1], "test", &problems), 0);

        report_open(&report);
        report.context.plan = plan;
        *ret = trial_memory.run(&report.context);
        return report_close(&report);
}

static const json_t *measurement_of(const json_t *messages, const char *name) {
        const json_t *message;
        size_t i;

        json_array_foreach(messages, i, message) {
                const json_t *measurement = json_object_get(message, "measurement");

                if (measurement && streq(json_get_string(measurement, "name"), name))
                        return json_object_get(measurement, "value");
        }

        fail_msg("there is no measurement %s", name);
        return NULL;
}

static void the_trial_passes_on_sound_memory(void **state _unused_) {
        const char *const settings[][2] = {{"trial.memory.size", "12M"},
                                           {"trial.memory.passes", "2"},
                                           {"trial.memory.threads", "3"},
                                           {}};
        _cleanup_json_ json_t *messages = NULL;
        int r;

        messages = run_trial(settings, &r);
        assert_int_equal(r, 0);
        assert_int_equal(json_integer_value(measurement_of(messages, "tested-size")), 12 * MIB);
        assert_int_equal(json_integer_value(measurement_of(messages, "miscompares")), 0);
        assert_true(json_number_value(measurement_of(messages, "rate")) > 0);
        assert_non_null(strstr(message_of(messages), "12 MiB of the kernel's "));
        assert_non_null(strstr(message_of(messages), "March C-, no miscompare"));
}

static void an_unknown_pattern_is_an_error_and_no_verdict(void **state _unused_) {
        const char *const settings[][2] = {{"trial.memory.pattern", "galop"}, {}};
        _cleanup_json_ json_t *messages = NULL;
        const json_t *error;
        int r;

        messages = run_trial(settings, &r);
        assert_int_equal(r, -EINVAL);
        assert_int_equal(json_array_size(messages), 1);
        error = json_object_get(json_array_get(messages, 0), "error");
        assert_string_equal(json_get_string(error, "symptom"), "unknown-pattern");
        assert_string_equal(json_get_string(error, "message"),
                            "There is no pattern \"galop\"; there are march-c-, march-ss");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(meminfo_gives_total_and_available),
                cmocka_unit_test(meminfo_without_a_needed_line_is_refused),
                cmocka_unit_test(budget_is_a_share_of_what_is_available),
                cmocka_unit_test(budget_leaves_the_system_something),
                cmocka_unit_test(budget_of_a_full_machine_is_nothing),
                cmocka_unit_test(memory_is_taken_to_the_page),
                cmocka_unit_test(less_than_a_page_takes_nothing),
                cmocka_unit_test(physical_address_keeps_the_offset_in_its_page),
                cmocka_unit_test(caches_hold_something),
                cmocka_unit_test(failure_is_told_in_words_and_in_detail),
                cmocka_unit_test(failure_in_passing_is_told_from_a_stuck_one),
                cmocka_unit_test(few_bits_are_named_and_many_counted),
                cmocka_unit_test(the_earliest_failure_of_all_threads_is_the_first),
                cmocka_unit_test(the_trial_passes_on_sound_memory),
                cmocka_unit_test(an_unknown_pattern_is_an_error_and_no_verdict),
        };

        return cmocka_run_group_tests_name("memory-trial", tests, NULL, NULL);
}
