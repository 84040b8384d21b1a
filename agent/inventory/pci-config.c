/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <pci/pci.h>
#include <stdio.h>
#include <string.h>

#include "pci-class.h"
#include "pci-config.h"

#define HEADER_SIZE 64
#define CONFIG_SIZE 256 /* of conventional PCI; PCI Express has 4 KiB */

#define TYPE_INTEGRATED_ENDPOINT 0x9
#define TYPE_EVENT_COLLECTOR     0xa

/* PCI Express Base Specification 7.5.3.2, bits 7:4. */
static const char *const port_types[16] = {
        [0x0] = "endpoint",
        [0x1] = "legacy endpoint",
        [0x4] = "root port",
        [0x5] = "upstream switch port",
        [0x6] = "downstream switch port",
        [0x7] = "PCI Express to PCI bridge",
        [0x8] = "PCI to PCI Express bridge",
        [TYPE_INTEGRATED_ENDPOINT] = "root complex integrated endpoint",
        [TYPE_EVENT_COLLECTOR] = "root complex event collector",
};

/* 7.5.3.6 and 7.5.3.18: what the codes 1 to 6 of a link's speed stand for, in GT/s. */
static const double link_speeds[] = {0, 2.5, 5, 8, 16, 32, 64};

static const struct pci_cap *find(struct pci_dev *device, unsigned id, unsigned kind) {
        return pci_find_cap(device, id, kind);
}

bool pci_config_read(struct pci_dev *device, struct pci_config *ret) {
        uint8_t probe[4];

        if (!pci_read_block(device, 0, ret->bytes, HEADER_SIZE))
                return false;

        ret->device = device;
        ret->readable =
                pci_read_block(device, HEADER_SIZE, ret->bytes + HEADER_SIZE, CONFIG_SIZE - HEADER_SIZE);
        pci_setup_cache(device, ret->bytes, ret->readable ? CONFIG_SIZE : HEADER_SIZE);

        if (pci_read_word(device, PCI_VENDOR_ID) == 0xffff) {
                pci_config_done(ret);
                return false;
        }

        ret->express = ret->readable ? find(device, PCI_CAP_ID_EXP, PCI_CAP_NORMAL) : NULL;
        ret->extended = ret->express && pci_read_block(device, CONFIG_SIZE, probe, sizeof(probe));
        return true;
}

void pci_config_done(struct pci_config *config) {
        pci_setup_cache(config->device, NULL, 0);
}

static void add_id(struct fields *f, const char *name, uint16_t id) {
        if (id == 0 || id == 0xffff)
                fields_null(f, name);
        else
                fields_hex(f, name, id, 4);
}

/* A bridge has its subsystem in a capability. */
static unsigned find_subsystem(const struct pci_config *config) {
        const struct pci_cap *cap;

        switch (pci_read_byte(config->device, PCI_HEADER_TYPE) & 0x7f) {
        case PCI_HEADER_TYPE_NORMAL:
                return PCI_SUBSYSTEM_VENDOR_ID;
        case PCI_HEADER_TYPE_BRIDGE:
                cap = config->readable ? find(config->device, PCI_CAP_ID_SSVID, PCI_CAP_NORMAL) : NULL;
                return cap ? cap->addr + PCI_SSVID_VENDOR : 0;
        default:
                return 0;
        }
}

void pci_config_add_identity(const struct pci_config *config, struct fields *f) {
        uint32_t class = pci_read_long(config->device, PCI_CLASS_REVISION) >> 8;
        unsigned subsystem = find_subsystem(config);

        fields_hex(f, "class", class, 6);
        fields_word(f, "class_name", pci_class_name((uint16_t) (class >> 8)));
        fields_hex(f, "vendor_id", pci_read_word(config->device, PCI_VENDOR_ID), 4);
        fields_hex(f, "device_id", pci_read_word(config->device, PCI_DEVICE_ID), 4);
        fields_hex(f, "revision", pci_read_byte(config->device, PCI_REVISION_ID), 2);
        add_id(f, "subsystem_vendor_id", subsystem ? pci_read_word(config->device, (int) subsystem) : 0);
        add_id(f, "subsystem_device_id", subsystem ? pci_read_word(config->device, (int) subsystem + 2) : 0);
}

static unsigned express_type(const struct pci_config *config) {
        return pci_read_word(config->device, (int) config->express->addr + PCI_EXP_FLAGS) >> 4 & 0xf;
}

