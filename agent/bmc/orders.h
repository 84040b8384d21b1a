/* SPDX-License-Identifier: GPL-3.0-or-later */
/* orders.h: what the BMC has to say about this boot: the operator's boot override, its share of the plan, the
 * time. */
#pragma once

#include <stdbool.h>

#include "base/json.h"

struct contact;

/* Where they go. Texts are lent. */
struct orders_receiver {
        void (*log)(const char *severity, const char *message, void *userdata);

        /* {"target": "diag", "from": "Redfish BootSourceOverrideTarget Diags", "uri": U if there is one} */
        void (*boot_override)(json_t *override, void *userdata);

        /* {key: value} */
        void (*plan)(json_t *settings, void *userdata);
        void *userdata;
};

/* Reads the boot override and the plan on a contact with a session, or over IPMI alone when the contact's
 * ->system is not known; where Redfish has no override, IPMI is asked. What is for this boot alone is cleared
 * at the BMC, and read back. Returns 0, -EAGAIN and the like (contact_is_passing()) when it should be tried
 * again, with the reason in the contact's ->problem; what else goes wrong is logged. */
int orders_take(struct contact *contact, const struct orders_receiver *receiver);

/* Sets the clock by the BMC's, if it cannot be right and the BMC's can. */
void orders_set_clock(struct contact *contact, const struct orders_receiver *receiver);
