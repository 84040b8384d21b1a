/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bmc/ipmi/bootstrap.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/wait.h"
#include "tests/unit/scripted-ipmi.h"

static void busy_bmc_is_asked_again(void **state _unused_) {
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;

        ANSWER(&s, 0, 0xc0);
        ANSWER(&s, 1, 0x00, 0x17);
        assert_int_equal(ipmi_ask(&s.ipmi, &w, 0x06, 0x01, NULL, 0, 5 * USEC_PER_SEC, response, &size), 0);
        assert_int_equal(s.n_asked, 2);
        assert_int_equal(size, 2);
        assert_int_equal(response[1], 0x17);
}

static void busy_bmc_is_not_asked_for_ever(void **state _unused_) {
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;

        for (unsigned i = 0; i < 8; i++)
                ANSWER(&s, i, 0xc0);
        assert_int_equal(ipmi_ask(&s.ipmi, &w, 0x06, 0x01, NULL, 0, 300 * USEC_PER_MSEC, response, &size),
                         -ETIMEDOUT);
        assert_int_equal(s.n_asked, 2);

        s.n_asked = 0;
        assert_int_equal(ipmi_ask(&s.ipmi, &w, 0x06, 0x01, NULL, 0, 60 * USEC_PER_SEC, response, &size), 0);
        assert_int_equal(s.n_asked, 5);
        assert_int_equal(response[0], 0xc0);
}

static void empty_response_is_none(void **state _unused_) {
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;

        s.responses[0] = (const uint8_t *) "";
        assert_int_equal(ipmi_ask(&s.ipmi, &w, 0x06, 0x01, NULL, 0, USEC_PER_SEC, response, &size), -EBADMSG);
}

static void every_completion_code_has_words(void **state _unused_) {
        for (unsigned code = 0; code <= 0xff; code++)
                assert_true(strlen(ipmi_completion_text((uint8_t) code)) > 5);

        assert_string_equal(ipmi_completion_text(0xc1), "the BMC does not know this command");
}

static void commands_have_words_of_their_own(void **state _unused_) {
        assert_string_equal(ipmi_command_completion_text(0x0a, 0x44, 0xc4), "the event log is full");
        assert_string_equal(ipmi_command_completion_text(0x0a, 0x40, 0xc4), "the BMC is out of space");
        assert_string_equal(ipmi_command_completion_text(0x06, 0x58, 0x80),
                            "the BMC does not know this parameter");
        assert_string_equal(ipmi_command_completion_text(0x06, 0x01, 0x80), "an error of this command's own");
}

static void what_became_of_a_command_is_told_apart(void **state _unused_) {
        static const struct {
                uint8_t code;
                int error;
                const char *problem;
        } cases[] = {
                {0x00, 0, NULL},
                {0xc1, -EOPNOTSUPP,
                 "/dev/ipmi0: Get Watchdog: the BMC does not know this command (completion code c1h)"},
                {0xc2, -EOPNOTSUPP,
                 "/dev/ipmi0: Get Watchdog: the BMC does not know this command for this LUN (completion code "
                 "c2h)"},
                {0xd6, -EOPNOTSUPP,
                 "/dev/ipmi0: Get Watchdog: the command is switched off (completion code d6h)"},
                {0xc3, -ETIMEDOUT, "/dev/ipmi0: Get Watchdog: the BMC ran out of time (completion code c3h)"},
                {0xcb, -ENOENT,
                 "/dev/ipmi0: Get Watchdog: what was asked for is not there (completion code cbh)"},
                {0xd5, -EREMOTEIO,
                 "/dev/ipmi0: Get Watchdog: the BMC does not allow the command in its present state "
                 "(completion code d5h)"},
        };
        static const struct ipmi_command command = {0x06, 0x25, "Get Watchdog", 0};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *problem = NULL;
                struct scripted s = scripted();
                struct wait w = WAIT_ALONE;
                uint8_t response[IPMI_RESPONSE_MAX];
                size_t size;

                s.responses[0] = &cases[i].code;
                s.sizes[0] = 1;
                assert_int_equal(ipmi_run(&s.ipmi, &w, &command, NULL, 0, response, &size, &problem),
                                 cases[i].error);
                assert_int_equal(s.netfn, 0x06);
                assert_int_equal(s.command, 0x25);
                if (cases[i].problem)
                        assert_string_equal(problem, cases[i].problem);
                else
                        assert_null(problem);
        }
}

