/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bmc/ipmi/ipmi.h"
#include "bmc/ipmi/sel.h"
#include "bmc/items/events.h"
#include "bmc/items/items.h"
#include "bmc/wait.h"
#include "tests/unit/unit.h"

#define PLATFORM_EVENT 0x0402
#define GET_SEL_ENTRY  0x0a43
#define ADD_SEL_ENTRY  0x0a44

enum behaviour { WORKS, UNKNOWN_COMMAND, REFUSES, LIES, LIES_AND_STORES, SILENT, STORES_SILENTLY };

/* A BMC with an event log. */
struct bmc {
        struct ipmi ipmi;
        enum behaviour platform_event, add, get;
        uint8_t records[64][16];
        unsigned n_records, n_asked, n_written;
        bool another_writes; /* an event of its own after each of ours */
};

static void bmc_store(struct bmc *bmc, const uint8_t *event) {
        uint8_t *record = bmc->records[bmc->n_records];
        uint16_t id = (uint16_t) (0x100 + bmc->n_records++);

        memcpy(record, (const uint8_t[]){(uint8_t) id, (uint8_t) (id >> 8), 0x02, 1, 2, 3, 4}, 7);
        memcpy(record + 7, event, 9);
}

static void bmc_write(struct bmc *bmc, const uint8_t *event) {
        static const uint8_t another[9] = {0x20, 0, 4, 1, 1, 1, 0x57, 0, 0};

        bmc->n_written++;
        bmc_store(bmc, event);
        if (bmc->another_writes)
                bmc_store(bmc, another);
}

static size_t bmc_get(struct bmc *bmc, const uint8_t *request, uint8_t *response) {
        unsigned id = (unsigned) (request[2] | request[3] << 8), i, next;

        i = id == SEL_FIRST ? 0 : id == SEL_LAST ? bmc->n_records - 1 : id - 0x100;
        if (i >= bmc->n_records) {
                response[0] = 0xcb;
                return 1;
        }

        next = i + 1 < bmc->n_records ? 0x100 + i + 1 : SEL_LAST;
        memcpy(response, (const uint8_t[]){0, (uint8_t) next, (uint8_t) (next >> 8)}, 3);
        memcpy(response + 3, bmc->records[i], 16);
        return 19;
}

static size_t bmc_answer(struct bmc *bmc, unsigned command, const uint8_t *request, uint8_t *response) {
        uint8_t event[9] = {};

        response[0] = 0;
        switch (command) {
        case PLATFORM_EVENT:
                event[0] = request[0];
                memcpy(event + 2, request + 1, 7);
                bmc_write(bmc, event);
                return 1;
        case ADD_SEL_ENTRY:
                bmc_write(bmc, request + 7);
                return 3;
        case GET_SEL_ENTRY:
                return bmc_get(bmc, request, response);
        default:
                response[0] = 0xc1;
                return 1;
        }
}

static int bmc_exchange(struct ipmi *ipmi, struct wait *w _unused_, uint8_t netfn, uint8_t command,
                        const void *request, size_t size _unused_, uint64_t until _unused_,
                        uint8_t response[static IPMI_RESPONSE_MAX], size_t *ret_size) {
        struct bmc *bmc = (struct bmc *) ipmi;
        unsigned code = (unsigned) netfn << 8 | command;
        enum behaviour behaviour = code == PLATFORM_EVENT  ? bmc->platform_event
                                   : code == ADD_SEL_ENTRY ? bmc->add
                                                           : bmc->get;

        bmc->n_asked++;
        *ret_size = 1;
        switch (behaviour) {
        case WORKS:
        case STORES_SILENTLY:
                *ret_size = bmc_answer(bmc, code, request, response);
                return behaviour == WORKS ? 0 : -ETIMEDOUT;
        case UNKNOWN_COMMAND:
                response[0] = 0xc1;
                return 0;
        case REFUSES:
                response[0] = 0xc4;
                return 0;
        case LIES:
                memcpy(response, (const uint8_t[]){0, 0xff, 0xff}, 3);
                *ret_size = 3;
                return 0;
        case LIES_AND_STORES:
                bmc_answer(bmc, code, request, response);
                response[0] = 0xcc;
                return 0;
        case SILENT:
                break;
        }

        return -ETIMEDOUT;
}

static const struct ipmi_operations bmc_operations = {.exchange = bmc_exchange};

