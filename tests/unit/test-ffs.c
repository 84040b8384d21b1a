/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "scripts/flash/ffs-write.h"
#include "tests/unit/unit.h"

#define VOLUME_SIZE 0x4000U

static const struct guid volume_name = {0x11111111, 0x2222, 0x3333, {1, 2, 3, 4, 5, 6, 7, 8}};
static const struct guid file_a = {0xaaaaaaaa, 0, 0, {0}};
static const struct guid file_b = {0xbbbbbbbb, 0, 0, {0}};

static struct ffs_writer new_volume(uint8_t *data) {
        struct ffs_writer w;

        assert_int_equal(ffs_writer_init(&w, data, VOLUME_SIZE, &volume_name), 0);
        return w;
}

static void add_raw(struct ffs_writer *w, const struct guid *name, uint8_t attributes, const void *data,
                    size_t size) {
        const struct ffs_section_content section = {FFS_SECTION_RAW, data, size};

        assert_int_equal(ffs_writer_add(w, name, FFS_FILE_FREEFORM, attributes, &section, 1), 0);
}

/* A volume with two files that carry checksums. */
static void two_files(uint8_t *data) {
        struct ffs_writer w = new_volume(data);

        add_raw(&w, &file_a, FFS_ATTRIBUTE_CHECKSUM, "first", 5);
        add_raw(&w, &file_b, FFS_ATTRIBUTE_CHECKSUM, "second", 6);
}

/* Walks everything in a volume; what it hands out must lie within it. Returns how the walk ended. */
static enum ffs_result walk(const uint8_t *data, size_t size) {
        struct ffs_volume volume;
        struct ffs_file file;
        struct ffs_section section;
        enum ffs_result r, rs = FFS_END;
        size_t position;

        if (ffs_volume_open(data, size, &volume) != FFS_OK)
                return FFS_BROKEN;
        assert_true(volume.size <= size);

        position = volume.files;
        while ((r = ffs_file_next(&volume, &position, &file)) == FFS_OK) {
                size_t at = 0;

                assert_true(file.offset + file.size <= volume.size);
                (void) ffs_file_check(&file);
                if (file.type == FFS_FILE_PAD)
                        continue;
                while ((rs = ffs_section_next(file.data + FFS_FILE_HEADER_SIZE,
                                              file.size - FFS_FILE_HEADER_SIZE, &at, &section)) == FFS_OK)
                        assert_true(section.data + section.size <= file.data + file.size);
                if (rs != FFS_END)
                        return rs;
        }

        return r;
}

static void file_header_is_written_byte_for_byte_as_the_specification_has_it(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];
        struct ffs_writer w = new_volume(data);
        size_t start = (w.used + 7) & ~(size_t) 7;
        const uint8_t expected[] = {0xaa, 0xaa, 0xaa, 0xaa, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                    /* header checksum: -(4 * 0xaa + 0x02 + 0x40 + 0x1e); file checksum:
                                       -(0x06 + 0x19 + 'h' + 'i') */
                                    0xf8, 0x10, 0x02, 0x40, 0x1e, 0, 0, 0xf8, 0x06, 0, 0, 0x19, 'h', 'i'};

        add_raw(&w, &file_a, FFS_ATTRIBUTE_CHECKSUM, "hi", 2);
        assert_memory_equal(data + start, expected, sizeof(expected));
        assert_int_equal(w.used, start + sizeof(expected));
}

static void file_without_checksum_carries_aa(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];
        struct ffs_writer w = new_volume(data);

        add_raw(&w, &file_a, 0, "hi", 2);
        assert_int_equal(data[w.used - 6 - FFS_FILE_HEADER_SIZE + 17], 0xaa);
}

