/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stddef.h>

#include "format.h"
#include "inventory/inventory.h"

static int as_it_is(const json_t *inventory, json_t **ret) {
        *ret = json_incref((json_t *) inventory);
        return 0;
}

const struct format formats[] = {
        {"json", "the whole, as SCHEMA.md has it", as_it_is},
        {"redfish", "Redfish resources, linked by @odata.id", inventory_redfish},
        {"ocp", "dutInfo of OCP Test & Validation 2.0", inventory_dut_info},
        {"ironic", "what ironic-python-agent reports", inventory_ironic},
        {},
};
