/* SPDX-License-Identifier: GPL-3.0-or-later */
/* format.h: an inventory in the words of other programs. */
#pragma once

#include "base/json.h"

struct format {
        const char *name;
        const char *help;

        /* Returns 0 and a new reference in *ret, -ENOMEM. inventory may lack any part. */
        int (*convert)(const json_t *inventory, json_t **ret);
};

extern const struct format formats[]; /* NULL name at the end; those that are JSON */

/* Redfish resources (DSP0268) as an object: each under the @odata.id by which the others link to it. */
int inventory_redfish(const json_t *inventory, json_t **ret);

/* The inventory that ironic-python-agent gives to ironic-inspector, in its members and units. */
int inventory_ironic(const json_t *inventory, json_t **ret);
