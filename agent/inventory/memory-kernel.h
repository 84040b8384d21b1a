/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/json.h"

struct inventory_roots;

/* Sets what the kernel knows of memory: usable_bytes, firmware_ram_bytes, firmware_map, nodes (NUMA), and
 * controllers (EDAC, with its modules, labels and error counts). Returns 0, a negative errno. */
int memory_add_kernel_view(const struct inventory_roots *roots, json_t *part);
