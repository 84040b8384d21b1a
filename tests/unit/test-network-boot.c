/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is looked for on a server, and which URIs are taken. What is found there,
 * tests/e2e/test_network_boot.py shows with real servers. */

#include <errno.h>

#include "base/text.h"
#include "boot/network/fetch.h"
#include "boot/network/location.h"
#include "tests/unit/unit.h"

static const uint8_t mac[6] = {0x52, 0x54, 0, 0xAB, 0xCD, 0xEF}, address[4] = {192, 168, 1, 42};

static void names_are_pxelinuxs_own(void **state _unused_) {
        static const char *const expected[] = {"6b2f12d1-0000-4d3c-8899-aabbccddeeff",
                                               "01-52-54-00-ab-cd-ef",
                                               "C0A8012A",
                                               "C0A8012",
                                               "C0A801",
                                               "C0A80",
                                               "C0A8",
                                               "C0A",
                                               "C0",
                                               "C",
                                               "default"};
        char **names = location_names("6B2F12D1-0000-4D3C-8899-AABBCCDDEEFF", mac, address);

        assert_non_null(names);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                assert_string_equal(names[i], expected[i]);
        assert_null(names[ELEMENTSOF(expected)]);
        location_names_free(names);
}

static void a_machine_without_uuid_has_the_others(void **state _unused_) {
        char **names = location_names(NULL, mac, address);

        assert_string_equal(names[0], "01-52-54-00-ab-cd-ef");
        assert_string_equal(names[9], "default");
        assert_null(names[10]);
        location_names_free(names);
}

static void references_are_seen_from_their_file(void **state _unused_) {
        static const struct {
                const char *base, *reference, *uri;
        } cases[] = {
                {"http://10.0.0.1/boot/entry.conf", "vmlinuz", "http://10.0.0.1/boot/vmlinuz"},
                {"http://10.0.0.1/boot/entry.conf", "/vmlinuz", "http://10.0.0.1/vmlinuz"},
                {"https://10.0.0.1:8443/a/b", "../c", "https://10.0.0.1:8443/c"},
                {"tftp://10.0.0.1/", "debian/linux", "tftp://10.0.0.1/debian/linux"},
                {"tftp://10.0.0.1/", "https://server/os", "https://server/os"},
                {"http://[fd00::1]/a", "b", "http://[fd00::1]/b"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *uri = NULL;

                assert_int_equal(fetch_resolve(cases[i].base, cases[i].reference, &uri), 0);
                assert_string_equal(uri, cases[i].uri);
        }
}

static void uri_is_made_whole(void **state _unused_) {
        _cleanup_free_ char *uri = NULL;

        assert_int_equal(fetch_normalize("http://server", &uri), 0);
        assert_string_equal(uri, "http://server/");
}

static void what_cannot_be_fetched_is_refused(void **state _unused_) {
        static const char *const bad[] = {"",
                                          "server/file",
                                          "file:///etc/passwd",
                                          "ftp://server/file",
                                          "http:/server",
                                          "http://",
                                          "http://user:secret@server/",
                                          "http://server/a b",
                                          "http://server/\033[2J",
                                          "http://server:99999/"};
        char *uri;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(fetch_normalize(bad[i], &uri), -EINVAL);

        assert_int_equal(fetch_resolve("https://server/a", "file:///etc/passwd", &uri), -EINVAL);
        assert_int_equal(fetch_resolve("https://server/a", "gopher://server/", &uri), -EINVAL);
}

static void trust_comes_before_a_connection(void **state _unused_) {
        struct fetch fetch = {.interface = "lo", .authorities = "/nowhere/ca.pem", .trusted_only = true};
        _cleanup_free_ char *plain = NULL, *without = NULL;
        size_t size;

        assert_int_equal(fetch_file(&fetch, "http://127.0.0.1:1/", 1, &size, &plain), -EKEYREJECTED);
        assert_string_equal(plain, "nothing vouches for what comes by it, and the plan wants that "
                                   "(production.trust = ca)");

        assert_int_equal(fetch_file(&fetch, "https://127.0.0.1:1/", 1, &size, &without), -EKEYREJECTED);
        assert_string_equal(without,
                            "the image has no certificate that vouches for servers (/nowhere/ca.pem)");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_pxelinuxs_own),
                cmocka_unit_test(a_machine_without_uuid_has_the_others),
                cmocka_unit_test(references_are_seen_from_their_file),
                cmocka_unit_test(uri_is_made_whole),
                cmocka_unit_test(what_cannot_be_fetched_is_refused),
                cmocka_unit_test(trust_comes_before_a_connection),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
