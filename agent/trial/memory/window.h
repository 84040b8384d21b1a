/* SPDX-License-Identifier: GPL-3.0-or-later */
/* window.h: physical memory that the kernel does not use, through /dev/mem. With STRICT_DEVMEM the kernel
 * allows that for what is no RAM of its own. */
#pragma once

#include "march.h"

extern const struct march_window window_dev_mem;
