/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot flags, system information, boot progress and blobs. */

#include "bmc/ipmi/blob.h"
#include "bmc/ipmi/boot-progress.h"
#include "bmc/ipmi/chassis.h"
#include "bmc/ipmi/system-info.h"
#include "tests/unit/scripted-ipmi.h"

static void boot_flags_are_decoded(void **state _unused_) {
        static const uint8_t response[] = {0, 1, 5, 0xc0, 0x10, 0, 0, 0};
        struct chassis_boot_flags flags;

        assert_int_equal(chassis_decode_boot_flags(response, sizeof(response), &flags), 0);
        assert_true(flags.valid);
        assert_true(flags.persistent);
        assert_int_equal(flags.device, 4);
        for (size_t size = 0; size < sizeof(response); size++)
                assert_int_equal(chassis_decode_boot_flags(response, size, &flags), -EBADMSG);
}

static void boot_flags_that_the_bmc_calls_invalid_are_none(void **state _unused_) {
        struct chassis_boot_flags flags;

        assert_int_equal(
                chassis_decode_boot_flags((const uint8_t[]){0, 1, 0x85, 0x80, 0x10, 0, 0, 0}, 8, &flags), 0);
        assert_false(flags.valid);
        assert_int_equal(
                chassis_decode_boot_flags((const uint8_t[]){0, 1, 0x06, 0x80, 0x10, 0, 0, 0}, 8, &flags),
                -EBADMSG);
}

static void devices_are_what_an_operator_means(void **state _unused_) {
        static const struct {
                uint8_t device;
                const char *override;
        } cases[] = {
                {0, "none"}, {1, "network"}, {2, "disk"}, {3, "disk"},   {4, "diag"},
                {5, "cd"},   {6, "setup"},   {8, "cd"},   {0xb, "disk"},
        };
        enum boot_override override;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct chassis_boot_flags flags = {.valid = true, .device = cases[i].device};

                assert_int_equal(chassis_boot_flags_override(&flags, &override), 0);
                assert_string_equal(boot_override_text(override), cases[i].override);
        }

        assert_int_equal(chassis_boot_flags_override(
                                 &(struct chassis_boot_flags){.valid = true, .device = 0xf}, &override),
                         -ENOTSUP);
        assert_int_equal(chassis_boot_flags_override(&(struct chassis_boot_flags){.device = 4}, &override),
                         0);
        assert_int_equal(override, BOOT_OVERRIDE_NONE);
}

static void overrides_have_one_name_each(void **state _unused_) {
        for (unsigned i = BOOT_OVERRIDE_NONE; i <= BOOT_OVERRIDE_SETUP; i++) {
                enum boot_override override;

                assert_int_equal(boot_override_parse(boot_override_text((enum boot_override) i), &override),
                                 0);
                assert_int_equal(override, i);
        }
        assert_int_equal(boot_override_parse("pxe", &(enum boot_override){0}), -EINVAL);
}

/* The BMC answers what the flags are, and then takes others. */
static enum boot_override take(struct scripted *s, char **ret_problem) {
        struct ipmi *item = &s->ipmi;
        const struct ipmi_list list = {.items = &item, .n_items = 1};
        enum boot_override override = BOOT_OVERRIDE_CD;
        struct wait w = WAIT_ALONE;

        assert_int_equal(chassis_take_boot_override(&list, &w, &override, ret_problem), 0);
        return override;
}

static void flags_for_the_next_boot_are_taken_once(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();

        ANSWER(&s, 0, 0, 1, 5, 0x80, 0x10, 0, 0, 0);
        ANSWER(&s, 1, 0);
        assert_int_equal(take(&s, &problem), BOOT_OVERRIDE_DIAG);
        assert_null(problem);
        assert_int_equal(s.n_asked, 2);
        assert_int_equal(s.netfn, 0x00);
        assert_int_equal(s.command, 0x08);
        assert_int_equal(s.request_size, 6);
        assert_memory_equal(s.request, "\x05\0\0\0\0\0", 6);
}

