/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dimm.h: which memory module an address belongs to, as far as SMBIOS tells (DSP0134 7.17 to 7.21). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/smbios.h"
#include "ranges.h"

struct dimm {
        char *locator; /* "DIMM_A1" */
        uint64_t size; /* bytes, never 0; UINT64_MAX when unknown */
        uint16_t handle, array;
        bool data_only; /* as wide as its data: no room for a code */
};

/* Addresses that a module takes part in (type 20), or a whole array (type 19). */
struct dimm_span {
        uint64_t start, end;
        uint16_t handle;
        unsigned position; /* in the interleave, from 1; 0: none */
        uint64_t chunk;    /* bytes that follow each other in one module; 0: unknown */
};

struct dimm_map {
        struct dimm *dimms; /* those that are populated */
        size_t n_dimms;
        struct dimm_span *devices, *arrays;
        size_t n_devices, n_arrays;
        bool ecc; /* the firmware says that an array of system memory corrects errors */
};

/* Returns 0, -ENOMEM. */
int dimm_map_decode(const struct smbios *smbios, struct dimm_map *ret);
void dimm_map_done(struct dimm_map *map);

/* How sure it is which module an address belongs to. */
enum dimm_certainty {
        DIMM_UNKNOWN,  /* SMBIOS does not tell */
        DIMM_ONE_OF,   /* one of those that share the address's range */
        DIMM_BY_ORDER, /* by the interleave as SMBIOS has it: real controllers often hash more bits */
        DIMM_CERTAIN,  /* there is no other in that range */
};

/* Sets ret[i] for each of map->dimms: whether the address may belong to it. */
enum dimm_certainty dimm_map_find(const struct dimm_map *map, uint64_t place, bool ret[]);

/* The same in words: "DIMM_A1", "DIMM_A1 (by the interleave in SMBIOS)", "DIMM_A1 or DIMM_B1", "one of 8
 * modules", "a module that SMBIOS does not tell". Newly allocated, NULL when memory is short. */
char *dimm_map_text(const struct dimm_map *map, uint64_t place);

/* How many bytes of ranges each module holds, ranges that modules share divided evenly: ret[i] for each of
 * map->dimms. False when SMBIOS does not tell. */
bool dimm_map_share(const struct dimm_map *map, const struct ranges *ranges, uint64_t ret[]);
