/* SPDX-License-Identifier: GPL-3.0-or-later */
/* boot-source.h: the boot override of a Redfish computer system (Boot.BootSourceOverride...), in which an
 * operator leaves what a boot is to do. */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "bmc/boot-override.h"

struct redfish;

/* Texts point into the system. */
struct boot_source {
        bool once;          /* for one boot, else for each */
        const char *target; /* as Redfish names it: "Diags"; NULL: nothing is wanted */
        const char *uri;    /* HttpBootUri, or NULL */
        enum boot_override override;
};

/* Reads it. Returns 0, -ENOTSUP when what is wanted is not ours to do (override is then none). */
int boot_source_read(const json_t *system, struct boot_source *ret);

/* Takes the override back that *system shows, unless somebody has changed it meanwhile (-ESTALE), and reads
 * the system again, into *system. Returns as redfish.h says, -EIO when it is still there. */
int boot_source_clear(struct redfish *redfish, json_t **system);
