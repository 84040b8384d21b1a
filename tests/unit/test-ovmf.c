/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scripts/flash/ffs-write.h"
#include "scripts/flash/lzma-alone.h"
#include "scripts/flash/ovmf.h"
#include "tests/unit/unit.h"

#define CODE_SIZE  0x10000U
#define INNER_SIZE 0x2000U
#define SECTION    (4 + INNER_SIZE)
#define DRIVER     "MZ the new driver"

static const struct guid name = {0x1, 0, 0, {0}};
static const struct guid outer_file = {
        0x9e21fd93, 0x9c72, 0x4c15, {0x8c, 0x4b, 0xe7, 0x7f, 0x1d, 0xb2, 0xd7, 0x92}};
static const struct guid lzma_section = {
        0xee4e5898, 0x3914, 0x4259, {0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf}};
static const struct guid bds = {0x6d33944a, 0xec75, 0x4855, {0xa5, 0x4d, 0x80, 0x9c, 0x75, 0x24, 0x1f, 0x6c}};
static const struct guid core = {0xc0, 0, 0, {0}};
static const struct guid kept = {0x6e, 0, 0, {0}};
static const struct guid unwanted = {0xdd, 0, 0, {0}};

/* A PEI or DXE volume: its core, a module to drop, one that stays, and perhaps a BDS driver. */
static void inner_volume(uint8_t *data, enum ffs_file_type core_type, bool with_bds) {
        const struct ffs_section_content section = {FFS_SECTION_PE32, "MZ", 2};
        struct ffs_writer w;

        assert_int_equal(ffs_writer_init(&w, data, INNER_SIZE, &name), 0);
        assert_int_equal(ffs_writer_add(&w, &core, core_type, 0, &section, 1), 0);
        assert_int_equal(ffs_writer_add(&w, &unwanted, FFS_FILE_DRIVER, 0, &section, 1), 0);
        assert_int_equal(ffs_writer_add(&w, &kept, FFS_FILE_DRIVER, 1 << 3, &section, 1), 0);
        if (with_bds)
                assert_int_equal(ffs_writer_add(&w, &bds, FFS_FILE_DRIVER, 0, &section, 1), 0);
}

/* What OVMF_CODE.fd is, in small: a volume with PEI and DXE packed in one file, then bytes that are no
 * volume. */
struct code {
        uint8_t inner[2 * SECTION];
        uint8_t bytes[CODE_SIZE];
};

static void pack(struct code *c) {
        _cleanup_free_ uint8_t *packed = NULL;
        struct ffs_guid_defined_header header = {.guid = lzma_section, .data_offset = 24, .attributes = 1};
        struct ffs_section_content section = {.type = FFS_SECTION_GUID_DEFINED};
        _cleanup_free_ uint8_t *content = NULL;
        struct ffs_writer w;
        size_t size;

        assert_int_equal(alone_encode(c->inner, sizeof(c->inner), &packed, &size), 0);
        content = malloc(sizeof(header) + size);
        assert_non_null(content);
        memcpy(content, &header, sizeof(header));
        memcpy(content + sizeof(header), packed, size);
        section.data = content;
        section.size = sizeof(header) + size;

        memset(c->bytes, 0x90, sizeof(c->bytes));
        assert_int_equal(ffs_writer_init(&w, c->bytes, CODE_SIZE / 2, &name), 0);
        assert_int_equal(ffs_writer_add(&w, &outer_file, 0x0b, 0, &section, 1), 0);
}

static struct code *new_code(bool with_pei, bool with_dxe, bool with_bds) {
        struct ffs_section_content section = {.type = FFS_SECTION_VOLUME_IMAGE, .size = INNER_SIZE};
        struct code *c = calloc(1, sizeof(*c));
        uint8_t volume[INNER_SIZE];

        assert_non_null(c);
        section.data = volume;
        inner_volume(volume, with_pei ? FFS_FILE_PEI_CORE : FFS_FILE_FREEFORM, false);
        assert_int_equal(ffs_section_write(c->inner, &section), SECTION);
        inner_volume(volume, with_dxe ? FFS_FILE_DXE_CORE : FFS_FILE_FREEFORM, with_bds);
        assert_int_equal(ffs_section_write(c->inner + SECTION, &section), SECTION);
        pack(c);
        return c;
}