static void silence_is_told_in_words(void **state _unused_) {
        static const struct ipmi_command command = {0x06, 0x25, "Get Watchdog", 0};
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;
        uint8_t response[IPMI_RESPONSE_MAX];
        size_t size;

        assert_int_equal(ipmi_run(&s.ipmi, &w, &command, NULL, 0, response, &size, &problem), -ETIMEDOUT);
        assert_string_equal(problem, "/dev/ipmi0: Get Watchdog: the BMC does not answer");
        assert_int_equal(response[0], 0);
}

static void device_id_is_decoded(void **state _unused_) {
        /* ipmi_sim's, with a firmware of 2.48 and manufacturer 674 */
        static const uint8_t response[] = {0,    0x20, 0x81, 0x02, 0x48, 0x02, 0xbf, 0xa2,
                                           0x02, 0x00, 0x01, 0x01, 1,    2,    3,    4};
        struct ipmi_device_id id;

        assert_int_equal(ipmi_decode_device_id(response, sizeof(response), &id), 0);
        assert_int_equal(id.id, 0x20);
        assert_int_equal(id.revision, 1);
        assert_int_equal(id.firmware_major, 2);
        assert_int_equal(id.firmware_minor, 48);
        assert_int_equal(id.version_major, 2);
        assert_int_equal(id.version_minor, 0);
        assert_int_equal(id.manufacturer, 674);
        assert_int_equal(id.product, 0x0101);

        for (size_t size = 0; size < 12; size++)
                assert_int_equal(ipmi_decode_device_id(response, size, &id), -EBADMSG);
        assert_int_equal(ipmi_decode_device_id((const uint8_t[16]){0xc1}, 16, &id), -EBADMSG);
}

static void fingerprint_is_decoded(void **state _unused_) {
        uint8_t response[35] = {0x00, 0x52, 0x01}, fingerprint[32], expected[32];

        for (unsigned i = 0; i < 32; i++)
                response[3 + i] = expected[i] = (uint8_t) (0xe0 + i);
        assert_int_equal(bootstrap_decode_fingerprint(response, sizeof(response), fingerprint), 0);
        assert_memory_equal(fingerprint, expected, 32);
}

static void fingerprint_must_be_a_whole_sha256(void **state _unused_) {
        uint8_t response[35] = {0x00, 0x52, 0x01}, fingerprint[32];

        for (size_t size = 0; size < sizeof(response); size++)
                assert_int_equal(bootstrap_decode_fingerprint(response, size, fingerprint), -EBADMSG);

        response[2] = 0x02;
        assert_int_equal(bootstrap_decode_fingerprint(response, sizeof(response), fingerprint), -ENOTSUP);
        response[1] = 0xdc;
        assert_int_equal(bootstrap_decode_fingerprint(response, sizeof(response), fingerprint), -EBADMSG);
        assert_int_equal(bootstrap_decode_fingerprint((const uint8_t[]){0x80, 0x52}, 2, fingerprint),
                         -EREMOTEIO);
}

#define HEAD "\x00\x52"

static int decode_account(const char *bytes, size_t size, struct bootstrap_account *ret) {
        return bootstrap_decode_account((const uint8_t *) bytes, size, ret);
}

static void account_is_decoded(void **state _unused_) {
        struct bootstrap_account account;

        assert_int_equal(decode_account(HEAD "root\0\0\0\0\0\0\0\0\0\0\0\0"
                                             "0penBmc\0\0\0\0\0\0\0\0\0",
                                        34, &account),
                         0);
        assert_string_equal(account.user_name, "root");
        assert_string_equal(account.password, "0penBmc");
}

static void account_of_sixteen_characters_each_has_no_terminator(void **state _unused_) {
        struct bootstrap_account account;

        assert_int_equal(decode_account(HEAD "abcdefghijklmnop"
                                             "ABCDEFGHIJKLMNOP",
                                        34, &account),
                         0);
        assert_string_equal(account.user_name, "abcdefghijklmnop");
        assert_string_equal(account.password, "ABCDEFGHIJKLMNOP");
}

static void account_in_a_short_body_is_split_at_the_nul(void **state _unused_) {
        struct bootstrap_account account;

        assert_int_equal(decode_account(HEAD "host\0ABCDEFGHIJKLMNOP", 23, &account), 0);
        assert_string_equal(account.user_name, "host");
        assert_string_equal(account.password, "ABCDEFGHIJKLMNOP");
}

