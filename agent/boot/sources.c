/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "boot.h"
#include "local.h"
#include "network/network.h"

const struct boot_source *const boot_sources[] = {
        &local_boot_source,
        &network_boot_source,
        NULL,
};
