/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/screen.h"
#include "base/smbios.h"
#include "base/text.h"
#include "collectors.h"
#include "field.h"
#include "sysfs.h"
#include "table.h"

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

static int set_name(json_t *part, const char *name, const struct smbios_structure *s, size_t offset,
                    const char *const *names, size_t n_names) {
        uint8_t code;

        return json_set_string(part, name,
                               smbios_u8(s, offset, &code) && code < n_names ? names[code] : NULL);
}

static int set_location(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_name(part, name, s, offset, array_locations, ELEMENTSOF(array_locations));
}

static int set_use(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_name(part, name, s, offset, array_uses, ELEMENTSOF(array_uses));
}

static int set_error_correction(json_t *part, const char *name, const struct smbios_structure *s,
                                size_t offset) {
        return set_name(part, name, s, offset, error_corrections, ELEMENTSOF(error_corrections));
}

static int set_form_factor(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_name(part, name, s, offset, form_factors, ELEMENTSOF(form_factors));
}

static int set_memory_type(json_t *part, const char *name, const struct smbios_structure *s, size_t offset) {
        return set_name(part, name, s, offset, memory_types, ELEMENTSOF(memory_types));
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
        {},
};

/* KiB, both ends included; FFFFFFFFh: bytes, further on. */
static int add_mapped_range(json_t *ranges, const struct smbios_structure *s) {
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
        if (start_kib == UINT32_MAX && (!smbios_u64(s, 0x0f, &start) || !smbios_u64(s, 0x17, &end)))
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

static int add_decoded(json_t *list, const struct smbios_structure *s, const struct smbios_field *fields) {
        _cleanup_json_ json_t *object = json_object();
        int r;

        r = object ? smbios_fields_set(object, s, fields) : -ENOMEM;
        if (r < 0)
                return r;

        return json_append(list, TAKE_PTR(object));
}

int memory_decode(const struct smbios *smbios, json_t *part) {
        _cleanup_json_ json_t *arrays = json_array(), *modules = json_array(), *ranges = json_array();
        struct smbios_structure s = {};
        size_t n_modules = 0, n_populated = 0;
        uint64_t installed = 0;
        bool size_known = true;
        int r = 0;

        if (!arrays || !modules || !ranges)
                return -ENOMEM;

        while (smbios && r >= 0 && smbios_next(smbios, &s) > 0) {
                uint64_t bytes = 0;
                uint16_t size;

                if (s.type == SMBIOS_MEMORY_ARRAY)
                        r = add_decoded(arrays, &s, array_fields);
                else if (s.type == SMBIOS_MEMORY_ARRAY_ADDRESS)
                        r = add_mapped_range(ranges, &s);
                else if (s.type == SMBIOS_MEMORY_DEVICE && is_system_memory(smbios, &s)) {
                        size_known = module_size(&s, &bytes) && size_known;
                        installed += bytes;
                        n_modules++;
                        n_populated += smbios_u16(&s, 0x0c, &size) && size != 0;
                        r = add_decoded(modules, &s, module_fields);
                }
        }
        if (r < 0)
                return r;

        if (n_modules > 0 && size_known)
                r = field_set_number(part, "installed_bytes", installed);
        else
                r = json_set_string(part, "installed_bytes", NULL);
        if (r < 0)
                return r;

        r = n_modules > 0 ? field_set_number(part, "slot_count", n_modules)
                          : json_set_string(part, "slot_count", NULL);
        if (r < 0)
                return r;

        r = n_modules > 0 ? field_set_number(part, "populated_slot_count", n_populated)
                          : json_set_string(part, "populated_slot_count", NULL);
        if (r < 0)
                return r;

        r = json_set(part, "arrays", TAKE_PTR(arrays));
        if (r < 0)
                return r;

        r = json_set(part, "modules", TAKE_PTR(modules));
        if (r < 0)
                return r;

        return json_set(part, "mapped_ranges", TAKE_PTR(ranges));
}

/* What the kernel has left to use: MemTotal of /proc/meminfo. */
static int add_usable(const struct inventory_roots *roots, json_t *part) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        unsigned long long kib;
        const char *line;
        int r;

        path = strprintf("%s/meminfo", roots->proc);
        if (!path)
                return -ENOMEM;

        r = read_file(path, 64 * KIB, &text, NULL);
        if (r < 0 && r != -ENOENT)
                return r;

        line = r < 0 ? NULL : strstr(text, "MemTotal:");
        if (!line || sscanf(line, "MemTotal: %llu kB", &kib) != 1 || kib > INT64_MAX / KIB)
                return json_set_string(part, "usable_bytes", NULL);

        return field_set_number(part, "usable_bytes", kib * KIB);
}

