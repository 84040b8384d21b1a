/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "boot/network/pxelinux.h"
#include "tests/unit/unit.h"

/* What came of one configuration. */
struct parsed {
        int result;
        struct boot_entries entries;
        char *reason;
        char told[1024]; /* what was logged, one after the other */
};

static void parsed_done(struct parsed *parsed) {
        boot_entries_done(&parsed->entries);
        free(parsed->reason);
}

#define _cleanup_parsed_ _cleanup_(parsed_done)

static void on_log(const char *severity _unused_, const char *message, void *userdata) {
        struct parsed *parsed = userdata;
        size_t length = strlen(parsed->told);

        snprintf(parsed->told + length, sizeof(parsed->told) - length, "%s\n", message);
}

static void parse_bytes(struct parsed *parsed, const char *text, size_t size) {
        const struct pxelinux_host host = {
                .place = "tftp://server/default",
                .ip = "ip=10.0.0.15:10.0.0.1:10.0.0.1:255.255.255.0",
                .bootif = "BOOTIF=01-52-54-00-12-34-56",
                .log = on_log,
                .userdata = parsed,
        };

        parsed->result = pxelinux_parse(text, size, &host, &parsed->entries, &parsed->reason);
}

static void parse(struct parsed *parsed, const char *text) {
        parse_bytes(parsed, text, strlen(text));
}

static void assert_one(const struct parsed *parsed) {
        assert_string_equal(parsed->reason ?: "", "");
        assert_int_equal(parsed->result, 0);
        assert_int_equal(parsed->entries.n_items, 1);
}

static void label_becomes_an_entry(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = {};
        const struct boot_entry *entry;

        parse(&parsed, "default linux\n"
                       "label linux\n"
                       "  menu label Install ^Debian\n"
                       "  kernel debian/linux\n"
                       "  append vga=788 initrd=debian/initrd.gz,extra.gz --- quiet\n");
        assert_one(&parsed);
        entry = parsed.entries.items[0];
        assert_string_equal(entry->id, "linux");
        assert_string_equal(entry->title, "Install Debian");
        assert_string_equal(entry->linux_path, "debian/linux");
        assert_string_equal(entry->initrds[0], "debian/initrd.gz");
        assert_string_equal(entry->initrds[1], "extra.gz");
        assert_null(entry->initrds[2]);
        assert_string_equal(entry->options, "vga=788 initrd=debian/initrd.gz,extra.gz --- quiet");
        assert_true(entry->is_default);
        assert_int_equal(entry->tries_left, BOOT_TRIES_UNCOUNTED);
}

static void keys_are_in_either_case_and_initrd_is_one(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = {};

        parse(&parsed, "LABEL a\r\nLINUX /vmlinuz.bin\r\nINITRD /one,/two\r\n");
        assert_one(&parsed);
        assert_string_equal(parsed.entries.items[0]->linux_path, "/vmlinuz.bin");
        assert_string_equal(parsed.entries.items[0]->initrds[1], "/two");
        assert_string_equal(parsed.entries.items[0]->options, "");
}

static void append_for_all_is_for_those_without(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = {};

        parse(&parsed, "append console=ttyS0\n"
                       "label a\nlinux a\n"
                       "label b\nlinux b\nappend quiet\n"
                       "label c\nlinux c\nappend -\n");
        assert_int_equal(parsed.entries.n_items, 3);
        assert_string_equal(parsed.entries.items[0]->options, "console=ttyS0");
        assert_string_equal(parsed.entries.items[1]->options, "quiet");
        assert_string_equal(parsed.entries.items[2]->options, "");
}

static void what_starts_by_itself_is_the_default(void **state _unused_) {
        static const struct {
                const char *head;
                size_t number;
        } cases[] = {
                {"", 0},
                {"default b\n", 1},
                {"default b quiet splash\n", 1},
                {"default menu.c32\nontimeout c\n", 2},
                {"default C\n", 2},
                {"default menu.c32\n", 3}, /* none: a person chooses */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_parsed_ struct parsed parsed = {};
                _cleanup_free_ char *text =
                        strprintf("%slabel a\nlinux a\nlabel b\nlinux b\nlabel c\nlinux c\n", cases[i].head);

                parse(&parsed, text);
                assert_int_equal(parsed.entries.n_items, 3);
                for (size_t k = 0; k < 3; k++)
                        assert_int_equal(parsed.entries.items[k]->is_default, k == cases[i].number);
        }
}

static void menu_default_is_the_default(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = {};

        parse(&parsed, "default vesamenu.c32\nlabel a\nlinux a\nlabel b\nmenu default\nlinux b\n");
        assert_false(parsed.entries.items[0]->is_default);
        assert_true(parsed.entries.items[1]->is_default);
}

