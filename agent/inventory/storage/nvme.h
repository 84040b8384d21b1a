/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nvme.h: what an NVMe controller says of itself and of its health (NVM Express Base Specification 2.0). */
#pragma once

#include "inventory/field.h"

struct inventory_roots;

#define NVME_IDENTIFY_SIZE 4096U
#define NVME_HEALTH_SIZE   512U

/* Sets health, an object, out of log page 02h (5.16.1.3); see health.h. f's source becomes that of its
 * members. bytes NULL: unknown. */
void nvme_health_decode(const void *bytes, size_t size, struct fields *f);

/* Sets what Identify Controller (CNS 01h, 5.17.2.1) tells: nvme_version, subsystem_nqn, total_capacity_bytes,
 * warning_temperature_c, critical_temperature_c. bytes NULL or short: all null. */
void nvme_controller_decode(const void *bytes, size_t size, struct fields *f);

/* Asks the drive whose block device is open as fd (-EBADF: a captured tree's), and sets both. */
void nvme_describe(const struct inventory_roots *roots, const char *name, int fd, struct fields *f);
