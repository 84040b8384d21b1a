/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Redfish client, against the BMC's real service over real TLS. */

#include <time.h>

#include "bmc/redfish/boot-source.h"
#include "bmc/redfish/redfish-message.h"
#include "bmc/redfish/redfish.h"
#include "bmc/redfish/resources.h"
#include "bmc/wait.h"
#include "tests/unit/test-channel-bmc.h"

#define OTHER_UUID "ffffffff-0000-4000-8000-000000000000"
#define ACCOUNTS   "/redfish/v1/AccountService/Accounts"

struct fixture {
        struct bmc bmc;
        struct tls_trust trust;
        struct wait wait;
        struct http *http;
        struct redfish *redfish;
        struct account account;
};

/* With a session, by an operator's account. */
static int setup(void **state) {
        struct ip_address address = {.family = AF_INET, .bytes = {127, 0, 0, 1}};
        struct fixture *f = calloc(1, sizeof(*f));
        json_t *answer;

        *state = f;
        if (!loopback)
                return 0;

        bmc_new(&f->bmc);
        f->wait = WAIT_ALONE;
        answer = bmc_ask(&f->bmc, json_pack("{sssi}", "command", "fingerprint", "certificate", 1));
        assert_int_equal(
                hex_decode(json_get_string(answer, "sha256"), f->trust.fingerprint, FINGERPRINT_SIZE), 0);
        json_decref(answer);
        answer = bmc_ask(&f->bmc, json_pack("{ss}", "command", "operator-account"));
        strcpy(f->account.user_name, json_get_string(answer, "userName"));
        strcpy(f->account.password, json_get_string(answer, "password"));
        json_decref(answer);

        assert_int_equal(http_new(&address, (uint16_t) f->bmc.port, "lo", if_nametoindex("lo"), &f->trust,
                                  &f->wait, &f->http),
                         0);
        assert_int_equal(redfish_new(&f->redfish), 0);
        redfish_use(f->redfish, f->http);
        assert_int_equal(redfish_read_root(f->redfish), 0);
        assert_int_equal(redfish_login(f->redfish, &f->account), 0);
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        if (loopback) {
                redfish_free(f->redfish);
                http_free(f->http);
                bmc_done(&f->bmc);
        }
        free(f);
        return 0;
}

static struct fixture *begin(void **state) {
        if (!loopback)
                skip();
        return *state;
}

static void shape(struct fixture *f, json_t *shape) {
        json_object_set_new(shape, "command", json_string("shape"));
        json_decref(bmc_ask(&f->bmc, shape));
}

static void operator_sets(struct fixture *f, json_t *set) {
        json_decref(bmc_ask(&f->bmc, json_pack("{ssso}", "command", "system", "set", set)));
}

static json_t *own_system(struct fixture *f) {
        json_t *system = NULL;

        assert_int_equal(redfish_find_system(f->redfish, BMC_UUID, BMC_SERIAL, &system), 0);
        return system;
}

static void clock_of_the_service_is_read_off_its_first_answer(void **state) {
        struct fixture *f = begin(state);
        uint64_t now = (uint64_t) time(NULL) * USEC_PER_SEC, theirs = redfish_time(f->redfish);

        assert_in_range(theirs, now - 30 * USEC_PER_SEC, now + 2 * USEC_PER_SEC);
}

static void change_is_made_to_what_was_read(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *before = own_system(f), *after = NULL,
                              *changes = json_pack("{ss}", "AssetTag", "R12-U7");

        shape(f, json_pack("{sb}", "etagRequired", 1));
        assert_non_null(json_get_string(before, "@odata.etag"));
        assert_int_equal(redfish_patch(f->redfish, before, changes), 0);
        after = own_system(f);
        assert_string_equal(json_get_string(after, "AssetTag"), "R12-U7");
        assert_string_not_equal(json_get_string(after, "@odata.etag"),
                                json_get_string(before, "@odata.etag"));
}

static void change_to_what_has_changed_meanwhile_is_stale(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = own_system(f), *changes = json_pack("{ss}", "AssetTag", "mine");

        operator_sets(f, json_pack("{ss}", "AssetTag", "theirs"));
        assert_int_equal(redfish_patch(f->redfish, system, changes), -ESTALE);
        assert_non_null(strstr(redfish_problem(f->redfish), "412: The ETag supplied did not match"));
}

static void change_without_an_etag_is_stale_where_one_is_required(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = own_system(f), *changes = json_pack("{ss}", "AssetTag", "mine");

        shape(f, json_pack("{sb}", "etagRequired", 1));
        json_object_del(system, "@odata.etag");
        assert_int_equal(redfish_patch(f->redfish, system, changes), -ESTALE);
}

static void refused_change_is_told_in_the_services_words(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = own_system(f), *changes = json_pack("{ss}", "UUID", "mine");

        assert_int_equal(redfish_patch(f->redfish, system, changes), -EREMOTEIO);
        assert_non_null(strstr(redfish_problem(f->redfish), "UUID is a read only property"));
}