static int repack(struct code *c, struct modules *drop, enum ovmf_part *ret_missing) {
        return ovmf_repack(c->bytes, CODE_SIZE, DRIVER, sizeof(DRIVER), drop, ret_missing);
}

/* Unpacks what ovmf_repack() left, for a look inside. */
static void unpack(struct code *c, struct ffs_volume *ret_pei, struct ffs_volume *ret_dxe) {
        _cleanup_free_ uint8_t *inner = NULL;
        struct ffs_section section;
        struct ffs_volume volume;
        struct ffs_file file;
        size_t size;

        assert_int_equal(ffs_volume_open(c->bytes, CODE_SIZE, &volume), FFS_OK);
        assert_int_equal(ffs_file_find(&volume, &outer_file, &file), FFS_OK);
        assert_int_equal(ffs_section_find(&file, FFS_SECTION_GUID_DEFINED, &section), FFS_OK);
        assert_int_equal(alone_decode(section.data + 20, section.size - 20, sizeof(c->inner), &inner, &size),
                         0);
        assert_int_equal(size, sizeof(c->inner));
        memcpy(c->inner, inner, size);

        assert_int_equal(ffs_volume_open(c->inner + 4, INNER_SIZE, ret_pei), FFS_OK);
        assert_int_equal(ffs_volume_open(c->inner + SECTION + 4, INNER_SIZE, ret_dxe), FFS_OK);
}

static struct modules drop_unwanted(void) {
        char list[] = "000000dd-0000-0000-0000-000000000000 Unwanted\n";
        struct modules modules = {};
        unsigned line;

        assert_int_equal(modules_parse(&modules, list, &line), 0);
        return modules;
}

static void bds_driver_is_replaced_and_waits_for_nothing(void **state _unused_) {
        _cleanup_free_ struct code *c = new_code(true, true, true);
        struct modules drop = {};
        enum ovmf_part missing;
        struct ffs_volume pei, dxe;
        struct ffs_section section;
        struct ffs_file file;

        assert_int_equal(repack(c, &drop, &missing), 0);
        unpack(c, &pei, &dxe);
        assert_int_equal(ffs_file_find(&dxe, &bds, &file), FFS_OK);
        assert_int_equal(file.type, FFS_FILE_DRIVER);
        assert_int_equal(ffs_section_find(&file, FFS_SECTION_PE32, &section), FFS_OK);
        assert_int_equal(section.size, sizeof(DRIVER));
        assert_memory_equal(section.data, DRIVER, sizeof(DRIVER));
        assert_int_equal(ffs_section_find(&file, FFS_SECTION_DXE_DEPEX, &section), FFS_OK);
        assert_memory_equal(section.data, "\x06\x08", 2);
}

static void dropped_module_goes_and_the_others_close_up_aligned(void **state _unused_) {
        _cleanup_free_ struct code *c = new_code(true, true, true);
        _cleanup_(modules_done) struct modules drop = drop_unwanted();
        enum ovmf_part missing;
        struct ffs_volume pei, dxe;
        struct ffs_file file;

        assert_int_equal(repack(c, &drop, &missing), 0);
        assert_true(drop.entries[0].found);
        unpack(c, &pei, &dxe);
        assert_int_equal(ffs_file_find(&dxe, &unwanted, &file), FFS_END);
        assert_int_equal(ffs_file_find(&dxe, &kept, &file), FFS_OK);
        assert_int_equal((file.offset + FFS_FILE_HEADER_SIZE) % 16, 0);
}

static void pei_module_is_dropped_where_it_is(void **state _unused_) {
        _cleanup_free_ struct code *c = new_code(true, true, true);
        _cleanup_(modules_done) struct modules drop = drop_unwanted();
        struct ffs_volume pei, dxe;
        struct ffs_file before, after;
        enum ovmf_part missing;

        unpack(c, &pei, &dxe);
        assert_int_equal(ffs_file_find(&pei, &kept, &before), FFS_OK);
        assert_int_equal(repack(c, &drop, &missing), 0);
        unpack(c, &pei, &dxe);
        assert_int_equal(ffs_file_find(&pei, &unwanted, &after), FFS_END);
        assert_int_equal(ffs_file_find(&pei, &kept, &after), FFS_OK);
        assert_int_equal(after.offset, before.offset);
}

