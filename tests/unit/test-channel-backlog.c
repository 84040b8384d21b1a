/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a boot could not deliver comes with the next one, out of NVRAM. */

#include "base/efi-variable.h"
#include "tests/unit/test-channel-fixture.h"

static void make_nvram(struct fixture *f) {
        _cleanup_free_ char *path = strprintf("%s/firmware/efi/efivars", f->bmc.directory);

        assert_int_equal(make_directories(path, 0700), 0);
}

static bool nvram_is_empty(struct fixture *f) {
        _cleanup_free_ char *path = strprintf("%s/firmware/efi/efivars", f->bmc.directory);

        assert_true(rmdir(path) == 0 || errno == ENOTEMPTY);
        return access(path, F_OK) < 0;
}

static void append_copy(const char *from, const char *to) {
        _cleanup_fclose_ FILE *f = fopen(to, "ae");
        _cleanup_free_ char *text = NULL;
        size_t size;

        assert_int_equal(read_file(from, 1024 * 1024, &text, &size), 0);
        assert_int_equal(fwrite(text, 1, size, f), size);
}

/* What the BMC missed of one boot, it gets from the next one, before that one's own. */
static void channel_delivers_in_the_next_boot_what_was_left(void **state) {
        struct fixture *f = start(state);
        _cleanup_free_ char *both = strprintf("%s/both.jsonl", f->bmc.directory);

        make_nvram(f);
        journal_stage(f, "discovery");
        deliver(f);
        bmc_stop(&f->bmc);
        journal_logs(f, 300);
        journal_end(f);
        journal_stage(f, "trial");
        journal_end(f);
        assert_int_equal(channel_close(f->channel, 2 * SECONDS), -ETIMEDOUT);
        assert_true(strstr(f->summary, "304 kept in NVRAM"));
        append_copy(f->journal_path, both);

        bmc_start(&f->bmc);
        boot_again(f, "7f2d9a52-40d4-4d0d-9a5f-7f1b3a0c1d2e");
        journal_stage(f, "discovery");
        deliver(f);
        journal_logs(f, 3);
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), 0);
        assert_true(told(f, "INFO", "304 records that an earlier boot could not deliver are at the BMC"));
        assert_true(nvram_is_empty(f));

        append_copy(f->journal_path, both);
        free(f->journal_path);
        f->journal_path = TAKE_PTR(both);
        f->n_records += 306;
        assert_bmc_has_journal(f);
}

/* The records before them were only at the BMC, and are no more. */
static void channel_names_what_the_bmc_will_never_take(void **state) {
        struct fixture *f = start(state);

        make_nvram(f);
        journal_stage(f, "discovery");
        deliver(f);
        bmc_stop(&f->bmc);
        journal_logs(f, 5);
        assert_int_equal(channel_close(f->channel, 2 * SECONDS), -ETIMEDOUT);

        free(f->bmc.state);
        f->bmc.state = strprintf("%s/state2", f->bmc.directory);
        bmc_start(&f->bmc);
        boot_again(f, "7f2d9a52-40d4-4d0d-9a5f-7f1b3a0c1d2e");
        journal_stage(f, "discovery");
        deliver(f);
        assert_true(told(f, "WARNING", "5 records of an earlier boot are lost: the BMC has lost"));
        finish(f);
        assert_true(nvram_is_empty(f));
}

static void channel_says_that_nvram_makes_no_sense(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        make_nvram(f);
        bmc_write_file(&f->bmc, "firmware/efi/efivars/SeatrialSpool0-" EFI_VARIABLE_GUID, "\7\0\0\0rubbish",
                       11);
        f = start(state);
        assert_int_equal(settle(f), CHANNEL_OPEN);
        assert_true(told(f, "WARNING", "what an earlier boot has left in NVRAM is lost"));
        journal_stage(f, "discovery");
        deliver(f);
        finish(f);
        assert_true(nvram_is_empty(f));
}

/* Each boot would wear the flash for nobody. */
static void channel_keeps_nothing_where_no_log_is_offered(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        make_nvram(f);
        bmc_fault(&f->bmc, json_pack("{sssssi}", "path", "*/LogServices", "action", "status", "status", 404));
        f = start(state);
        journal_stage(f, "discovery");
        assert_int_equal(channel_flush(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_true(nvram_is_empty(f));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(channel_delivers_in_the_next_boot_what_was_left),
                TEST(channel_names_what_the_bmc_will_never_take),
                TEST(channel_says_that_nvram_makes_no_sense),
                TEST(channel_keeps_nothing_where_no_log_is_offered),
        };

        return cmocka_run_group_tests_name("channel-backlog", tests, enter, leave);
}
