/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <unistd.h>

#include "tests/unit/captured-tree.h"
#include "tests/unit/items-bmc.h"

static int setup_progress(void **state) {
        return state_setup(state, "boot progress");
}

static int setup_info(void **state) {
        return state_setup(state, "system info");
}

/* --- boot progress --- */

static void boot_progress_follows_the_stages(void **state) {
        struct state *s = *state;

        see_begin(s, "discovery");
        write_items(s);
        assert_memory_equal(s->bmc.boot_progress, "\x01\0\0\0\x01\x10\x01\x02\0", 9);
        see_begin(s, "trial");
        write_items(s);
        assert_memory_equal(s->bmc.boot_progress, "\x01\0\0\0\x03\x10\x05\0\0", 9);
        see_begin(s, "production");
        write_items(s);
        assert_memory_equal(s->bmc.boot_progress, "\x01\0\0\0\x01\x10\x04\x03\0", 9);
        see_end(s, "COMPLETE", "PASS");
        write_items(s);
        assert_memory_equal(s->bmc.boot_progress, "\x01\0\0\0\x01\x80\x05\x03\0", 9);
        assert_string_equal(s->reports, "SBMR boot progress: verified\n");
}

static void boot_progress_tells_only_the_last(void **state) {
        struct state *s = *state;

        see_begin(s, "discovery");
        see_begin(s, "trial");
        see_begin(s, "production");
        write_items(s);
        assert_int_equal(s->bmc.asked[SET_BOOT_PROGRESS], 1);
        assert_int_equal(s->bmc.asked[GET_BOOT_PROGRESS], 1);
}

static void production_that_does_not_boot_starts_no_os(void **state) {
        struct state *s = *state;

        see_begin(s, "production");
        see_end(s, "SKIP", "NOT_APPLICABLE");
        write_items(s);
        assert_memory_equal(s->bmc.boot_progress, "\x01\0\0\0\x01\x10\x04\x03\0", 9);
}

static void boot_progress_that_is_not_kept_is_accepted(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[SET_BOOT_PROGRESS] = LIES;
        see_begin(s, "discovery");
        write_items(s);
        assert_string_equal(s->reports, "SBMR boot progress: accepted\n");
        assert_string_equal(s->detail, "/dev/ipmi0: the BMC takes it, and tells another one");
}

static void boot_progress_that_is_not_offered_is_asked_for_once(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[SET_BOOT_PROGRESS] = UNKNOWN_COMMAND;
        see_begin(s, "discovery");
        write_items(s);
        see_begin(s, "trial");
        write_items(s);
        assert_int_equal(s->bmc.asked[SET_BOOT_PROGRESS], 1);
        assert_string_equal(s->reports, "SBMR boot progress: not offered\n");
}

/* --- system info --- */

static void system_info_names_the_firmware_and_the_host(void **state) {
        struct state *s = *state;
        char host[256] = {};

        assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
        see_begin(s, "discovery");
        write_items(s);
        assert_memory_equal(s->bmc.system_info[1][0], "\x01\x0eseatrial " SEATRIAL_VERSION,
                            2 + STRLEN("seatrial " SEATRIAL_VERSION));
        assert_memory_equal(s->bmc.system_info[2][0] + 2, host, MIN(strlen(host), 14U));
        assert_int_equal(s->bmc.system_info[2][0][1], strlen(host));
        assert_memory_equal(s->bmc.system_info[4][0], "\x01\x08seatrial\0\0\0\0\0\0", 16);
        assert_memory_equal(s->bmc.system_info[5][0] + 2, SEATRIAL_VERSION, STRLEN(SEATRIAL_VERSION));
        assert_string_equal(s->reports, "System Info: firmware version: verified\n"
                                        "System Info: system name: verified\n"
                                        "System Info: operating system: verified\n"
                                        "System Info: operating system version: verified\n");

        see_begin(s, "trial");
        write_items(s);
        assert_true(s->bmc.asked[SET_SYSTEM_INFO] <= 4 * 17);
}

static void system_info_that_is_refused_is_told_of_each(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[SET_SYSTEM_INFO] = REFUSES;
        see_begin(s, "discovery");
        write_items(s);
        write_items(s);
        assert_int_equal(s->bmc.asked[SET_SYSTEM_INFO], 4);
        assert_string_equal(s->reports, "System Info: firmware version: refused\n"
                                        "System Info: system name: refused\n"
                                        "System Info: operating system: refused\n"
                                        "System Info: operating system version: refused\n");
}

static void system_info_that_is_not_offered_is_asked_for_once(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[SET_SYSTEM_INFO] = UNKNOWN_COMMAND;
        see_begin(s, "discovery");
        write_items(s);
        write_items(s);
        assert_int_equal(s->bmc.asked[SET_SYSTEM_INFO], 1);
        assert_string_equal(s->reports, "System Info: not offered\n");
}

static void nothing_is_due_before_the_journal_begins(void **state) {
        struct state *s = *state;

        write_items(s);
        assert_int_equal(s->bmc.n_asked, 0);
}

/* --- SMBIOS table --- */

#define TABLE_SIZE 5000U

static struct captured_tree tree;

