/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole channel, in its process, against the BMC's real Redfish service over real TLS. */

#include <ifaddrs.h>
#include <inttypes.h>

#include "tests/unit/test-channel-fixture.h"

static bool has_host_address(void) {
        struct ifaddrs *list;
        bool found = false;

        assert_int_equal(getifaddrs(&list), 0);
        for (struct ifaddrs *i = list; i; i = i->ifa_next)
                if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
                    ((struct sockaddr_in *) (void *) i->ifa_addr)->sin_addr.s_addr == htonl(0x7f000012))
                        found = true;
        freeifaddrs(list);
        return found;
}

static void channel_delivers_every_record_in_order_and_ends_its_session(void **state) {
        struct fixture *f = start(state);

        assert_int_equal(settle(f), CHANNEL_OPEN);
        assert_string_equal(f->summary, "lo to 127.0.0.1, certificate matches the fingerprint from IPMI");
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 1);
        assert_true(has_host_address());

        journal_stage(f, "discovery");
        journal_logs(f, 10);
        deliver(f);
        journal_stage(f, "trial");
        journal_logs(f, 500);
        deliver(f);
        journal_logs(f, 3);
        finish(f);

        assert_false(has_host_address());
        assert_int_equal(bmc_count(&f->bmc, "connections"), 1);
        assert_int_equal(json_array_size(f->logs), 0);
        assert_true(f->has_begun);
        assert_non_null(strstr(f->way, "from a fixed address to 127.0.0.1 port "));
}

/* A whole run: three stages, each of which is read back, as the inventory is. */
static void channel_needs_fewer_than_twelve_requests_beside_the_batches(void **state) {
        static const char *const stages[] = {"discovery", "trial", "production"};
        struct fixture *f = start(state);

        for (size_t i = 0; i < ELEMENTSOF(stages); i++) {
                journal_stage(f, stages[i]);
                if (i == 0)
                        journal_inventory(f);
                journal_end(f);
                deliver(f);
        }
        finish(f);
        assert_in_range(bmc_count(&f->bmc, "requests") - bmc_count(&f->bmc, "entries"), 1, 11);
        assert_int_equal(bmc_count(&f->bmc, "connections"), 1);
}

static void channel_takes_records_that_were_written_before_it_was_open(void **state) {
        struct fixture *f = start(state);

        journal_stage(f, "discovery");
        journal_logs(f, 20);
        assert_int_equal(channel_get_state(f->channel), CHANNEL_STARTING);
        deliver(f);
        finish(f);
}

static void channel_sends_a_record_larger_than_a_batch(void **state) {
        struct fixture *f = start(state);
        _cleanup_free_ char *large = malloc(200000);

        memset(large, 'x', 199999);
        large[199999] = 0;
        journal_stage(f, "discovery");
        journal_line(f, json_pack("{s{sss{sss{ss}}}}", "testStepArtifact", "testStepId", "0", "extension",
                                  "name", "inventory", "content", "large", large));
        journal_logs(f, 2);
        deliver(f);
        finish(f);
}

static void channel_sends_nothing_to_a_certificate_that_ipmi_does_not_know(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        bmc_fault(&f->bmc, json_pack("{ssss}", "ipmi", "fingerprint", "action", "wrong-digest"));
        f = start(state);
        journal_stage(f, "discovery");
        assert_int_equal(settle(f), CHANNEL_LIMITED);

        assert_string_equal(f->summary, "127.0.0.1 on lo is not trusted: the certificate does not match the "
                                        "fingerprint: nothing was sent");
        assert_true(told(f, "ERROR", f->summary));
        assert_int_equal(bmc_count(&f->bmc, "requests"), 0);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 0);
        assert_int_equal(channel_flush(f->channel, SECONDS), -ENOTCONN);
        assert_int_equal(channel_close(f->channel, SECONDS), -ENOTCONN);
}

static void channel_tells_why_the_bmc_refuses_an_account(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        bmc_fault(&f->bmc, json_pack("{sssssi}", "ipmi", "bootstrap-account", "action", "completion-code",
                                     "completionCode", 0xc9));
        f = start(state);
        assert_int_equal(settle(f), CHANNEL_LIMITED);
        assert_true(told(f, "ERROR", "no room for another account (completion code c9h)"));
        assert_int_equal(json_array_size(f->logs), 2);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 0);
}

