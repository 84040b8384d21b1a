/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ata.h: what an ATA drive says of itself, in the SCSI page that hands it on. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ata_identity {
        char model[41];
        char serial_number[21];
        char firmware_version[9];
        char wwn[17];           /* 16 digits; empty when it has none */
        uint16_t rotation_rate; /* revolutions a minute; 1: no rotating media; 0: unknown */
};

/* Decodes a SCSI VPD page 89h (SAT-4 12.4.2, with IDENTIFY DEVICE data of ACS-4 7.13.6 in it). Returns 0,
 * -EBADMSG when it is no such page or a short one. */
int ata_identity_decode(const void *page, size_t size, struct ata_identity *ret);