static void what_is_written_is_read_back(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];
        struct ffs_section section;
        struct ffs_volume volume;
        struct ffs_file file;

        two_files(data);
        assert_int_equal(ffs_volume_open(data, sizeof(data), &volume), FFS_OK);
        assert_int_equal(ffs_file_find(&volume, &file_b, &file), FFS_OK);
        assert_int_equal(ffs_file_check(&file), FFS_OK);
        assert_int_equal(ffs_section_find(&file, FFS_SECTION_RAW, &section), FFS_OK);
        assert_int_equal(section.size, 6);
        assert_memory_equal(section.data, "second", 6);
        assert_int_equal(ffs_section_find(&file, FFS_SECTION_PE32, &section), FFS_END);
        assert_int_equal(ffs_file_find(&volume, &volume_name, &file), FFS_END);
}

static void alignment_follows_the_specification_s_table(void **state _unused_) {
        static const size_t small[] = {1, 16, 128, 512, 1024, 4096, 32768, 65536};

        for (uint8_t i = 0; i < 8; i++) {
                assert_int_equal(ffs_alignment((uint8_t) (i << 3)), small[i]);
                assert_int_equal(ffs_alignment((uint8_t) (i << 3 | FFS_ATTRIBUTE_ALIGNMENT_2)), 131072U << i);
        }
}

static void file_s_data_is_aligned_with_a_pad_file_before_it(void **state _unused_) {
        uint8_t data[VOLUME_SIZE], content[128] = {};

        /* Whatever comes before: each gap that is too small for a pad file's header becomes a larger one. */
        for (size_t before = 1; before < 128; before++) {
                struct ffs_writer w = new_volume(data);
                struct ffs_volume volume;
                struct ffs_file file;

                add_raw(&w, &file_a, 0, content, before);
                add_raw(&w, &file_b, 2 << 3, "x", 1);

                assert_int_equal(ffs_volume_open(data, sizeof(data), &volume), FFS_OK);
                assert_int_equal(ffs_file_find(&volume, &file_b, &file), FFS_OK);
                assert_int_equal((file.offset + FFS_FILE_HEADER_SIZE) % 128, 0);
                assert_int_equal(walk(data, sizeof(data)), FFS_END);
        }
}

static void erased_file_leaves_a_pad_file_and_moves_nothing(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];
        struct ffs_file file, other;
        struct ffs_volume volume;
        size_t position;

        two_files(data);
        assert_int_equal(ffs_volume_open(data, sizeof(data), &volume), FFS_OK);
        assert_int_equal(ffs_file_find(&volume, &file_a, &file), FFS_OK);
        assert_int_equal(ffs_file_find(&volume, &file_b, &other), FFS_OK);

        ffs_file_erase(data, &file);
        position = volume.files;
        assert_int_equal(ffs_file_next(&volume, &position, &file), FFS_OK);
        assert_int_equal(file.type, FFS_FILE_PAD);
        assert_int_equal(ffs_file_next(&volume, &position, &file), FFS_OK);
        assert_int_equal(file.offset, other.offset);
}

static void volume_that_is_full_refuses_and_stays_as_it_is(void **state _unused_) {
        uint8_t data[VOLUME_SIZE], before[VOLUME_SIZE];
        const struct ffs_section_content section = {FFS_SECTION_RAW, before, sizeof(before) - 200};
        struct ffs_writer w = new_volume(data);
        size_t used;

        memset(before, 0, sizeof(before));
        add_raw(&w, &file_a, 0, before, 100);
        memcpy(before, data, sizeof(data));
        used = w.used;

        assert_int_equal(ffs_writer_add(&w, &file_b, FFS_FILE_FREEFORM, 0, &section, 1), -ENOSPC);
        assert_int_equal(w.used, used);
        assert_memory_equal(data, before, sizeof(data));
}

static void file_fits_to_the_volume_s_last_byte_and_no_further(void **state _unused_) {
        uint8_t data[VOLUME_SIZE], content[VOLUME_SIZE] = {};
        struct ffs_writer w = new_volume(data);
        size_t start = (w.used + 7) & ~(size_t) 7, room = VOLUME_SIZE - start - FFS_FILE_HEADER_SIZE - 4;
        struct ffs_section_content section = {FFS_SECTION_RAW, content, room + 1};

        assert_int_equal(ffs_writer_add(&w, &file_a, FFS_FILE_FREEFORM, 0, &section, 1), -ENOSPC);
        section.size = room;
        assert_int_equal(ffs_writer_add(&w, &file_a, FFS_FILE_FREEFORM, 0, &section, 1), 0);
        assert_int_equal(walk(data, sizeof(data)), FFS_END);
}