static void system_is_found_by_uuid_among_several(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = NULL;

        shape(f, json_pack("{sisi}", "otherSystems", 5, "page", 2));
        system = own_system(f);
        assert_string_equal(json_get_string(system, "Id"), "system");
}

static void system_is_found_by_serial_number_where_no_uuid_is_told(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = NULL;

        shape(f, json_pack("{sisb}", "otherSystems", 3, "noUuid", 1));
        system = own_system(f);
        assert_string_equal(json_get_string(system, "Id"), "system");
}

static void no_system_is_ours_by_being_first(void **state) {
        struct fixture *f = begin(state);
        json_t *system = NULL;

        shape(f, json_pack("{si}", "otherSystems", 3));
        assert_int_equal(redfish_find_system(f->redfish, OTHER_UUID, "NONE-1", &system), -ENOENT);
        assert_int_equal(redfish_find_system(f->redfish, NULL, NULL, &system), -ENOENT);
}

static void only_system_is_ours(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = NULL;

        assert_int_equal(redfish_find_system(f->redfish, OTHER_UUID, NULL, &system), 0);
        assert_string_equal(json_get_string(system, "Id"), "system");
}

/* One request for all of them, page by page, and the entity tag of each. */
static void systems_are_read_at_once_where_the_service_can(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = NULL, *read = NULL, *changes = json_pack("{ss}", "AssetTag", "A-1");
        int before = bmc_count(&f->bmc, "requests");

        shape(f, json_pack("{sisi}", "otherSystems", 5, "page", 3));
        system = own_system(f);
        assert_int_equal(bmc_count(&f->bmc, "requests"), before + 2);
        assert_int_equal(redfish_get(f->redfish, redfish_path_of(system), &read), 0);
        assert_true(json_equal(system, read));
        assert_int_equal(redfish_patch(f->redfish, system, changes), 0);
}

static void systems_are_read_one_by_one_where_it_cannot(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = NULL;
        int before;

        shape(f, json_pack("{sisb}", "otherSystems", 5, "noExpand", 1));
        assert_int_equal(redfish_read_root(f->redfish), 0);
        before = bmc_count(&f->bmc, "requests");
        system = own_system(f);
        assert_int_equal(bmc_count(&f->bmc, "requests"), before + 1 + 6);
}

/* The root was read when it still said that it can. */
static void systems_are_read_one_by_one_where_it_refuses(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = NULL;
        int before = bmc_count(&f->bmc, "requests");

        shape(f, json_pack("{sisb}", "otherSystems", 5, "noExpand", 1));
        system = own_system(f);
        assert_string_equal(json_get_string(system, "Id"), "system");
        assert_int_equal(bmc_count(&f->bmc, "requests"), before + 1 + 1 + 6);
}

static int count(struct redfish *redfish _unused_, const json_t *member _unused_, void *userdata) {
        ++*(unsigned *) userdata;
        return 0;
}

static void collection_is_read_to_its_last_page(void **state) {
        struct fixture *f = begin(state);
        unsigned n = 0;

        for (unsigned i = 0; i < 4; i++)
                json_decref(bmc_ask(&f->bmc, json_pack("{ss}", "command", "operator-account")));
        shape(f, json_pack("{si}", "page", 2));
        assert_int_equal(redfish_each_member(f->redfish, ACCOUNTS, 5, count, &n), 0);
        assert_int_equal(n, 5);
}

static void collection_without_end_is_left(void **state) {
        struct fixture *f = begin(state);
        unsigned n = 0;

        for (unsigned i = 0; i < 4; i++)
                json_decref(bmc_ask(&f->bmc, json_pack("{ss}", "command", "operator-account")));
        shape(f, json_pack("{si}", "page", 2));
        assert_int_equal(redfish_each_member(f->redfish, ACCOUNTS, 4, count, &n), -EBADMSG);
        assert_non_null(strstr(redfish_problem(f->redfish), "more than 4 members"));
}

static void forbidden_is_no_reason_for_a_new_session(void **state) {
        struct fixture *f = begin(state);
        json_t *json = NULL;
        int before = bmc_count(&f->bmc, "requests");

        bmc_fault(&f->bmc,
                  json_pack("{sssssi}", "path", "/redfish/v1/Systems", "action", "status", "status", 403));
        assert_int_equal(redfish_get(f->redfish, "/redfish/v1/Systems", &json), -EPERM);
        assert_int_equal(bmc_count(&f->bmc, "requests"), before + 1);
        assert_true(redfish_logged_in(f->redfish));
}

static void lost_session_is_opened_anew_once(void **state) {
        struct fixture *f = begin(state);
        json_t *json = NULL;

        bmc_fault(&f->bmc,
                  json_pack("{sssssi}", "path", "/redfish/v1/Systems", "action", "drop-session", "count", 1));
        assert_int_equal(redfish_get(f->redfish, "/redfish/v1/Systems", &json), 0);
        json_decref(json);

        bmc_fault(&f->bmc, json_pack("{ssss}", "path", "/redfish/v1/Systems", "action", "drop-session"));
        assert_int_equal(redfish_get(f->redfish, "/redfish/v1/Systems", &json), -EACCES);
}

