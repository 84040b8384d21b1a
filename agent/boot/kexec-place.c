/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "kexec-place.h"

#define PAGE UINT64_C(4096)

/* Offsets in the zero page (Documentation/x86/zero-page.rst) and in the setup header, which is a part of it
 * (Documentation/x86/boot.rst). */
#define SCREEN_INFO_SIZE  0x40U
#define ACPI_RSDP         0x70U
#define EXT_RAMDISK_IMAGE 0xc0U
#define EXT_RAMDISK_SIZE  0xc4U
#define EXT_COMMAND_LINE  0xc8U
#define EFI_INFO          0x1c0U
#define EFI_INFO_SIZE     0x20U
#define E820_ENTRIES      0x1e8U
#define SETUP_HEADER      0x1f1U
#define SETUP_SECTORS     0x1f1U
#define HEADER_END        0x201U /* a jump whose operand tells where the header ends */
#define HEADER_MAGIC      0x202U
#define LOADER_TYPE       0x210U
#define RAMDISK_IMAGE     0x218U
#define RAMDISK_SIZE      0x21cU
#define COMMAND_LINE      0x228U
#define ALIGNMENT         0x230U
#define XLOADFLAGS        0x236U
#define SETUP_DATA        0x250U
#define INIT_SIZE         0x260U
#define HEADER_MIN        0x268U
#define E820_TABLE        0x2d0U
#define E820_MAX          128U
#define E820_ENTRY_SIZE   20U

#define XLF_KERNEL_64  1U
#define ENTRY_64       0x200U /* of the 64-bit entry in the protected-mode kernel */
#define SECTOR         512U
#define LOADER_UNKNOWN 0xffU

/* In EFI_INFO. */
#define EFI_DESCRIPTOR_SIZE    0x08U
#define EFI_DESCRIPTOR_VERSION 0x0cU
#define EFI_MAP                0x10U
#define EFI_MAP_SIZE           0x14U
#define EFI_MAP_HIGH           0x1cU

/* struct setup_data with struct efi_setup_data in it, arch/x86/include/uapi/asm/bootparam.h and asm/efi.h. */
#define SETUP_EFI           4U
#define SETUP_DATA_HEADER   16U
#define EFI_SETUP_DATA_SIZE 96U
#define EFI_SETUP_TABLES    16U
#define EFI_SETUP_SIZE      (SETUP_DATA_HEADER + EFI_SETUP_DATA_SIZE)
#define RUNTIME_ENTRIES_MAX 512U
#define TRAMPOLINE_SIZE     22U
#define CURRENT_BOOT_PARAMS "/sys/kernel/boot_params/data"
#define EFI_DIRECTORY       "/sys/firmware/efi"

static uint64_t get(const uint8_t *p, size_t size) {
        uint64_t value = 0;

        memcpy(&value, p, size);
        return value;
}

static void put(uint8_t *p, uint64_t value, size_t size) {
        memcpy(p, &value, size);
}

static uint64_t align_up(uint64_t value, uint64_t to) {
        return (value + to - 1) / to * to;
}

int kexec_place_layout(const struct kexec_place *place, const struct kexec_efi *efi,
                       struct kexec_layout *ret) {
        const uint8_t *k = place->kernel;
        struct kexec_layout layout = {};
        uint64_t alignment;
        unsigned sectors;

        if (place->kernel_size < HEADER_MIN || memcmp(k + HEADER_MAGIC, "HdrS", 4) != 0 ||
            !(get(k + XLOADFLAGS, 2) & XLF_KERNEL_64))
                return -ENOEXEC;

        sectors = k[SETUP_SECTORS] > 0 ? k[SETUP_SECTORS] : 4;
        layout.kernel_file_offset = (sectors + 1) * SECTOR;
        alignment = get(k + ALIGNMENT, 4);
        if (place->kernel_size <= layout.kernel_file_offset + ENTRY_64 || alignment < PAGE ||
            (alignment & (alignment - 1)) != 0)
                return -ENOEXEC;

        layout.kernel_size = place->kernel_size - layout.kernel_file_offset;
        layout.kernel_memory = align_up(MAX(get(k + INIT_SIZE, 4), layout.kernel_size), PAGE);
        layout.boot_params = align_up(place->start, PAGE);
        layout.command_line = layout.boot_params + BOOT_PARAMS_SIZE;
        layout.setup_data = layout.command_line + align_up(strlen(place->command_line) + 1, PAGE);
        layout.trampoline = layout.setup_data + PAGE;
        layout.efi_map = layout.trampoline + PAGE;
        layout.kernel = align_up(layout.efi_map + align_up(efi->runtime_size, PAGE), alignment);
        layout.initrd = layout.kernel + layout.kernel_memory;
        if (layout.initrd + place->initrd_size > place->end)
                return -ENOSPC;

        *ret = layout;
        return 0;
}

