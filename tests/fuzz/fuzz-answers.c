/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What devices answer to the inventory. The first byte chooses who is asked. */

#include <stdlib.h>

#include "inventory/efi.h"
#include "inventory/lldp.h"
#include "inventory/management.h"
#include "inventory/sfp.h"
#include "inventory/storage/ata.h"
#include "inventory/storage/nvme.h"
#include "inventory/storage/scsi.h"
#include "inventory/tpm2.h"
#include "manifest/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drives(const uint8_t *data, size_t size, struct fields *f) {
        struct ata_identity identity;
        struct health health = {};

        nvme_controller_decode(data, size, f);
        nvme_health_decode(data, size, f);
        ata_smart_decode(data, size, &health);
        ata_smart_status_decode(data, size, &health);
        scsi_exceptions_decode(data, size, &health);
        scsi_temperature_decode(data, size, &health);
        health_add(&health, f);
        (void) ata_identity_decode(data, size, &identity);
}

static void tpm(const uint8_t *data, size_t size, struct fields *f) {
        struct tpm2_properties properties;
        const uint8_t *bytes;
        uint16_t nv_size;
        ssize_t n;

        if (tpm2_properties_decode(data, size, &properties) >= 0)
                fields_text(f, "manufacturer", properties.manufacturer);
        (void) tpm2_nv_size_decode(data, size, &nv_size);

        n = tpm2_nv_data_decode(data, size, &bytes);
        if (n > 0 && (bytes < data || bytes + n > data + size))
                abort();
}

static void module(const uint8_t *data, size_t size, struct fields *f) {
        struct sfp sfp;

        if (sfp_decode(data, size, &sfp) >= 0)
                fields_text(f, "vendor", sfp.vendor);
}

static void load_option(const uint8_t *data, size_t size, struct fields *f) {
        _cleanup_free_ char *description = NULL;
        bool active;

        if (efi_load_option_decode(data, size, &active, &description) >= 0)
                fields_text(f, "description", description);
}

static void lan(const uint8_t *data, size_t size, struct fields *f) {
        _cleanup_json_ json_t *addresses = json_array();

        lan_add_ipv4(f, "address", data, size);
        lan_add_mac(f, "mac", data, size);
        lan_add_source(f, "source", data, size);
        if (lan_append_ipv6(addresses, data, size) < 0)
                abort();
}

static void lldp(const uint8_t *data, size_t size, struct fields *f) {
        json_t *neighbour = NULL;

        if (lldp_decode(data, size, &neighbour) >= 0)
                fields_take(f, "neighbour", neighbour);
}

static void manifest(const uint8_t *data, size_t size, struct fields *f) {
        _cleanup_json_ json_t *order = NULL, *deviations = NULL;
        _cleanup_free_ char *error = NULL;

        if (manifest_parse((const char *) data, size, &order, &error) < 0)
                return;
        if (manifest_check(order, f->object, &deviations) < 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static void (*const askers[])(const uint8_t *data, size_t size, struct fields *f) = {
                drives, tpm, module, load_option, lan, manifest, lldp};
        _cleanup_json_ json_t *object = json_object();
        struct fields f = fields_of(object);
        _cleanup_free_ char *text = NULL;

        if (size == 0)
                return 0;

        askers[data[0] % ELEMENTSOF(askers)](data + 1, size - 1, &f);
        text = json_dumps(object, 0);
        if (f.error < 0 || !text)
                abort();

        return 0;
}
