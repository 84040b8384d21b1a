/* SPDX-License-Identifier: GPL-3.0-or-later */
/* layout.h: what mkflash writes and the BDS driver in that flash reads.
 *
 *      0x000000 = 0xff000000   payload volume: kernel, initramfs, command line
 *      0xe00000 = 0xffe00000   OVMF's variable store, 0x20000 in its 2M build
 *      0xe20000 = 0xffe20000   OVMF's code, 0x1e0000, its last byte the last one below 4 GiB
 */
#pragma once

#include "ffs.h"

#define FLASH_SIZE    0x1000000U
#define FLASH_BASE    (0x100000000ULL - FLASH_SIZE)
#define FIRMWARE_SIZE 0x200000U
#define PAYLOAD_SIZE  (FLASH_SIZE - FIRMWARE_SIZE)

/* COMMAND_LINE_SIZE of Linux on x86, less the terminator. */
#define CMDLINE_MAX 2047U

/* The project's own names: random GUIDs that differ in their last byte. */
#define PAYLOAD_GUID(n)                                                                                      \
        {                                                                                                    \
                0x9c4f3f5e, 0x2d0b, 0x4c61, {                                                                \
                        0x8a, 0x53, 0x7e, 0x21, 0xd4, 0x90, 0xb6, (n)                                        \
                }                                                                                            \
        }
#define PAYLOAD_VOLUME_GUID    PAYLOAD_GUID(0x10)
#define PAYLOAD_KERNEL_GUID    PAYLOAD_GUID(0x11)
#define PAYLOAD_INITRAMFS_GUID PAYLOAD_GUID(0x12)
#define PAYLOAD_CMDLINE_GUID   PAYLOAD_GUID(0x13)

static const struct guid payload_volume_guid = PAYLOAD_VOLUME_GUID;
static const struct guid payload_kernel_guid = PAYLOAD_KERNEL_GUID;
static const struct guid payload_initramfs_guid = PAYLOAD_INITRAMFS_GUID;
static const struct guid payload_cmdline_guid = PAYLOAD_CMDLINE_GUID;