static void account_must_have_both_texts_in_printable_ascii(void **state _unused_) {
        static const struct {
                const char *bytes;
                size_t size;
        } cases[] = {
                {"", 0},
                {"\x00", 1},
                {HEAD, 2},
                {HEAD "root", 6},
                {HEAD "root\0", 7},
                {HEAD "\0ABCDEFGHIJKLMNOP", 19},
                {HEAD "abcdefghijklmnop", 18},
                {HEAD "abcdefghijklmnop\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 34},
                {HEAD "a\nb\0\0\0\0\0\0\0\0\0\0\0\0\0"
                      "ABCDEFGHIJKLMNOP",
                 34},
                {HEAD "abc\0\0\0\0\0\0\0\0\0\0\0\0\0"
                      "ABC\xff"
                      "EFGHIJKLMNOP",
                 34},
                {"\x00\xdc"
                 "abcdefghijklmnop"
                 "ABCDEFGHIJKLMNOP",
                 34},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct bootstrap_account account = {.user_name = "untouched"};

                assert_int_equal(decode_account(cases[i].bytes, cases[i].size, &account), -EBADMSG);
                assert_string_equal(account.user_name, "untouched");
        }
}

static void asking_for_an_account_switches_bootstrapping_off_afterwards(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct bootstrap_account account;
        struct wait w = WAIT_ALONE;

        ANSWER(&s, 0, 0x80);
        assert_int_equal(bootstrap_ask_account(&s.ipmi, &w, &account, &problem), -EREMOTEIO);
        assert_string_equal(
                problem,
                "/dev/ipmi0: the BMC gives no bootstrap account: credential bootstrapping is switched off, "
                "or used up until the BMC or the host is reset (completion code 80h)");
        assert_int_equal(s.netfn, 0x2c);
        assert_int_equal(s.command, 0x02);
        assert_memory_equal(s.request, ((const uint8_t[]){0x52, 0x00}), 2);
}

/* It would be a second account. */
static void account_is_not_asked_for_again_after_a_time_out(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct bootstrap_account account;
        struct wait w = WAIT_ALONE;

        assert_int_equal(bootstrap_ask_account(&s.ipmi, &w, &account, &problem), -ETIMEDOUT);
        assert_int_equal(s.n_asked, 1);
        assert_string_equal(problem,
                            "/dev/ipmi0: the BMC does not answer when asked for a bootstrap account");
}

static void fingerprint_from_a_bmc_that_is_starting_is_worth_another_try(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;
        uint8_t fingerprint[32];

        ANSWER(&s, 0, 0xd2);
        assert_int_equal(bootstrap_ask_fingerprint(&s.ipmi, &w, fingerprint, &problem), -EAGAIN);
        assert_string_equal(problem,
                            "/dev/ipmi0: the BMC gives no certificate fingerprint: the BMC is still starting "
                            "(completion code d2h)");
        assert_memory_equal(s.request, ((const uint8_t[]){0x52, 0x01}), 2);
}

static void no_ipmi_device_is_no_error(void **state _unused_) {
        _cleanup_(ipmi_list_done) struct ipmi_list list = {};

        assert_int_equal(ipmi_open_all("/proc/self/fdinfo", &list), 0);
        assert_int_equal(list.n_items, 0);
        assert_int_equal(ipmi_open_all("/nonexistent", &list), -ENOENT);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(busy_bmc_is_asked_again),
                cmocka_unit_test(busy_bmc_is_not_asked_for_ever),
                cmocka_unit_test(empty_response_is_none),
                cmocka_unit_test(every_completion_code_has_words),
                cmocka_unit_test(commands_have_words_of_their_own),
                cmocka_unit_test(what_became_of_a_command_is_told_apart),
                cmocka_unit_test(silence_is_told_in_words),
                cmocka_unit_test(device_id_is_decoded),
                cmocka_unit_test(fingerprint_is_decoded),
                cmocka_unit_test(fingerprint_must_be_a_whole_sha256),
                cmocka_unit_test(account_is_decoded),
                cmocka_unit_test(account_of_sixteen_characters_each_has_no_terminator),
                cmocka_unit_test(account_in_a_short_body_is_split_at_the_nul),
                cmocka_unit_test(account_must_have_both_texts_in_printable_ascii),
                cmocka_unit_test(asking_for_an_account_switches_bootstrapping_off_afterwards),
                cmocka_unit_test(account_is_not_asked_for_again_after_a_time_out),
                cmocka_unit_test(fingerprint_from_a_bmc_that_is_starting_is_worth_another_try),
                cmocka_unit_test(no_ipmi_device_is_no_error),
        };

        return cmocka_run_group_tests_name("ipmi", tests, NULL, NULL);
}
