/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bmc/redfish/redfish-message.h"
#include "tests/unit/unit.h"

static json_t *parse(const char *text) {
        json_t *json = NULL;

        assert_int_equal(redfish_parse(text, strlen(text), &json), 0);
        return json;
}

static void response_is_an_object(void **state _unused_) {
        static const char *const bad[] = {
                "", "{", "[]", "7", "null", "{}x", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}"};
        json_t *json = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(redfish_parse(bad[i], strlen(bad[i]), &json), -EBADMSG);
        assert_null(json);
        json_decref(parse("{}"));
}

static void nesting_has_a_limit(void **state _unused_) {
        for (unsigned depth = REDFISH_DEPTH_MAX - 1; depth <= REDFISH_DEPTH_MAX + 1; depth++) {
                char text[256] = "";
                json_t *json = NULL;

                for (unsigned i = 0; i < depth; i++)
                        strcat(text, i == 0 ? "{\"a\":" : "[");
                strcat(text, "1");
                for (unsigned i = depth; i-- > 0;)
                        strcat(text, i == 0 ? "}" : "]");

                assert_int_equal(redfish_parse(text, strlen(text), &json),
                                 depth <= REDFISH_DEPTH_MAX ? 0 : -EBADMSG);
                json_decref(json);
        }
}

static void brackets_in_strings_do_not_nest(void **state _unused_) {
        json_decref(parse("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[\"}"));
}

static void path_is_what_may_go_into_a_request(void **state _unused_) {
        char endless[4096];

        assert_string_equal(redfish_path("/redfish/v1/Systems"), "/redfish/v1/Systems");
        assert_string_equal(redfish_path("https://bmc.example:443/redfish/v1/x?$skip=50"),
                            "/redfish/v1/x?$skip=50");

        assert_null(redfish_path(""));
        assert_null(redfish_path("redfish/v1"));
        assert_null(redfish_path("//evil.example/redfish/v1"));
        assert_null(redfish_path("https://evil.example"));
        assert_null(redfish_path("http://evil.example/redfish"));
        assert_null(redfish_path("/redfish/v1 HTTP/1.1\r\nX: y"));
        assert_null(redfish_path("/redfish/v1\nX-Auth-Token: z"));
        assert_null(redfish_path("/redf\xc3\xadsh"));

        memset(endless, 'a', sizeof(endless) - 1);
        endless[0] = '/';
        endless[sizeof(endless) - 1] = 0;
        assert_null(redfish_path(endless));
}

static void link_is_taken_from_its_odata_id(void **state _unused_) {
        _cleanup_json_ json_t *root =
                parse("{\"Systems\":{\"@odata.id\":\"/redfish/v1/Systems\"},\"Chassis\":\"/x\","
                      "\"Managers\":{\"@odata.id\":7},\"Evil\":{\"@odata.id\":\"//e/\"}}");

        assert_string_equal(redfish_link(root, "Systems"), "/redfish/v1/Systems");
        assert_null(redfish_link(root, "Chassis"));
        assert_null(redfish_link(root, "Managers"));
        assert_null(redfish_link(root, "Evil"));
        assert_null(redfish_link(root, "Nothing"));
        assert_null(redfish_link(NULL, "Systems"));
}

static void extended_info_is_told_in_words(void **state _unused_) {
        _cleanup_json_ json_t *two =
                parse("{\"error\":{\"code\":\"Base.1.13.GeneralError\",\"message\":\"See ExtendedInfo\","
                      "\"@Message.ExtendedInfo\":[{\"Message\":\"The property X is unknown.\"},7,"
                      "{\"MessageId\":\"Base.1.13.InternalError\"}]}}");
        _cleanup_json_ json_t *plain = parse("{\"error\":{\"message\":\"It\\nis \\u00e9 broken\"}}");
        _cleanup_json_ json_t *nothing = parse("{\"error\":[]}");
        _cleanup_free_ char *a = redfish_error_text(two), *b = redfish_error_text(plain),
                            *c = redfish_error_text(nothing);

        assert_string_equal(a, "The property X is unknown. Base.1.13.InternalError");
        assert_string_equal(b, "It?is ?? broken");
        assert_null(c);
        assert_null(redfish_error_text(NULL));
}

