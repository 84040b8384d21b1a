/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "boot/bls.h"
#include "boot/boot.h"
#include "boot/conf-reader.h"
#include "tests/unit/unit.h"

/* What came of the text of one entry. */
struct parsed {
        int result;
        struct boot_entry *entry;
        char *reason;
};

static void parsed_done(struct parsed *parsed) {
        boot_entry_free(parsed->entry);
        free(parsed->reason);
}

#define _cleanup_parsed_ _cleanup_(parsed_done)

static struct parsed parse_bytes(const char *name, const char *text, size_t size) {
        struct parsed parsed = {};

        parsed.result = bls_parse_entry(name, text, size, &parsed.entry, &parsed.reason);
        return parsed;
}

static struct parsed parse_named(const char *name, const char *text) {
        return parse_bytes(name, text, strlen(text));
}

static struct parsed parse(const char *text) {
        return parse_named("test.conf", text);
}

static void assert_usable(const struct parsed *parsed) {
        assert_string_equal(parsed->reason ?: "", "");
        assert_int_equal(parsed->result, 1);
        assert_non_null(parsed->entry);
}

static void assert_malformed(const struct parsed *parsed, const char *reason) {
        assert_int_equal(parsed->result, -EBADMSG);
        assert_null(parsed->entry);
        assert_string_equal(parsed->reason, reason);
}

static void assert_not_for_this_machine(const struct parsed *parsed, const char *reason) {
        assert_int_equal(parsed->result, 0);
        assert_null(parsed->entry);
        assert_string_equal(parsed->reason, reason);
}

