/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diff.h: what has become different between two inventories. */
#pragma once

#include "base/json.h"

/* Compares them part by part; the things of a list by what names them (slot, address, serial number),
 * whatever their order. What changes by itself, temperatures and counters, is left out. Returns 0 and an
 * array in *ret, of objects with path ("memory.modules[DIMM_A1].size_bytes"), old and new (null for what was
 * or is not there); -ENOMEM. */
int inventory_diff(const json_t *old, const json_t *new, json_t **ret);
