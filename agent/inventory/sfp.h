/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sfp.h: what a pluggable transceiver or cable says of itself in its EEPROM. */
#pragma once

#include <stddef.h>

struct sfp {
        const char *type; /* "QSFP28" */
        char vendor[17], part_number[17], revision[5], serial_number[17];
};

#define SFP_EEPROM_SIZE_MAX 640U

/* Decodes the identification of an SFP (SFF-8472 table 4-1), QSFP (SFF-8636 table 6-14) or QSFP-DD and OSFP
 * module (CMIS 5.0 table 8-24), bytes as the kernel gives them to ethtool. Returns 0, -EBADMSG for anything
 * else. */
int sfp_decode(const void *eeprom, size_t size, struct sfp *ret);
