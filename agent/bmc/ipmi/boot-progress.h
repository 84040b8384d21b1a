/* SPDX-License-Identifier: GPL-3.0-or-later */
/* boot-progress.h: how far the boot is, as Arm's Server Base Manageability Requirements (SBMR 2.0, appendix
 * F) have the host tell the BMC: the status codes of UEFI's Platform Initialization specification (volume 3,
 * status codes), which a BMC shows as Redfish's BootProgress. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct ipmi;
struct wait;

#define BOOT_PROGRESS_SIZE 9

/* Type, severity and so on: EFI status code type (4 bytes), value (4 bytes), instance. */
struct boot_progress {
        uint8_t code[BOOT_PROGRESS_SIZE];
};

extern const struct boot_progress boot_progress_devices;     /* the buses are being enumerated */
extern const struct boot_progress boot_progress_memory_test; /* a memory test runs */
extern const struct boot_progress boot_progress_initialized; /* the machine is ready */
extern const struct boot_progress boot_progress_os_start;    /* the operating system is being started */

/* response: from the completion code on, which is success. Returns 0, -EBADMSG. */
int boot_progress_decode(const uint8_t *response, size_t size, struct boot_progress *ret);

/* Both return as ipmi_run(). */
int boot_progress_set(struct ipmi *ipmi, struct wait *w, const struct boot_progress *progress,
                      char **ret_problem);
int boot_progress_get(struct ipmi *ipmi, struct wait *w, struct boot_progress *ret, char **ret_problem);
