/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "bmc/kept.h"
#include "tests/unit/unit.h"

#define SESSION                                                                                              \
        "sailor\npassword\n/redfish/v1/SessionService/Sessions/1\ntoken\n/redfish/v1/Systems/1\n"            \
        "/redfish/v1/Systems/1/LogServices/P/Entries\nverified\n"

struct fixture {
        char directory[sizeof("/tmp/seatrial-kept-XXXXXX")];
        char *path, *handed_on;
};

static int setup(void **state) {
        struct fixture *f = malloc(sizeof(*f));

        *f = (struct fixture){.directory = "/tmp/seatrial-kept-XXXXXX"};
        assert_non_null(mkdtemp(f->directory));
        f->path = strprintf("%s/kept", f->directory);
        f->handed_on = strprintf("%s/handed-on", f->directory);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;

        unlink(f->path);
        unlink(f->handed_on);
        rmdir(f->directory);
        free(f->path);
        free(f->handed_on);
        free(f);
        return 0;
}

static off_t size_of(const char *path) {
        struct stat st;

        return stat(path, &st) < 0 ? -1 : st.st_size;
}

static void an_account_alone_is_kept(void **state) {
        struct fixture *f = *state;
        struct kept kept = {.account = {.user_name = "sailor", .password = "p ss\"w\\rd", .own = true}}, same;

        assert_int_equal(kept_make(f->path, f->handed_on), 0);
        assert_int_equal(kept_write(f->path, &kept), 0);
        assert_int_equal(kept_read(f->path, &same), 0);
        assert_memory_equal(&same, &kept, sizeof(kept));
}

static void a_session_is_kept_with_all_of_it(void **state) {
        struct fixture *f = *state;
        struct kept kept = {
                .account = {.user_name = "sailor", .password = "password", .own = true},
                .session = "/redfish/v1/SessionService/Sessions/1",
                .token = "token",
                .system = "/redfish/v1/Systems/1",
                .entries = "/redfish/v1/Systems/1/LogServices/P/Entries",
                .discovery_verified = true,
        };
        char text[KEPT_TEXT_MAX];
        struct kept same;
        size_t size;

        assert_int_equal(kept_make(f->path, f->handed_on), 0);
        assert_int_equal(kept_write(f->path, &kept), 0);
        assert_int_equal(kept_read(f->path, &same), 0);
        assert_memory_equal(&same, &kept, sizeof(kept));
        assert_int_equal(kept_read_text(f->path, text, &size), 0);
        assert_int_equal(size, STRLEN(SESSION));
        assert_memory_equal(text, SESSION, size);
}

static void the_longest_texts_are_kept(void **state) {
        struct fixture *f = *state;
        struct kept kept = {.account.own = true, .discovery_verified = true}, same;

        memset(kept.account.user_name, 'u', USER_NAME_MAX);
        memset(kept.account.password, 'p', PASSWORD_MAX);
        memset(kept.session, 's', KEPT_PATH_MAX);
        memset(kept.token, 't', KEPT_TOKEN_MAX);
        memset(kept.system, 'y', KEPT_PATH_MAX);
        memset(kept.entries, 'e', KEPT_PATH_MAX);
        assert_int_equal(kept_make(f->path, f->handed_on), 0);
        assert_int_equal(kept_write(f->path, &kept), 0);
        assert_int_equal(kept_read(f->path, &same), 0);
        assert_memory_equal(&same, &kept, sizeof(kept));
        assert_int_equal(kept_text(kept.token, same.token), 0);
        assert_int_equal(kept_text(kept.account.user_name, same.token), -EINVAL);
}

static void what_cannot_be_read_again_is_not_written(void **state) {
        struct fixture *f = *state;
        struct kept kept = {.account = {.user_name = "sailor", .password = "two\nlines"}};

        assert_int_equal(kept_make(f->path, f->handed_on), 0);
        assert_int_equal(kept_write(f->path, &kept), -EINVAL);
        assert_int_equal(kept_read(f->path, &kept), -ENOENT);
}

static void anything_else_is_no_session(void **state _unused_) {
        static const char *const texts[] = {
                "",
                "sailor",
                "sailor\n",
                "sailor\npassword",
                "sailor\n\n",
                "\npassword\n",
                "sailor\npass\tword\n",
                "sailor\npassword\n/session\n",
                "sailor\npassword\n/session\ntoken\n/system\n/entries\n",
                "sailor\npassword\n/session\ntoken\n/system\n/entries\nneither\n",
                "sailor\npassword\n/session\ntoken\n/system\n/entries\n-\nmore\n",
        };
        struct kept kept;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_int_equal(kept_parse(texts[i], strlen(texts[i]), &kept), -EBADMSG);
        for (size_t n = STRLEN("sailor\npassword\n") + 1; n < STRLEN(SESSION); n++)
                assert_int_equal(kept_parse(SESSION, n, &kept), -EBADMSG);
        assert_int_equal(kept_parse(SESSION, STRLEN(SESSION), &kept), 0);
}

/* On a machine that is in service nobody would ever wipe it. */
static void nothing_is_kept_where_nobody_wipes_it(void **state) {
        struct fixture *f = *state;
        struct kept kept = {.account = {.user_name = "sailor", .password = "password"}};

        assert_int_equal(kept_write(f->path, &kept), -ENOENT);
        assert_int_equal(size_of(f->path), -1);
        assert_int_equal(kept_forget(f->path), 0);
}

/* The file's own memory, as whoever has it mapped sees. */
static void what_is_forgotten_is_wiped_in_place(void **state) {
        struct fixture *f = *state;
        struct kept kept = {.account = {.user_name = "sailor", .password = "password"}};
        static const char zeros[STRLEN("sailor\npassword\n")] = {};
        _cleanup_free_ char *link_path = strprintf("%s-before", f->path), *text = NULL;
        size_t size;

        assert_int_equal(kept_make(f->path, f->handed_on), 0);
        assert_int_equal(kept_write(f->path, &kept), 0);
        assert_int_equal(link(f->path, link_path), 0);
        assert_int_equal(kept_forget(f->path), 0);
        assert_int_equal(read_file(link_path, 4096, &text, &size), 0);
        assert_true(size == 0 || memcmp(text, zeros, MIN(size, sizeof(zeros))) == 0);
        unlink(link_path);
        assert_int_equal(kept_read(f->path, &kept), -ENOENT);
        assert_int_equal(size_of(f->path), 0);
}

static void the_second_leg_takes_what_the_first_has_handed_on(void **state) {
        struct fixture *f = *state;
        struct kept kept;

        assert_int_equal(write_file_atomic(f->handed_on, SESSION, STRLEN(SESSION), 0600), 0);
        assert_int_equal(kept_make(f->path, f->handed_on), 0);
        assert_int_equal(size_of(f->handed_on), -1);
        assert_int_equal(kept_read(f->path, &kept), 0);
        assert_string_equal(kept.token, "token");
        assert_true(kept.discovery_verified);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(an_account_alone_is_kept),
                TEST(a_session_is_kept_with_all_of_it),
                TEST(the_longest_texts_are_kept),
                TEST(what_cannot_be_read_again_is_not_written),
                TEST(anything_else_is_no_session),
                TEST(nothing_is_kept_where_nobody_wipes_it),
                TEST(what_is_forgotten_is_wiped_in_place),
                TEST(the_second_leg_takes_what_the_first_has_handed_on),
        };

        return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
