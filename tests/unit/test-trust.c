/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is trusted and how one is let in, against the BMC's real Redfish service over real TLS. */

#include "bmc/contact.h"
#include "bmc/redfish/redfish.h"
#include "bmc/session.h"
#include "bmc/wait.h"
#include "plan/plan.h"
#include "tests/unit/authority.h"
#include "tests/unit/test-channel-bmc.h"

struct fixture {
        struct bmc bmc;
        struct authority authority;
        struct contact_environment environment;
        struct plan *plan;
        struct contact *contact;
        struct session session;
        struct wait wait;
        char *told; /* the last warning */
};

/* The directory is the state's, the image's, that of EFI variables and of the authority. */
static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        *state = f;
        if (!loopback)
                return 0;

        bmc_prepare(&f->bmc);
        certify("test authority", NULL, &f->authority);
        f->wait = WAIT_ALONE;
        f->environment = bmc_environment(&f->bmc);
        assert_int_equal(plan_new(&f->plan), 0);
        f->plan->bmc_interface_wait = USEC_PER_SEC / 10;
        return 0;
}

static void leave_contact(struct fixture *f) {
        if (f->contact)
                assert_int_equal(session_end(&f->session, f->contact), 0);
        session_done(&f->session);
        f->contact = contact_free(f->contact);
}

static int teardown(void **state) {
        struct fixture *f = *state;

        if (loopback) {
                leave_contact(f);
                plan_free(f->plan);
                authority_done(&f->authority);
                bmc_done(&f->bmc);
                free(f->told);
        }
        free(f);
        return 0;
}

static struct fixture *begin(void **state) {
        struct fixture *f = *state;

        if (!loopback)
                skip();
        return f;
}

static void plan(struct fixture *f, const char *key, const char *value) {
        struct plan_problems problems = {};

        assert_int_equal(plan_set(f->plan, key, value, "test", &problems), 0);
}

static void on_note(const char *severity, const char *text, void *userdata) {
        struct fixture *f = userdata;

        if (!streq(severity, "WARNING"))
                return;
        free(f->told);
        f->told = strdup(text);
}

/* The BMC's certificate is signed by the authority. */
static void sign_bmc(struct fixture *f) {
        write_pem(f->bmc.directory, "ca.pem", "ca-key.pem", &f->authority);
        f->bmc.authority = f->bmc.directory;
}

static void image_has_authority(struct fixture *f, const struct authority *authority) {
        write_pem(f->bmc.directory, "bmc-ca.pem", "unused.pem", authority);
}

static int connect_bmc(struct fixture *f) {
        int r;

        leave_contact(f);
        assert_int_equal(contact_new(&f->environment, &f->wait, f->plan, on_note, f, &f->contact), 0);
        r = contact_read_candidates(f->contact);
        if (r >= 0)
                r = contact_prepare(f->contact);
        return r < 0 ? r : contact_connect(f->contact);
}

static void assert_nothing_was_sent(struct fixture *f) {
        assert_true(bmc_count(&f->bmc, "accepted") > 0);
        assert_int_equal(bmc_count(&f->bmc, "requests"), 0);
}

static void authority_in_the_image_vouches_where_ipmi_is_silent(void **state) {
        struct fixture *f = begin(state);

        sign_bmc(f);
        image_has_authority(f, &f->authority);
        f->environment.open_ipmi = no_ipmi;
        bmc_begin(&f->bmc);
        assert_int_equal(connect_bmc(f), 0);
        assert_string_equal(trust_text(&f->contact->trust),
                            "certificate signed by an authority in the image");
        assert_null(f->told);
}

static void authority_vouches_where_ipmi_gives_no_fingerprint(void **state) {
        struct fixture *f = begin(state);

        sign_bmc(f);
        image_has_authority(f, &f->authority);
        bmc_begin(&f->bmc);
        bmc_fault(&f->bmc, json_pack("{sssssi}", "ipmi", "fingerprint", "action", "completion-code",
                                     "completionCode", 0xc1));
        assert_int_equal(connect_bmc(f), 0);
        assert_int_equal(f->contact->trust.tls.way, TLS_AUTHORITY);
}

static void another_authority_gets_no_request(void **state) {
        struct fixture *f = begin(state);
        struct authority other;

        certify("somebody else", NULL, &other);
        sign_bmc(f);
        image_has_authority(f, &other);
        authority_done(&other);
        f->environment.open_ipmi = no_ipmi;
        bmc_begin(&f->bmc);
        assert_int_equal(connect_bmc(f), -EKEYREJECTED);
        assert_non_null(strstr(f->contact->problem, "no authority in the image vouches"));
        assert_nothing_was_sent(f);
}

