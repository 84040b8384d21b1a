/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/smbios.h"
#include "base/text.h"
#include "host-interface.h"

/* DSP0134 table 130, and DSP0270 tables 2 to 8. */
#define INTERFACE_NETWORK   0x40
#define PROTOCOL_REDFISH_IP 0x04
#define FORMAT_IPV4         1
#define FORMAT_IPV6         2

#define PROTOCOL_SIZE 0x5b /* up to the host name */
#define SERVICE_PORT  443
#define VLAN_MAX      4094

static uint16_t get_u16(const uint8_t *p) {
        return (uint16_t) (p[0] | p[1] << 8);
}

static int _printf_(3, 4)
        reject(struct host_interfaces *interfaces, uint16_t handle, const char *format, ...) {
        struct host_interface_rejection *larger;
        char *reason;
        va_list ap;

        va_start(ap, format);
        reason = vstrprintf(format, ap);
        va_end(ap);
        if (!reason)
                return -ENOMEM;

        larger = reallocarray(interfaces->rejected, interfaces->n_rejected + 1, sizeof(*larger));
        if (!larger) {
                free(reason);
                return -ENOMEM;
        }

        larger[interfaces->n_rejected++] =
                (struct host_interface_rejection){.handle = handle, .reason = reason};
        interfaces->rejected = larger;
        return 0;
}

static struct ip_address ip_from(uint8_t format, const uint8_t *bytes) {
        struct ip_address ip = {.family = format == FORMAT_IPV4   ? AF_INET
                                          : format == FORMAT_IPV6 ? AF_INET6
                                                                  : AF_UNSPEC};

        memcpy(ip.bytes, bytes, ip_size(ip.family));
        if (ip_is_unset(&ip))
                ip.family = AF_UNSPEC;
        return ip;
}

/* p: the data of a Redfish-over-IP record. Takes it over into *i or says why it is of no use. */
static const char *protocol_decode(const uint8_t *p, struct host_interface *i) {
        struct ip_address mask;

        if (p[0x10] > ASSIGNMENT_HOST_SELECTED || p[0x32] > ASSIGNMENT_HOST_SELECTED)
                return "an address assignment that DSP0270 does not know";

        memcpy(i->service_uuid, p, sizeof(i->service_uuid));
        i->host_assignment = p[0x10];
        i->host = ip_from(p[0x11], p + 0x12);
        i->service_assignment = p[0x32];
        i->service = ip_from(p[0x33], p + 0x34);
        i->port = get_u16(p + 0x54) ?: SERVICE_PORT;
        i->vlan = (uint32_t) get_u16(p + 0x56) | (uint32_t) get_u16(p + 0x58) << 16;
        if (i->vlan == UINT32_MAX || i->vlan == UINT16_MAX)
                i->vlan = 0; /* so says much firmware that knows of none */
        if (i->vlan > VLAN_MAX)
                return "a VLAN that cannot be";

        mask = ip_from(p[0x11], p + 0x22);
        if (ip_mask_to_prefix(&mask, &i->host_prefix) < 0)
                return "a host mask with holes in it";
        mask = ip_from(p[0x33], p + 0x44);
        if (ip_mask_to_prefix(&mask, &i->service_prefix) < 0)
                return "a service mask with holes in it";

        /* Firmware that gives an address and forgets to say how it was assigned means this one. */
        if (i->host_assignment == ASSIGNMENT_UNKNOWN && i->host.family != AF_UNSPEC)
                i->host_assignment = ASSIGNMENT_STATIC;

        return NULL;
}

