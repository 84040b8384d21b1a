/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The second leg: what is handed over, where the second kernel goes, what it is told. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "boot/kexec-place.h"
#include "tests/unit/unit.h"
#include "trial/memory/leg.h"

#define MIB (UINT64_C(1) << 20)

static struct ranges parsed(const char *text) {
        struct ranges ranges = {};

        assert_int_equal(ranges_parse(text, &ranges), 0);
        return ranges;
}

static void assert_ranges(const struct ranges *ranges, const char *expected) {
        _cleanup_free_ char *text = ranges_text(ranges, SIZE_MAX);

        assert_string_equal(text, expected);
}

static void what_one_leg_writes_the_other_reads(void **state _unused_) {
        char path[] = "/tmp/test-memory-leg-XXXXXX";
        _cleanup_(leg_done) struct leg left = {}, found = {};
        int fd = mkstemp(path);

        assert_true(fd >= 0);
        close(fd);
        left.tested = parsed("0x200000-0x3fffffff 0x100000000-0x13fffffff");
        left.remaining = parsed("0x100000-0x1fffff");
        left.bad = parsed("0x12345000-0x12345fff");
        assert_int_equal(leg_write(path, &left), 0);
        assert_int_equal(leg_read(path, &found), 0);
        assert_ranges(&found.tested, "0x200000-0x3fffffff 0x100000000-0x13fffffff");
        assert_ranges(&found.remaining, "0x100000-0x1fffff");
        assert_ranges(&found.bad, "0x12345000-0x12345fff");
        unlink(path);
        assert_int_equal(leg_read(path, &found), -ENOENT);
}

static void a_broken_file_is_refused(void **state _unused_) {
        static const char *const texts[] = {"",
                                            "tested 0x0-0xfff",
                                            "tested 0x0-0xfff\n",
                                            "remaining \ntested \nbad \n",
                                            "tested 0x0-0xfff\nremaining 0x\nbad \n",
                                            "tested 0x0-0xfff\nremaining \n",
                                            "tested 0x0-0xfff\nremaining \nbad "};
        char path[] = "/tmp/test-memory-leg-XXXXXX";
        struct leg leg = {};
        int fd = mkstemp(path);

        assert_true(fd >= 0);
        close(fd);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                assert_int_equal(write_file_atomic(path, texts[i], strlen(texts[i]), 0600), 0);
                assert_int_equal(leg_read(path, &leg), -EBADMSG);
        }
        unlink(path);
}

static void home_is_the_largest_tested_pieces_below_4_gib(void **state _unused_) {
        _cleanup_(ranges_done) struct ranges home = {};
        _cleanup_(leg_done) struct leg leg = {};

        /* 95 MiB, 256 MiB less a page at either end, 16 MiB, 4 GiB above. */
        leg.tested = parsed("0x1100000-0x6ffffff 0x10001000-0x1fffefff 0x30000000-0x30ffffff "
                            "0x100000000-0x1ffffffff");
        assert_int_equal(leg_choose_home(&leg, 200 * MIB, &home), 0);
        assert_ranges(&home, "0x10200000-0x1c9fffff");
        ranges_done(&home);

        assert_int_equal(leg_choose_home(&leg, 300 * MIB, &home), 0);
        assert_ranges(&home, "0x1200000-0x51fffff 0x10200000-0x1fdfffff");
        ranges_done(&home);

        assert_int_equal(leg_choose_home(&leg, 400 * MIB, &home), -ENOSPC);
}

static void all_ram_but_home_and_the_first_mib_is_kept_from_the_kernel(void **state _unused_) {
        _cleanup_(ranges_done) struct ranges ram = parsed("0x1000-0x9ffff 0x100000-0x3fffffff "
                                                          "0x100000000-0x13fffffff");
        _cleanup_(ranges_done) struct ranges home = parsed("0x10000000-0x1fffffff");
        _cleanup_free_ char *line = NULL;

        assert_int_equal(leg_command_line("quiet", &ram, &home, &line), 0);
        assert_string_equal(line, "quiet memmap=0xff00000$0x100000 memmap=0x20000000$0x20000000 "
                                  "memmap=0x40000000$0x100000000");
}

/* A bzImage of 8 KiB behind 2 KiB of setup, which needs 64 KiB and an alignment of 2 MiB. */
struct kernel {
        uint8_t bytes[10240];
};

static void put(uint8_t *p, uint64_t value, size_t size) {
        memcpy(p, &value, size);
}

static uint64_t get(const uint8_t *p, size_t size) {
        uint64_t value = 0;

        memcpy(&value, p, size);
        return value;
}

static void make_kernel(struct kernel *k) {
        *k = (struct kernel){};
        k->bytes[0x1f1] = 3;
        k->bytes[0x201] = 0x6a;
        memcpy(k->bytes + 0x202, "HdrS", 4);
        put(k->bytes + 0x206, 0x20f, 2);
        put(k->bytes + 0x230, 2 * MIB, 4);
        k->bytes[0x236] = 0x3f;
        put(k->bytes + 0x260, 65536, 4);
}

static struct kexec_place make_place(const struct kernel *k) {
        static const uint8_t initrd[5000];

