/* SPDX-License-Identifier: GPL-3.0-or-later */
/* candidate.h: what could be the way to the BMC: from the plan alone when it gives the BMC's address, else
 * every host interface that the firmware describes, else what IPMI tells of the BMC's own LAN channels. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bmc/link/addressing.h"
#include "bmc/link/host-interface.h"

struct ipmi_lan;
struct plan;
struct smbios;

struct candidate {
        char *source; /* "host interface 2a00h", "the plan", "LAN channel 1 of IPMI" */
        struct host_interface interface;
        struct addressing addressing;
        bool guess; /* nobody has said that there is a Redfish service: not worth a second try */
};

struct candidates {
        struct candidate *items; /* in the order in which to try them */
        size_t n_items;
        char **rejected; /* "host interface 2a00h is left out: interface type 02h is no network interface" */
        size_t n_rejected;
};

void candidates_done(struct candidates *candidates);

/* Each appends what it knows. Settings of the plan take the place of what is said elsewhere. Return 0,
 * -EINVAL for a plan that makes no sense, -ENOMEM. */
int candidates_add_plan(struct candidates *candidates, const struct plan *plan);
int candidates_add_firmware(struct candidates *candidates, const struct plan *plan,
                            const struct smbios *smbios);
int candidates_add_ipmi(struct candidates *candidates, const struct plan *plan, const struct ipmi_lan *lan);
