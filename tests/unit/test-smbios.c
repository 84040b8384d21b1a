/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "tests/unit/smbios-table.h"

static void assert_string(const struct smbios_structure *s, size_t offset, const char *expected) {
        _cleanup_free_ char *text = NULL;

        assert_int_equal(smbios_string(s, offset, &text), 0);
        if (expected) {
                assert_non_null(text);
                assert_string_equal(text, expected);
        } else
                assert_null(text);
}

/* A 32-bit entry point of version 2.8. */
static void entry_point_32(uint8_t entry_point[static 0x1f], size_t table_size, unsigned n_structures) {
        memset(entry_point, 0, 0x1f);
        memcpy(entry_point, "_SM_", 4);
        entry_point[0x05] = 0x1f;
        entry_point[0x06] = 2;
        entry_point[0x07] = 8;
        memcpy(entry_point + 0x10, "_DMI_", 5);
        entry_point[0x16] = (uint8_t) table_size;
        entry_point[0x17] = (uint8_t) (table_size >> 8);
        entry_point[0x1c] = (uint8_t) n_structures;
        table_checksum(entry_point + 0x10, 0x0f, 5);
        table_checksum(entry_point, 0x1f, 4);
}

static void entry_point_of_64_bits_gives_version_and_size(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_table table = {};

        table_append(&table, 1, 0x0100, "", 0, NULL);
        smbios = table_open(&table);
        assert_int_equal(smbios->major, 3);
        assert_int_equal(smbios->minor, 6);
        assert_int_equal(smbios->size, table.size);
}

static void entry_point_of_32_bits_gives_version_and_size(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_table table = {};
        struct smbios_structure s = {};
        uint8_t entry_point[0x1f];

        table_append(&table, 1, 0x0100, "", 0, NULL);
        entry_point_32(entry_point, table.size, 1);
        assert_int_equal(smbios_new(entry_point, sizeof(entry_point), table.bytes, table.size, &smbios), 0);
        assert_int_equal(smbios->major, 2);
        assert_int_equal(smbios->minor, 8);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_int_equal(s.handle, 0x0100);
}

static void entry_point_that_is_none_is_refused(void **state _unused_) {
        uint8_t entry_point[0x1f] = "_SX_";
        struct smbios *smbios = NULL;

        assert_int_equal(smbios_new("", 0, "", 0, &smbios), -EBADMSG);
        assert_int_equal(smbios_new(entry_point, sizeof(entry_point), "", 0, &smbios), -EBADMSG);
        assert_null(smbios);
}

static void entry_point_cut_anywhere_is_refused(void **state _unused_) {
        uint8_t wide[0x18], narrow[0x1f];
        struct smbios *smbios = NULL;

        entry_point_64(wide, 0);
        for (size_t size = 0; size < sizeof(wide); size++)
                assert_int_equal(smbios_new(wide, size, "", 0, &smbios), -EBADMSG);

        entry_point_32(narrow, 0, 0);
        for (size_t size = 0; size < sizeof(narrow); size++)
                assert_int_equal(smbios_new(narrow, size, "", 0, &smbios), -EBADMSG);
}

static void entry_point_with_a_flipped_bit_is_refused(void **state _unused_) {
        uint8_t wide[0x18], narrow[0x1f];

        for (size_t bit = 0; bit < 8 * sizeof(wide); bit++) {
                struct smbios *smbios = NULL;

                entry_point_64(wide, 16);
                wide[bit / 8] ^= (uint8_t) (1U << bit % 8);
                assert_int_equal(smbios_new(wide, sizeof(wide), "", 0, &smbios), -EBADMSG);
        }

        for (size_t bit = 0; bit < 8 * sizeof(narrow); bit++) {
                struct smbios *smbios = NULL;

                entry_point_32(narrow, 16, 1);
                narrow[bit / 8] ^= (uint8_t) (1U << bit % 8);
                assert_int_equal(smbios_new(narrow, sizeof(narrow), "", 0, &smbios), -EBADMSG);
        }
}

static void table_beyond_the_announced_size_is_left_out(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {};
        struct smbios_table table = {};
        uint8_t entry_point[0x18];
        size_t announced;

        table_append(&table, 1, 0x0100, "", 0, NULL);
        announced = table.size;
        table_append(&table, 2, 0x0200, "", 0, NULL);

        entry_point_64(entry_point, announced);
        assert_int_equal(smbios_new(entry_point, sizeof(entry_point), table.bytes, table.size, &smbios), 0);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_int_equal(smbios_next(smbios, &s), 0);
}

