/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "plan/plan.h"
#include "tests/unit/messages-of.h"
#include "tests/unit/unit.h"
#include "trial/memory/allocate.h"
#include "trial/memory/cache.h"
#include "trial/memory/failures.h"
#include "trial/memory/march.h"
#include "trial/memory/numa.h"
#include "trial/memory/physical.h"
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

static void pages_that_are_set_aside_come_on_top(void **state _unused_) {
        struct memory_situation situation = {
                .total = 2 * GIB,
                .available = 10 * MIB,
                .set_aside = {[GIGANTIC_PAGES] = GIB, [HUGE_PAGES] = 64 * MIB},
        };

        assert_int_equal(memory_budget(&situation, &(struct plan_amount){.percent = 100}), GIB + 64 * MIB);
        situation.available = 140 * MIB;
        assert_int_equal(memory_budget(&situation, &(struct plan_amount){.percent = 100}),
                         GIB + 64 * MIB + 100 * MIB);
}

static void memory_is_taken_to_the_page(void **state _unused_) {
        struct memory_holding holding = {};
        const uint64_t want = 5 * MIB + 4096;
        uint64_t sum = 0;

        assert_int_equal(memory_take(&holding, want, NUMA_ANY), 0);
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

        assert_int_equal(memory_take(&holding, 4095, NUMA_ANY), 0);
        assert_int_equal(holding.size, 0);
        memory_release(&holding);
}

struct walked {
        char *next;
        size_t size;
        bool aligned;
};

static int note_piece(void *address, size_t size, uint64_t place, void *userdata) {
        struct walked *walked = userdata;

        assert_ptr_equal(address, walked->next);
        walked->next += size;
        walked->size += size;
        walked->aligned = walked->aligned && place % 4096 == 0 && place > 0;
        return 0;
}

static void physical_walk_covers_every_page_once(void **state _unused_) {
        struct memory_holding holding = {};
        struct walked walked = {.aligned = true};
        int r;

        assert_int_equal(memory_take(&holding, 3 * MIB, NUMA_ANY), 0);
        walked.next = holding.blocks[0].address;
        r = physical_walk(walked.next, holding.blocks[0].size, note_piece, &walked);
        if (geteuid() == 0) {
                assert_int_equal(r, 0);
                assert_int_equal(walked.size, holding.blocks[0].size);
                assert_true(walked.aligned);
        } else
                assert_int_equal(r, -EPERM);

        memory_release(&holding);
        assert_int_equal(physical_walk(NULL, 4096, note_piece, &walked), -ENXIO);
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
        close(report->fds[1]);
        return messages_of(report->fds[0]);
}

/* One word, read wrong once. */
static void add(struct mishaps *mishaps, uint64_t place, uint64_t expected, uint64_t actual) {
        const struct failure failure = {
                .place = place,
                .expected = expected,
                .actual = actual,
                .reread = actual,
                .usec = mishaps->n_words + 1,
                .pattern = march_pattern_find("march-c-"),
                .element = 1,
        };

        mishaps_add(mishaps, &failure);
}

/* Two modules, one above the other. */
static struct dimm two_dimms[] = {
        {.locator = (char *) "DIMM_A1", .size = GIB, .handle = 1, .array = 9},
        {.locator = (char *) "DIMM_B1", .size = GIB, .handle = 2, .array = 9},
};
static struct dimm_span two_spans[] = {{0, GIB, 1, 0, 0}, {GIB, 2 * GIB, 2, 0, 0}};
static const struct dimm_map two_modules = {
        .dimms = two_dimms,
        .n_dimms = 2,
        .devices = two_spans,
        .n_devices = 2,
};

static json_t *failures_of(const struct mishaps *mishaps, size_t n, bool place_known) {
        const struct mishaps *list[2] = {&mishaps[0], &mishaps[n - 1]};
        struct report report;

        report_open(&report);
        assert_int_equal(failures_report(&report.context, list, n, &two_modules, place_known, "COVERAGE"), 0);
        return report_close(&report);
}

static const char *message_of(const json_t *messages) {
        const json_t *last = json_array_get(messages, json_array_size(messages) - 1);

        return json_get_string(json_object_get(last, "diagnosis"), "message");
}

