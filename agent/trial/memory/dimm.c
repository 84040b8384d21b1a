/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "dimm.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

/* DSP0134 7.17: use and error correction of an array. */
#define ARRAY_SYSTEM_MEMORY 3
#define ARRAY_SINGLE_BIT    5
#define ARRAY_CRC           7

#define SIZE_NONE     0
#define SIZE_UNKNOWN  0xffff
#define SIZE_EXTENDED 0x7fff
#define SIZE_KIB      0x8000

#define WIDTH_UNKNOWN 0xffff

#define ADDRESS_EXTENDED UINT32_MAX

#define POSITION_UNKNOWN 0xff
#define NAMES_MAX        4

void dimm_map_done(struct dimm_map *map) {
        for (size_t i = 0; i < map->n_dimms; i++)
                free(map->dimms[i].locator);
        free(map->dimms);
        free(map->devices);
        free(map->arrays);
        *map = (struct dimm_map){};
}

/* Returns the size in bytes, 0 for an empty slot. */
static uint64_t module_size(const struct smbios_structure *s) {
        uint16_t size;
        uint32_t extended;

        if (!smbios_u16(s, 0x0c, &size) || size == SIZE_UNKNOWN)
                return UINT64_MAX;
        if (size == SIZE_EXTENDED && smbios_u32(s, 0x1c, &extended))
                return (extended & INT32_MAX) * MIB;
        if (size & SIZE_KIB)
                return (uint64_t) (size & ~SIZE_KIB) * KIB;

        return size * MIB;
}

/* Only arrays that are system memory: not flash, not video memory. */
static bool is_system_memory(const struct smbios *smbios, uint16_t array) {
        struct smbios_structure s;
        uint8_t use;

        return smbios_find(smbios, SMBIOS_MEMORY_ARRAY, array, &s) != 1 || !smbios_u8(&s, 0x05, &use) ||
               use == ARRAY_SYSTEM_MEMORY;
}

static int add_dimm(const struct smbios *smbios, const struct smbios_structure *s, struct dimm_map *map) {
        struct dimm dimm = {.size = module_size(s), .handle = s->handle};
        uint16_t total, data;
        struct dimm *dimms;
        int r;

        if (!smbios_u16(s, 0x04, &dimm.array) || !is_system_memory(smbios, dimm.array) ||
            dimm.size == SIZE_NONE)
                return 0;

        dimm.data_only = smbios_u16(s, 0x08, &total) && smbios_u16(s, 0x0a, &data) && total == data &&
                         total > 0 && total != WIDTH_UNKNOWN;

        dimms = reallocarray(map->dimms, map->n_dimms + 1, sizeof(*dimms));
        if (!dimms)
                return -ENOMEM;
        map->dimms = dimms;

        r = smbios_string(s, 0x10, &dimm.locator);
        if (r < 0)
                return r;
        if (!dimm.locator) {
                dimm.locator = strprintf("module %zu", map->n_dimms + 1);
                if (!dimm.locator)
                        return -ENOMEM;
        }

        map->dimms[map->n_dimms++] = dimm;
        return 0;
}

/* The range of types 19 and 20, in KiB, or in bytes where it does not fit. */
static bool span_range(const struct smbios_structure *s, size_t extended, struct dimm_span *ret) {
        uint32_t start, last;
        uint64_t wide_last;

        if (!smbios_u32(s, 0x04, &start) || !smbios_u32(s, 0x08, &last))
                return false;

        if (start == ADDRESS_EXTENDED) {
                if (!smbios_u64(s, extended, &ret->start) || !smbios_u64(s, extended + 8, &wide_last) ||
                    wide_last == UINT64_MAX)
                        return false;
                ret->end = wide_last + 1;
        } else {
                ret->start = start * KIB;
                ret->end = (last + UINT64_C(1)) * KIB;
        }

        return ret->start < ret->end;
}