static void flags_for_every_boot_stay(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();

        ANSWER(&s, 0, 0, 1, 5, 0xc0, 0x18, 0, 0, 0);
        assert_int_equal(take(&s, &problem), BOOT_OVERRIDE_SETUP);
        assert_int_equal(s.n_asked, 1);
}

static void wish_that_cannot_be_granted_is_told_and_stays(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();

        ANSWER(&s, 0, 0, 1, 5, 0x80, 0x3c, 0, 0, 0);
        assert_int_equal(take(&s, &problem), BOOT_OVERRIDE_NONE);
        assert_int_equal(s.n_asked, 1);
        assert_string_equal(problem,
                            "/dev/ipmi0: the boot flags ask for boot device 0fh, which cannot be had");
}

static void flags_that_cannot_be_cleared_count_and_are_told(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();

        ANSWER(&s, 0, 0, 1, 5, 0x80, 0x08, 0, 0, 0);
        ANSWER(&s, 1, 0x82);
        assert_int_equal(take(&s, &problem), BOOT_OVERRIDE_DISK);
        assert_string_equal(problem, "/dev/ipmi0: Set System Boot Options: this boot option can only be read "
                                     "(completion code 82h)");
}

static void no_device_has_no_flags(void **state _unused_) {
        struct wait w = WAIT_ALONE;
        enum boot_override override;
        char *problem;

        assert_int_equal(chassis_take_boot_override(&(struct ipmi_list){}, &w, &override, &problem), -ENODEV);
        assert_null(problem);
}

static void flags_are_set_for_the_next_boot_alone(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;

        ANSWER(&s, 0, 0);
        assert_int_equal(chassis_set_boot_flags(&s.ipmi, &w, BOOT_OVERRIDE_SETUP, &problem), 0);
        assert_memory_equal(s.request, "\x05\x80\x18\0\0\0", 6);
}

