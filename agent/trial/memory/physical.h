/* SPDX-License-Identifier: GPL-3.0-or-later */
/* physical.h: where in the machine's address space memory lies, as the kernel and the firmware tell. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ranges.h"

/* Calls found(address, size, place) for every piece of the memory at address that is physically in one. Only
 * locked memory stays there. Returns 0, -EPERM when the kernel does not tell this user (CAP_SYS_ADMIN),
 * -ENXIO when a page is not there, what found returned below 0, a negative errno. */
int physical_walk(void *address, size_t size,
                  int (*found)(void *address, size_t size, uint64_t place, void *userdata), void *userdata);

/* What the firmware's memory map calls RAM, in the map as the first kernel got it: sys_root/firmware/memmap.
 * Returns 0, -ENOENT where the kernel keeps no map, a negative errno. */
int physical_firmware_ram(const char *sys_root, struct ranges *ret);

/* From the text of the kernel's log: the pages where the firmware and the kernel's EFI part have left tables
 * for whoever runs on this machine ("efi: SMBIOS=0x7f5d5000 TPMEventLog=0x7e3a2018 "), some of them in what
 * counts as RAM. Every next kernel, the production OS as well, looks for them there. Returns 0, -ENOMEM. */
int physical_efi_tables(const char *log, struct ranges *ret);

/* From the text of /proc/iomem: what this kernel uses as RAM, without what the firmware wants kept and what
 * mem= or memmap= have taken away; and all that has a name there. Returns 0, -EPERM when the addresses are
 * hidden (all are 0), -ENOMEM. */
int physical_kernel_map(const char *iomem, struct ranges *ret_ram, struct ranges *ret_all);
