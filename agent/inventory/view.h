/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view.h: an inventory for a person. */
#pragma once

#include <stdio.h>

#include "base/json.h"

/* Prints the findings, the worst first, then part by part what there is. Returns 0, -ENOMEM. */
int view_print(const json_t *inventory, FILE *file);

/* Prints what inventory_diff() found, a line each. Returns 0, -ENOMEM. */
int view_print_changes(const json_t *changes, FILE *file);