static void what_is_no_linux_is_left_out_and_told(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = {};

        parse(&parsed, "label disk\nlocalboot 0\n"
                       "label menu\nkernel menu.c32\n"
                       "label ipxe\nkernel ipxe.0\n"
                       "label chain\npxe other\n"
                       "label empty\nkernel\n"
                       "label os\nlinux vmlinuz\n");
        assert_one(&parsed);
        assert_string_equal(parsed.told,
                            "tftp://server/default: the label disk is left out: it starts what is on the "
                            "machine's own disk\n"
                            "tftp://server/default: the label menu is left out: it is a module of PXELINUX\n"
                            "tftp://server/default: the label ipxe is left out: it is another boot loader\n"
                            "tftp://server/default: the label chain is left out: it is no Linux\n"
                            "tftp://server/default: the label empty is left out: it has no kernel\n");
}

static void sysappend_adds_what_it_can(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = {};

        parse(&parsed, "label a\nlinux a\nipappend 2\nappend quiet\n"
                       "label b\nlinux b\nsysappend 0x3\n"
                       "label c\nlinux c\nsysappend 4\n");
        assert_string_equal(parsed.entries.items[0]->options, "quiet BOOTIF=01-52-54-00-12-34-56");
        assert_string_equal(parsed.entries.items[1]->options,
                            "ip=10.0.0.15:10.0.0.1:10.0.0.1:255.255.255.0 BOOTIF=01-52-54-00-12-34-56");
        assert_string_equal(parsed.entries.items[2]->options, "");
}

static void help_text_is_no_key(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = {};

        parse(&parsed, "label a\nlinux a\ntext help\n  label b\n  linux b\nendtext\nappend quiet\n");
        assert_one(&parsed);
        assert_string_equal(parsed.entries.items[0]->options, "quiet");
}

static void include_is_told(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = {};

        parse(&parsed, "include other.cfg\nlabel a\nlinux a\n");
        assert_one(&parsed);
        assert_non_null(strstr(parsed.told, "what it includes, other.cfg, is left out"));
}

static void what_is_wrong_is_told(void **state _unused_) {
        static const struct {
                const char *text, *reason;
        } cases[] = {
                {"", "it has no label"},
                {"default a\n", "it has no label"},
                {"label\nlinux a\n", "it has a label without a name"},
                {"label a\nsysappend two\n", "its SYSAPPEND \"two\" is no number"},
                {"label a\nlinux \033[2J\n", "line 2 has a byte that is no text in UTF-8"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_parsed_ struct parsed parsed = {};

                parse(&parsed, cases[i].text);
                assert_int_equal(parsed.result, -EBADMSG);
                assert_string_equal(parsed.reason, cases[i].reason);
        }
}

static void sizes_are_limited(void **state _unused_) {
        _cleanup_parsed_ struct parsed labels = {}, large = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f;

        f = open_memstream(&text, &size);
        assert_non_null(f);
        for (unsigned i = 0; i < 600; i++)
                fprintf(f, "label %u\nlinux a\n", i);
        fclose(f);
        parse(&labels, text);
        assert_string_equal(labels.reason, "it has more than 512 labels");

        free(text);
        text = calloc(1, PXELINUX_FILE_MAX + 1);
        assert_non_null(text);
        memset(text, '\n', PXELINUX_FILE_MAX + 1);
        parse_bytes(&large, text, PXELINUX_FILE_MAX + 1);
        assert_string_equal(large.reason, "it is larger than 256 KiB");
}

static void configuration_is_told_from_an_entry(void **state _unused_) {
        static const char entry[] = "# Debian\ntitle Debian\nlinux /vmlinuz\n",
                          config[] = "PROMPT 0\nlabel a\n";

        assert_false(pxelinux_recognize(entry, sizeof(entry) - 1));
        assert_true(pxelinux_recognize(config, sizeof(config) - 1));
        assert_false(pxelinux_recognize("", 0));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(label_becomes_an_entry),
                cmocka_unit_test(keys_are_in_either_case_and_initrd_is_one),
                cmocka_unit_test(append_for_all_is_for_those_without),
                cmocka_unit_test(what_starts_by_itself_is_the_default),
                cmocka_unit_test(menu_default_is_the_default),
                cmocka_unit_test(what_is_no_linux_is_left_out_and_told),
                cmocka_unit_test(sysappend_adds_what_it_can),
                cmocka_unit_test(help_text_is_no_key),
                cmocka_unit_test(include_is_told),
                cmocka_unit_test(what_is_wrong_is_told),
                cmocka_unit_test(sizes_are_limited),
                cmocka_unit_test(configuration_is_told_from_an_entry),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
