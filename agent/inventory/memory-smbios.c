/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/smbios.h"
#include "collectors.h"
#include "field.h"

#define KIB ((uint64_t) 1 << 10)
#define MIB ((uint64_t) 1 << 20)

#define USE_SYSTEM_MEMORY 0x03

/* DSP0134 7.17.1 to 7.17.3, 7.18.1, 7.18.2. Values that mean "other" or "unknown" have no name. */
static const char *const array_locations[] = {
        [0x03] = "system board",
        [0x04] = "ISA add-on card",
        [0x05] = "EISA add-on card",
        [0x06] = "PCI add-on card",
        [0x07] = "MCA add-on card",
        [0x08] = "PCMCIA add-on card",
        [0x09] = "proprietary add-on card",
        [0x0a] = "NuBus",
};

static const char *const array_uses[] = {
        [USE_SYSTEM_MEMORY] = "system memory", [0x04] = "video memory", [0x05] = "flash memory",
        [0x06] = "non-volatile RAM",           [0x07] = "cache memory",
};

static const char *const error_corrections[] = {
        [0x03] = "none",          [0x04] = "parity", [0x05] = "single-bit ECC",
        [0x06] = "multi-bit ECC", [0x07] = "CRC",
};

static const char *const form_factors[] = {
        [0x03] = "SIMM",    [0x04] = "SIP",    [0x05] = "chip",
        [0x06] = "DIP",     [0x07] = "ZIP",    [0x08] = "proprietary card",
        [0x09] = "DIMM",    [0x0a] = "TSOP",   [0x0b] = "row of chips",
        [0x0c] = "RIMM",    [0x0d] = "SODIMM", [0x0e] = "SRIMM",
        [0x0f] = "FB-DIMM", [0x10] = "die",    [0x11] = "CAMM",
};

static const char *const memory_types[] = {
        [0x03] = "DRAM",   [0x04] = "EDRAM",
        [0x05] = "VRAM",   [0x06] = "SRAM",
        [0x07] = "RAM",    [0x08] = "ROM",
        [0x09] = "FLASH",  [0x0a] = "EEPROM",
        [0x0b] = "FEPROM", [0x0c] = "EPROM",
        [0x0d] = "CDRAM",  [0x0e] = "3DRAM",
        [0x0f] = "SDRAM",  [0x10] = "SGRAM",
        [0x11] = "RDRAM",  [0x12] = "DDR",
        [0x13] = "DDR2",   [0x14] = "DDR2 FB-DIMM",
        [0x18] = "DDR3",   [0x19] = "FBD2",
        [0x1a] = "DDR4",   [0x1b] = "LPDDR",
        [0x1c] = "LPDDR2", [0x1d] = "LPDDR3",
        [0x1e] = "LPDDR4", [0x1f] = "logical non-volatile",
        [0x20] = "HBM",    [0x21] = "HBM2",
        [0x22] = "DDR5",   [0x23] = "LPDDR5",
        [0x24] = "HBM3",
};

static int set_location(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return smbios_set_name(part, name, s, offset, array_locations, ELEMENTSOF(array_locations));
}

static int set_use(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return smbios_set_name(part, name, s, offset, array_uses, ELEMENTSOF(array_uses));
}

static int set_error_correction(json_t *part, const char *name, const struct smbios_structure *s,
                                size_t offset) {
        return smbios_set_name(part, name, s, offset, error_corrections, ELEMENTSOF(error_corrections));
}

static int set_form_factor(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return smbios_set_name(part, name, s, offset, form_factors, ELEMENTSOF(form_factors));
}

static int set_memory_type(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return smbios_set_name(part, name, s, offset, memory_types, ELEMENTSOF(memory_types));
}

/* KiB; 80000000h: bytes, at 0Fh. */
static int set_maximum_capacity(json_t *part, const char *name, const struct smbios_structure *s,
                                size_t offset) {
        uint64_t bytes;
        uint32_t kib;

        if (!smbios_u32(s, offset, &kib))
                return json_set_string(part, name, NULL);
        if (kib != 0x80000000)
                return field_set_number(part, name, kib * KIB);
        if (!smbios_u64(s, 0x0f, &bytes))
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, bytes);
}

static const struct smbios_field array_fields[] = {
        {"location", 0x04, set_location},
        {"use", 0x05, set_use},
        {"error_correction", 0x06, set_error_correction},
        {"maximum_capacity_bytes", 0x07, set_maximum_capacity},
        {"slot_count", 0x0d, smbios_set_nonzero_u16},
        {},
};

/* 7.18.3: bit 13 registered, bit 14 unbuffered, bit 15 LRDIMM. */
static int set_buffering(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        const char *buffering = NULL;
        uint16_t detail;

        if (smbios_u16(s, offset, &detail)) {
                if (detail & 1U << 15)
                        buffering = "load-reduced";
                else if (detail & 1U << 13)
                        buffering = "registered";
                else if (detail & 1U << 14)
                        buffering = "unbuffered";
        }

        return json_set_string(part, name, buffering);
}