static void channel_needs_a_host_interface(void **state) {
        struct fixture *f = *state;
        struct smbios_table table = {};

        if (!loopback)
                skip();

        table_append(&table, 1, 0x0100, (uint8_t[0x17]){}, 0x17, NULL);
        bmc_write_tables(&f->bmc, &table);
        f->environment.open_ipmi = no_ipmi;
        f = start(state);
        assert_int_equal(settle(f), CHANNEL_LIMITED);
        assert_string_equal(f->summary,
                            "this machine's firmware describes no host interface (SMBIOS type 42), and IPMI "
                            "knows no network port of a BMC's: no BMC channel");
}

/* The begin of discovery and its end, then what was not delivered (agent/bmc/items/events.c). */
static void assert_told_over_ipmi(struct fixture *f, unsigned n_undelivered) {
        _cleanup_free_ char *path = strprintf("%s.events", f->bmc.control), *events = NULL;
        _cleanup_free_ char *expected =
                strprintf("e21401\na00112\na1%02x%02x\n", n_undelivered & 0xff, n_undelivered >> 8);

        assert_int_equal(read_file(path, 4096, &events, NULL), 0);
        assert_string_equal(events, expected);
}

static void channel_tells_a_bmc_without_redfish_over_ipmi(void **state) {
        struct fixture *f = *state;
        struct smbios_table table = {};

        if (!loopback)
                skip();

        table_append(&table, 1, 0x0100, (uint8_t[0x17]){}, 0x17, NULL);
        bmc_write_tables(&f->bmc, &table);
        f = start(state);
        assert_int_equal(settle(f), CHANNEL_LIMITED);
        journal_stage(f, "discovery");
        journal_end(f);
        assert_int_equal(channel_flush(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_true(told(f, "INFO",
                         "IPMI only: stages and outcome go to the BMC's event log; the journal "
                         "stays here"));
        assert_told_over_ipmi(f, 3);
        assert_string_equal(f->summary, "items: 1 accepted");
}

static void channel_tells_a_bmc_whose_log_takes_no_entries_over_ipmi(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        bmc_fault(&f->bmc, json_pack("{sssssssi}", "method", "POST", "path", "*/Entries", "action", "status",
                                     "status", 501));
        f = start(state);
        journal_stage(f, "discovery");
        journal_end(f);
        assert_int_equal(channel_flush(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_told_over_ipmi(f, 3);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 0);
}

static void channel_tells_the_journal_what_became_of_the_items(void **state) {
        struct fixture *f = start(state);

        journal_stage(f, "discovery");
        journal_end(f);
        deliver(f);
        while (json_array_size(f->logs) == 0)
                assert_int_equal(event_iterate(f->event, 20 * SECONDS), 1);
        assert_true(told(f, "DEBUG", "accepted: events by "));

        /* That log, as a record of the journal, is no reason for another one. */
        journal_stage(f, "trial");
        journal_logs(f, 1);
        deliver(f);
        finish(f);
        assert_int_equal(json_array_size(f->logs), 1);
}

static void channel_waits_for_its_network_device_and_names_it(void **state) {
        struct fixture *f = *state;

        f->environment.find_interface = find_nothing;
        f = start(state);
        assert_int_equal(settle(f), CHANNEL_LIMITED);
        assert_string_equal(f->summary,
                            "the network device of host interface 2a00h (USB 0525:a4a2) was not found within "
                            "0.2 s");
}

static void channel_needs_ipmi_to_trust_the_bmc(void **state) {
        struct fixture *f = *state;

        f->environment.open_ipmi = no_ipmi;
        f = start(state);
        assert_int_equal(settle(f), CHANNEL_LIMITED);
        assert_non_null(strstr(f->summary, "there is no IPMI device"));
        assert_int_equal(bmc_count(&f->bmc, "connections"), 0);
}

static void channel_gives_up_a_bmc_that_never_serves(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        f->plan->bmc_patience = SECONDS;
        bmc_fault(&f->bmc, json_pack("{sssi}", "action", "status", "status", 503));
        f = start(state);
        assert_int_equal(settle(f), CHANNEL_LIMITED);
        assert_true(told(f, "WARNING", "503"));
        assert_true(told(f, "ERROR", "503"));
        assert_true(told(f, "INFO", "the journal follows when the BMC takes it"));
        assert_int_equal(json_array_size(f->logs), 3);
}

static void channel_says_that_the_log_takes_no_entries(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        bmc_fault(&f->bmc, json_pack("{sssssssi}", "method", "POST", "path", "*/Entries", "action", "status",
                                     "status", 405));
        f = start(state);
        journal_stage(f, "discovery");
        assert_int_equal(channel_flush(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_true(told(f, "WARNING", "takes no entries"));
        assert_int_equal(channel_get_state(f->channel), CHANNEL_LIMITED);

        /* Its session is ended all the same. */
        assert_int_equal(channel_close(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 0);
}

static void channel_opens_a_new_session_when_the_bmc_forgets_it(void **state) {
        struct fixture *f = start(state);

        journal_stage(f, "discovery");
        deliver(f);
        bmc_fault(&f->bmc, json_pack("{sssssi}", "method", "POST", "action", "drop-session", "count", 1));
        journal_logs(f, 5);
        deliver(f);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 1);
        finish(f);
        assert_int_equal(json_array_size(f->logs), 0);
}

static void channel_tries_again_when_the_bmc_is_busy(void **state) {
        struct fixture *f = start(state);

        assert_int_equal(settle(f), CHANNEL_OPEN);
        bmc_fault(&f->bmc, json_pack("{sssssisisi}", "method", "POST", "action", "status", "status", 503,
                                     "retryAfter", 1, "count", 2));
        journal_stage(f, "discovery");
        deliver(f);
        assert_true(told(f, "WARNING", "503"));
        assert_true(told(f, "INFO", "takes the journal again"));
        assert_int_equal(json_array_size(f->logs), 2);
        finish(f);
}

/* An operator makes room, or the BMC does. */
static void channel_waits_for_room_in_a_full_log(void **state) {
        struct fixture *f = start(state);

        assert_int_equal(settle(f), CHANNEL_OPEN);
        bmc_fault(&f->bmc,
                  json_pack("{sssssisi}", "method", "POST", "action", "status", "status", 507, "count", 3));
        journal_stage(f, "discovery");
        deliver(f);
        assert_true(told(f, "WARNING", ": 507"));
        assert_true(told(f, "INFO", "takes the journal again"));
        finish(f);
}

static void channel_delivers_once_what_was_cut_off(void **state, const char *when) {
        struct fixture *f = start(state);

        assert_int_equal(settle(f), CHANNEL_OPEN);
        bmc_fault(&f->bmc, json_pack("{sssssssisi}", "method", "POST", "action", "cut", "when", when, "skip",
                                     1, "count", 2));
        for (unsigned i = 0; i < 4; i++) {
                journal_stage(f, (const char *const[]){"discovery", "trial", "production", "rescue"}[i]);
                journal_logs(f, 5);
                deliver(f);
        }
        finish(f);
}

static void channel_delivers_what_was_cut_off_before_it_was_stored(void **state) {
        channel_delivers_once_what_was_cut_off(state, "before");
}

static void channel_delivers_once_what_was_stored_and_not_acknowledged(void **state) {
        channel_delivers_once_what_was_cut_off(state, "after");
}

static void channel_delivers_once_what_was_cut_off_in_the_answer(void **state) {
        channel_delivers_once_what_was_cut_off(state, "middle");
}

static void channel_outlives_a_restart_of_the_bmc(void **state) {
        struct fixture *f = start(state);

        journal_stage(f, "discovery");
        journal_logs(f, 5);
        deliver(f);
        bmc_stop(&f->bmc);
        journal_logs(f, 5);
        assert_int_equal(channel_flush(f->channel, SECONDS / 2), -ETIMEDOUT);
        bmc_start(&f->bmc);
        journal_logs(f, 5);
        deliver(f);
        finish(f);
}

/* Another certificate, which IPMI knows, and an empty log, in which the stage must begin anew. */
static void channel_sends_the_stage_again_to_a_bmc_that_has_lost_it(void **state) {
        struct fixture *f = start(state);

        journal_stage(f, "discovery");
        journal_logs(f, 5);
        deliver(f);
        bmc_stop(&f->bmc);
        free(f->bmc.state);
        f->bmc.state = strprintf("%s/state2", f->bmc.directory);
        bmc_start(&f->bmc);
        journal_logs(f, 5);
        deliver(f);
        finish(f);
}

static void channel_closes_in_time_and_tells_what_a_dead_bmc_lacks(void **state) {
        struct fixture *f = start(state);
        uint64_t begin;

        journal_stage(f, "discovery");
        deliver(f);
        bmc_stop(&f->bmc);
        journal_logs(f, 7);
        begin = now_usec();
        assert_int_equal(channel_close(f->channel, 2 * SECONDS), -ETIMEDOUT);
        assert_in_range(now_usec() - begin, SECONDS / 2, 3 * SECONDS);
        assert_true(told(f, "ERROR", "7 of 9 records are not at the BMC"));
        assert_int_equal(channel_acknowledged(f->channel), 2);
}

/* The agent waits once as long as its patience lasts, not before every trial; what it has not waited for
 * comes all the same. */
static void channel_is_waited_for_once_and_comes_back(void **state) {
        struct fixture *f = *state;
        uint64_t begin;

        if (!loopback)
                skip();

        f->plan->bmc_patience = SECONDS;
        f = start(state);
        journal_stage(f, "discovery");
        deliver(f);
        bmc_stop(&f->bmc);
        journal_logs(f, 5);
        assert_int_equal(channel_flush(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_int_equal(channel_get_state(f->channel), CHANNEL_LIMITED);
        begin = now_usec();
        journal_logs(f, 5);
        assert_int_equal(channel_flush(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_in_range(now_usec() - begin, 0, SECONDS / 2);

        bmc_start(&f->bmc);
        while (channel_get_state(f->channel) == CHANNEL_LIMITED)
                assert_int_equal(event_iterate(f->event, 20 * SECONDS), 1);
        deliver(f);
        assert_string_equal(f->summary, "the BMC takes the journal again");
        finish(f);
}

/* It was given up, and comes up in the end. */
static void channel_delivers_to_a_bmc_that_comes_late(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();

        f->plan->bmc_patience = SECONDS / 2;
        bmc_stop(&f->bmc);
        f = start(state);
        journal_stage(f, "discovery");
        assert_int_equal(settle(f), CHANNEL_LIMITED);
        assert_int_equal(channel_flush(f->channel, 20 * SECONDS), -ENOTCONN);
        bmc_start(&f->bmc);
        while (channel_get_state(f->channel) == CHANNEL_LIMITED)
                assert_int_equal(event_iterate(f->event, 20 * SECONDS), 1);
        deliver(f);
        finish(f);
}

static void channel_says_so_when_its_process_dies(void **state) {
        struct fixture *f = start(state);
        _cleanup_free_ char *pids = NULL, *path = strprintf("/proc/self/task/%d/children", getpid());
        char *p;

        assert_int_equal(settle(f), CHANNEL_OPEN);
        assert_int_equal(read_line_file(path, &pids), 0);
        for (p = pids; *p;) {
                pid_t pid = (pid_t) strtol(p, &p, 10);

                if (pid != f->bmc.pid)
                        kill(pid, SIGSEGV);
                p += strspn(p, " ");
        }
        journal_stage(f, "discovery");
        assert_int_equal(channel_flush(f->channel, 20 * SECONDS), -ENOTCONN);
        assert_int_equal(channel_get_state(f->channel), CHANNEL_FAILED);
        assert_non_null(strstr(f->summary, "was killed by signal 11"));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(channel_delivers_every_record_in_order_and_ends_its_session),
                TEST(channel_needs_fewer_than_twelve_requests_beside_the_batches),
                TEST(channel_takes_records_that_were_written_before_it_was_open),
                TEST(channel_sends_a_record_larger_than_a_batch),
                TEST(channel_sends_nothing_to_a_certificate_that_ipmi_does_not_know),
                TEST(channel_tells_why_the_bmc_refuses_an_account),
                TEST(channel_needs_a_host_interface),
                TEST(channel_tells_a_bmc_without_redfish_over_ipmi),
                TEST(channel_tells_a_bmc_whose_log_takes_no_entries_over_ipmi),
                TEST(channel_tells_the_journal_what_became_of_the_items),
                TEST(channel_waits_for_its_network_device_and_names_it),
                TEST(channel_needs_ipmi_to_trust_the_bmc),
                TEST(channel_gives_up_a_bmc_that_never_serves),
                TEST(channel_says_that_the_log_takes_no_entries),
                TEST(channel_opens_a_new_session_when_the_bmc_forgets_it),
                TEST(channel_tries_again_when_the_bmc_is_busy),
                TEST(channel_waits_for_room_in_a_full_log),
                TEST(channel_delivers_what_was_cut_off_before_it_was_stored),
                TEST(channel_delivers_once_what_was_stored_and_not_acknowledged),
                TEST(channel_delivers_once_what_was_cut_off_in_the_answer),
                TEST(channel_outlives_a_restart_of_the_bmc),
                TEST(channel_sends_the_stage_again_to_a_bmc_that_has_lost_it),
                TEST(channel_closes_in_time_and_tells_what_a_dead_bmc_lacks),
                TEST(channel_is_waited_for_once_and_comes_back),
                TEST(channel_delivers_to_a_bmc_that_comes_late),
                TEST(channel_says_so_when_its_process_dies),
        };

        return cmocka_run_group_tests_name("channel", tests, enter, leave);
}
