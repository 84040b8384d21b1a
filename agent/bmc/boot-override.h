/* SPDX-License-Identifier: GPL-3.0-or-later */
/* boot-override.h: what an operator wants this boot to do, as told to the BMC: Redfish
 * BootSourceOverrideTarget, or IPMI boot flags ("ipmitool chassis bootdev"). */
#pragma once

enum boot_override {
        BOOT_OVERRIDE_NONE,
        BOOT_OVERRIDE_DISK,    /* Redfish Hdd */
        BOOT_OVERRIDE_NETWORK, /* Pxe, UefiHttp */
        BOOT_OVERRIDE_CD,      /* Cd */
        BOOT_OVERRIDE_DIAG,    /* Diags */
        BOOT_OVERRIDE_SETUP,   /* BiosSetup */
};

/* "none", "disk", "network", "cd", "diag", "setup". */
const char *boot_override_text(enum boot_override override);

/* The other way round. Returns 0, -EINVAL. */
int boot_override_parse(const char *text, enum boot_override *ret);