static void header_alone_at_the_volume_s_end_is_a_file(void **state _unused_) {
        uint8_t data[VOLUME_SIZE], content[VOLUME_SIZE] = {};
        struct ffs_writer w = new_volume(data);
        size_t start = (w.used + 7) & ~(size_t) 7, n_files = 0;
        struct ffs_volume volume;
        struct ffs_file file;

        add_raw(&w, &file_a, 0, content, VOLUME_SIZE - start - 2 * FFS_FILE_HEADER_SIZE - 4);
        assert_int_equal(ffs_writer_add(&w, &file_b, FFS_FILE_FREEFORM, 0, NULL, 0), 0);
        assert_int_equal(w.used, VOLUME_SIZE);

        assert_int_equal(ffs_volume_open(data, sizeof(data), &volume), FFS_OK);
        for (size_t position = volume.files; ffs_file_next(&volume, &position, &file) == FFS_OK;)
                n_files++;
        assert_int_equal(n_files, 2);
        assert_int_equal(file.size, FFS_FILE_HEADER_SIZE);
}

static void section_over_24_bits_is_refused(void **state _unused_) {
        struct ffs_section_content section = {FFS_SECTION_RAW, NULL, FFS_SIZE_MAX - 3};

        assert_int_equal(ffs_section_write(NULL, &section), -EFBIG);
        section.size--;
        assert_int_equal(ffs_section_write(NULL, &section), FFS_SIZE_MAX);
}

static void volume_cut_off_anywhere_is_broken(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];

        two_files(data);
        for (size_t size = 0; size < sizeof(data); size += size < 0x200 ? 1 : 0x100) {
                /* Its own allocation, so that a read behind its end is seen. */
                _cleanup_free_ uint8_t *cut = malloc(size + 1);

                assert_non_null(cut);
                memcpy(cut, data, size);
                assert_int_equal(walk(cut, size), FFS_BROKEN);
        }
}

static void any_bit_that_flips_in_the_volume_s_header_breaks_it(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];

        two_files(data);
        for (size_t bit = 0; bit < FFS_VOLUME_HEADER_SIZE * 8; bit++) {
                data[bit / 8] ^= (uint8_t) (1 << bit % 8);
                assert_int_equal(walk(data, sizeof(data)), FFS_BROKEN);
                data[bit / 8] ^= (uint8_t) (1 << bit % 8);
        }
        assert_int_equal(walk(data, sizeof(data)), FFS_END);
}

/* Sets a field of the volume's header and makes the checksum right again. */
static void set_header(uint8_t *data, size_t offset, uint16_t value) {
        size_t size = FFS_VOLUME_HEADER_SIZE;
        uint16_t sum;

        memcpy(data + offset, &value, sizeof(value));
        memset(data + offsetof(struct ffs_volume_header, checksum), 0, sizeof(sum));
        sum = (uint16_t) -ffs_sum16(data, size);
        memcpy(data + offsetof(struct ffs_volume_header, checksum), &sum, sizeof(sum));
}

static void header_length_that_leaves_the_volume_is_broken(void **state _unused_) {
        static const uint16_t lengths[] = {0, 2, 70, 73, VOLUME_SIZE + 2, 0xfffe};
        uint8_t data[VOLUME_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(lengths); i++) {
                two_files(data);
                set_header(data, offsetof(struct ffs_volume_header, header_length), lengths[i]);
                assert_int_equal(walk(data, sizeof(data)), FFS_BROKEN);
        }
}

