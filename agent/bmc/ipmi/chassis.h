/* SPDX-License-Identifier: GPL-3.0-or-later */
/* chassis.h: the boot flags, in which an operator leaves what the next boot is to do (IPMI 2.0, 28.12 and
 * 28.13, parameter 5): "ipmitool chassis bootdev". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "bmc/boot-override.h"

struct ipmi;
struct ipmi_list;
struct wait;

struct chassis_boot_flags {
        bool valid;
        bool persistent; /* for every boot, not only the next one */
        uint8_t device;  /* boot device selector */
};

/* response: from the completion code on, which is success. Returns 0, -EBADMSG when it is too short or about
 * something else. */
int chassis_decode_boot_flags(const uint8_t *response, size_t size, struct chassis_boot_flags *ret);

/* What the flags ask for. Returns 0, -ENOTSUP for a device that seatrial cannot boot from. */
int chassis_boot_flags_override(const struct chassis_boot_flags *flags, enum boot_override *ret);

/* These return as ipmi_run(). The second leaves flags for the next boot, none clears them. */
int chassis_get_boot_flags(struct ipmi *ipmi, struct wait *w, struct chassis_boot_flags *ret,
                           char **ret_problem);
int chassis_set_boot_flags(struct ipmi *ipmi, struct wait *w, enum boot_override override,
                           char **ret_problem);

/* Reads what the operator wants of this boot, from the first device that knows, and clears it there unless it
 * is for every boot; one that cannot be done stays. Returns 0 and sets *ret, -ENODEV when there is no device,
 * otherwise as ipmi_run(). *ret_problem may be set in either case: also when a wish is granted that could not
 * be cleared, or cannot be granted. */
int chassis_take_boot_override(const struct ipmi_list *list, struct wait *w, enum boot_override *ret,
                               char **ret_problem);