static void table_shorter_than_announced_ends_where_it_ends(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {};
        struct smbios_table table = {};
        uint8_t entry_point[0x18];

        table_append(&table, 1, 0x0100, "", 0, NULL);
        entry_point_64(entry_point, UINT32_MAX);
        assert_int_equal(smbios_new(entry_point, sizeof(entry_point), table.bytes, table.size, &smbios), 0);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_int_equal(smbios_next(smbios, &s), 0);
}

static void announced_count_of_structures_ends_the_walk(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {};
        struct smbios_table table = {};
        uint8_t entry_point[0x1f];

        table_append(&table, 1, 0x0100, "", 0, NULL);
        table_append(&table, 2, 0x0200, "", 0, NULL);
        entry_point_32(entry_point, table.size, 1);
        assert_int_equal(smbios_new(entry_point, sizeof(entry_point), table.bytes, table.size, &smbios), 0);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_int_equal(smbios_next(smbios, &s), 0);
}

static void announced_count_beyond_the_table_ends_with_the_table(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {};
        struct smbios_table table = {};
        uint8_t entry_point[0x1f];

        table_append(&table, 1, 0x0100, "", 0, NULL);
        entry_point_32(entry_point, table.size, 200);
        assert_int_equal(smbios_new(entry_point, sizeof(entry_point), table.bytes, table.size, &smbios), 0);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_int_equal(smbios_next(smbios, &s), 0);
}

static void end_of_table_structure_ends_the_walk(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {};
        struct smbios_table table = {};

        table_append(&table, 1, 0x0100, "", 0, NULL);
        table_append(&table, SMBIOS_END, 0x7f00, "", 0, NULL);
        table_append(&table, 2, 0x0200, "", 0, NULL);

        smbios = table_open(&table);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_int_equal(smbios_next(smbios, &s), 0);
        assert_int_equal(s.type, 1);
}

static void structures_are_found_by_type_and_by_handle(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {}, found;
        struct smbios_table table = {};

        table_append(&table, 17, 0x1100, "\1", 1, TABLE_STRINGS("DIMM_A1"));
        table_append(&table, 4, 0x0400, "", 0, NULL);
        table_append(&table, 17, 0x1101, "\1", 1, TABLE_STRINGS("DIMM_B1"));

        smbios = table_open(&table);
        assert_int_equal(smbios_next_of(smbios, 17, &s), 1);
        assert_string(&s, 4, "DIMM_A1");
        assert_int_equal(smbios_next_of(smbios, 17, &s), 1);
        assert_string(&s, 4, "DIMM_B1");
        assert_int_equal(smbios_next_of(smbios, 17, &s), 0);

        assert_int_equal(smbios_find(smbios, 17, 0x1101, &found), 1);
        assert_string(&found, 4, "DIMM_B1");
        assert_int_equal(smbios_find(smbios, 4, 0x1101, &found), 0);
}

static void structure_shorter_than_its_header_ends_the_walk(void **state _unused_) {
        static const uint8_t bad[] = {2, 3, 0, 2, 0, 0};
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {};
        struct smbios_table table = {};

        table_append(&table, 1, 0x0100, "", 0, NULL);
        memcpy(table.bytes + table.size, bad, sizeof(bad));
        table.size += sizeof(bad);

        smbios = table_open(&table);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_int_equal(smbios_next(smbios, &s), -EBADMSG);
        assert_int_equal(s.type, 1);
}

static void structure_longer_than_the_table_ends_the_walk(void **state _unused_) {
        static const uint8_t bad[] = {2, 200, 0, 2, 1, 2, 3, 4};
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_table table = {.size = sizeof(bad)};
        struct smbios_structure s = {};

        memcpy(table.bytes, bad, sizeof(bad));
        smbios = table_open(&table);
        assert_int_equal(smbios_next(smbios, &s), -EBADMSG);
}

static void table_cut_anywhere_is_read_up_to_the_cut(void **state _unused_) {
        struct smbios_table whole = {};

        table_append(&whole, 1, 0x0100, "\1\2", 2, TABLE_STRINGS("maker", "product"));
        table_append(&whole, 17, 0x1100, "\1\2\3", 3, TABLE_STRINGS("DIMM_A1", "BANK 0"));

        for (size_t size = 0; size < whole.size; size++) {
                _cleanup_(smbios_freep) struct smbios *smbios = NULL;
                struct smbios_table cut = {.size = size};
                struct smbios_structure s = {};
                unsigned n = 0;

                memcpy(cut.bytes, whole.bytes, size);
                smbios = table_open(&cut);
                while (smbios_next(smbios, &s) > 0) {
                        _cleanup_free_ char *text = NULL;

                        n++;
                        assert_int_equal(smbios_string(&s, 5, &text), 0);
                        assert_true(s.end <= size);
                }
                assert_true(n <= 2);
        }
}