static void certificate_for_somebody_else_gets_no_request(void **state) {
        struct fixture *f = begin(state);

        sign_bmc(f);
        image_has_authority(f, &f->authority);
        f->environment.open_ipmi = no_ipmi;
        bmc_begin(&f->bmc);
        plan(f, "bmc.name", "other.example");
        assert_int_equal(connect_bmc(f), -EKEYREJECTED);
        assert_non_null(strstr(f->contact->problem, "the certificate is not for other.example"));
        assert_nothing_was_sent(f);

        plan(f, "bmc.name", "bmc");
        assert_int_equal(connect_bmc(f), 0);
}

static void certificate_for_another_address_gets_no_request_unless_the_plan_allows_any(void **state) {
        struct fixture *f = begin(state);

        sign_bmc(f);
        image_has_authority(f, &f->authority);
        f->environment.open_ipmi = no_ipmi;
        bmc_begin(&f->bmc);
        json_decref(bmc_ask(&f->bmc, json_pack("{ssss}", "command", "certificate", "names", "IP:10.0.0.1")));
        assert_int_equal(connect_bmc(f), -EKEYREJECTED);
        assert_nothing_was_sent(f);

        plan(f, "bmc.name", "*");
        assert_int_equal(connect_bmc(f), 0);
        assert_string_equal(f->told, "whom the BMC's certificate is for is not checked (bmc.name = *)");
}

static void fingerprint_that_does_not_match_is_not_outvoted_by_an_authority(void **state) {
        struct fixture *f = begin(state);

        sign_bmc(f);
        image_has_authority(f, &f->authority);
        plan(f, "bmc.trust", "fingerprint,ca,first-use");
        bmc_begin(&f->bmc);
        bmc_fault(&f->bmc, json_pack("{ssss}", "ipmi", "fingerprint", "action", "wrong-digest"));
        assert_int_equal(connect_bmc(f), -EKEYREJECTED);
        assert_nothing_was_sent(f);
}

static void broken_authority_is_no_leave_to_trust_anybody(void **state) {
        struct fixture *f = begin(state);

        bmc_begin(&f->bmc);
        bmc_write_file(&f->bmc, "bmc-ca.pem", "nothing", 7);
        plan(f, "bmc.trust", "ca,first-use");
        assert_int_equal(connect_bmc(f), -EINVAL);
        assert_non_null(strstr(f->contact->problem, "bmc-ca.pem holds no such certificate"));
        assert_int_equal(bmc_count(&f->bmc, "accepted"), 0);
}

static void first_use_is_told_of_and_binds_the_boots_after_it(void **state) {
        struct fixture *f = begin(state);

        bmc_begin(&f->bmc);
        plan(f, "bmc.trust", "first-use");
        assert_int_equal(connect_bmc(f), 0);
        assert_non_null(
                strstr(f->told, "it is trusted on first use (bmc.trust), and no other from now on; SHA-256"));

        free(TAKE_PTR(f->told));
        assert_int_equal(connect_bmc(f), 0);
        assert_null(f->told);
        assert_string_equal(trust_text(&f->contact->trust), "certificate is that of the first use");

        json_decref(bmc_ask(&f->bmc, json_pack("{ss}", "command", "certificate")));
        assert_int_equal(connect_bmc(f), -EKEYREJECTED);
        assert_non_null(strstr(f->contact->problem, "seatrial bmc forget"));
}

static void first_use_without_efi_variables_holds_for_this_boot(void **state) {
        struct fixture *f = begin(state);

        bmc_begin(&f->bmc);
        f->environment.roots.efi = "/nowhere";
        plan(f, "bmc.trust", "first-use");
        assert_int_equal(connect_bmc(f), 0);
        assert_non_null(strstr(f->told, "no other during this boot, since it cannot be kept"));

        json_decref(bmc_ask(&f->bmc, json_pack("{ss}", "command", "certificate")));
        contact_doubt(f->contact);
        assert_int_equal(contact_prepare(f->contact), 0);
        assert_int_equal(contact_connect(f->contact), -EKEYREJECTED);
}

static void another_certificate_is_trusted_when_ipmi_knows_it(void **state) {
        struct fixture *f = begin(state);

        bmc_begin(&f->bmc);
        assert_int_equal(connect_bmc(f), 0);
        json_decref(bmc_ask(&f->bmc, json_pack("{ss}", "command", "certificate")));
        contact_doubt(f->contact);
        assert_int_equal(contact_prepare(f->contact), 0);
        assert_int_equal(contact_connect(f->contact), 0);
}

static void client_certificate_needs_neither_account_nor_session(void **state) {
        _cleanup_free_ char *ca = NULL;
        struct fixture *f = begin(state);
        struct authority client;

        certify("agent", &f->authority, &client);
        write_pem(f->bmc.directory, "bmc-client.pem", "bmc-client.pem", &client);
        write_pem(f->bmc.directory, "clients.pem", "clients-key.pem", &f->authority);
        authority_done(&client);
        ca = strprintf("%s/clients.pem", f->bmc.directory);
        f->bmc.client_authority = ca;
        bmc_begin(&f->bmc);

        assert_int_equal(connect_bmc(f), 0);
        assert_int_equal(session_open(&f->session, f->contact), 0);
        assert_int_equal(contact_find_system(f->contact), 0);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 0);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 0);
}