        return (struct kexec_place){
                .kernel = k->bytes,
                .kernel_size = sizeof(k->bytes),
                .initrd = initrd,
                .initrd_size = sizeof(initrd),
                .command_line = "quiet",
                .start = 0x10000000,
                .end = 0x10000000 + 16 * MIB,
        };
}

static void nothing_of_the_next_kernel_overlaps(void **state _unused_) {
        uint8_t map[3 * KEXEC_EFI_DESCRIPTOR] = {};
        const struct kexec_efi efi = {.runtime = map, .runtime_size = sizeof(map)};
        struct kexec_layout l;
        struct kexec_place place;
        struct kernel k;

        make_kernel(&k);
        place = make_place(&k);
        assert_int_equal(kexec_place_layout(&place, &efi, &l), 0);
        assert_int_equal(l.boot_params, place.start);
        assert_true(l.command_line >= l.boot_params + BOOT_PARAMS_SIZE);
        assert_true(l.setup_data >= l.command_line + 6);
        assert_true(l.trampoline >= l.setup_data + 112);
        assert_true(l.efi_map >= l.trampoline + 22);
        assert_true(l.kernel >= l.efi_map + sizeof(map));
        assert_int_equal(l.kernel % (2 * MIB), 0);
        assert_int_equal(l.kernel_file_offset, 2048);
        assert_int_equal(l.kernel_size, 8192);
        assert_int_equal(l.initrd, l.kernel + 65536);
}

static void what_does_not_fit_or_is_no_kernel_is_refused(void **state _unused_) {
        const struct kexec_efi efi = {};
        struct kexec_layout l;
        struct kexec_place place;
        struct kernel k;

        make_kernel(&k);
        place = make_place(&k);
        place.end = place.start + 2 * MIB;
        assert_int_equal(kexec_place_layout(&place, &efi, &l), -ENOSPC);

        place = make_place(&k);
        for (size_t size = 0; size < 2048 + 513; size++) {
                place.kernel_size = size;
                assert_int_equal(kexec_place_layout(&place, &efi, &l), -ENOEXEC);
        }

        place = make_place(&k);
        k.bytes[0x236] = 0; /* no 64-bit entry */
        assert_int_equal(kexec_place_layout(&place, &efi, &l), -ENOEXEC);
        make_kernel(&k);
        put(k.bytes + 0x230, 3 * MIB, 4); /* no power of two */
        assert_int_equal(kexec_place_layout(&place, &efi, &l), -ENOEXEC);
}

static void boot_parameters_tell_of_the_machine_and_the_kernel(void **state _unused_) {
        uint8_t current[BOOT_PARAMS_SIZE], params[BOOT_PARAMS_SIZE], map[KEXEC_EFI_DESCRIPTOR] = {};
        const struct kexec_efi none = {}, efi = {.runtime = map, .runtime_size = sizeof(map)};
        struct kexec_layout l;
        struct kexec_place place;
        struct kernel k;

        make_kernel(&k);
        place = make_place(&k);
        memset(current, 0xaa, sizeof(current));
        current[0x1e8] = 2;
        assert_int_equal(kexec_place_layout(&place, &efi, &l), 0);

        kexec_place_boot_params(&place, &efi, &l, current, params);
        assert_int_equal(params[0], 0xaa);                           /* screen_info */
        assert_int_equal(get(params + 0x70, 8), 0xaaaaaaaaaaaaaaaa); /* acpi_rsdp_addr */
        assert_int_equal(get(params + 0x1c0, 4), 0xaaaaaaaa);        /* EFI's signature */
        assert_int_equal(get(params + 0x1c8, 4), KEXEC_EFI_DESCRIPTOR);
        assert_int_equal(get(params + 0x1d0, 4), l.efi_map);
        assert_int_equal(get(params + 0x1d4, 4), sizeof(map));
        assert_int_equal(params[0x1e8], 2);
        assert_int_equal(params[0x1ef], 0); /* sentinel */
        assert_memory_equal(params + 0x202, "HdrS", 4);
        assert_int_equal(params[0x210], 0xff);
        assert_int_equal(get(params + 0x218, 4), l.initrd);
        assert_int_equal(get(params + 0x21c, 4), place.initrd_size);
        assert_int_equal(get(params + 0x228, 4), l.command_line);
        assert_int_equal(get(params + 0x250, 8), l.setup_data);
        assert_int_equal(params[0x2d0 + 2 * 20 - 1], 0xaa);
        assert_int_equal(params[0x2d0 + 2 * 20], 0);

        kexec_place_boot_params(&place, &none, &l, current, params);
        assert_int_equal(get(params + 0x1c0, 8), 0);
        assert_int_equal(get(params + 0x250, 8), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_one_leg_writes_the_other_reads),
                cmocka_unit_test(a_broken_file_is_refused),
                cmocka_unit_test(home_is_the_largest_tested_pieces_below_4_gib),
                cmocka_unit_test(all_ram_but_home_and_the_first_mib_is_kept_from_the_kernel),
                cmocka_unit_test(nothing_of_the_next_kernel_overlaps),
                cmocka_unit_test(what_does_not_fit_or_is_no_kernel_is_refused),
                cmocka_unit_test(boot_parameters_tell_of_the_machine_and_the_kernel),
        };

        return cmocka_run_group_tests_name("memory-leg", tests, NULL, NULL);
}