static int setup_table(void **state) {
        struct state *s;
        char table[TABLE_SIZE];

        state_setup(state, "SMBIOS table");
        s = *state;
        s->bmc.blob_name = "/smbios";
        tree_setup(&tree);
        s->options.sys_root = tree.sys;
        for (unsigned i = 0; i < TABLE_SIZE; i++)
                table[i] = (char) (i * 7 + (i >> 8));
        tree_write_bytes(&tree, "sys/firmware/dmi/tables/DMI", table, sizeof(table));
        tree_write_bytes(&tree, "sys/firmware/dmi/tables/smbios_entry_point", "_SM3_entry", 10);
        return 0;
}

static int teardown_table(void **state) {
        tree_teardown(&tree);
        return teardown(state);
}

static void assert_table_is_there(const struct bmc *bmc) {
        assert_int_equal(bmc->blob_size, TABLE_SIZE + 10);
        for (unsigned i = 0; i < TABLE_SIZE; i++)
                assert_int_equal(bmc->blob[i], (uint8_t) (i * 7 + (i >> 8)));
        assert_memory_equal(bmc->blob + TABLE_SIZE, "_SM3_entry", 10);
}

static void table_is_written_with_its_entry_point_behind_it(void **state) {
        struct state *s = *state;

        see_begin(s, "discovery");
        write_items(s);
        assert_table_is_there(&s->bmc);
        assert_string_equal(s->reports, "OpenBMC blob /smbios: verified\n");

        see_begin(s, "trial");
        write_items(s);
        assert_int_equal(s->bmc.n_opened, 1);
}

static void link_of_short_messages_gets_short_chunks(void **state) {
        struct state *s = *state;

        s->bmc.blob_message_max = 60;
        see_begin(s, "discovery");
        write_items(s);
        assert_table_is_there(&s->bmc);
        assert_string_equal(s->reports, "OpenBMC blob /smbios: verified\n");
}

static void bmc_without_the_blob_does_not_offer_it(void **state) {
        struct state *s = *state;

        s->bmc.blob_name = "/flash/image";
        see_begin(s, "discovery");
        write_items(s);
        assert_int_equal(s->bmc.n_opened, 0);
        assert_string_equal(s->reports, "OpenBMC blob /smbios: not offered\n");
        assert_string_equal(s->detail, "/dev/ipmi0: the BMC has blobs, and none called /smbios");
}

static void bmc_without_blobs_does_not_offer_it(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[BLOB] = UNKNOWN_COMMAND;
        see_begin(s, "discovery");
        write_items(s);
        assert_string_equal(s->reports, "OpenBMC blob /smbios: not offered\n");
}

static void table_that_cannot_be_stored_is_refused(void **state) {
        struct state *s = *state;

        s->bmc.blob_state_after_commit = BLOB_COMMIT_ERROR;
        see_begin(s, "discovery");
        write_items(s);
        assert_string_equal(s->reports, "OpenBMC blob /smbios: refused\n");
        assert_string_equal(s->detail, "/dev/ipmi0: the BMC could not store the table");
}

static void answers_that_are_none_end_it(void **state) {
        struct state *s = *state;

        s->bmc.behaviours[BLOB] = LIES;
        see_begin(s, "discovery");
        write_items(s);
        write_items(s);
        assert_int_equal(s->bmc.asked[BLOB], 1);
        assert_string_equal(s->reports, "OpenBMC blob /smbios: unknown\n");
        assert_string_equal(s->detail, "/dev/ipmi0: OpenBMC blob: what the BMC answers cannot be right");
}

static void machine_without_a_table_has_none_to_give(void **state) {
        struct state *s = *state;

        s->options.sys_root = "/nonexistent";
        see_begin(s, "discovery");
        write_items(s);
        assert_int_equal(s->bmc.n_opened, 0);
        assert_string_equal(s->reports, "OpenBMC blob /smbios: refused\n");
}

int main(void) {
#define TEST(t, f) cmocka_unit_test_setup_teardown(t, setup_##f, teardown)
#define TABLE(t)   cmocka_unit_test_setup_teardown(t, setup_table, teardown_table)
        static const struct CMUnitTest tests[] = {
                TEST(boot_progress_follows_the_stages, progress),
                TEST(boot_progress_tells_only_the_last, progress),
                TEST(production_that_does_not_boot_starts_no_os, progress),
                TEST(boot_progress_that_is_not_kept_is_accepted, progress),
                TEST(boot_progress_that_is_not_offered_is_asked_for_once, progress),
                TEST(system_info_names_the_firmware_and_the_host, info),
                TEST(system_info_that_is_refused_is_told_of_each, info),
                TEST(system_info_that_is_not_offered_is_asked_for_once, info),
                TEST(nothing_is_due_before_the_journal_begins, info),
                TABLE(table_is_written_with_its_entry_point_behind_it),
                TABLE(link_of_short_messages_gets_short_chunks),
                TABLE(bmc_without_the_blob_does_not_offer_it),
                TABLE(bmc_without_blobs_does_not_offer_it),
                TABLE(table_that_cannot_be_stored_is_refused),
                TABLE(answers_that_are_none_end_it),
                TABLE(machine_without_a_table_has_none_to_give),
        };

        return cmocka_run_group_tests_name("items", tests, NULL, NULL);
}
