/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kexec-place.h: kexec with a say in where the kernel goes, which kexec_file_load() does not give. All that
 * the kernel's own loader does for the next kernel is done here: boot parameters, the firmware's memory map,
 * ACPI, EFI's runtime services. For a kernel that is known: the agent's own. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Documentation/x86/zero-page.rst */
#define BOOT_PARAMS_SIZE 4096U

struct kexec_place {
        const uint8_t *kernel; /* a bzImage */
        size_t kernel_size;
        const uint8_t *initrd;
        size_t initrd_size;
        const char *command_line;
        uint64_t start, end; /* physical: all of it goes there */
};

/* EFI as the running kernel knows it; runtime NULL without EFI. */
struct kexec_efi {
        uint64_t fw_vendor, tables;
        uint8_t *runtime; /* the map of runtime services, as EFI_MEMORY_DESCRIPTORs of KEXEC_EFI_DESCRIPTOR
                             bytes */
        size_t runtime_size;
};
#define KEXEC_EFI_DESCRIPTOR 40U

/* What goes where, physical addresses. */
struct kexec_layout {
        uint64_t boot_params, command_line, setup_data, efi_map, trampoline, kernel, initrd;
        uint64_t kernel_size;   /* of what is loaded */
        uint64_t kernel_memory; /* of what it needs to unpack itself */
        size_t kernel_file_offset;
};

/* Chooses the layout. Returns 0, -ENOEXEC for what is no relocatable 64-bit bzImage, -ENOSPC. */
int kexec_place_layout(const struct kexec_place *place, const struct kexec_efi *efi,
                       struct kexec_layout *ret);

/* Fills the next kernel's boot parameters: from the running kernel's, current, what tells of the machine;
 * from the bzImage's header the rest. */
void kexec_place_boot_params(const struct kexec_place *place, const struct kexec_efi *efi,
                             const struct kexec_layout *layout,
                             const uint8_t current[static BOOT_PARAMS_SIZE],
                             uint8_t ret[static BOOT_PARAMS_SIZE]);

/* Loads it; reboot(RB_KEXEC) starts it. Returns 0, -ENOEXEC, -ENOSPC, a negative errno. */
int kexec_place_load(const struct kexec_place *place);
