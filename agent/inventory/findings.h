/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings.h: what in an inventory is bad news, without anybody having said what was ordered. */
#pragma once

#include "base/json.h"

/* Looks at a whole inventory or at some of its parts. Returns 0 and an array in *ret, the worst first, of
 * objects with severity ("critical": it does not work or will not for long; "warning": it works worse than it
 * could), verdict (a short name that does not change), part, where ("DIMM_B2", "0000:41:00.0") and message;
 * -ENOMEM. */
int inventory_findings(const json_t *inventory, json_t **ret);
