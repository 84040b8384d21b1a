/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/unit/messages-of.h"
#include "tests/unit/unit.h"

#define DECODES_TO(bytes, error)                                                                             \
        do {                                                                                                 \
                json_t *_value = NULL;                                                                       \
                assert_int_equal(message_decode(bytes, STRLEN(bytes), &_value), error);                      \
                json_decref(_value);                                                                         \
        } while (false)

static void every_kind_of_value_arrives_as_it_was(void **state _unused_) {
        _cleanup_json_ json_t *sent = NULL, *messages = NULL;
        int fds[2];

        sent = json_pack("{s:n, s:b, s:b, s:I, s:I, s:f, s:s, s:s, s:[[], {}, {s:i}]}", "null", "true", 1,
                         "false", 0, "largest", (json_int_t) INT64_MAX, "smallest", (json_int_t) INT64_MIN,
                         "real", 0.1, "empty", "", "text", "\xc3\xa4\n\"\\", "nested", "a", 1);
        assert_non_null(sent);

        assert_int_equal(pipe(fds), 0);
        assert_int_equal(message_write(fds[1], sent), 0);
        assert_int_equal(message_write(fds[1], sent), 0);
        close(fds[1]);

        messages = messages_of(fds[0]);
        assert_int_equal(json_array_size(messages), 2);
        assert_true(json_equal(json_array_get(messages, 0), sent));
        assert_true(json_equal(json_array_get(messages, 1), sent));
}

static void members_keep_their_order(void **state _unused_) {
        _cleanup_json_ json_t *sent = json_pack("{s:i, s:i, s:i}", "z", 1, "a", 2, "m", 3), *messages = NULL;
        _cleanup_free_ char *text = NULL;
        int fds[2];

        assert_int_equal(pipe(fds), 0);
        assert_int_equal(message_write(fds[1], sent), 0);
        close(fds[1]);

        messages = messages_of(fds[0]);
        text = json_dumps(messages, JSON_COMPACT);
        assert_string_equal(text, "[{\"z\":1,\"a\":2,\"m\":3}]");
}

static int keep(const json_t *message, void *userdata) {
        return json_append(userdata, json_incref((json_t *) message));
}

static void message_that_comes_byte_by_byte_is_waited_for(void **state _unused_) {
        static const char bytes[] = "\6\0\0\0s\1\0\0\0x";
        _cleanup_json_ json_t *array = json_array();
        struct messages messages = {};
        int fds[2];

        assert_int_equal(pipe(fds), 0);
        for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
                assert_int_equal(json_array_size(array), 0);
                assert_int_equal(write(fds[1], bytes + i, 1), 1);
                assert_int_equal(messages_read(&messages, fds[0], 100, keep, array), 1);
        }
        assert_string_equal(json_string_value(json_array_get(array, 0)), "x");

        close(fds[1]);
        assert_int_equal(messages_read(&messages, fds[0], 100, keep, array), 0);
        messages_done(&messages);
        close(fds[0]);
}

/* Returns what the last messages_read() returned. */
static int reading(const char *bytes, size_t size, size_t max) {
        _cleanup_json_ json_t *array = json_array();
        struct messages messages = {};
        int fds[2], r;

        assert_int_equal(pipe(fds), 0);
        assert_int_equal(write(fds[1], bytes, size), size);
        close(fds[1]);
        while ((r = messages_read(&messages, fds[0], max, keep, array)) > 0)
                ;

        messages_done(&messages);
        close(fds[0]);
        return r;
}

static void message_that_is_cut_off_is_none(void **state _unused_) {
        assert_int_equal(reading("\6\0\0\0s\1\0\0\0", 9, 100), -EBADMSG);
        assert_int_equal(reading("\6\0", 2, 100), -EBADMSG);
}

static void message_longer_than_allowed_is_not_waited_for(void **state _unused_) {
        assert_int_equal(reading("\145\0\0\0s", 5, 100), -EMSGSIZE);
        assert_int_equal(reading("\377\377\377\377", 4, 100), -EMSGSIZE);
}

static void counts_and_lengths_beyond_the_end_are_refused(void **state _unused_) {
        DECODES_TO("", -EBADMSG);
        DECODES_TO("i\0\0\0\0\0\0\0", -EBADMSG);
        DECODES_TO("s\2\0\0\0x", -EBADMSG);
        DECODES_TO("s\377\377\377\377x", -EBADMSG);
        DECODES_TO("a\377\377\377\377nn", -EBADMSG);
        DECODES_TO("o\1\0\0\0\1\0\0\0a", -EBADMSG);
        DECODES_TO("o\1\0\0\0\377\0\0\0an", -EBADMSG);
        DECODES_TO("o\0\0", -EBADMSG);
}

static void what_json_cannot_hold_is_refused(void **state _unused_) {
        DECODES_TO("s\1\0\0\0\377", -EBADMSG);                 /* no UTF-8 */
        DECODES_TO("o\1\0\0\0\1\0\0\0\377n", -EBADMSG);        /* neither is the key */
        DECODES_TO("o\1\0\0\0\1\0\0\0\0n", -EBADMSG);          /* a NUL in a key */
        DECODES_TO("o\2\0\0\0\1\0\0\0an\1\0\0\0an", -EBADMSG); /* a key twice */
        DECODES_TO("r\0\0\0\0\0\0\360\177", -EBADMSG);         /* infinity */
        DECODES_TO("x", -EBADMSG);
        DECODES_TO("nn", -EBADMSG); /* something behind it */
        DECODES_TO("o\1\0\0\0\1\0\0\0an", 0);
}

static void nesting_has_an_end(void **state _unused_) {
        _cleanup_json_ json_t *deep = json_array(), *decoded = NULL;
        uint8_t bytes[5 * 1000];
        int fds[2];

        for (size_t i = 0; i < sizeof(bytes); i += 5)
                memcpy(bytes + i, "a\1\0\0\0", 5);
        assert_int_equal(message_decode(bytes, sizeof(bytes), &decoded), -EBADMSG);

        for (unsigned i = 0; i < 1000; i++) {
                json_t *above = json_array();

                json_array_append_new(above, deep);
                deep = above;
        }
        assert_int_equal(pipe(fds), 0);
        assert_int_equal(message_write(fds[1], deep), -EBADMSG);
        close(fds[0]);
        close(fds[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_kind_of_value_arrives_as_it_was),
                cmocka_unit_test(members_keep_their_order),
                cmocka_unit_test(message_that_comes_byte_by_byte_is_waited_for),
                cmocka_unit_test(message_that_is_cut_off_is_none),
                cmocka_unit_test(message_longer_than_allowed_is_not_waited_for),
                cmocka_unit_test(counts_and_lengths_beyond_the_end_are_refused),
                cmocka_unit_test(what_json_cannot_hold_is_refused),
                cmocka_unit_test(nesting_has_an_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