static void one_cell_is_told_in_words_and_in_detail(void **state _unused_) {
        struct mishaps mishaps = {};
        _cleanup_json_ json_t *messages = NULL;
        const json_t *detail;

        add(&mishaps, 0x40001ff8, 0, 0x2000);
        add(&mishaps, 0x40001ff8, 0, 0x2000);
        messages = failures_of(&mishaps, 1, true);

        assert_int_equal(json_array_size(messages), 3);
        detail = json_object_get(json_array_get(messages, 0), "extension");
        assert_string_equal(json_get_string(detail, "name"), "memory-failure");
        detail = json_object_get(detail, "content");
        assert_string_equal(json_get_string(detail, "physicalAddress"), "0x40001ff8");
        assert_true(json_is_null(json_object_get(detail, "virtualAddress")));
        assert_string_equal(json_get_string(detail, "module"), "DIMM_B1");
        assert_string_equal(json_get_string(detail, "actual"), "0x0000000000002000");
        assert_string_equal(json_get_string(detail, "element"), "up r0w1");
        assert_string_equal(
                message_of(messages),
                "DIMM_B1: one cell, bit 13 of the word at 0x40001ff8, stuck at 1; first of all at "
                "0x40001ff8: expected 0x0000000000000000, read 0x0000000000002000, wrong when read "
                "again, in March C- \"up r0w1\"; COVERAGE");
}

static void an_address_of_the_process_is_not_taken_for_a_physical_one(void **state _unused_) {
        struct mishaps mishaps = {};
        _cleanup_json_ json_t *messages = NULL;
        const json_t *detail;

        add(&mishaps, 0x1000, 0, 1);
        messages = failures_of(&mishaps, 1, false);
        detail = json_object_get(json_object_get(json_array_get(messages, 0), "extension"), "content");
        assert_true(json_is_null(json_object_get(detail, "physicalAddress")));
        assert_true(json_is_null(json_object_get(detail, "module")));
        assert_string_equal(json_get_string(detail, "virtualAddress"), "0x1000");
        assert_null(strstr(message_of(messages), "DIMM"));
}

static void a_failure_in_passing_is_told_from_a_stuck_one(void **state _unused_) {
        struct mishaps mishaps = {};
        _cleanup_json_ json_t *messages = NULL;

        add(&mishaps, 0x1000, 0, 1);
        mishaps.failures[0].reread = 0;
        messages = failures_of(&mishaps, 1, true);
        assert_non_null(strstr(message_of(messages), "not always right"));
        assert_non_null(strstr(message_of(messages), "right when read again"));
}

/* The diagnosis of one word, or one row, or one data line. */
static void assert_group(const struct mishaps *mishaps, const char *words) {
        _cleanup_json_ json_t *messages = failures_of(mishaps, 1, true);

        if (!strstr(message_of(messages), words))
                fail_msg("\"%s\" is not in \"%s\"", words, message_of(messages));
}

static void several_bits_of_one_word_are_a_word(void **state _unused_) {
        struct mishaps mishaps = {};

        add(&mishaps, 0x1000, 0, 0x8000000000000001);
        assert_group(&mishaps, "DIMM_A1: one word, bits 0, 63 at 0x1000, stuck at 1;");
        add(&mishaps, 0x1000, 0xff0, 0);
        assert_group(&mishaps, "one word, 10 bits at 0x1000, wrong both ways;");
}

static void one_bit_of_many_words_is_a_data_line(void **state _unused_) {
        struct mishaps mishaps = {};

        for (uint64_t page = 0; page < 8; page++)
                for (uint64_t word = 0; word < 512; word++)
                        add(&mishaps, 0x10000 + page * 4096 + word * 8, UINT64_MAX, ~UINT64_C(0x2000));
        assert_group(&mishaps, "DIMM_A1: data line 13 stuck at 0, 4096 addresses in 8 pages from 0x10000;");
}

static void a_few_words_with_nothing_in_common_are_cells(void **state _unused_) {
        struct mishaps mishaps = {};

        add(&mishaps, 0x10000, 0, 8);
        add(&mishaps, 0x400000, 0, UINT64_C(1) << 40);
        assert_group(&mishaps,
                     "DIMM_A1: 2 cells, bits 3, 40, stuck at 1, 2 addresses in 2 pages from 0x10000;");
}

static void many_bits_that_lie_together_are_a_row(void **state _unused_) {
        struct mishaps mishaps = {};

        for (uint64_t word = 0; word < 1024; word++)
                add(&mishaps, 0x20000 + word * 8, 0, word + 1);
        assert_group(&mishaps, "DIMM_A1: one row, 11 bits, 1024 addresses in 2 pages from 0x20000;");
}

static void more_than_can_be_kept_is_told_as_at_least(void **state _unused_) {
        struct mishaps mishaps = {};

        for (uint64_t page = 0; page < 10000; page++)
                add(&mishaps, page * 4096, 0, UINT64_MAX);
        assert_int_equal(mishaps.n_words, 10000);
        assert_group(&mishaps, "all over the module, 64 bits, at least 64 addresses in at least 64 pages");
}