struct state {
        struct bmc bmc, second;
        struct ipmi *list_items[2];
        struct ipmi_list list;
        struct wait wait;
        struct items *items;
        char reports[2048]; /* "way: state\n" */
        char detail[256];   /* of the last one */
};

static void on_report(const char *item, const char *way, enum item_state state, const char *detail,
                      void *userdata) {
        struct state *s = userdata;

        assert_string_equal(item, "events");
        snprintf(s->reports + strlen(s->reports), sizeof(s->reports) - strlen(s->reports), "%s: %s\n", way,
                 item_state_text(state));
        snprintf(s->detail, sizeof(s->detail), "%s", detail);
}

static int setup(void **state) {
        static const struct items_options options = {.sys_root = "/nonexistent"};
        static char names[2][16] = {"/dev/ipmi0", "/dev/ipmi1"};
        struct state *s = calloc(1, sizeof(*s));

        s->bmc.ipmi = (struct ipmi){.name = names[0], .operations = &bmc_operations};
        s->second.ipmi = (struct ipmi){.name = names[1], .operations = &bmc_operations};
        s->list_items[0] = &s->bmc.ipmi;
        s->list_items[1] = &s->second.ipmi;
        s->list = (struct ipmi_list){.items = s->list_items, .n_items = 1};
        s->wait = WAIT_ALONE;
        assert_int_equal(items_new(&options, &s->items), 0);
        *state = s;
        return 0;
}

static int teardown(void **state) {
        struct state *s = *state;

        items_free(s->items);
        free(s);
        return 0;
}

static void see(struct state *s, const char *text) {
        _cleanup_json_ json_t *record = NULL;

        assert_int_equal(json_parse(text, strlen(text), &record), 0);
        assert_int_equal(items_see(s->items, record), 0);
}

static void see_begin(struct state *s, const char *stage) {
        char text[256];

        snprintf(text, sizeof(text),
                 "{\"testRunArtifact\":{\"testRunStart\":{\"metadata\":{\"stage\":\"%s\"}}}}", stage);
        see(s, text);
}

static void see_end(struct state *s, const char *status, const char *result) {
        char text[256];

        snprintf(text, sizeof(text),
                 "{\"testRunArtifact\":{\"testRunEnd\":{\"status\":\"%s\",\"result\":\"%s\"}}}", status,
                 result);
        see(s, text);
}

static void see_failure(struct state *s, const char *step) {
        char text[256];

        snprintf(text, sizeof(text),
                 "{\"testStepArtifact\":{\"testStepId\":\"7\",\"testStepStart\":{\"name\":\"%s\"}}}", step);
        see(s, text);
        see(s, "{\"testStepArtifact\":{\"testStepId\":\"7\",\"diagnosis\":{\"type\":\"FAIL\"}}}");
        see(s, "{\"testStepArtifact\":{\"testStepId\":\"7\",\"diagnosis\":{\"type\":\"FAIL\"}}}");
}

static int write_items(struct state *s) {
        struct item_means means = {.ipmi = &s->list, .wait = &s->wait};

        return items_write(s->items, &means, on_report, s);
}

static void assert_event(const struct bmc *bmc, unsigned i, uint8_t sensor_type, uint8_t type, uint8_t data1,
                         uint8_t data2, uint8_t data3) {
        const uint8_t expected[] = {0x41, 0, 4, sensor_type, EVENTS_SENSOR, type, data1, data2, data3};

        assert_true(i < bmc->n_records);
        assert_memory_equal(bmc->records[i] + 7, expected, sizeof(expected));
}

static void whole_boot_that_passes_is_six_events(void **state) {
        struct state *s = *state;

        see_begin(s, "discovery");
        see_end(s, "COMPLETE", "PASS");
        see_begin(s, "trial");
        see_end(s, "COMPLETE", "PASS");
        see_begin(s, "production");
        see_end(s, "COMPLETE", "PASS");
        assert_int_equal(write_items(s), 0);

        assert_int_equal(s->bmc.n_records, 6);
        assert_event(&s->bmc, 0, 0x0f, 0x6f, 0xe2, 0x14, 1);
        assert_event(&s->bmc, 1, 0x0f, 0x07, 0xa0, 1, 0x12);
        assert_event(&s->bmc, 2, 0x1d, 0x6f, 0x24, 0xff, 2);
        assert_event(&s->bmc, 3, 0x0f, 0x07, 0xa0, 2, 0x12);
        assert_event(&s->bmc, 4, 0x0f, 0x6f, 0xe2, 0x13, 3);
        assert_event(&s->bmc, 5, 0x0f, 0x07, 0xa0, 0, 0x12);
        assert_string_equal(s->reports, "Platform Event: verified\n");

        /* Where the log ends, and then each is written and read back once. */
        assert_int_equal(s->bmc.n_asked, 1 + 6 * 2);
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_asked, 13);
}