static int add_firmware_range(json_t *map, const char *device, uint64_t *ram_bytes) {
        _cleanup_json_ json_t *range = json_object();
        _cleanup_free_ char *type = NULL;
        _cleanup_close_ int fd = -EBADF;
        uint64_t start, end;
        int r;

        if (!range)
                return -ENOMEM;

        fd = sysfs_open(device);
        if (fd < 0)
                return fd;

        r = read_u64_file_at(fd, "start", &start);
        if (r < 0)
                return r;

        r = read_u64_file_at(fd, "end", &end);
        if (r < 0)
                return r;

        r = read_line_file_at(fd, "type", &type);
        if (r < 0)
                return r;

        if (end < start)
                return -EBADMSG;
        if (streq(type, "System RAM"))
                *ram_bytes += end - start + 1;

        r = field_set_number(range, "address", start);
        if (r < 0)
                return r;

        r = field_set_number(range, "size_bytes", end - start + 1);
        if (r < 0)
                return r;

        r = field_set_text(range, "type", type);
        if (r < 0)
                return r;

        return json_append(map, TAKE_PTR(range));
}

/* The map that the firmware gave to the first kernel; its entries are numbered directories. */
static int add_firmware_map(const struct inventory_roots *roots, json_t *part) {
        _cleanup_json_ json_t *map = json_array();
        uint64_t ram_bytes = 0;
        int r;

        if (!map)
                return -ENOMEM;

        for (unsigned i = 0;; i++) {
                _cleanup_free_ char *device = NULL;

                device = strprintf("%s/firmware/memmap/%u", roots->sys, i);
                if (!device)
                        return -ENOMEM;

                r = add_firmware_range(map, device, &ram_bytes);
                if (r == -ENOENT)
                        break;
                if (r < 0)
                        return r;
        }

        if (json_array_size(map) == 0) {
                r = json_set_string(part, "firmware_ram_bytes", NULL);
                return r < 0 ? r : json_set_string(part, "firmware_map", NULL);
        }

        r = field_set_number(part, "firmware_ram_bytes", ram_bytes);
        if (r < 0)
                return r;

        return json_set(part, "firmware_map", TAKE_PTR(map));
}

static int memory_collect(const struct inventory_roots *roots, json_t **ret) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        _cleanup_json_ json_t *part = json_object();
        int r;

        if (!part)
                return -ENOMEM;

        r = firmware_table_read(roots, &smbios);
        if (r < 0)
                return r;

        r = memory_decode(smbios, part);
        if (r < 0)
                return r;

        r = add_usable(roots, part);
        if (r < 0)
                return r;

        r = add_firmware_map(roots, part);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static char *memory_summarize(const json_t *part) {
        int64_t installed = json_get_integer(part, "installed_bytes", -1),
                usable = json_get_integer(part, "usable_bytes", 0),
                slots = json_get_integer(part, "slot_count", -1),
                populated = json_get_integer(part, "populated_slot_count", 0);

        if (slots < 0)
                return strprintf("%s usable, the firmware names no slots", FORMAT_BYTES((uint64_t) usable));
        if (installed < 0)
                return strprintf("%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                                 " slots filled, %s usable",
                                 (json_int_t) populated, (json_int_t) slots, FORMAT_BYTES((uint64_t) usable));

        return strprintf("%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                         " slots filled, %s installed, %s usable",
                         (json_int_t) populated, (json_int_t) slots, FORMAT_BYTES((uint64_t) installed),
                         FORMAT_BYTES((uint64_t) usable));
}

static int memory_print(const json_t *part, struct screen *screen) {
        static const struct table_column columns[] = {
                {"SLOT", TABLE_LEFT},     {"BANK", TABLE_FLEXIBLE},   {"SIZE", TABLE_RIGHT},
                {"TYPE", TABLE_LEFT},     {"MT/s", TABLE_RIGHT},      {"MAKER", TABLE_FLEXIBLE},
                {"PART", TABLE_FLEXIBLE}, {"SERIAL", TABLE_FLEXIBLE}, {},
        };
        _cleanup_(table_freep) struct table *table = NULL;
        const json_t *modules = json_object_get(part, "modules"), *module;
        size_t i;

        table = table_new(columns);
        if (!table)
                return -ENOMEM;

        json_array_foreach(modules, i, module) {
                int64_t size = json_get_integer(module, "size_bytes", -1),
                        rated = json_get_integer(module, "speed_mts", 0),
                        speed = json_get_integer(module, "configured_speed_mts", rated);
                char transfers[24] = "";

                if (speed > 0)
                        snprintf(transfers, sizeof(transfers), "%" JSON_INTEGER_FORMAT, (json_int_t) speed);

                table_add(table, json_get_string(module, "locator"), json_get_string(module, "bank_locator"),
                          size < 0    ? "unknown"
                          : size == 0 ? "empty"
                                      : FORMAT_BYTES((uint64_t) size),
                          json_get_string(module, "type"), transfers, json_get_string(module, "manufacturer"),
                          json_get_string(module, "part_number"), json_get_string(module, "serial_number"));
        }

        return table_print(table, screen);
}

const struct collector collector_memory = {
        .name = "memory",
        .description = "Memory modules, and what the firmware and the kernel made of them",
        .collect = memory_collect,
        .summarize = memory_summarize,
        .print = memory_print,
};