static void long_text_is_written_in_blocks(void **state _unused_) {
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;

        ANSWER(&s, 0, 0);
        ANSWER(&s, 1, 0);
        assert_int_equal(system_info_set(&s.ipmi, &w, SYSTEM_INFO_NAME, "0123456789abcdef", &problem), 0);
        assert_int_equal(s.n_asked, 2);
        assert_int_equal(s.request_size, 18);
        assert_memory_equal(s.request,
                            "\x02\x01"
                            "ef\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                            18);
}

static void text_is_read_as_long_as_it_says(void **state _unused_) {
        _cleanup_free_ char *problem = NULL, *text = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;

        ANSWER(&s, 0, 0, 0x11, 0, 1, 16, '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c',
               'd');
        ANSWER(&s, 1, 0, 0x11, 1, 'e', 'f', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x',
               'x', 'x', 'x', 'x');
        assert_int_equal(system_info_get(&s.ipmi, &w, SYSTEM_INFO_NAME, &text, &problem), 0);
        assert_string_equal(text, "0123456789abcdef");
        assert_int_equal(s.n_asked, 2);
        assert_memory_equal(s.request, "\0\x02\x01\0", 4);
}

static void block_of_another_number_is_none(void **state _unused_) {
        static const uint8_t response[19] = {0, 0x11, 0, 0, 4, 'n', 'a', 'm', 'e'};
        uint8_t other[19];
        size_t length;

        assert_int_equal(system_info_decode_first(response, sizeof(response), &length), 0);
        assert_int_equal(length, 4);
        for (size_t size = 0; size < sizeof(response); size++)
                assert_int_equal(system_info_decode_first(response, size, &length), -EBADMSG);

        memcpy(other, response, sizeof(other));
        other[2] = 1;
        assert_int_equal(system_info_decode_first(other, sizeof(other), &length), -EBADMSG);
        memcpy(other, response, sizeof(other));
        other[3] = 2; /* UCS-2 */
        assert_int_equal(system_info_decode_first(other, sizeof(other), &length), -EBADMSG);
}

static void boot_progress_is_of_its_group(void **state _unused_) {
        static const uint8_t response[] = {0, 0xae, 1, 0, 0, 0, 1, 0x10, 1, 2, 0}, other[11] = {0, 0x52, 1};
        struct boot_progress progress;

        assert_int_equal(boot_progress_decode(response, sizeof(response), &progress), 0);
        assert_memory_equal(progress.code, boot_progress_devices.code, BOOT_PROGRESS_SIZE);
        assert_int_equal(boot_progress_decode(other, sizeof(other), &progress), -EBADMSG);
        for (size_t size = 0; size < sizeof(response); size++)
                assert_int_equal(boot_progress_decode(response, size, &progress), -EBADMSG);
}

/* The check value of the catalogues of CRCs, and OpenBMC's own test's. */
static void crc_is_that_of_openbmc(void **state _unused_) {
        assert_int_equal(blob_crc((const uint8_t *) "123456789", 9), 0xe5cc);
        assert_int_equal(blob_crc((const uint8_t *) "", 0), 0x1d0f);
        assert_int_equal(blob_crc((const uint8_t *) "A", 1), 0x9479);
}

static void blob_answer_must_have_its_crc(void **state _unused_) {
        uint8_t response[] = {0, 0xcf, 0xc2, 0, 0xcc, 0xe5, '1', '2', '3', '4', '5', '6', '7', '8', '9'};
        const uint8_t *body;
        size_t size;

        assert_int_equal(blob_decode(response, sizeof(response), &body, &size), 0);
        assert_ptr_equal(body, response + 6);
        assert_int_equal(size, 9);
        assert_int_equal(blob_decode(response, 4, &body, &size), 0);
        assert_null(body);
        assert_int_equal(size, 0);

        for (size_t n = 0; n < sizeof(response); n++)
                if (n != 4)
                        assert_int_equal(blob_decode(response, n, &body, &size), -EBADMSG);

        response[9] ^= 1;
        assert_int_equal(blob_decode(response, sizeof(response), &body, &size), -EBADMSG);
        response[9] ^= 1;
        response[2] = 0;
        assert_int_equal(blob_decode(response, sizeof(response), &body, &size), -EBADMSG);
}

/* A count from a BMC that has lost its mind is no reason to ask for ever. */
static void blobs_are_not_counted_for_ever(void **state _unused_) {
        uint8_t count[10] = {0, 0xcf, 0xc2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
        _cleanup_free_ char *problem = NULL;
        struct scripted s = scripted();
        struct wait w = WAIT_ALONE;
        struct blob blob = {.ipmi = &s.ipmi, .wait = &w};
        uint16_t crc = blob_crc(count + 6, 4);

        count[4] = (uint8_t) crc;
        count[5] = (uint8_t) (crc >> 8);
        s.responses[0] = count;
        s.sizes[0] = sizeof(count);
        ANSWER(&s, 1, 0xff);
        assert_int_equal(blob_find(&blob, "/smbios", &problem), -EREMOTEIO);
        assert_int_equal(s.n_asked, 2);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(boot_flags_are_decoded),
                cmocka_unit_test(boot_flags_that_the_bmc_calls_invalid_are_none),
                cmocka_unit_test(devices_are_what_an_operator_means),
                cmocka_unit_test(overrides_have_one_name_each),
                cmocka_unit_test(flags_for_the_next_boot_are_taken_once),
                cmocka_unit_test(flags_for_every_boot_stay),
                cmocka_unit_test(wish_that_cannot_be_granted_is_told_and_stays),
                cmocka_unit_test(flags_that_cannot_be_cleared_count_and_are_told),
                cmocka_unit_test(no_device_has_no_flags),
                cmocka_unit_test(flags_are_set_for_the_next_boot_alone),
                cmocka_unit_test(long_text_is_written_in_blocks),
                cmocka_unit_test(text_is_read_as_long_as_it_says),
                cmocka_unit_test(block_of_another_number_is_none),
                cmocka_unit_test(boot_progress_is_of_its_group),
                cmocka_unit_test(crc_is_that_of_openbmc),
                cmocka_unit_test(blob_answer_must_have_its_crc),
                cmocka_unit_test(blobs_are_not_counted_for_ever),
        };

        return cmocka_run_group_tests_name("ipmi-parameters", tests, NULL, NULL);
}
