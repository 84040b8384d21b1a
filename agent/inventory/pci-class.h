/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* "NVMe controller"; class: base class and sub-class. NULL for one without a name. */
const char *pci_class_name(uint16_t class);