static void bytes_behind_the_volume_stay_as_they_are(void **state _unused_) {
        _cleanup_free_ struct code *c = new_code(true, true, true);
        struct modules drop = {};
        enum ovmf_part missing;

        assert_int_equal(repack(c, &drop, &missing), 0);
        for (size_t i = CODE_SIZE / 2; i < CODE_SIZE; i++)
                assert_int_equal(c->bytes[i], 0x90);
}

static void module_that_is_not_there_stays_marked_as_missing(void **state _unused_) {
        char list[] = "# comment\n\n12345678-1234-1234-1234-123456789abc NoSuchDxe # there is none\n";
        _cleanup_free_ struct code *c = new_code(true, true, true);
        _cleanup_(modules_done) struct modules drop = {};
        enum ovmf_part missing;
        unsigned line;

        assert_int_equal(modules_parse(&drop, list, &line), 0);
        assert_int_equal(drop.n_entries, 1);
        assert_string_equal(drop.entries[0].name, "NoSuchDxe");
        assert_int_equal(repack(c, &drop, &missing), 0);
        assert_false(drop.entries[0].found);
}

static void what_is_not_there_is_named(void **state _unused_) {
        static const struct {
                bool pei, dxe, bds;
                enum ovmf_part missing;
        } cases[] = {
                {false, true, true, OVMF_PEI},
                {true, false, true, OVMF_DXE},
                {true, true, false, OVMF_BDS},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ struct code *c = new_code(cases[i].pei, cases[i].dxe, cases[i].bds);
                enum ovmf_part missing = OVMF_COMPLETE;
                struct modules drop = {};

                assert_int_equal(repack(c, &drop, &missing), -ENOENT);
                assert_int_equal(missing, cases[i].missing);
        }
}

static void image_that_is_no_ovmf_is_refused(void **state _unused_) {
        _cleanup_free_ struct code *c = new_code(true, true, true);
        enum ovmf_part missing = OVMF_COMPLETE;
        struct modules drop = {};
        struct ffs_writer w;

        assert_int_equal(ffs_writer_init(&w, c->bytes, CODE_SIZE / 2, &name), 0);
        assert_int_equal(repack(c, &drop, &missing), -ENOENT);
        assert_int_equal(missing, OVMF_COMPRESSED);

        memset(c->bytes, 0xff, CODE_SIZE);
        assert_int_equal(repack(c, &drop, &missing), -ENOENT);
        assert_int_equal(missing, OVMF_VOLUME);
}

static void driver_too_large_for_its_volume_is_refused(void **state _unused_) {
        _cleanup_free_ struct code *c = new_code(true, true, true);
        enum ovmf_part missing = OVMF_COMPLETE;
        uint8_t driver[INNER_SIZE] = {};
        struct modules drop = {};

        assert_int_equal(ovmf_repack(c->bytes, CODE_SIZE, driver, sizeof(driver), &drop, &missing), -ENOSPC);
}

static void damaged_image_is_refused_and_never_read_beyond(void **state _unused_) {
        _cleanup_free_ struct code *good = new_code(true, true, true);
        unsigned seed = 1;

        for (unsigned round = 0; round < 300; round++) {
                _cleanup_free_ uint8_t *bytes = malloc(CODE_SIZE);
                enum ovmf_part missing = OVMF_COMPLETE;
                struct modules drop = {};
                unsigned at = (unsigned) rand_r(&seed) % 0x300;

                assert_non_null(bytes);
                memcpy(bytes, good->bytes, CODE_SIZE);
                bytes[at] = (uint8_t) ~bytes[at];
                assert_in_range(-ovmf_repack(bytes, CODE_SIZE, DRIVER, sizeof(DRIVER), &drop, &missing), 0,
                                EBADMSG);
        }
}

