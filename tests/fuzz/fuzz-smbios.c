/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "base/smbios.h"
#include "inventory/collectors.h"
#include "inventory/diff.h"
#include "inventory/findings.h"
#include "inventory/format/format.h"
#include "inventory/identity.h"
#include "inventory/inventory.h"
#include "manifest/manifest.h"

#define ENTRY_POINT_SIZE 0x20U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A good entry point of version 3.6 that announces everything, so that the fuzzer need not find a checksum.
 */
static void make_entry_point(uint8_t entry_point[static 0x18]) {
        memcpy(entry_point, "_SM3_\0\x18\3\6\0\1\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 0x18);
        for (size_t i = 0; i < 0x18; i++)
                if (i != 5)
                        entry_point[5] = (uint8_t) (entry_point[5] - entry_point[i]);
}

static void read_everything(const struct smbios *smbios) {
        struct smbios_structure it = {};

        while (smbios_next(smbios, &it) > 0) {
                struct smbios_structure found;
                uint64_t number;

                /* Offsets beyond any structure as well. */
                for (size_t offset = 0; offset <= 0x100; offset++) {
                        char *text = NULL;

                        if (smbios_string(&it, offset, &text) < 0)
                                abort();
                        free(text);
                        (void) smbios_u64(&it, offset, &number);
                }

                if (smbios_find(smbios, it.type, it.handle, &found) != 1)
                        abort();
        }
}

/* The first byte chooses: an entry point and a table, or a table alone. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static int (*const decoders[])(const struct smbios *, json_t *) = {
                system_decode, processors_decode, memory_decode, slots_decode, power_supplies_decode};
        _cleanup_json_ json_t *inventory = json_object(), *info = NULL, *resources = NULL, *ironic = NULL,
                              *findings = NULL, *identity = NULL, *manifest = NULL, *deviations = NULL,
                              *changes = NULL;
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        uint8_t entry_point[0x18];
        int r;

        if (size == 0 || !inventory)
                return 0;

        data++;
        size--;
        if (data[-1] & 1) {
                size_t n = size < ENTRY_POINT_SIZE ? size : ENTRY_POINT_SIZE;

                r = smbios_new(data, n, data + n, size - n, &smbios);
        } else {
                make_entry_point(entry_point);
                r = smbios_new(entry_point, sizeof(entry_point), data, size, &smbios);
        }
        if (r < 0)
                return 0;

        read_everything(smbios);

        for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++) {
                static const char *const names[] = {"system", "processors", "memory", "slots", "power"};
                json_t *part = i < 3 ? json_object() : json_array();
                char *text, *summary;

                if (!part || decoders[i](smbios, part) < 0 || json_set(inventory, names[i], part) < 0)
                        abort();

                /* What has been decoded must be printable as JSON, and describable. */
                text = json_dumps(part, 0);
                if (!text)
                        abort();
                free(text);

                for (size_t j = 0; collectors[j]; j++)
                        if (strcmp(collectors[j]->name, names[i]) == 0) {
                                summary = collectors[j]->summarize(part);
                                if (!summary)
                                        abort();
                                free(summary);
                        }
        }

        if (inventory_dut_info(inventory, &info) < 0 || inventory_redfish(inventory, &resources) < 0 ||
            inventory_ironic(inventory, &ironic) < 0 || inventory_findings(inventory, &findings) < 0 ||
            inventory_identity(inventory, &identity) < 0 ||
            inventory_diff(inventory, inventory, &changes) < 0 || manifest_make(inventory, &manifest) < 0 ||
            manifest_check(manifest, inventory, &deviations) < 0)
                abort();

        /* Every machine is as it is. */
        if (json_array_size(changes) > 0)
                abort();

        return 0;
}