/* 7.9.3: EUI-64, its upper half behind the lower one. */
static void add_serial_number(struct pci_dev *device, struct fields *f) {
        const struct pci_cap *cap = find(device, PCI_EXT_CAP_ID_DSN, PCI_CAP_EXTENDED);
        uint32_t low, high;
        char text[24];

        low = cap ? pci_read_long(device, (int) cap->addr + 4) : 0;
        high = cap ? pci_read_long(device, (int) cap->addr + 8) : 0;
        if (low == 0 && high == 0) {
                fields_null(f, "serial_number");
                return;
        }

        snprintf(text, sizeof(text), "%02x-%02x-%02x-%02x-%02x-%02x-%02x-%02x", high >> 24, high >> 16 & 0xff,
                 high >> 8 & 0xff, high & 0xff, low >> 24, low >> 16 & 0xff, low >> 8 & 0xff, low & 0xff);
        fields_word(f, "serial_number", text);
}

/* 9.3.3 */
static void add_sriov(struct pci_dev *device, struct fields *f) {
        const struct pci_cap *cap = find(device, PCI_EXT_CAP_ID_SRIOV, PCI_CAP_EXTENDED);
        struct fields s;

        if (!cap) {
                fields_null(f, "sriov");
                return;
        }

        s = fields_of(json_object());
        fields_number(&s, "total_vfs", pci_read_word(device, (int) cap->addr + PCI_IOV_TOTALVF));
        fields_number(&s, "enabled_vfs", pci_read_word(device, (int) cap->addr + PCI_IOV_NUMVF));
        fields_hex(&s, "vf_device_id", pci_read_word(device, (int) cap->addr + PCI_IOV_DID), 4);
        fields_take(f, "sriov", s.object);
        if (s.error < 0)
                f->error = s.error;
}

void pci_config_add_unknown(struct fields *f) {
        static const char *const members[] = {"type", "serial_number", "sriov", "aer_capable", "link"};

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                fields_null(f, members[i]);
}

void pci_config_add_capabilities(const struct pci_config *config, struct fields *f) {
        fields_word(f, "type", config->express ? port_types[express_type(config)] : NULL);

        if (config->extended) {
                add_serial_number(config->device, f);
                add_sriov(config->device, f);
        } else {
                fields_null(f, "serial_number");
                fields_null(f, "sriov");
        }

        if (!config->readable || (config->express && !config->extended))
                fields_null(f, "aer_capable");
        else
                fields_bool(f, "aer_capable",
                            config->express && find(config->device, PCI_EXT_CAP_ID_AER, PCI_CAP_EXTENDED));
}

static void add_speed(struct fields *f, const char *name, unsigned code) {
        if (code == 0 || code >= ELEMENTSOF(link_speeds))
                fields_null(f, name);
        else
                fields_real(f, name, link_speeds[code]);
}

/* 0: there is no link. */
static void add_width(struct fields *f, const char *name, unsigned width) {
        if (width == 0 || width > 32)
                fields_null(f, name);
        else
                fields_number(f, name, width);
}

/* The vector of speeds, which later revisions have, says more than the code before it (7.5.3.18). */
static unsigned maximum_speed(uint32_t capabilities, uint32_t capabilities2) {
        for (unsigned code = ELEMENTSOF(link_speeds) - 1; code > 0; code--)
                if (capabilities2 >> code & 1)
                        return code;

        return capabilities & PCI_EXP_LNKCAP_SPEED;
}

/* What the port above has of the same in its own link. */
static void add_of_port(struct fields *f, const char *name, const json_t *port, const char *member) {
        json_t *value = json_object_get(port, member);

        fields_take(f, name, value ? json_incref(value) : json_null());
}

void pci_config_add_link(const struct pci_config *config, const json_t *port, struct fields *f) {
        uint32_t capabilities, capabilities2, status, version;
        struct fields l;
        int express;

        if (!config->express || express_type(config) == TYPE_INTEGRATED_ENDPOINT ||
            express_type(config) == TYPE_EVENT_COLLECTOR) {
                fields_null(f, "link");
                return;
        }

        express = (int) config->express->addr;
        version = pci_read_word(config->device, express + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_VERS;
        capabilities = pci_read_long(config->device, express + PCI_EXP_LNKCAP);
        capabilities2 = version >= 2 ? pci_read_long(config->device, express + PCI_EXP_LNKCAP2) : 0;
        status = pci_read_word(config->device, express + PCI_EXP_LNKSTA);
        if ((capabilities & PCI_EXP_LNKCAP_WIDTH) == 0) {
                fields_null(f, "link");
                return;
        }

        l = fields_of(json_object());
        add_speed(&l, "speed_gts", status & PCI_EXP_LNKSTA_SPEED);
        add_width(&l, "width", (status & PCI_EXP_LNKSTA_WIDTH) >> 4);
        add_speed(&l, "maximum_speed_gts", maximum_speed(capabilities, capabilities2));
        add_width(&l, "maximum_width", (capabilities & PCI_EXP_LNKCAP_WIDTH) >> 4);
        add_of_port(&l, "port_maximum_speed_gts", port, "maximum_speed_gts");
        add_of_port(&l, "port_maximum_width", port, "maximum_width");
        fields_take(f, "link", l.object);
        if (l.error < 0)
                f->error = l.error;
}