static void failed_trial_names_the_part_once_and_is_the_outcome(void **state) {
        struct state *s = *state;

        see_begin(s, "trial");
        see_failure(s, "memory");
        see_end(s, "COMPLETE", "FAIL");
        see_begin(s, "production");
        see_end(s, "SKIP", "NOT_APPLICABLE");
        assert_int_equal(write_items(s), 0);

        assert_int_equal(s->bmc.n_records, 5);
        assert_event(&s->bmc, 1, 0x0c, 0x6f, 0x03, 0xff, 0xff);
        assert_event(&s->bmc, 2, 0x0f, 0x07, 0xa2, 2, 0x13);
        assert_event(&s->bmc, 4, 0x0f, 0x07, 0xa2, 0, 0x13);
}

static void machine_that_cannot_boot_is_critical(void **state) {
        struct state *s = *state;

        see_begin(s, "production");
        see(s, "{\"testStepArtifact\":{\"testStepId\":\"0\",\"error\":{\"symptom\":\"no-boot-entry\"}}}");
        see_end(s, "ERROR", "NOT_APPLICABLE");
        assert_int_equal(write_items(s), 0);
        assert_event(&s->bmc, 1, 0x1e, 0x6f, 0x00, 0xff, 0xff);
        assert_event(&s->bmc, 2, 0x0f, 0x07, 0xa2, 0, 0x21);
}

static void what_no_record_tells_is_an_event_as_well(void **state) {
        struct state *s = *state;

        assert_int_equal(items_event(s->items, ITEMS_UNDELIVERED, 300), 0);
        assert_int_equal(items_event(s->items, ITEMS_UNDELIVERED, 1000000), 0);
        assert_int_equal(items_event(s->items, ITEMS_WRONG_CERTIFICATE, 0), 0);
        assert_int_equal(items_event(s->items, ITEMS_HUNG, 2), 0);
        assert_int_equal(write_items(s), 0);
        assert_event(&s->bmc, 0, 0x28, 0x6f, 0xa1, 300 & 0xff, 300 >> 8);
        assert_event(&s->bmc, 1, 0x28, 0x6f, 0xa1, 0xff, 0xff);
        assert_event(&s->bmc, 2, 0x06, 0x07, 0x02, 0xff, 0xff);
        assert_event(&s->bmc, 3, 0x0f, 0x6f, 0xe1, 0x00, 2);
}

static void records_of_no_known_stage_are_no_events(void **state) {
        struct state *s = *state;

        see_begin(s, "rescue");
        see_end(s, "COMPLETE", "PASS");
        see(s, "{\"testStepArtifact\":{\"testStepId\":\"9\",\"diagnosis\":{\"type\":\"FAIL\"}}}");
        see(s, "{\"schemaVersion\":{\"major\":2}}");
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_asked, 0);
}

static void bmc_without_platform_event_gets_a_sel_entry(void **state) {
        struct state *s = *state;

        s->bmc.platform_event = UNKNOWN_COMMAND;
        see_begin(s, "discovery");
        see_begin(s, "trial");
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_records, 2);
        assert_event(&s->bmc, 0, 0x0f, 0x6f, 0xe2, 0x14, 1);
        assert_string_equal(s->reports, "Platform Event: not offered\nAdd SEL Entry: verified\n");
}

static void success_that_does_not_show_is_only_accepted(void **state) {
        struct state *s = *state;
        unsigned asked;

        s->bmc.platform_event = s->bmc.add = LIES;
        see_begin(s, "discovery");
        assert_int_equal(write_items(s), 0);
        assert_string_equal(s->reports, "Platform Event: accepted\nAdd SEL Entry: accepted\n");
        assert_string_equal(s->detail,
                            "/dev/ipmi0: the BMC takes the event, and its event log does not show it");

        /* Looked for in vain once: from now on it is only written. */
        asked = s->bmc.n_asked;
        see_begin(s, "trial");
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_asked, asked + 1);
}

