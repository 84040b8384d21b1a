/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scsi.h: the health of SCSI and SAS drives, and of ATA drives behind SCSI commands. */
#pragma once

#include "health.h"

struct inventory_roots;

#define ATA_SMART_SIZE    512U
#define SCSI_LOG_SIZE_MAX 512U

/* Decodes the data of SMART READ DATA (ACS-4 7.46.4; attributes as drive makers agree on them). Does nothing
 * when it is short or its checksum is wrong. */
void ata_smart_decode(const void *bytes, size_t size, struct health *health);

/* Decodes the sense data that SMART RETURN STATUS comes back with (SAT-4 12.2.2.7, ACS-4 7.46.8): C24Fh in
 * the LBA is good, 2CF4h: the drive expects to fail. */
void ata_smart_status_decode(const void *sense, size_t size, struct health *health);

/* Decodes the log pages 2Fh (informational exceptions, SPC-5 7.3.9) and 0Dh (temperature, 7.3.21). */
void scsi_exceptions_decode(const void *page, size_t size, struct health *health);
void scsi_temperature_decode(const void *page, size_t size, struct health *health);

/* Asks the drive whose block device is open as fd and sets health. is_ata: the drive speaks ATA behind SCSI.
 */
void scsi_describe(const struct inventory_roots *roots, const char *name, int fd, bool is_ata,
                   struct fields *f);