static void the_specification_s_own_example_parses(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse_named(
                "6a9857a393724b7a981ebb5b8495b9ea-3.8.0-2.fc19.x86_64.conf",
                "# /boot/loader/entries/6a9857a393724b7a981ebb5b8495b9ea-3.8.0-2.fc19.x86_64.conf\n"
                "title        Fedora 19 (Rawhide)\n"
                "sort-key     fedora\n"
                "machine-id   6a9857a393724b7a981ebb5b8495b9ea\n"
                "version      3.8.0-2.fc19.x86_64\n"
                "options      root=UUID=6d3376e4-fc93-4509-95ec-a21d68011da2 quiet\n"
                "architecture x64\n"
                "linux        /6a9857a393724b7a981ebb5b8495b9ea/3.8.0-2.fc19.x86_64/linux\n"
                "initrd       /6a9857a393724b7a981ebb5b8495b9ea/3.8.0-2.fc19.x86_64/initrd\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->id, "6a9857a393724b7a981ebb5b8495b9ea-3.8.0-2.fc19.x86_64");
        assert_string_equal(parsed.entry->title, "Fedora 19 (Rawhide)");
        assert_string_equal(parsed.entry->sort_key, "fedora");
        assert_string_equal(parsed.entry->machine_id, "6a9857a393724b7a981ebb5b8495b9ea");
        assert_string_equal(parsed.entry->version, "3.8.0-2.fc19.x86_64");
        assert_string_equal(parsed.entry->options, "root=UUID=6d3376e4-fc93-4509-95ec-a21d68011da2 quiet");
        assert_string_equal(parsed.entry->architecture, "x64");
        assert_string_equal(parsed.entry->linux_path,
                            "/6a9857a393724b7a981ebb5b8495b9ea/3.8.0-2.fc19.x86_64/linux");
        assert_string_equal(parsed.entry->initrds[0],
                            "/6a9857a393724b7a981ebb5b8495b9ea/3.8.0-2.fc19.x86_64/initrd");
        assert_null(parsed.entry->initrds[1]);
        assert_int_equal(parsed.entry->tries_left, BOOT_TRIES_UNCOUNTED);
}

static void linux_alone_is_enough(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("linux /vmlinuz\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->linux_path, "/vmlinuz");
        assert_null(parsed.entry->title);
        assert_null(parsed.entry->initrds);
        assert_null(parsed.entry->options);
}

static void last_line_needs_no_newline(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("title Debian\nlinux /vmlinuz");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->linux_path, "/vmlinuz");
}

static void crlf_line_ends_are_taken(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed =
                parse("title Debian\r\nlinux /vmlinuz\r\n\r\ninitrd /initrd.img\r\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->title, "Debian");
        assert_string_equal(parsed.entry->linux_path, "/vmlinuz");
        assert_string_equal(parsed.entry->initrds[0], "/initrd.img");
}

static void tabs_separate_like_blanks(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("title\t\tDebian 12\t\n\t linux \t /vmlinuz  \n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->title, "Debian 12");
        assert_string_equal(parsed.entry->linux_path, "/vmlinuz");
}

static void comments_and_blank_lines_say_nothing(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed =
                parse("# linux /wrong\n\n   \n  # linux /wrong too\nlinux /vmlinuz\n#");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->linux_path, "/vmlinuz");
}

static void comment_may_hold_any_byte(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("# f\xfcr Stra\xdf"
                                                      "e\nlinux /vmlinuz\n");

        assert_usable(&parsed);
}

static void number_sign_within_a_value_is_part_of_it(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed =
                parse("linux /vmlinuz\noptions console=ttyS0 # not a comment\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->options, "console=ttyS0 # not a comment");
}

static void initrds_keep_their_order(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed =
                parse("initrd /intel-ucode.img\nlinux /vmlinuz\ninitrd /amd-ucode.img\ninitrd /initrd.img\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->initrds[0], "/intel-ucode.img");
        assert_string_equal(parsed.entry->initrds[1], "/amd-ucode.img");
        assert_string_equal(parsed.entry->initrds[2], "/initrd.img");
        assert_null(parsed.entry->initrds[3]);
}

static void options_are_joined_in_order(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed =
                parse("options root=/dev/sda2 ro\nlinux /vmlinuz\noptions  console=ttyS0\noptions quiet\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->options, "root=/dev/sda2 ro console=ttyS0 quiet");
}

static void unknown_keys_are_ignored(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed =
                parse("linux /vmlinuz\ngrub_users $grub_users\nflavour\nLINUX /other\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->linux_path, "/vmlinuz");
}

static void of_a_repeated_key_the_last_value_counts(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("title One\nlinux /one\ntitle Two\nlinux /two\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->title, "Two");
        assert_string_equal(parsed.entry->linux_path, "/two");
}

static void utf_8_title_is_kept(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed =
                parse("title Größe \xe2\x82\xac \xf0\x9f\x9a\xa2\nlinux /vmlinuz\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->title, "Größe € 🚢");
}

static void architecture_is_compared_in_either_case(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("architecture X64\nlinux /vmlinuz\n");

        assert_usable(&parsed);
}

static void entry_for_another_architecture_is_left_out(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("architecture aa64\nlinux /vmlinuz\n");

        assert_not_for_this_machine(&parsed, "it is for the architecture aa64, and this machine is x64");
}

static void efi_program_is_left_out(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("title Shell\nefi /EFI/tools/shell.efi\n");

        assert_not_for_this_machine(&parsed,
                                    "it starts an EFI program, which needs the firmware's boot services");
}

static void entry_with_a_device_tree_is_left_out(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("linux /vmlinuz\ndevicetree /board.dtb\n");

        assert_not_for_this_machine(&parsed,
                                    "it needs a device tree, which this machine's kernels do not take");
}

static void missing_linux_is_an_error(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("title Debian\ninitrd /initrd.img\n");

        assert_malformed(&parsed, "it has no line \"linux PATH\" or \"uki PATH\"");
}

static void linux_without_a_path_is_missing(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("linux\nlinux   \n");

        assert_malformed(&parsed, "it has no line \"linux PATH\" or \"uki PATH\"");
}

static void empty_file_is_an_error(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("");

        assert_malformed(&parsed, "it has no line \"linux PATH\" or \"uki PATH\"");
}

static void nul_is_an_error_and_hides_nothing(void **state _unused_) {
        static const char text[] = "linux /vmlinuz\0 /other\n";
        _cleanup_parsed_ struct parsed parsed = parse_bytes("test.conf", text, sizeof(text) - 1);

        assert_malformed(&parsed, "line 1 has a byte that is no text in UTF-8");
}

static void escape_sequence_does_not_reach_the_console(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("linux /vmlinuz\ntitle \x1b[2J\n");

        assert_malformed(&parsed, "line 2 has a byte that is no text in UTF-8");
}

static void eight_bit_control_character_does_not_reach_the_console(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse("linux /vmlinuz\ntitle \xc2\x9b"
                                                      "2J\n");

        assert_malformed(&parsed, "line 2 has a byte that is no text in UTF-8");
}

static void broken_utf_8_is_an_error(void **state _unused_) {
        static const char *const bad[] = {
                "\xff",             /* never in UTF-8 */
                "\x80",             /* continuation first */
                "\xc3",             /* cut off */
                "\xe2\x82",         /* cut off */
                "\xc3\x28",         /* no continuation */
                "\xc0\xaf",         /* overlong */
                "\xe0\x80\xaf",     /* overlong */
                "\xe0\x9f\xbf",     /* overlong */
                "\xf0\x8f\xbf\xbf", /* overlong */
                "\xed\xa0\x80",     /* surrogate */
                "\xf4\x90\x80\x80", /* over U+10FFFF */
                "\xf8\x88\x80\x80\x80",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_free_ char *text = NULL;

                assert_true(asprintf(&text, "linux /vmlinuz\n\ntitle x%s", bad[i]) > 0);
                {
                        _cleanup_parsed_ struct parsed parsed = parse(text);

                        assert_malformed(&parsed, "line 3 has a byte that is no text in UTF-8");
                }
        }
}

static void longest_line_is_taken_and_one_byte_more_is_not(void **state _unused_) {
        _cleanup_free_ char *text = NULL;
        const char *linux_line = "linux /vmlinuz\n";
        size_t before = strlen(linux_line);

        text = malloc(before + CONF_LINE_MAX + 1);
        assert_non_null(text);
        memcpy(text, linux_line, before);
        memcpy(text + before, "options ", 8);
        memset(text + before + 8, 'x', CONF_LINE_MAX + 1 - 8);

        {
                _cleanup_parsed_ struct parsed parsed =
                        parse_bytes("test.conf", text, before + CONF_LINE_MAX);

                assert_usable(&parsed);
                assert_int_equal(strlen(parsed.entry->options), CONF_LINE_MAX - 8);
        }
        {
                _cleanup_parsed_ struct parsed parsed =
                        parse_bytes("test.conf", text, before + CONF_LINE_MAX + 1);

                assert_malformed(&parsed, "line 2 is longer than 4096 bytes");
        }
}

static void huge_file_is_an_error(void **state _unused_) {
        _cleanup_free_ char *text = malloc(BLS_FILE_MAX + 1);

        assert_non_null(text);
        memset(text, '\n', BLS_FILE_MAX + 1);
        {
                _cleanup_parsed_ struct parsed parsed = parse_bytes("test.conf", text, BLS_FILE_MAX + 1);

                assert_malformed(&parsed, "it is larger than 64 KiB");
        }
}

static void too_many_initrds_are_an_error(void **state _unused_) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f;

        f = open_memstream(&text, &size);
        assert_non_null(f);
        fputs("linux /vmlinuz\n", f);
        for (size_t i = 0; i <= BLS_INITRDS_MAX; i++)
                fputs("initrd /initrd.img\n", f);
        assert_int_equal(fclose(f), 0);
        {
                _cleanup_parsed_ struct parsed parsed = parse(text);

                assert_malformed(&parsed, "it names more than 64 initrds");
        }
}

static void file_cut_off_anywhere_is_no_trap(void **state _unused_) {
        static const char text[] =
                "title Größe\r\nlinux /vmlinuz\ninitrd /initrd.img\noptions ro\narchitecture x64\n";

        /* In a buffer of exactly its size, so that the sanitizer sees a byte read behind it. */
        for (size_t size = 0; size < sizeof(text); size++) {
                _cleanup_free_ char *copy = malloc(size ?: 1);

                assert_non_null(copy);
                memcpy(copy, text, size);
                {
                        _cleanup_parsed_ struct parsed parsed = parse_bytes("test.conf", copy, size);

                        assert_true(parsed.result == 1 || parsed.result == 0 || parsed.result == -EBADMSG);
                        assert_true((parsed.entry != NULL) == (parsed.result == 1));
                        assert_true((parsed.reason != NULL) == (parsed.result != 1));
                }
        }
}

static void assert_file_name(const char *name, const char *id, int left, int done) {
        _cleanup_free_ char *parsed_id = NULL;
        int parsed_left, parsed_done;

        assert_int_equal(bls_parse_file_name(name, ".conf", &parsed_id, &parsed_left, &parsed_done), 0);
        assert_string_equal(parsed_id, id);
        assert_int_equal(parsed_left, left);
        assert_int_equal(parsed_done, done);
}

static void file_name_without_counters_is_uncounted(void **state _unused_) {
        assert_file_name("debian-6.1.0-13-amd64.conf", "debian-6.1.0-13-amd64", BOOT_TRIES_UNCOUNTED, 0);
}

static void file_name_tells_tries_left(void **state _unused_) {
        assert_file_name("debian+3.conf", "debian", 3, 0);
}

static void file_name_tells_tries_left_and_done(void **state _unused_) {
        assert_file_name("debian-6.1+2-1.conf", "debian-6.1", 2, 1);
}

static void file_name_tells_a_bad_entry(void **state _unused_) {
        assert_file_name("debian+0-3.conf", "debian", 0, 3);
}

static void plus_of_a_version_is_no_counter(void **state _unused_) {
        assert_file_name("debian-6.12+bpo-amd64.conf", "debian-6.12+bpo-amd64", BOOT_TRIES_UNCOUNTED, 0);
        assert_file_name("debian-6.12+bpo+3-1.conf", "debian-6.12+bpo", 3, 1);
        assert_file_name("a+1-2-3.conf", "a+1-2-3", BOOT_TRIES_UNCOUNTED, 0);
        assert_file_name("a+-1.conf", "a+-1", BOOT_TRIES_UNCOUNTED, 0);
        assert_file_name("a+1-.conf", "a+1-", BOOT_TRIES_UNCOUNTED, 0);
        assert_file_name("a+.conf", "a+", BOOT_TRIES_UNCOUNTED, 0);
        assert_file_name("a+0x1.conf", "a+0x1", BOOT_TRIES_UNCOUNTED, 0);
}

static void counter_too_large_for_a_number_is_none(void **state _unused_) {
        assert_file_name("a+999999999.conf", "a", 999999999, 0);
        assert_file_name("a+99999999999999999999.conf", "a+99999999999999999999", BOOT_TRIES_UNCOUNTED, 0);
}

static void file_name_from_fat_may_be_in_capitals(void **state _unused_) {
        assert_file_name("DEBIAN.CONF", "DEBIAN", BOOT_TRIES_UNCOUNTED, 0);
}

static void other_file_names_are_no_entries(void **state _unused_) {
        static const char *const bad[] = {
                "",           ".conf",    "+3.conf",   "debian",     "debian.conf~",
                "debian.efi", "a b.conf", "a\nb.conf", "a\x1b.conf", "\xc3\xa4.conf"};
        char *id = NULL;
        int left, done;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(bls_parse_file_name(bad[i], ".conf", &id, &left, &done), -EINVAL);
        assert_null(id);
}

static void counters_come_with_the_entry(void **state _unused_) {
        _cleanup_parsed_ struct parsed parsed = parse_named("debian+0-3.conf", "linux /vmlinuz\n");

        assert_usable(&parsed);
        assert_string_equal(parsed.entry->id, "debian");
        assert_int_equal(parsed.entry->tries_left, 0);
        assert_int_equal(parsed.entry->tries_done, 3);
}

static void loader_conf_gives_the_default_and_nothing_else(void **state _unused_) {
        static const char text[] = "#timeout 3\ntimeout 10\ndefault debian-*\nconsole-mode keep\n";
        _cleanup_free_ char *pattern = NULL, *reason = NULL;

        assert_int_equal(bls_parse_loader(text, strlen(text), &pattern, &reason), 0);
        assert_string_equal(pattern, "debian-*");
        assert_null(reason);
}

static void loader_conf_without_default_gives_none(void **state _unused_) {
        static const char text[] = "timeout 10\ndefault\n";
        char *pattern = NULL, *reason = NULL;

        assert_int_equal(bls_parse_loader(text, strlen(text), &pattern, &reason), 0);
        assert_null(pattern);
}

static void loader_conf_with_a_nul_is_an_error(void **state _unused_) {
        static const char text[] = "default debian\ndefault \0x\n";
        _cleanup_free_ char *reason = NULL;
        char *pattern = NULL;

        assert_int_equal(bls_parse_loader(text, sizeof(text) - 1, &pattern, &reason), -EBADMSG);
        assert_string_equal(reason, "line 2 has a byte that is no text in UTF-8");
        assert_null(pattern);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_specification_s_own_example_parses),
                cmocka_unit_test(linux_alone_is_enough),
                cmocka_unit_test(last_line_needs_no_newline),
                cmocka_unit_test(crlf_line_ends_are_taken),
                cmocka_unit_test(tabs_separate_like_blanks),
                cmocka_unit_test(comments_and_blank_lines_say_nothing),
                cmocka_unit_test(comment_may_hold_any_byte),
                cmocka_unit_test(number_sign_within_a_value_is_part_of_it),
                cmocka_unit_test(initrds_keep_their_order),
                cmocka_unit_test(options_are_joined_in_order),
                cmocka_unit_test(unknown_keys_are_ignored),
                cmocka_unit_test(of_a_repeated_key_the_last_value_counts),
                cmocka_unit_test(utf_8_title_is_kept),
                cmocka_unit_test(architecture_is_compared_in_either_case),
                cmocka_unit_test(entry_for_another_architecture_is_left_out),
                cmocka_unit_test(efi_program_is_left_out),
                cmocka_unit_test(entry_with_a_device_tree_is_left_out),
                cmocka_unit_test(missing_linux_is_an_error),
                cmocka_unit_test(linux_without_a_path_is_missing),
                cmocka_unit_test(empty_file_is_an_error),
                cmocka_unit_test(nul_is_an_error_and_hides_nothing),
                cmocka_unit_test(escape_sequence_does_not_reach_the_console),
                cmocka_unit_test(eight_bit_control_character_does_not_reach_the_console),
                cmocka_unit_test(broken_utf_8_is_an_error),
                cmocka_unit_test(longest_line_is_taken_and_one_byte_more_is_not),
                cmocka_unit_test(huge_file_is_an_error),
                cmocka_unit_test(too_many_initrds_are_an_error),
                cmocka_unit_test(file_cut_off_anywhere_is_no_trap),
                cmocka_unit_test(file_name_without_counters_is_uncounted),
                cmocka_unit_test(file_name_tells_tries_left),
                cmocka_unit_test(file_name_tells_tries_left_and_done),
                cmocka_unit_test(file_name_tells_a_bad_entry),
                cmocka_unit_test(plus_of_a_version_is_no_counter),
                cmocka_unit_test(counter_too_large_for_a_number_is_none),
                cmocka_unit_test(file_name_from_fat_may_be_in_capitals),
                cmocka_unit_test(other_file_names_are_no_entries),
                cmocka_unit_test(counters_come_with_the_entry),
                cmocka_unit_test(loader_conf_gives_the_default_and_nothing_else),
                cmocka_unit_test(loader_conf_without_default_gives_none),
                cmocka_unit_test(loader_conf_with_a_nul_is_an_error),
        };

        return cmocka_run_group_tests_name("bls", tests, NULL, NULL);
}