static int decode_protocol_record(const struct smbios_structure *s, const struct host_device *device,
                                  uint8_t type, const uint8_t *data, size_t size,
                                  struct host_interfaces *interfaces) {
        struct host_interface i = {.handle = s->handle}, *larger;
        const char *problem;
        size_t name_size;
        int r;

        if (type != PROTOCOL_REDFISH_IP)
                return reject(interfaces, s->handle, "protocol type %02xh is not Redfish over IP", type);
        if (size < PROTOCOL_SIZE)
                return reject(interfaces, s->handle,
                              "its Redfish over IP record has %zu bytes instead of at least %u", size,
                              PROTOCOL_SIZE);

        problem = protocol_decode(data, &i);
        if (problem)
                return reject(interfaces, s->handle, "its Redfish over IP record has %s", problem);

        larger = reallocarray(interfaces->items, interfaces->n_items + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        interfaces->items = larger;

        /* Nothing depends on the name: a length beyond the record costs no more than the rest of it. */
        name_size = strnlen((const char *) data + PROTOCOL_SIZE,
                            MIN(data[PROTOCOL_SIZE - 1], size - PROTOCOL_SIZE));
        if (name_size > 0) {
                i.service_name = text_sanitize(data + PROTOCOL_SIZE, name_size);
                if (!i.service_name)
                        return -ENOMEM;
        }

        r = host_device_copy(device, &i.device);
        if (r < 0) {
                free(i.service_name);
                return r;
        }

        interfaces->items[interfaces->n_items++] = i;
        return 0;
}

static int decode_structure(const struct smbios_structure *s, struct host_interfaces *interfaces) {
        _cleanup_(host_device_done) struct host_device device = {};
        uint8_t interface_type, data_size, n_records;
        size_t offset;
        int r;

        if (!smbios_u8(s, 4, &interface_type) || !smbios_u8(s, 5, &data_size))
                return reject(interfaces, s->handle, "it has only %u bytes", s->length);
        if (interface_type != INTERFACE_NETWORK)
                return reject(interfaces, s->handle, "interface type %02xh is no network interface",
                              interface_type);
        if (data_size == 0 || !smbios_u8(s, 6U + data_size, &n_records))
                return reject(interfaces, s->handle, "%u bytes of device data do not fit into its %u bytes",
                              data_size, s->length);

        r = host_device_decode(s, 6, data_size, &device);
        if (r == -EBADMSG)
                return reject(interfaces, s->handle,
                              "%u bytes of device data are too few for device type %02xh", data_size,
                              s->data[6]);
        if (r == -ENOTSUP)
                return reject(interfaces, s->handle, "device type %02xh is unknown", s->data[6]);
        if (r < 0)
                return r;
        if (!device.oem_type && !device.has_id && !device.has_mac)
                return reject(interfaces, s->handle, "it does not say which network device it is");

        if (n_records == 0)
                return reject(interfaces, s->handle, "it has no protocol record");

        offset = 7U + data_size;
        for (unsigned k = 0; k < n_records; k++) {
                const uint8_t *header = smbios_bytes(s, offset, 2);

                if (!header || !smbios_bytes(s, offset + 2, header[1]))
                        return reject(interfaces, s->handle,
                                      "protocol record %u of %u does not fit into its %u bytes", k + 1,
                                      n_records, s->length);

                r = decode_protocol_record(s, &device, header[0], header + 2, header[1], interfaces);
                if (r < 0)
                        return r;

                offset += 2U + header[1];
        }

        return 0;
}

int host_interfaces_read(const struct smbios *smbios, struct host_interfaces *ret) {
        _cleanup_(host_interfaces_done) struct host_interfaces interfaces = {};
        struct smbios_structure s = {};

        while (smbios_next_of(smbios, SMBIOS_HOST_INTERFACE, &s) > 0) {
                int r = decode_structure(&s, &interfaces);

                if (r < 0)
                        return r;
        }

        *ret = TAKE(interfaces, (struct host_interfaces){});
        return 0;
}

void host_interface_done(struct host_interface *interface) {
        host_device_done(&interface->device);
        free(interface->service_name);
        interface->service_name = NULL;
}

void host_interfaces_done(struct host_interfaces *interfaces) {
        for (size_t i = 0; i < interfaces->n_items; i++)
                host_interface_done(&interfaces->items[i]);
        for (size_t i = 0; i < interfaces->n_rejected; i++)
                free(interfaces->rejected[i].reason);

        free(interfaces->items);
        free(interfaces->rejected);
        *interfaces = (struct host_interfaces){};
}