/* MT/s; 0: unknown; FFFFh: in 31 bits further on. */
static int set_transfers(json_t *part, const char *name, const struct smbios_structure *s, size_t offset,
                         size_t extended_offset) {
        uint32_t extended;
        uint16_t speed;

        if (!smbios_u16(s, offset, &speed) || speed == 0)
                return json_set_string(part, name, NULL);
        if (speed != UINT16_MAX)
                return field_set_number(part, name, speed);
        if (!smbios_u32(s, extended_offset, &extended) || (extended & INT32_MAX) == 0)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, extended & INT32_MAX);
}

static int set_rated_speed(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_transfers(part, name, s, offset, 0x54);
}

static int set_configured_speed(json_t *part, const char *name, const struct smbios_structure *s,
                                size_t offset) {
        return set_transfers(part, name, s, offset, 0x58);
}

static int set_ranks(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint8_t attributes;

        if (!smbios_u8(s, offset, &attributes) || (attributes & 0x0f) == 0)
                return json_set_string(part, name, NULL);

        return field_set_number(part, name, attributes & 0x0f);
}

/* MiB, or KiB when bit 15 is set; 0: nothing in the slot; FFFFh: unknown; 7FFFh: MiB in 31 bits at 1Ch.
 * Returns false when it is unknown. */
static bool module_size(const struct smbios_structure *s, uint64_t *ret_bytes) {
        uint32_t extended;
        uint16_t size;

        if (!smbios_u16(s, 0x0c, &size) || size == UINT16_MAX)
                return false;

        if (size == 0x7fff) {
                if (!smbios_u32(s, 0x1c, &extended))
                        return false;
                *ret_bytes = (extended & INT32_MAX) * MIB;
        } else
                *ret_bytes = (size & 0x7fffU) * (size & 0x8000 ? KIB : MIB);

        return true;
}

static int set_module_size(json_t *part, const char *name, const struct smbios_structure *s,
                           size_t offset _unused_) {
        uint64_t bytes;

        return module_size(s, &bytes) ? field_set_number(part, name, bytes)
                                      : json_set_string(part, name, NULL);
}

/* An unknown size still says that something is there. */
static int set_populated(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        uint16_t size;

        return smbios_u16(s, offset, &size) ? json_set_bool(part, name, size != 0)
                                            : json_set_string(part, name, NULL);
}

/* A module that names its maker or its numbers, and has no size, is in its slot, and the firmware has taken
 * it out of service: what it has read off the module is all that is left of it. */
static int set_mapped_out(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        bool identified = json_get_string(part, "serial_number") || json_get_string(part, "part_number");
        uint16_t size;

        if (!smbios_u16(s, offset, &size))
                return json_set_string(part, name, NULL);

        return json_set_bool(part, name, size == 0 && identified);
}

static const struct smbios_field module_fields[] = {
        {"locator", 0x10, smbios_set_string},
        {"bank_locator", 0x11, smbios_set_string},
        {"populated", 0x0c, set_populated},
        {"size_bytes", 0x0c, set_module_size},
        {"type", 0x12, set_memory_type},
        {"form_factor", 0x0e, set_form_factor},
        {"buffering", 0x13, set_buffering},
        {"ranks", 0x1b, set_ranks},
        {"speed_mts", 0x15, set_rated_speed},
        {"configured_speed_mts", 0x20, set_configured_speed},
        {"total_width_bits", 0x08, smbios_set_known_u16},
        {"data_width_bits", 0x0a, smbios_set_known_u16},
        {"minimum_voltage_mv", 0x22, smbios_set_nonzero_u16},
        {"maximum_voltage_mv", 0x24, smbios_set_nonzero_u16},
        {"configured_voltage_mv", 0x26, smbios_set_nonzero_u16},
        {"manufacturer", 0x17, smbios_set_string},
        {"serial_number", 0x18, smbios_set_string},
        {"part_number", 0x1a, smbios_set_string},
        {"asset_tag", 0x19, smbios_set_string},
        {"firmware_version", 0x2b, smbios_set_string},
        {"mapped_out", 0x0c, set_mapped_out},
        {},
};

/* KiB, both ends included; FFFFFFFFh: bytes, further on. */
static int add_range(json_t *ranges, const struct smbios_structure *s, size_t extended_start,
                     size_t extended_end) {
        _cleanup_json_ json_t *range = json_object();
        uint32_t start_kib, end_kib;
        uint64_t start, end;
        int r;

        if (!range)
                return -ENOMEM;

        if (!smbios_u32(s, 0x04, &start_kib) || !smbios_u32(s, 0x08, &end_kib))
                return 0;
        start = start_kib * KIB;
        end = end_kib * KIB + KIB - 1;
        if (start_kib == UINT32_MAX &&
            (!smbios_u64(s, extended_start, &start) || !smbios_u64(s, extended_end, &end)))
                return 0;
        if (end < start)
                return 0;

        r = field_set_number(range, "address", start);
        if (r < 0)
                return r;

        r = field_set_number(range, "size_bytes", end - start + 1);
        if (r < 0)
                return r;

        return json_append(ranges, TAKE_PTR(range));
}