static void client_certificate_that_the_bmc_does_not_know_gives_way_to_bootstrapping(void **state) {
        struct fixture *f = begin(state);
        struct authority client;

        certify("agent", &f->authority, &client);
        write_pem(f->bmc.directory, "bmc-client.pem", "bmc-client.pem", &client);
        authority_done(&client);
        bmc_begin(&f->bmc);

        assert_int_equal(connect_bmc(f), 0);
        assert_int_equal(session_open(&f->session, f->contact), 0);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 1);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 1);
        leave_contact(f);
        assert_int_equal(bmc_count(&f->bmc, "sessions"), 0);
}

static void certificate_without_its_key_is_named(void **state) {
        struct fixture *f = begin(state);

        write_pem(f->bmc.directory, "bmc-client.pem", "unused.pem", &f->authority);
        bmc_begin(&f->bmc);
        assert_int_equal(connect_bmc(f), -EINVAL);
        assert_non_null(strstr(f->contact->problem, "bmc-client.pem holds no such certificate"));
}

static void account_of_the_image_is_used_before_one_is_asked_for(void **state) {
        static const char text[] = "seatrial\nwatchword 1\n";
        struct fixture *f = begin(state);

        bmc_begin(&f->bmc);
        bmc_write_file(&f->bmc, "bmc-account", text, strlen(text));
        json_decref(bmc_ask(&f->bmc, json_pack("{ssssss}", "command", "operator-account", "userName",
                                               "seatrial", "password", "watchword 1")));
        assert_int_equal(connect_bmc(f), 0);
        assert_int_equal(session_open(&f->session, f->contact), 0);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 1);
        assert_int_equal(contact_find_system(f->contact), 0);
}

static void account_that_the_bmc_refuses_gives_way_to_the_next_credentials(void **state) {
        static const char text[] = "nobody\nnothing\n";
        struct fixture *f = begin(state);

        bmc_begin(&f->bmc);
        bmc_write_file(&f->bmc, "bmc-account", text, strlen(text));
        assert_int_equal(connect_bmc(f), 0);
        assert_int_equal(session_open(&f->session, f->contact), 0);
        assert_int_equal(bmc_count(&f->bmc, "accounts"), 1);

        plan(f, "bmc.credentials", "account");
        assert_int_equal(connect_bmc(f), 0);
        assert_int_equal(session_open(&f->session, f->contact), -EACCES);
        assert_non_null(strstr(f->contact->problem, "Invalid username or password"));
}

static void account_file_is_two_lines_and_no_more(void **state _unused_) {
        static const char *const bad[] = {"",
                                          "\n",
                                          "user",
                                          "user\n",
                                          "user\n\n",
                                          "user\npassword\nmore\n",
                                          "\npassword\n",
                                          "us\ter\npassword\n",
                                          "user\npass\xc3\xa9\n"};
        char endless[USER_NAME_MAX + 16];
        struct account account;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(session_parse_account(bad[i], strlen(bad[i]), &account), -EBADMSG);
        memset(endless, 'a', sizeof(endless));
        memcpy(endless + USER_NAME_MAX + 1, "\np\n", 3);
        assert_int_equal(session_parse_account(endless, USER_NAME_MAX + 4, &account), -EBADMSG);
        assert_int_equal(session_parse_account(endless + 1, USER_NAME_MAX + 3, &account), 0);
        assert_int_equal(strlen(account.user_name), USER_NAME_MAX);
        assert_string_equal(account.password, "p");
        assert_int_equal(session_parse_account("u\np q", 5, &account), 0);
        assert_string_equal(account.password, "p q");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(authority_in_the_image_vouches_where_ipmi_is_silent),
                TEST(authority_vouches_where_ipmi_gives_no_fingerprint),
                TEST(another_authority_gets_no_request),
                TEST(certificate_for_somebody_else_gets_no_request),
                TEST(certificate_for_another_address_gets_no_request_unless_the_plan_allows_any),
                TEST(fingerprint_that_does_not_match_is_not_outvoted_by_an_authority),
                TEST(broken_authority_is_no_leave_to_trust_anybody),
                TEST(first_use_is_told_of_and_binds_the_boots_after_it),
                TEST(first_use_without_efi_variables_holds_for_this_boot),
                TEST(another_certificate_is_trusted_when_ipmi_knows_it),
                TEST(client_certificate_needs_neither_account_nor_session),
                TEST(client_certificate_that_the_bmc_does_not_know_gives_way_to_bootstrapping),
                TEST(certificate_without_its_key_is_named),
                TEST(account_of_the_image_is_used_before_one_is_asked_for),
                TEST(account_that_the_bmc_refuses_gives_way_to_the_next_credentials),
                cmocka_unit_test(account_file_is_two_lines_and_no_more),
        };

        return cmocka_run_group_tests_name("trust", tests, enter, leave);
}