static void lzma_gives_back_what_it_was_given(void **state _unused_) {
        _cleanup_free_ uint8_t *packed = NULL, *again = NULL;
        static const char text[] = "the same, the same, the same";
        size_t packed_size, size;
        uint64_t announced;

        assert_int_equal(alone_encode(text, sizeof(text), &packed, &packed_size), 0);
        memcpy(&announced, packed + 5, sizeof(announced));
        assert_int_equal(announced, sizeof(text));
        assert_int_equal(alone_decode(packed, packed_size, 1024, &again, &size), 0);
        assert_int_equal(size, sizeof(text));
        assert_memory_equal(again, text, sizeof(text));
}

static void lzma_that_lies_about_its_size_is_refused(void **state _unused_) {
        static const struct {
                uint64_t size;
                int error;
        } cases[] = {{UINT64_MAX, -EBADMSG},
                     {UINT64_MAX - 1, -EFBIG},
                     {1025, -EFBIG},
                     {1024, -EBADMSG},
                     {1, -EBADMSG}};
        _cleanup_free_ uint8_t *packed = NULL, *again = NULL;
        size_t packed_size, size;

        assert_int_equal(alone_encode("four", 4, &packed, &packed_size), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                memcpy(packed + 5, &cases[i].size, sizeof(cases[i].size));
                assert_int_equal(alone_decode(packed, packed_size, 1024, &again, &size), cases[i].error);
        }
        assert_null(again);
}

static void lzma_cut_off_anywhere_is_refused(void **state _unused_) {
        _cleanup_free_ uint8_t *packed = NULL, *again = NULL;
        static const char text[] = "a text of some length, so that there is something to cut off";
        size_t packed_size, size;

        assert_int_equal(alone_encode(text, sizeof(text), &packed, &packed_size), 0);

        /* The end marker's bytes are not part of the promise. */
        for (size_t n = 0; n + 16 < packed_size; n++) {
                _cleanup_free_ uint8_t *cut = malloc(n + 1);

                assert_non_null(cut);
                memcpy(cut, packed, n);
                assert_int_equal(alone_decode(cut, n, 1024, &again, &size), -EBADMSG);
        }
}

static void guid_text_becomes_efi_s_bytes(void **state _unused_) {
        static const uint8_t expected[] = {0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 0x88, 0x77,
                                           0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00};
        struct guid guid;

        assert_int_equal(guid_parse("11223344-5566-7788-99aA-BBCCDDEEFF00", &guid), 0);
        assert_memory_equal(&guid, expected, sizeof(expected));
}

static void line_of_a_drop_list_that_is_wrong_is_named(void **state _unused_) {
        static const char *const lists[] = {
                "\n12345678-1234-1234-1234-123456789abg Name",
                "\n12345678-1234-1234-1234-123456789ab Name",
                "\n12345678-1234-1234-1234-123456789abcd Name",
                "\n12345678x1234-1234-1234-123456789abc Name",
                "\n12345678-1234-1234-1234-123456789abc",
                "\nName",
                "00000001-0000-0000-0000-000000000000 A\n00000001-0000-0000-0000-000000000000 B",
        };

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                _cleanup_(modules_done) struct modules modules = {};
                _cleanup_free_ char *text = strdup(lists[i]);
                unsigned line = 0;

                assert_int_equal(modules_parse(&modules, text, &line), -EBADMSG);
                assert_int_equal(line, 2);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bds_driver_is_replaced_and_waits_for_nothing),
                cmocka_unit_test(dropped_module_goes_and_the_others_close_up_aligned),
                cmocka_unit_test(pei_module_is_dropped_where_it_is),
                cmocka_unit_test(bytes_behind_the_volume_stay_as_they_are),
                cmocka_unit_test(module_that_is_not_there_stays_marked_as_missing),
                cmocka_unit_test(what_is_not_there_is_named),
                cmocka_unit_test(image_that_is_no_ovmf_is_refused),
                cmocka_unit_test(driver_too_large_for_its_volume_is_refused),
                cmocka_unit_test(damaged_image_is_refused_and_never_read_beyond),
                cmocka_unit_test(lzma_gives_back_what_it_was_given),
                cmocka_unit_test(lzma_that_lies_about_its_size_is_refused),
                cmocka_unit_test(lzma_cut_off_anywhere_is_refused),
                cmocka_unit_test(guid_text_becomes_efi_s_bytes),
                cmocka_unit_test(line_of_a_drop_list_that_is_wrong_is_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