static void fill_efi(const struct kexec_efi *efi, const struct kexec_layout *layout,
                     const uint8_t current[static BOOT_PARAMS_SIZE], uint8_t ret[static BOOT_PARAMS_SIZE]) {
        if (!efi->runtime)
                return;

        memcpy(ret + EFI_INFO, current + EFI_INFO, EFI_INFO_SIZE);
        put(ret + EFI_INFO + EFI_DESCRIPTOR_SIZE, KEXEC_EFI_DESCRIPTOR, 4);
        put(ret + EFI_INFO + EFI_DESCRIPTOR_VERSION, 1, 4);
        put(ret + EFI_INFO + EFI_MAP, layout->efi_map & UINT32_MAX, 4);
        put(ret + EFI_INFO + EFI_MAP_SIZE, efi->runtime_size, 4);
        put(ret + EFI_INFO + EFI_MAP_HIGH, layout->efi_map >> 32, 4);
        put(ret + SETUP_DATA, layout->setup_data, 8);
}

void kexec_place_boot_params(const struct kexec_place *place, const struct kexec_efi *efi,
                             const struct kexec_layout *layout,
                             const uint8_t current[static BOOT_PARAMS_SIZE],
                             uint8_t ret[static BOOT_PARAMS_SIZE]) {
        const size_t n_entries = MIN((size_t) current[E820_ENTRIES], (size_t) E820_MAX);
        const size_t header_end = MIN((size_t) place->kernel[HEADER_END] + HEADER_MAGIC, (size_t) E820_TABLE);

        memset(ret, 0, BOOT_PARAMS_SIZE);
        memcpy(ret, current, SCREEN_INFO_SIZE);
        memcpy(ret + ACPI_RSDP, current + ACPI_RSDP, 8);
        memcpy(ret + SETUP_HEADER, place->kernel + SETUP_HEADER, header_end - SETUP_HEADER);

        ret[E820_ENTRIES] = (uint8_t) n_entries;
        memcpy(ret + E820_TABLE, current + E820_TABLE, n_entries * E820_ENTRY_SIZE);

        ret[LOADER_TYPE] = LOADER_UNKNOWN;
        put(ret + RAMDISK_IMAGE, layout->initrd & UINT32_MAX, 4);
        put(ret + EXT_RAMDISK_IMAGE, layout->initrd >> 32, 4);
        put(ret + RAMDISK_SIZE, place->initrd_size & UINT32_MAX, 4);
        put(ret + EXT_RAMDISK_SIZE, place->initrd_size >> 32, 4);
        put(ret + COMMAND_LINE, layout->command_line & UINT32_MAX, 4);
        put(ret + EXT_COMMAND_LINE, layout->command_line >> 32, 4);
        put(ret + SETUP_DATA, 0, 8);
        fill_efi(efi, layout, current, ret);
}

/* mov rsi, boot_params; mov rax, entry; jmp rax: the 64-bit boot protocol wants no more, since the kernel
 * sets up stack and segments itself. */
static void fill_trampoline(const struct kexec_layout *layout, uint8_t ret[static TRAMPOLINE_SIZE]) {
        static const uint8_t mov_rsi[] = {0x48, 0xbe}, mov_rax[] = {0x48, 0xb8}, jmp_rax[] = {0xff, 0xe0};

        memcpy(ret, mov_rsi, 2);
        put(ret + 2, layout->boot_params, 8);
        memcpy(ret + 10, mov_rax, 2);
        put(ret + 12, layout->kernel + ENTRY_64, 8);
        memcpy(ret + 20, jmp_rax, 2);
}

static void fill_setup_data(const struct kexec_efi *efi, uint8_t ret[static EFI_SETUP_SIZE]) {
        memset(ret, 0, EFI_SETUP_SIZE);
        put(ret + 8, SETUP_EFI, 4);
        put(ret + 12, EFI_SETUP_DATA_SIZE, 4);
        put(ret + SETUP_DATA_HEADER, efi->fw_vendor, 8);
        put(ret + SETUP_DATA_HEADER + EFI_SETUP_TABLES, efi->tables, 8);
}