static int add_span(struct dimm_span **spans, size_t *n, const struct dimm_span *span) {
        struct dimm_span *larger;

        larger = reallocarray(*spans, *n + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;

        *spans = larger;
        larger[(*n)++] = *span;
        return 0;
}

static int add_array(const struct smbios_structure *s, struct dimm_map *map) {
        struct dimm_span span = {};

        if (!span_range(s, 0x0f, &span) || !smbios_u16(s, 0x0c, &span.handle))
                return 0;

        return add_span(&map->arrays, &map->n_arrays, &span);
}

static int add_device(const struct smbios *smbios, const struct smbios_structure *s, struct dimm_map *map) {
        struct smbios_structure device;
        struct dimm_span span = {};
        uint8_t position, depth;
        uint16_t width;

        if (!span_range(s, 0x13, &span) || !smbios_u16(s, 0x0c, &span.handle))
                return 0;

        if (smbios_u8(s, 0x11, &position) && position != POSITION_UNKNOWN)
                span.position = position;
        if (smbios_u8(s, 0x12, &depth) && depth != POSITION_UNKNOWN &&
            smbios_find(smbios, SMBIOS_MEMORY_DEVICE, span.handle, &device) == 1 &&
            smbios_u16(&device, 0x0a, &width) && width != WIDTH_UNKNOWN)
                span.chunk = (uint64_t) depth * width / 8;

        return add_span(&map->devices, &map->n_devices, &span);
}

static void note_correction(const struct smbios_structure *s, struct dimm_map *map) {
        uint8_t use, correction;

        if (smbios_u8(s, 0x05, &use) && use == ARRAY_SYSTEM_MEMORY && smbios_u8(s, 0x06, &correction) &&
            correction >= ARRAY_SINGLE_BIT && correction <= ARRAY_CRC)
                map->ecc = true;
}

int dimm_map_decode(const struct smbios *smbios, struct dimm_map *ret) {
        _cleanup_(dimm_map_done) struct dimm_map map = {};
        struct smbios_structure s = {};

        /* What follows a structure that cannot be one is not read. */
        while (smbios_next(smbios, &s) == 1) {
                int r = 0;

                if (s.type == SMBIOS_MEMORY_ARRAY)
                        note_correction(&s, &map);
                else if (s.type == SMBIOS_MEMORY_DEVICE)
                        r = add_dimm(smbios, &s, &map);
                else if (s.type == SMBIOS_MEMORY_ARRAY_ADDRESS)
                        r = add_array(&s, &map);
                else if (s.type == SMBIOS_MEMORY_DEVICE_ADDRESS)
                        r = add_device(smbios, &s, &map);
                if (r < 0)
                        return r;
        }

        *ret = map;
        map = (struct dimm_map){};
        return 0;
}

static bool covers(const struct dimm_span *span, uint64_t place) {
        return span->start <= place && place < span->end;
}

/* How many modules take turns in the range of span. */
static unsigned ways(const struct dimm_map *map, const struct dimm_span *span) {
        unsigned n = 0;

        for (size_t i = 0; i < map->n_devices; i++)
                n += map->devices[i].start == span->start && map->devices[i].end == span->end;

        return n;
}

/* Whether it is that module's turn at place, by SMBIOS's simple picture of an interleave. */
static bool is_turn(const struct dimm_map *map, const struct dimm_span *span, uint64_t place) {
        return (place - span->start) / span->chunk % ways(map, span) + 1 == span->position;
}

static size_t mark(const struct dimm_map *map, uint64_t place, bool by_order, bool ret[]) {
        size_t n = 0;

        for (size_t i = 0; i < map->n_dimms; i++) {
                ret[i] = false;
                for (size_t j = 0; j < map->n_devices; j++) {
                        const struct dimm_span *span = &map->devices[j];

                        if (span->handle == map->dimms[i].handle && covers(span, place))
                                ret[i] = ret[i] || !by_order || is_turn(map, span, place);
                }
                n += ret[i];
        }

        return n;
}

/* Whether the interleave at place is told in full. */
static bool has_order(const struct dimm_map *map, uint64_t place) {
        for (size_t i = 0; i < map->n_devices; i++)
                if (covers(&map->devices[i], place) &&
                    (map->devices[i].position == 0 || map->devices[i].chunk == 0))
                        return false;

        return true;
}

static size_t mark_by_array(const struct dimm_map *map, uint64_t place, bool ret[]) {
        size_t n = 0;

        for (size_t i = 0; i < map->n_dimms; i++) {
                ret[i] = false;
                for (size_t j = 0; j < map->n_arrays; j++)
                        ret[i] = ret[i] || (map->arrays[j].handle == map->dimms[i].array &&
                                            covers(&map->arrays[j], place));
                n += ret[i];
        }

        return n;
}

enum dimm_certainty dimm_map_find(const struct dimm_map *map, uint64_t place, bool ret[]) {
        size_t n = mark(map, place, false, ret);

        if (n > 1 && has_order(map, place) && mark(map, place, true, ret) == 1)
                return DIMM_BY_ORDER;
        if (n > 1)
                mark(map, place, false, ret);
        if (n == 0)
                n = mark_by_array(map, place, ret);
        if (n == 0 && map->n_dimms == 1) {
                ret[0] = true;
                n = 1;
        }

        return n == 0 ? DIMM_UNKNOWN : n == 1 ? DIMM_CERTAIN : DIMM_ONE_OF;
}

char *dimm_map_text(const struct dimm_map *map, uint64_t place) {
        bool may[map->n_dimms + 1];
        enum dimm_certainty certainty = dimm_map_find(map, place, may);
        _cleanup_free_ char *names = NULL;
        size_t n = 0;

        for (size_t i = 0; i < map->n_dimms; i++) {
                _cleanup_free_ char *before = names;

                if (!may[i] || n++ >= NAMES_MAX) {
                        names = TAKE_PTR(before);
                        continue;
                }
                names = strprintf("%s%s%s", before ?: "", before ? " or " : "", map->dimms[i].locator);
                if (!names)
                        return NULL;
        }

        if (certainty == DIMM_UNKNOWN)
                return strdup("a module that SMBIOS does not tell");
        if (n > NAMES_MAX)
                return strprintf("one of %zu modules", n);

        return certainty == DIMM_BY_ORDER ? strprintf("%s (by the interleave in SMBIOS)", names)
                                          : TAKE_PTR(names);
}

bool dimm_map_share(const struct dimm_map *map, const struct ranges *ranges, uint64_t ret[]) {
        bool known = false;

        memset(ret, 0, map->n_dimms * sizeof(*ret));
        for (size_t i = 0; i < map->n_dimms; i++)
                for (size_t j = 0; j < map->n_devices; j++) {
                        const struct dimm_span *span = &map->devices[j];

                        if (span->handle != map->dimms[i].handle)
                                continue;
                        ret[i] += ranges_size_within(ranges, span->start, span->end) / ways(map, span);
                        known = true;
                }
        if (known || map->n_dimms != 1)
                return known;

        ret[0] = ranges_size(ranges);
        return true;
}