static void each_module_gets_a_diagnosis_of_its_own(void **state _unused_) {
        struct mishaps mishaps[2] = {};
        _cleanup_json_ json_t *messages = NULL;

        add(&mishaps[0], 0x1000, 0, 1);
        add(&mishaps[1], GIB, 0, 2);
        add(&mishaps[1], GIB + 4096, 0, 2);
        messages = failures_of(mishaps, 2, true);
        assert_int_equal(json_array_size(messages), 3 + 2);
        assert_non_null(strstr(message_of(messages), "DIMM_B1: data line 1 stuck at 1"));
        assert_non_null(
                strstr(json_get_string(json_object_get(json_array_get(messages, 3), "diagnosis"), "message"),
                       "DIMM_A1: one cell, bit 0"));
}

static void bad_pages_are_listed_for_a_kernel_to_leave_out(void **state _unused_) {
        struct mishaps mishaps = {.n_lost = 1, .lost = {{.place = 0x200000, .size = 0x200000}}};
        const struct mishaps *list[] = {&mishaps};
        _cleanup_json_ json_t *messages = NULL;
        const json_t *content, *page;
        struct report report;

        add(&mishaps, 0x1010, 0, 1);
        add(&mishaps, 0x2018, 0, 1);
        report_open(&report);
        assert_int_equal(bad_pages_report(&report.context, list, 1, &two_modules), 0);
        messages = report_close(&report);

        content = json_object_get(json_object_get(json_array_get(messages, 0), "extension"), "content");
        assert_string_equal(json_get_string(content, "ranges"), "0x1000-0x2fff 0x200000-0x3fffff");
        assert_string_equal(json_get_string(content, "memmap"), "memmap=8K$0x1000,2048K$0x200000");
        assert_ptr_equal(strstr(json_get_string(content, "badram"),
                                "badram=0x1000,0xfffffffffffff000,0x2000,0xfffffffffffff000,0x200000,"),
                         json_get_string(content, "badram"));
        assert_true(json_is_false(json_object_get(content, "complete")));

        page = json_array_get(json_object_get(content, "failures"), 0);
        assert_string_equal(json_get_string(page, "firstAddress"), "0x1010");
        assert_string_equal(json_get_string(page, "module"), "DIMM_A1");
        assert_string_equal(json_get_string(page, "ones"), "0x1");
        assert_int_equal(json_get_integer(page, "words", 0), 1);
}

static void uncorrected_errors_fail_the_module(void **state _unused_) {
        struct mishaps mishaps = {.n_lost = 1, .lost = {{.place = 0x200000, .size = 0x200000}}};
        const struct mishaps *list[] = {&mishaps};
        _cleanup_json_ json_t *messages = NULL;
        struct report report;

        report_open(&report);
        assert_int_equal(lost_pages_report(&report.context, list, 1, &two_modules, true), 1);
        messages = report_close(&report);
        assert_string_equal(message_of(messages),
                            "DIMM_A1: an uncorrected error at physical address 0x200000; "
                            "2 MiB from there are left out of the test");
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
        assert_string_equal(
                json_get_string(error, "message"),
                "There is no pattern \"galop\"; there are march-c-, march-ss, address, moving-inversions, "
                "random, bit-fade, block-move, row-hammer");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(meminfo_gives_total_and_available),
                cmocka_unit_test(meminfo_without_a_needed_line_is_refused),
                cmocka_unit_test(budget_is_a_share_of_what_is_available),
                cmocka_unit_test(budget_leaves_the_system_something),
                cmocka_unit_test(budget_of_a_full_machine_is_nothing),
                cmocka_unit_test(pages_that_are_set_aside_come_on_top),
                cmocka_unit_test(memory_is_taken_to_the_page),
                cmocka_unit_test(less_than_a_page_takes_nothing),
                cmocka_unit_test(physical_walk_covers_every_page_once),
                cmocka_unit_test(caches_hold_something),
                cmocka_unit_test(one_cell_is_told_in_words_and_in_detail),
                cmocka_unit_test(an_address_of_the_process_is_not_taken_for_a_physical_one),
                cmocka_unit_test(a_failure_in_passing_is_told_from_a_stuck_one),
                cmocka_unit_test(several_bits_of_one_word_are_a_word),
                cmocka_unit_test(one_bit_of_many_words_is_a_data_line),
                cmocka_unit_test(a_few_words_with_nothing_in_common_are_cells),
                cmocka_unit_test(many_bits_that_lie_together_are_a_row),
                cmocka_unit_test(more_than_can_be_kept_is_told_as_at_least),
                cmocka_unit_test(each_module_gets_a_diagnosis_of_its_own),
                cmocka_unit_test(bad_pages_are_listed_for_a_kernel_to_leave_out),
                cmocka_unit_test(uncorrected_errors_fail_the_module),
                cmocka_unit_test(the_trial_passes_on_sound_memory),
                cmocka_unit_test(an_unknown_pattern_is_an_error_and_no_verdict),
        };

        return cmocka_run_group_tests_name("memory-trial", tests, NULL, NULL);
}