static int read_runtime_entry(int directory, unsigned index, uint8_t ret[static KEXEC_EFI_DESCRIPTOR]) {
        static const struct {
                const char *name;
                size_t offset, size;
        } members[] = {
                {"type", 0, 4},       {"phys_addr", 8, 8},  {"virt_addr", 16, 8},
                {"num_pages", 24, 8}, {"attribute", 32, 8},
        };

        memset(ret, 0, KEXEC_EFI_DESCRIPTOR);
        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                _cleanup_free_ char *path = strprintf("%u/%s", index, members[i].name);
                uint64_t value;
                int r;

                if (!path)
                        return -ENOMEM;

                r = read_u64_file_at(directory, path, &value);
                if (r < 0)
                        return r;
                put(ret + members[i].offset, value, members[i].size);
        }

        return 0;
}

/* Without EFI, or without its runtime services, *ret stays empty. */
static int read_efi(struct kexec_efi *ret) {
        _cleanup_close_ int directory = -EBADF, map = -EBADF;
        _cleanup_free_ uint8_t *runtime = NULL;
        struct kexec_efi efi = {};
        int r;

        directory = open(EFI_DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC);
        map = directory < 0 ? -1 : openat(directory, "runtime-map", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (map < 0)
                return errno == ENOENT ? 0 : -errno;

        r = read_u64_file_at(directory, "fw_vendor", &efi.fw_vendor);
        if (r >= 0)
                r = read_u64_file_at(directory, "config_table", &efi.tables);
        if (r < 0)
                return r;

        runtime = calloc(RUNTIME_ENTRIES_MAX, KEXEC_EFI_DESCRIPTOR);
        if (!runtime)
                return -ENOMEM;

        for (unsigned i = 0;; i++) {
                r = i == RUNTIME_ENTRIES_MAX ? -EFBIG
                                             : read_runtime_entry(map, i, runtime + efi.runtime_size);
                if (r == -ENOENT)
                        break;
                if (r < 0)
                        return r;
                efi.runtime_size += KEXEC_EFI_DESCRIPTOR;
        }

        efi.runtime = TAKE_PTR(runtime);
        *ret = efi;
        return 0;
}

static void efi_done(struct kexec_efi *efi) {
        free(efi->runtime);
}

static struct kexec_segment segment(const void *data, size_t size, uint64_t to, uint64_t memory) {
        return (struct kexec_segment){
                .buf = data,
                .bufsz = size,
                .mem = (const void *) (uintptr_t) to,
                .memsz = align_up(memory, PAGE),
        };
}

int kexec_place_load(const struct kexec_place *place) {
        uint8_t boot_params[BOOT_PARAMS_SIZE], trampoline[TRAMPOLINE_SIZE], setup_data[EFI_SETUP_SIZE];
        _cleanup_(efi_done) struct kexec_efi efi = {};
        _cleanup_free_ char *current = NULL;
        struct kexec_segment segments[7];
        struct kexec_layout layout;
        size_t size, n = 0;
        int r;

        r = read_file(CURRENT_BOOT_PARAMS, BOOT_PARAMS_SIZE, &current, &size);
        if (r < 0)
                return r;
        /* A longer map of the firmware's would lie elsewhere. */
        if (size != BOOT_PARAMS_SIZE || (uint8_t) current[E820_ENTRIES] >= E820_MAX)
                return -EFBIG;

        r = read_efi(&efi);
        if (r < 0)
                return r;

        r = kexec_place_layout(place, &efi, &layout);
        if (r < 0)
                return r;

        kexec_place_boot_params(place, &efi, &layout, (const uint8_t *) current, boot_params);
        fill_trampoline(&layout, trampoline);
        segments[n++] = segment(boot_params, sizeof(boot_params), layout.boot_params, BOOT_PARAMS_SIZE);
        size = strlen(place->command_line) + 1;
        segments[n++] = segment(place->command_line, size, layout.command_line, size);
        if (efi.runtime) {
                fill_setup_data(&efi, setup_data);
                segments[n++] =
                        segment(setup_data, sizeof(setup_data), layout.setup_data, sizeof(setup_data));
        }
        segments[n++] = segment(trampoline, sizeof(trampoline), layout.trampoline, sizeof(trampoline));
        if (efi.runtime)
                segments[n++] = segment(efi.runtime, efi.runtime_size, layout.efi_map, efi.runtime_size);
        segments[n++] = segment(place->kernel + layout.kernel_file_offset, layout.kernel_size, layout.kernel,
                                layout.kernel_memory);
        segments[n++] = segment(place->initrd, place->initrd_size, layout.initrd, place->initrd_size);

        if (syscall(SYS_kexec_load, layout.trampoline, n, segments, (unsigned long) KEXEC_ARCH_X86_64) < 0)
                return -errno;

        return 0;
}