static void extended_header_that_leaves_the_volume_is_broken(void **state _unused_) {
        static const uint16_t offsets[] = {1, 71, VOLUME_SIZE - 19, VOLUME_SIZE - 1, VOLUME_SIZE, 0xffff};
        static const uint32_t sizes[] = {0, 19, VOLUME_SIZE, UINT32_MAX};
        uint8_t data[VOLUME_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(offsets); i++) {
                two_files(data);
                set_header(data, offsetof(struct ffs_volume_header, ext_offset), offsets[i]);
                assert_int_equal(walk(data, sizeof(data)), FFS_BROKEN);
        }

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                two_files(data);
                memcpy(data + FFS_VOLUME_HEADER_SIZE + FFS_FILE_HEADER_SIZE + sizeof(struct guid), &sizes[i],
                       sizeof(sizes[i]));
                assert_int_equal(walk(data, sizeof(data)), FFS_BROKEN);
        }
}

static void any_bit_that_flips_in_a_file_s_name_type_or_size_breaks_it(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];
        struct ffs_volume volume;
        struct ffs_file file;

        two_files(data);
        assert_int_equal(ffs_volume_open(data, sizeof(data), &volume), FFS_OK);
        assert_int_equal(ffs_file_find(&volume, &file_b, &file), FFS_OK);

        for (size_t bit = 0; bit < FFS_FILE_HEADER_SIZE * 8; bit++) {
                /* The header's checksum leaves out the file's checksum and the state. */
                if (bit / 8 == 17 || bit / 8 == 23)
                        continue;

                data[file.offset + bit / 8] ^= (uint8_t) (1 << bit % 8);
                assert_int_equal(walk(data, sizeof(data)), FFS_BROKEN);
                data[file.offset + bit / 8] ^= (uint8_t) (1 << bit % 8);
        }
}

static void any_bit_that_flips_in_a_file_s_body_fails_its_checksum(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];
        struct ffs_volume volume;
        struct ffs_file file;

        two_files(data);
        assert_int_equal(ffs_volume_open(data, sizeof(data), &volume), FFS_OK);
        assert_int_equal(ffs_file_find(&volume, &file_a, &file), FFS_OK);

        for (size_t bit = FFS_FILE_HEADER_SIZE * 8; bit < file.size * 8; bit++) {
                data[file.offset + bit / 8] ^= (uint8_t) (1 << bit % 8);
                assert_int_equal(ffs_file_check(&file), FFS_BROKEN);
                data[file.offset + bit / 8] ^= (uint8_t) (1 << bit % 8);
        }
        assert_int_equal(ffs_file_check(&file), FFS_OK);
}

static void file_size_that_leaves_the_volume_is_broken(void **state _unused_) {
        static const uint32_t sizes[] = {0, 1, 23, VOLUME_SIZE, 0xfffffe, 0xffffff};
        uint8_t data[VOLUME_SIZE];
        struct ffs_volume volume;
        struct ffs_file file;

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                struct ffs_file_header header;

                two_files(data);
                assert_int_equal(ffs_volume_open(data, sizeof(data), &volume), FFS_OK);
                assert_int_equal(ffs_file_find(&volume, &file_a, &file), FFS_OK);

                memcpy(&header, file.data, sizeof(header));
                header.size[0] = (uint8_t) sizes[i];
                header.size[1] = (uint8_t) (sizes[i] >> 8);
                header.size[2] = (uint8_t) (sizes[i] >> 16);
                header.header_checksum = header.file_checksum = header.state = 0;
                header.header_checksum = (uint8_t) -ffs_sum8(&header, sizeof(header));
                memcpy(data + file.offset, &header, sizeof(header));

                assert_int_equal(walk(data, sizeof(data)), FFS_BROKEN);
        }
}

