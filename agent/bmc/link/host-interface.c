/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/smbios.h"
#include "base/text.h"
#include "host-interface.h"

/* DSP0134 table 130, and DSP0270 tables 2 to 8. */
#define INTERFACE_NETWORK   0x40
#define PROTOCOL_REDFISH_IP 0x04
#define DEVICE_USB          0x02
#define DEVICE_PCI          0x03
#define DEVICE_USB_V2       0x04
#define DEVICE_PCI_V2       0x05
#define DEVICE_OEM          0x80
#define FORMAT_IPV4         1
#define FORMAT_IPV6         2

#define PROTOCOL_SIZE 0x5b /* up to the host name */
#define SERVICE_PORT  443

static uint16_t get_u16(const uint8_t *p) {
        return (uint16_t) (p[0] | p[1] << 8);
}

static void host_device_done(struct host_device *device) {
        free(device->serial);
}

static int _printf_(3, 4)
        reject(struct host_interfaces *interfaces, uint16_t handle, const char *format, ...) {
        struct host_interface_rejection *larger;
        char *reason;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&reason, format, ap);
        va_end(ap);
        if (n < 0)
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

/* All zeros and all ones are what firmware leaves where it knows no MAC address. */
static void device_set_mac(struct host_device *device, const uint8_t *mac) {
        static const uint8_t zeros[6], ones[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

        memcpy(device->mac, mac, sizeof(device->mac));
        device->has_mac = memcmp(mac, zeros, sizeof(zeros)) != 0 && memcmp(mac, ones, sizeof(ones)) != 0;
}

static void device_set_subsystem(struct host_device *device, const uint8_t *p) {
        device->subsystem_vendor = get_u16(p);
        device->subsystem_device = get_u16(p + 2);
        device->has_subsystem = device->subsystem_vendor != 0 && device->subsystem_vendor != 0xffff;
}

/* A USB string descriptor: its own length, type 3, UTF-16LE. A serial number with other than printable ASCII,
 * or cut off, cannot be compared with: as if not given. */
static int device_set_serial_descriptor(struct host_device *device, const uint8_t *p, size_t size) {
        size_t length;

        if (size < 2 || p[0] < 4 || p[0] > size || p[1] != 0x03)
                return 0;

        length = (p[0] - 2U) / 2;
        for (size_t i = 0; i < length; i++) {
                uint16_t c = get_u16(p + 2 + 2 * i);

                if (c <= ' ' || c >= 0x7f)
                        return 0;
        }

        device->serial = malloc(length + 1);
        if (!device->serial)
                return -ENOMEM;

        for (size_t i = 0; i < length; i++)
                device->serial[i] = (char) p[2 + 2 * i];
        device->serial[length] = 0;
        return 0;
}

/* data is the device data at offset of the structure, from the device type on. Returns 0, -EBADMSG when it is
 * too short for its type, -ENOTSUP for a type that cannot be looked for, -ENOMEM. */
static int device_decode(const struct smbios_structure *s, size_t offset, size_t size,
                         struct host_device *ret) {
        const uint8_t *p = s->data + offset;
        int r;

        *ret = (struct host_device){};
        switch (p[0]) {
        case DEVICE_USB:
                if (size < 5)
                        return -EBADMSG;
                ret->usb = true;
                ret->vendor = get_u16(p + 1);
                ret->product = get_u16(p + 3);
                return device_set_serial_descriptor(ret, p + 5, size - 5);

        case DEVICE_PCI:
                if (size < 9)
                        return -EBADMSG;
                ret->vendor = get_u16(p + 1);
                ret->product = get_u16(p + 3);
                device_set_subsystem(ret, p + 5);
                return 0;

        case DEVICE_USB_V2:
                if (size < 0x0d)
                        return -EBADMSG;
                ret->usb = true;
                ret->vendor = get_u16(p + 2);
                ret->product = get_u16(p + 4);
                device_set_mac(ret, p + 7);
                if (size >= 0x11 && p[1] >= 0x11) {
                        ret->has_bootstrapping = true;
                        ret->bootstrapping = get_u16(p + 0x0d) & 1;
                }
                r = smbios_string(s, offset + 6, &ret->serial);
                return r;

        case DEVICE_PCI_V2:
                if (size < 0x14)
                        return -EBADMSG;
                ret->vendor = get_u16(p + 2);
                ret->product = get_u16(p + 4);
                device_set_subsystem(ret, p + 6);
                device_set_mac(ret, p + 0x0a);
                ret->segment = get_u16(p + 0x10);
                ret->bus = p[0x12];
                ret->device_function = p[0x13];
                ret->has_location = true;
                return 0;

        default:
                return -ENOTSUP;
        }
}

static int host_device_copy(const struct host_device *device, struct host_device *ret) {
        char *serial = NULL;

        if (device->serial) {
                serial = strdup(device->serial);
                if (!serial)
                        return -ENOMEM;
        }

        *ret = *device;
        ret->serial = serial;
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

        mask = ip_from(p[0x11], p + 0x22);
        if (ip_mask_to_prefix(&mask, &i->host_prefix) < 0)
                return "a host mask with holes in it";
        mask = ip_from(p[0x33], p + 0x44);
        if (ip_mask_to_prefix(&mask, &i->service_prefix) < 0)
                return "a service mask with holes in it";

        /* Firmware that gives an address and forgets to say how it was assigned means this one. */
        if (i->host_assignment == ASSIGNMENT_UNKNOWN && i->host.family != AF_UNSPEC)
                i->host_assignment = ASSIGNMENT_STATIC;

        if (i->host_assignment == ASSIGNMENT_STATIC) {
                if (i->host_prefix == 0)
                        i->host_prefix = i->service_prefix;

                if (i->host.family == AF_UNSPEC)
                        return "a static host address, but does not say which";
                if (i->service.family == AF_UNSPEC)
                        return "a static host address, but no service address";
                if (i->host.family != i->service.family)
                        return "host and service addresses of different families";
                if (i->host_prefix == 0)
                        return "a static host address without a mask";
                if (!ip_same_network(&i->host, &i->service, i->host_prefix))
                        return "a service address outside the host's network";
                if (memcmp(i->host.bytes, i->service.bytes, sizeof(i->host.bytes)) == 0)
                        return "the same address for host and service";
        }

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

        r = device_decode(s, 6, data_size, &device);
        if (r == -EBADMSG)
                return reject(interfaces, s->handle,
                              "%u bytes of device data are too few for device type %02xh", data_size,
                              s->data[6]);
        if (r == -ENOTSUP && s->data[6] >= DEVICE_OEM && data_size >= 5)
                return reject(interfaces, s->handle, "device type %02xh is the OEM's own (IANA number %u)",
                              s->data[6],
                              (unsigned) s->data[7] << 24 | (unsigned) s->data[8] << 16 |
                                      (unsigned) s->data[9] << 8 | s->data[10]);
        if (r == -ENOTSUP)
                return reject(interfaces, s->handle, "device type %02xh is unknown", s->data[6]);
        if (r < 0)
                return r;

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

void host_interfaces_done(struct host_interfaces *interfaces) {
        for (size_t i = 0; i < interfaces->n_items; i++) {
                host_device_done(&interfaces->items[i].device);
                free(interfaces->items[i].service_name);
        }
        for (size_t i = 0; i < interfaces->n_rejected; i++)
                free(interfaces->rejected[i].reason);

        free(interfaces->items);
        free(interfaces->rejected);
        *interfaces = (struct host_interfaces){};
}

/* An address in the service's own network, where only host and BMC are: the one beside the service's. */
static bool ip_beside(const struct ip_address *service, unsigned prefix, struct ip_address *ret) {
        if (service->family != AF_INET || prefix == 0 || prefix > 30)
                return false;

        /* With the last bit turned over it would be the network's or the broadcast address where all bits of
         * the host part before it are alike: then the next one is turned over as well. */
        for (uint8_t change = 1; change <= 3; change = (uint8_t) (change + 2)) {
                uint32_t host_mask = UINT32_MAX >> prefix, address;

                *ret = *service;
                ret->bytes[3] ^= change;
                memcpy(&address, ret->bytes, sizeof(address));
                address = ntohl(address) & host_mask;
                if (address != 0 && address != host_mask)
                        return true;
        }

        return false;
}

const char *host_interface_choose_address(const struct host_interface *i, struct ip_address *ret,
                                          unsigned *ret_prefix) {
        struct ip_address chosen;

        if (i->vlan != 0)
                return "the service is on a VLAN, which is not supported yet";
        if (i->service.family == AF_UNSPEC)
                return "it gives no address of the service, and asking DHCP for it is not supported yet";

        switch (i->host_assignment) {
        case ASSIGNMENT_STATIC:
                *ret = i->host;
                *ret_prefix = i->host_prefix;
                return NULL;

        case ASSIGNMENT_AUTOCONFIGURE:
        case ASSIGNMENT_HOST_SELECTED:
                if (i->service.family == AF_INET6) {
                        if (!ip_is_link_local_6(&i->service))
                                return "autoconfiguration reaches link-local IPv6 addresses only";
                        *ret = (struct ip_address){.family = AF_UNSPEC};
                        *ret_prefix = 0;
                        return NULL;
                }
                if (!ip_beside(&i->service, i->service_prefix, &chosen))
                        return "the service's network has no address left for the host";
                *ret = chosen;
                *ret_prefix = i->service_prefix;
                return NULL;

        case ASSIGNMENT_DHCP:
                return "the host's address is to come from DHCP, which is not supported yet";

        case ASSIGNMENT_UNKNOWN:
                break;
        }

        return "it does not say how the host gets its address";
}

char *host_device_describe(const struct host_device *device) {
        char mac[sizeof(", MAC address 00:00:00:00:00:00")] = "";
        char location[sizeof(" at 0000:00:00.0")] = "";
        const uint8_t *m = device->mac;

        if (device->has_mac)
                snprintf(mac, sizeof(mac), ", MAC address %02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2],
                         m[3], m[4], m[5]);
        if (device->has_location)
                snprintf(location, sizeof(location), " at %04x:%02x:%02x.%x", device->segment, device->bus,
                         device->device_function >> 3, device->device_function & 7U);

        return strprintf("%s %04x:%04x%s%s%s%s", device->usb ? "USB" : "PCI", device->vendor, device->product,
                         location, device->serial ? ", serial number " : "", device->serial ?: "", mac);
}
