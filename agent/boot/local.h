/* SPDX-License-Identifier: GPL-3.0-or-later */
/* local.h: boot entries on the machine's own disks. */
#pragma once

struct boot_source;

extern const struct boot_source local_boot_source;
