/* SPDX-License-Identifier: GPL-3.0-or-later */
/* network.h: what servers have for this machine to boot. */
#pragma once

struct boot_source;

/* In the image: who vouches for servers. */
#define NETWORK_AUTHORITIES "/etc/seatrial/production-ca.pem"

extern const struct boot_source network_boot_source;