static void section_size_that_leaves_the_file_is_broken(void **state _unused_) {
        static const struct {
                uint8_t bytes[12];
                size_t size;
        } cases[] = {
                {{0, 0, 0, 0x19}, 4}, /* shorter than its header */
                {{3, 0, 0, 0x19}, 4},
                {{5, 0, 0, 0x19}, 4}, /* one byte too long */
                {{0xfe, 0xff, 0xff, 0x19}, 4},
                {{4, 0, 0}, 3},                            /* no room for a header */
                {{4, 0, 0, 0x19, 4}, 5},                   /* the second has none */
                {{0xff, 0xff, 0xff, 0x19, 8, 0, 0}, 7},    /* no room for the 32 bit size */
                {{0xff, 0xff, 0xff, 0x19, 7, 0, 0, 0}, 8}, /* shorter than its header of eight */
                {{0xff, 0xff, 0xff, 0x19, 0xff, 0xff, 0xff, 0xff}, 8},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ uint8_t *data = malloc(cases[i].size);
                struct ffs_section section;
                size_t position = 0;
                enum ffs_result r;

                assert_non_null(data);
                memcpy(data, cases[i].bytes, cases[i].size);
                do
                        r = ffs_section_next(data, cases[i].size, &position, &section);
                while (r == FFS_OK);
                assert_int_equal(r, FFS_BROKEN);
        }
}

static void section_with_32_bit_size_is_read(void **state _unused_) {
        static const uint8_t data[] = {0xff, 0xff, 0xff, 0x19, 10, 0, 0, 0, 'o', 'k'};
        struct ffs_section section;
        size_t position = 0;

        assert_int_equal(ffs_section_next(data, sizeof(data), &position, &section), FFS_OK);
        assert_int_equal(section.size, 2);
        assert_memory_equal(section.data, "ok", 2);
        assert_int_equal(ffs_section_next(data, sizeof(data), &position, &section), FFS_END);
}

static void random_damage_never_leads_out_of_the_volume(void **state _unused_) {
        unsigned seed = 1;

        for (unsigned round = 0; round < 20000; round++) {
                _cleanup_free_ uint8_t *data = malloc(VOLUME_SIZE);

                assert_non_null(data);
                two_files(data);
                for (unsigned i = 0; i < 1 + round % 8; i++)
                        data[(unsigned) rand_r(&seed) % 0x100] = (uint8_t) rand_r(&seed);

                /* Also with the header's checksum made right, or nothing behind it would ever be reached. */
                if (round % 2)
                        set_header(data, offsetof(struct ffs_volume_header, checksum), 0);
                (void) walk(data, VOLUME_SIZE);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(file_header_is_written_byte_for_byte_as_the_specification_has_it),
                cmocka_unit_test(file_without_checksum_carries_aa),
                cmocka_unit_test(what_is_written_is_read_back),
                cmocka_unit_test(alignment_follows_the_specification_s_table),
                cmocka_unit_test(file_s_data_is_aligned_with_a_pad_file_before_it),
                cmocka_unit_test(erased_file_leaves_a_pad_file_and_moves_nothing),
                cmocka_unit_test(volume_that_is_full_refuses_and_stays_as_it_is),
                cmocka_unit_test(file_fits_to_the_volume_s_last_byte_and_no_further),
                cmocka_unit_test(header_alone_at_the_volume_s_end_is_a_file),
                cmocka_unit_test(section_over_24_bits_is_refused),
                cmocka_unit_test(volume_cut_off_anywhere_is_broken),
                cmocka_unit_test(any_bit_that_flips_in_the_volume_s_header_breaks_it),
                cmocka_unit_test(header_length_that_leaves_the_volume_is_broken),
                cmocka_unit_test(extended_header_that_leaves_the_volume_is_broken),
                cmocka_unit_test(any_bit_that_flips_in_a_file_s_name_type_or_size_breaks_it),
                cmocka_unit_test(any_bit_that_flips_in_a_file_s_body_fails_its_checksum),
                cmocka_unit_test(file_size_that_leaves_the_volume_is_broken),
                cmocka_unit_test(section_size_that_leaves_the_file_is_broken),
                cmocka_unit_test(section_with_32_bit_size_is_read),
                cmocka_unit_test(random_damage_never_leads_out_of_the_volume),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
