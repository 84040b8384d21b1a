/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "boot/own-image.h"
#include "scripts/flash/ffs-write.h"
#include "scripts/flash/layout.h"
#include "tests/unit/unit.h"

#define VOLUME_SIZE 0x4000U

static void add(struct ffs_writer *w, const struct guid *name, enum ffs_section_type type, const char *text) {
        const struct ffs_section_content section = {type, text, strlen(text)};

        assert_int_equal(ffs_writer_add(w, name, FFS_FILE_FREEFORM, FFS_ATTRIBUTE_CHECKSUM, &section, 1), 0);
}

static struct ffs_writer new_volume(uint8_t *data) {
        struct ffs_writer w;

        assert_int_equal(ffs_writer_init(&w, data, VOLUME_SIZE, &payload_volume_guid), 0);
        return w;
}

/* As mkflash packs them. */
static void pack(uint8_t *data) {
        struct ffs_writer w = new_volume(data);

        add(&w, &payload_kernel_guid, FFS_SECTION_PE32, "kernel");
        add(&w, &payload_initramfs_guid, FFS_SECTION_RAW, "an initramfs");
}

/* What own_image_parse() says of it; nothing is set on failure. */
static int refused(const uint8_t *data) {
        struct own_image image = {};
        int r;

        r = own_image_parse(data, VOLUME_SIZE, &image);
        assert_null(image.kernel);
        assert_null(image.initramfs);
        return r;
}

static void both_are_copied_out_of_the_payload_volume(void **state _unused_) {
        struct own_image image = {};
        uint8_t data[VOLUME_SIZE];

        pack(data);
        assert_int_equal(own_image_parse(data, sizeof(data), &image), 0);
        memset(data, 0, sizeof(data));

        assert_int_equal(image.kernel_size, 6);
        assert_memory_equal(image.kernel, "kernel", 6);
        assert_int_equal(image.initramfs_size, 12);
        assert_memory_equal(image.initramfs, "an initramfs", 12);
        own_image_done(&image);
        assert_null(image.kernel);
}

static void flash_without_a_volume_or_a_file_holds_none(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];
        struct ffs_writer w;

        memset(data, 0xff, sizeof(data));
        assert_int_equal(refused(data), -ENOENT);

        w = new_volume(data);
        assert_int_equal(refused(data), -ENOENT);

        add(&w, &payload_kernel_guid, FFS_SECTION_PE32, "kernel");
        assert_int_equal(refused(data), -ENOENT);

        w = new_volume(data);
        add(&w, &payload_initramfs_guid, FFS_SECTION_RAW, "an initramfs");
        assert_int_equal(refused(data), -ENOENT);
}

static void file_whose_checksum_is_wrong_is_not_started(void **state _unused_) {
        static const char *const contents[] = {"kernel", "an initramfs"};
        uint8_t data[VOLUME_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(contents); i++) {
                uint8_t *content;

                pack(data);
                content = memmem(data, sizeof(data), contents[i], strlen(contents[i]));
                assert_non_null(content);
                content[1] ^= 1;
                assert_int_equal(refused(data), -EBADMSG);
        }
}

static void file_of_another_kind_is_not_taken(void **state _unused_) {
        uint8_t data[VOLUME_SIZE];
        struct ffs_writer w = new_volume(data);

        add(&w, &payload_kernel_guid, FFS_SECTION_RAW, "kernel");
        add(&w, &payload_initramfs_guid, FFS_SECTION_RAW, "an initramfs");
        assert_int_equal(refused(data), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(both_are_copied_out_of_the_payload_volume),
                cmocka_unit_test(flash_without_a_volume_or_a_file_holds_none),
                cmocka_unit_test(file_whose_checksum_is_wrong_is_not_started),
                cmocka_unit_test(file_of_another_kind_is_not_taken),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