static void lying_platform_event_makes_the_sel_entry_the_way(void **state) {
        struct state *s = *state;

        s->bmc.platform_event = LIES;
        see_begin(s, "discovery");
        see_begin(s, "trial");
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_records, 2);
        assert_string_equal(s->reports, "Platform Event: accepted\nAdd SEL Entry: verified\n");
}

static void event_that_shows_in_spite_of_a_refusal_is_not_written_twice(void **state) {
        struct state *s = *state;

        s->bmc.platform_event = LIES_AND_STORES;
        see_begin(s, "discovery");
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_written, 1);
        assert_string_equal(s->reports, "Platform Event: verified\n");
}

static void full_log_refuses_in_words(void **state) {
        struct state *s = *state;

        s->bmc.platform_event = UNKNOWN_COMMAND;
        s->bmc.add = REFUSES;
        see_begin(s, "discovery");
        assert_int_equal(write_items(s), 0);
        assert_string_equal(s->reports, "Platform Event: not offered\nAdd SEL Entry: refused\n");
        assert_string_equal(s->detail,
                            "/dev/ipmi0: Add SEL Entry: the event log is full (completion code c4h)");
}

static void event_between_others_is_found(void **state) {
        struct state *s = *state;

        s->bmc.another_writes = true;
        see_begin(s, "discovery");
        see_begin(s, "trial");
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_written, 2);
        assert_string_equal(s->reports, "Platform Event: verified\n");
}

/* The one of the boot before looks the same. */
static void event_of_an_earlier_boot_is_no_proof(void **state) {
        struct state *s = *state;

        see_begin(s, "discovery");
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_records, 1);

        s->bmc.platform_event = s->bmc.add = LIES;
        see_begin(s, "discovery");
        assert_int_equal(write_items(s), 0);
        assert_string_equal(s->reports, "Platform Event: verified\nPlatform Event: accepted\n"
                                        "Add SEL Entry: accepted\n");
}

static void silent_bmc_is_left_in_peace(void **state) {
        struct state *s = *state;

        s->bmc.platform_event = s->bmc.add = s->bmc.get = SILENT;
        see_begin(s, "discovery");
        assert_int_equal(write_items(s), 0);
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_asked, 1);
        assert_string_equal(s->reports, "Get SEL Entry: unknown\n");
        assert_string_equal(s->detail, "/dev/ipmi0: Get SEL Entry: the BMC does not answer");
}

static void second_device_is_asked_where_the_first_does_not_know_the_command(void **state) {
        struct state *s = *state;

        s->list.n_items = 2;
        s->bmc.platform_event = s->bmc.add = s->bmc.get = UNKNOWN_COMMAND;
        see_begin(s, "discovery");
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->second.n_records, 1);
        assert_string_equal(s->reports, "Platform Event: verified\n");
        assert_string_equal(s->detail, "/dev/ipmi1: record 0100h of the event log");
}

static void machine_without_ipmi_waits_for_it(void **state) {
        struct state *s = *state;

        s->list.n_items = 0;
        see_begin(s, "discovery");
        assert_int_equal(write_items(s), 0);
        assert_string_equal(s->reports, "");
        s->list.n_items = 1;
        assert_int_equal(write_items(s), 0);
        assert_int_equal(s->bmc.n_records, 1);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
                TEST(whole_boot_that_passes_is_six_events),
                TEST(failed_trial_names_the_part_once_and_is_the_outcome),
                TEST(machine_that_cannot_boot_is_critical),
                TEST(what_no_record_tells_is_an_event_as_well),
                TEST(records_of_no_known_stage_are_no_events),
                TEST(bmc_without_platform_event_gets_a_sel_entry),
                TEST(success_that_does_not_show_is_only_accepted),
                TEST(lying_platform_event_makes_the_sel_entry_the_way),
                TEST(event_that_shows_in_spite_of_a_refusal_is_not_written_twice),
                TEST(full_log_refuses_in_words),
                TEST(event_between_others_is_found),
                TEST(event_of_an_earlier_boot_is_no_proof),
                TEST(silent_bmc_is_left_in_peace),
                TEST(second_device_is_asked_where_the_first_does_not_know_the_command),
                TEST(machine_without_ipmi_waits_for_it),
        };

        return cmocka_run_group_tests_name("items", tests, NULL, NULL);
}