/* What the slots of other arrays hold, such as the firmware's flash chip, is no memory of the machine. */
static bool is_system_memory(const struct smbios *smbios, const struct smbios_structure *module) {
        struct smbios_structure array;
        uint16_t handle;
        uint8_t use;

        return !smbios_u16(module, 0x04, &handle) ||
               smbios_find(smbios, SMBIOS_MEMORY_ARRAY, handle, &array) <= 0 ||
               !smbios_u8(&array, 0x05, &use) || use == USE_SYSTEM_MEMORY;
}

/* Type 20 ties a module to the addresses that it answers to (DSP0134 7.21). */
static int add_module_range(json_t *module, const struct smbios *smbios, uint16_t handle) {
        _cleanup_json_ json_t *ranges = json_array();
        struct smbios_structure s = {}, first = {};
        struct fields f = fields_of(module);

        if (!ranges)
                return -ENOMEM;

        while (smbios_next_of(smbios, SMBIOS_MEMORY_DEVICE_ADDRESS, &s) > 0) {
                uint16_t device;
                int r;

                if (!smbios_u16(&s, 0x0c, &device) || device != handle)
                        continue;

                r = add_range(ranges, &s, 0x13, 0x1b);
                if (r < 0)
                        return r;
                first = s;
        }

        fields_source_smbios(&f, &first, 0x04);
        if (json_array_size(ranges) > 0)
                fields_take(&f, "mapped_ranges", TAKE_PTR(ranges));
        else
                fields_null(&f, "mapped_ranges");
        return f.error;
}

static int add_decoded(json_t *list, const struct smbios_structure *s, const struct smbios_field *fields,
                       const struct smbios *smbios) {
        _cleanup_json_ json_t *object = json_object();
        int r;

        r = object ? smbios_fields_set(object, s, fields) : -ENOMEM;
        if (r >= 0 && s->type == SMBIOS_MEMORY_DEVICE)
                r = add_module_range(object, smbios, s->handle);
        if (r < 0)
                return r;

        return json_append(list, TAKE_PTR(object));
}

/* What the modules amount to. */
struct totals {
        size_t n_modules, n_populated;
        uint64_t installed;
        bool size_unknown; /* of one at least */
};

static void count_module(const struct smbios_structure *s, struct totals *totals) {
        uint64_t bytes = 0;
        uint16_t size;

        if (!module_size(s, &bytes))
                totals->size_unknown = true;
        totals->installed += bytes;
        totals->n_modules++;
        totals->n_populated += smbios_u16(s, 0x0c, &size) && size != 0;
}

static void add_totals(const struct totals *totals, struct fields *f) {
        fields_source(f, "SMBIOS types 17");
        if (totals->n_modules > 0 && !totals->size_unknown)
                fields_number(f, "installed_bytes", totals->installed);
        else
                fields_null(f, "installed_bytes");

        if (totals->n_modules > 0) {
                fields_number(f, "slot_count", totals->n_modules);
                fields_number(f, "populated_slot_count", totals->n_populated);
        } else {
                fields_null(f, "slot_count");
                fields_null(f, "populated_slot_count");
        }
}

int memory_decode(const struct smbios *smbios, json_t *part) {
        _cleanup_json_ json_t *arrays = json_array(), *modules = json_array(), *ranges = json_array();
        struct fields f = fields_of(part);
        struct smbios_structure s = {};
        struct totals totals = {};
        int r = 0;

        if (!arrays || !modules || !ranges)
                return -ENOMEM;

        while (smbios && r >= 0 && smbios_next(smbios, &s) > 0) {
                if (s.type == SMBIOS_MEMORY_ARRAY)
                        r = add_decoded(arrays, &s, array_fields, smbios);
                else if (s.type == SMBIOS_MEMORY_ARRAY_ADDRESS)
                        r = add_range(ranges, &s, 0x0f, 0x17);
                else if (s.type == SMBIOS_MEMORY_DEVICE && is_system_memory(smbios, &s)) {
                        count_module(&s, &totals);
                        r = add_decoded(modules, &s, module_fields, smbios);
                }
        }
        if (r < 0)
                return r;

        add_totals(&totals, &f);
        fields_take(&f, "arrays", TAKE_PTR(arrays));
        fields_take(&f, "modules", TAKE_PTR(modules));
        fields_source(&f, "SMBIOS types 19");
        fields_take(&f, "mapped_ranges", TAKE_PTR(ranges));
        return f.error;
}
