/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/screen.h"
#include "base/smbios.h"
#include "base/text.h"
#include "collectors.h"
#include "memory-kernel.h"
#include "table.h"

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

        r = memory_add_kernel_view(roots, part);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(part);
        return 0;
}

static char *memory_summarize(const json_t *part) {
        const json_t *modules = json_object_get(part, "modules"), *module;
        int64_t installed = json_get_integer(part, "installed_bytes", -1),
                usable = json_get_integer(part, "usable_bytes", 0),
                slots = json_get_integer(part, "slot_count", -1),
                populated = json_get_integer(part, "populated_slot_count", 0);
        char mapped_out[48] = "";
        size_t n_mapped_out = 0, i;

        json_array_foreach(modules, i, module) n_mapped_out +=
                json_is_true(json_object_get(module, "mapped_out"));
        if (n_mapped_out > 0)
                snprintf(mapped_out, sizeof(mapped_out), ", %zu mapped out", n_mapped_out);

        if (slots < 0)
                return strprintf("%s usable, the firmware names no slots", FORMAT_BYTES((uint64_t) usable));
        if (installed < 0)
                return strprintf("%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                                 " slots filled%s, %s usable",
                                 (json_int_t) populated, (json_int_t) slots, mapped_out,
                                 FORMAT_BYTES((uint64_t) usable));

        return strprintf("%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                         " slots filled%s, %s installed, %s usable",
                         (json_int_t) populated, (json_int_t) slots, mapped_out,
                         FORMAT_BYTES((uint64_t) installed), FORMAT_BYTES((uint64_t) usable));
}

static const char *describe_size(const json_t *module, char buffer[static FORMAT_BYTES_MAX]) {
        int64_t size = json_get_integer(module, "size_bytes", -1);

        if (json_is_true(json_object_get(module, "mapped_out")))
                return "mapped out";
        if (size < 0)
                return "unknown";

        return size == 0 ? "empty" : format_bytes(buffer, (uint64_t) size);
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
                int64_t rated = json_get_integer(module, "speed_mts", 0),
                        speed = json_get_integer(module, "configured_speed_mts", rated);
                char transfers[24] = "", size[FORMAT_BYTES_MAX];

                /* What firmware says of a slot without a module is worth nothing. */
                if (json_get_integer(module, "size_bytes", -1) == 0 &&
                    !json_is_true(json_object_get(module, "mapped_out"))) {
                        table_add(table, json_get_string(module, "locator"),
                                  json_get_string(module, "bank_locator"), "empty", NULL, NULL, NULL, NULL,
                                  NULL);
                        continue;
                }

                if (speed > 0)
                        snprintf(transfers, sizeof(transfers), "%" JSON_INTEGER_FORMAT, (json_int_t) speed);

                table_add(table, json_get_string(module, "locator"), json_get_string(module, "bank_locator"),
                          describe_size(module, size), json_get_string(module, "type"), transfers,
                          json_get_string(module, "manufacturer"), json_get_string(module, "part_number"),
                          json_get_string(module, "serial_number"));
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