static void strings_without_their_end_stop_at_the_end_of_the_table(void **state _unused_) {
        static const uint8_t bad[] = {1, 6, 0, 1, 1, 2, 'o', 'n', 'e', 0, 't', 'w', 'o'};
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_table table = {.size = sizeof(bad)};
        struct smbios_structure s = {};

        memcpy(table.bytes, bad, sizeof(bad));
        smbios = table_open(&table);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_string(&s, 4, "one");
        assert_string(&s, 5, "two");
        assert_int_equal(smbios_next(smbios, &s), 0);
}

static void string_that_is_not_there_is_none(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {};
        struct smbios_table table = {};

        table_append(&table, 1, 0x0100, "\0\3\377", 3, TABLE_STRINGS("one", "two"));
        table_append(&table, 2, 0x0200, "\1", 1, NULL);

        smbios = table_open(&table);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_string(&s, 4, NULL); /* none given */
        assert_string(&s, 5, NULL); /* there are two */
        assert_string(&s, 6, NULL); /* 255 */
        assert_string(&s, 7, NULL); /* behind the formatted area */
        assert_string(&s, 255, NULL);

        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_string(&s, 4, NULL);
}

static void string_is_stripped_and_made_printable(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {};
        struct smbios_table table = {};

        table_append(&table, 1, 0x0100, "\1\2\3", 3, TABLE_STRINGS("  S/N 12 ", "   ", "\033[2J\xff"));
        smbios = table_open(&table);
        assert_int_equal(smbios_next(smbios, &s), 1);
        assert_string(&s, 4, "S/N 12");
        assert_string(&s, 5, NULL);
        assert_string(&s, 6, "?[2J?");
}

static void numbers_stop_at_the_length_of_the_structure(void **state _unused_) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        struct smbios_structure s = {};
        struct smbios_table table = {};
        uint64_t u64 = 42;
        uint32_t u32 = 42;
        uint16_t u16 = 42;
        uint8_t u8 = 42;

        table_append(&table, 1, 0x0100, "\1\2\3\4\5\6\7\10", 8, NULL);
        smbios = table_open(&table);
        assert_int_equal(smbios_next(smbios, &s), 1);

        assert_false(smbios_u8(&s, 12, &u8));
        assert_false(smbios_u16(&s, 11, &u16));
        assert_false(smbios_u32(&s, 9, &u32));
        assert_false(smbios_u64(&s, 5, &u64));
        assert_false(smbios_u64(&s, SIZE_MAX - 3, &u64));
        assert_int_equal(u8 + u16 + u32, 3 * 42);
        assert_int_equal(u64, 42);

        assert_true(smbios_u8(&s, 11, &u8));
        assert_int_equal(u8, 8);
        assert_true(smbios_u16(&s, 10, &u16));
        assert_int_equal(u16, 0x0807);
        assert_true(smbios_u32(&s, 8, &u32));
        assert_int_equal(u32, 0x08070605);
        assert_true(smbios_u64(&s, 4, &u64));
        assert_int_equal(u64, 0x0807060504030201);
        assert_non_null(smbios_bytes(&s, 0, 12));
        assert_null(smbios_bytes(&s, 0, 13));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(entry_point_of_64_bits_gives_version_and_size),
                cmocka_unit_test(entry_point_of_32_bits_gives_version_and_size),
                cmocka_unit_test(entry_point_that_is_none_is_refused),
                cmocka_unit_test(entry_point_cut_anywhere_is_refused),
                cmocka_unit_test(entry_point_with_a_flipped_bit_is_refused),
                cmocka_unit_test(table_beyond_the_announced_size_is_left_out),
                cmocka_unit_test(table_shorter_than_announced_ends_where_it_ends),
                cmocka_unit_test(announced_count_of_structures_ends_the_walk),
                cmocka_unit_test(announced_count_beyond_the_table_ends_with_the_table),
                cmocka_unit_test(end_of_table_structure_ends_the_walk),
                cmocka_unit_test(structures_are_found_by_type_and_by_handle),
                cmocka_unit_test(structure_shorter_than_its_header_ends_the_walk),
                cmocka_unit_test(structure_longer_than_the_table_ends_the_walk),
                cmocka_unit_test(table_cut_anywhere_is_read_up_to_the_cut),
                cmocka_unit_test(strings_without_their_end_stop_at_the_end_of_the_table),
                cmocka_unit_test(string_that_is_not_there_is_none),
                cmocka_unit_test(string_is_stripped_and_made_printable),
                cmocka_unit_test(numbers_stop_at_the_length_of_the_structure),
        };

        return cmocka_run_group_tests_name("smbios", tests, NULL, NULL);
}