static void error_text_is_no_longer_than_a_person_reads(void **state _unused_) {
        _cleanup_json_ json_t *error = NULL, *list = json_array();
        _cleanup_free_ char *text = NULL;

        for (unsigned i = 0; i < 1000; i++)
                json_array_append_new(list, json_pack("{ss}", "Message", "Nobody reads all of this."));
        error = json_pack("{s{sO}}", "error", "@Message.ExtendedInfo", list);
        text = redfish_error_text(error);
        assert_in_range(strlen(text), 400, 500);
}

static json_t *gap(const char *id, const char *arguments) {
        _cleanup_free_ char *text = strprintf(
                "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":\"%s\",\"MessageArgs\":%s}]}}", id,
                arguments);

        return parse(text);
}

static void sequence_gap_tells_the_record_that_is_expected(void **state _unused_) {
        static const char *const ids[] = {"Seatrial.1.0.SequenceGap", "Seatrial.1.17.SequenceGap"};

        for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
                _cleanup_json_ json_t *error = gap(ids[i], "[\"boot\",\"trial\",\"41\"]");
                uint64_t expected = 0;

                assert_true(redfish_sequence_gap(error, &expected));
                assert_int_equal(expected, 41);
        }
}

static void sequence_gap_that_says_no_record_is_none(void **state _unused_) {
        static const struct {
                const char *id, *arguments;
        } cases[] = {
                {"Base.1.13.GeneralError", "[\"boot\",\"trial\",\"41\"]"},
                {"Seatrial.2.0.SequenceGap", "[\"boot\",\"trial\",\"41\"]"},
                {"Seatrial.1.0.SequenceGaps", "[\"boot\",\"trial\",\"41\"]"},
                {"Seatrial.1.0.SequenceGap", "[\"boot\",\"trial\"]"},
                {"Seatrial.1.0.SequenceGap", "[\"boot\",\"trial\",41]"},
                {"Seatrial.1.0.SequenceGap", "[\"boot\",\"trial\",\"-1\"]"},
                {"Seatrial.1.0.SequenceGap", "[\"boot\",\"trial\",\"99999999999999999999\"]"},
                {"Seatrial.1.0.SequenceGap", "null"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_json_ json_t *error = gap(cases[i].id, cases[i].arguments);
                uint64_t expected = 7;

                assert_false(redfish_sequence_gap(error, &expected));
                assert_int_equal(expected, 7);
        }
        assert_false(redfish_sequence_gap(NULL, &(uint64_t){0}));
}

static void date_is_as_http_has_it(void **state _unused_) {
        static const char *const bad[] = {"",
                                          "now",
                                          "Tue, 01 Jan 2030 12:00:00 CET",
                                          "Tue, 01 Jan 2030 12:00:00 GMT.",
                                          "Thu, 01 Jan 1960 00:00:00 GMT",
                                          "Tue, 41 Jan 2030 12:00:00 GMT"};
        uint64_t usec = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(redfish_parse_date(bad[i], &usec), -EINVAL);
        assert_int_equal(usec, 7);
        assert_int_equal(redfish_parse_date("Tue, 01 Jan 2030 12:00:00 GMT", &usec), 0);
        assert_int_equal(usec, UINT64_C(1893499200) * USEC_PER_SEC);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(response_is_an_object),
                cmocka_unit_test(nesting_has_a_limit),
                cmocka_unit_test(brackets_in_strings_do_not_nest),
                cmocka_unit_test(path_is_what_may_go_into_a_request),
                cmocka_unit_test(link_is_taken_from_its_odata_id),
                cmocka_unit_test(extended_info_is_told_in_words),
                cmocka_unit_test(error_text_is_no_longer_than_a_person_reads),
                cmocka_unit_test(sequence_gap_tells_the_record_that_is_expected),
                cmocka_unit_test(sequence_gap_that_says_no_record_is_none),
                cmocka_unit_test(date_is_as_http_has_it),
        };

        return cmocka_run_group_tests_name("redfish", tests, NULL, NULL);
}