static void busy_service_says_for_how_long(void **state) {
        struct fixture *f = begin(state);
        json_t *json = NULL;

        bmc_fault(&f->bmc, json_pack("{sssssisi}", "path", "/redfish/v1/Systems", "action", "status",
                                     "status", 503, "retryAfter", 7));
        assert_int_equal(redfish_get(f->redfish, "/redfish/v1/Systems", &json), -EAGAIN);
        assert_int_equal(redfish_retry_after(f->redfish), 7 * USEC_PER_SEC);
}

static json_t *once(const char *target) {
        return json_pack("{s{ssssss}}", "Boot", "BootSourceOverrideEnabled", "Once",
                         "BootSourceOverrideTarget", target, "HttpBootUri", "http://10.0.0.1/os.efi");
}

static void boot_override_is_read_and_cleared(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = NULL;
        struct boot_source source;

        operator_sets(f, once("UefiHttp"));
        system = own_system(f);
        assert_int_equal(boot_source_read(system, &source), 0);
        assert_true(source.once);
        assert_int_equal(source.override, BOOT_OVERRIDE_NETWORK);
        assert_string_equal(source.uri, "http://10.0.0.1/os.efi");

        assert_int_equal(boot_source_clear(f->redfish, &system), 0);
        assert_int_equal(boot_source_read(system, &source), 0);
        assert_null(source.target);
}

static void boot_override_that_an_operator_changes_meanwhile_is_not_taken_from_him(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = NULL;
        struct boot_source source;

        operator_sets(f, once("Hdd"));
        system = own_system(f);
        operator_sets(f, once("Diags"));
        assert_int_equal(boot_source_clear(f->redfish, &system), -ESTALE);
        assert_int_equal(boot_source_read(system, &source), 0);
        assert_int_equal(source.override, BOOT_OVERRIDE_DIAG);
}

static void boot_override_that_stays_is_said_to(void **state) {
        struct fixture *f = begin(state);
        _cleanup_json_ json_t *system = NULL;

        operator_sets(f, once("Hdd"));
        system = own_system(f);
        bmc_fault(&f->bmc, json_pack("{sssssi}", "method", "PATCH", "action", "status", "status", 405));
        assert_int_equal(boot_source_clear(f->redfish, &system), -ENOENT);
}

static json_t *boot(const char *enabled, const char *target) {
        return json_pack("{s{ssss}}", "Boot", "BootSourceOverrideEnabled", enabled,
                         "BootSourceOverrideTarget", target);
}

static void boot_override_is_what_enabled_and_target_say(void **state _unused_) {
        static const struct {
                const char *enabled, *target;
                int result;
                bool once;
                enum boot_override override;
        } cases[] = {
                {"Once", "Pxe", 0, true, BOOT_OVERRIDE_NETWORK},
                {"Once", "Cd", 0, true, BOOT_OVERRIDE_CD},
                {"Once", "Diags", 0, true, BOOT_OVERRIDE_DIAG},
                {"Continuous", "BiosSetup", 0, false, BOOT_OVERRIDE_SETUP},
                {"Continuous", "Hdd", 0, false, BOOT_OVERRIDE_DISK},
                {"Once", "None", 0, false, BOOT_OVERRIDE_NONE},
                {"Disabled", "Hdd", 0, false, BOOT_OVERRIDE_NONE},
                {"Once", "UefiShell", -ENOTSUP, true, BOOT_OVERRIDE_NONE},
        };
        struct boot_source source;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_json_ json_t *system = boot(cases[i].enabled, cases[i].target);

                assert_int_equal(boot_source_read(system, &source), cases[i].result);
                assert_int_equal(source.once, cases[i].once);
                assert_int_equal(source.override, cases[i].override);
        }
        assert_int_equal(boot_source_read(NULL, &source), 0);
        assert_null(source.target);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(clock_of_the_service_is_read_off_its_first_answer),
                TEST(change_is_made_to_what_was_read),
                TEST(change_to_what_has_changed_meanwhile_is_stale),
                TEST(change_without_an_etag_is_stale_where_one_is_required),
                TEST(refused_change_is_told_in_the_services_words),
                TEST(system_is_found_by_uuid_among_several),
                TEST(system_is_found_by_serial_number_where_no_uuid_is_told),
                TEST(no_system_is_ours_by_being_first),
                TEST(only_system_is_ours),
                TEST(systems_are_read_at_once_where_the_service_can),
                TEST(systems_are_read_one_by_one_where_it_cannot),
                TEST(systems_are_read_one_by_one_where_it_refuses),
                TEST(collection_is_read_to_its_last_page),
                TEST(collection_without_end_is_left),
                TEST(forbidden_is_no_reason_for_a_new_session),
                TEST(lost_session_is_opened_anew_once),
                TEST(busy_service_says_for_how_long),
                TEST(boot_override_is_read_and_cleared),
                TEST(boot_override_that_an_operator_changes_meanwhile_is_not_taken_from_him),
                TEST(boot_override_that_stays_is_said_to),
                cmocka_unit_test(boot_override_is_what_enabled_and_target_say),
        };

        return cmocka_run_group_tests_name("redfish-client", tests, enter, leave);
}
