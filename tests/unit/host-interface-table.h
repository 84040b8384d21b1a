/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host-interface-table.h: SMBIOS tables with a host interface, as firmware has them. */
#pragma once

#include "bmc/link/host-interface.h"
#include "tests/unit/smbios-table.h"

/* USB 0525:a4a2, MAC address 02:00:00:00:00:01: device type 04h as DSP0270 1.2 has it. */
#define USB_V2 0x0d, 0x04, 0x0d, 0x25, 0x05, 0xa2, 0xa4, 0, 0x02, 0, 0, 0, 0, 0x01

#define NETWORK 0x40

struct record {
        uint8_t bytes[0x5b];
};

static inline struct record ipv4_record(void) {
        struct record r = {};

        memcpy(r.bytes, "uuid-of-service!", 16);
        r.bytes[0x10] = 1;
        r.bytes[0x11] = 1;
        memcpy(r.bytes + 0x12, (uint8_t[]){169, 254, 0, 18}, 4);
        memcpy(r.bytes + 0x22, (uint8_t[]){255, 255, 0, 0}, 4);
        r.bytes[0x32] = 1;
        r.bytes[0x33] = 1;
        memcpy(r.bytes + 0x34, (uint8_t[]){169, 254, 0, 17}, 4);
        memcpy(r.bytes + 0x44, (uint8_t[]){255, 255, 0, 0}, 4);
        r.bytes[0x54] = 0xbb;
        r.bytes[0x55] = 0x01;
        return r;
}

static inline struct record ipv6_record(const char *host, const char *service, uint8_t assignment) {
        struct record r = {};

        r.bytes[0x10] = assignment;
        r.bytes[0x11] = 2;
        if (host)
                assert_int_equal(inet_pton(AF_INET6, host, r.bytes + 0x12), 1);
        memset(r.bytes + 0x22, 0xff, 8);
        r.bytes[0x32] = 1;
        r.bytes[0x33] = 2;
        assert_int_equal(inet_pton(AF_INET6, service, r.bytes + 0x34), 1);
        memset(r.bytes + 0x44, 0xff, 8);
        return r;
}

/* Appends a type 42 structure: interface type, device data behind its length, one Redfish-over-IP record. */
static inline void append(struct smbios_table *table, uint8_t interface_type, const uint8_t *device,
                          size_t device_size, const struct record *record) {
        uint8_t fields[200], *p = fields;

        *p++ = interface_type;
        memcpy(p, device, device_size);
        p += device_size;
        *p++ = 1;
        *p++ = 0x04;
        *p++ = sizeof(record->bytes);
        memcpy(p, record->bytes, sizeof(record->bytes));
        p += sizeof(record->bytes);
        table_append(table, 42, 0x2a00, fields, (size_t) (p - fields), TABLE_STRINGS("SERIAL-1"));
}

#define APPEND(table, record, ...)                                                                           \
        append(table, NETWORK, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), record)

static inline struct host_interfaces read_table(const struct smbios_table *table) {
        _cleanup_(smbios_freep) struct smbios *smbios = table_open(table);
        struct host_interfaces interfaces = {};

        assert_int_equal(host_interfaces_read(smbios, &interfaces), 0);
        return interfaces;
}
