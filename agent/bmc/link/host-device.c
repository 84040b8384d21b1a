/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/smbios.h"
#include "base/text.h"
#include "host-device.h"

/* DSP0270, table "Device type values". */
#define DEVICE_USB    0x02
#define DEVICE_PCI    0x03
#define DEVICE_USB_V2 0x04
#define DEVICE_PCI_V2 0x05
#define DEVICE_OEM    0x80

static uint16_t get_u16(const uint8_t *p) {
        return (uint16_t) (p[0] | p[1] << 8);
}

void host_device_done(struct host_device *device) {
        free(device->serial);
        device->serial = NULL;
}

int host_device_copy(const struct host_device *device, struct host_device *ret) {
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

/* Firmware that makes the structure for whatever network device it came across leaves the ids zero, and says
 * PCI of a device on USB: then the MAC address alone tells which one it is. */
static void device_set_id(struct host_device *device, enum host_bus bus_type, const uint8_t *p) {
        device->vendor = get_u16(p);
        device->product = get_u16(p + 2);
        device->has_id = device->vendor != 0 && device->vendor != 0xffff;
        if (device->has_id)
                device->bus_type = bus_type;
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

static void device_set_location(struct host_device *device, const uint8_t *p) {
        device->segment = get_u16(p);
        device->bus = p[2];
        device->device_function = p[3];
        device->has_location = device->has_id;
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

static int decode_usb_v2(const struct smbios_structure *s, size_t offset, size_t size,
                         struct host_device *ret) {
        const uint8_t *p = s->data + offset;

        if (size < 0x0d)
                return -EBADMSG;

        device_set_id(ret, HOST_BUS_USB, p + 2);
        device_set_mac(ret, p + 7);
        if (size >= 0x11 && p[1] >= 0x11) {
                ret->has_bootstrapping = true;
                ret->bootstrapping = get_u16(p + 0x0d) & 1;
        }

        return smbios_string(s, offset + 6, &ret->serial);
}

static int decode_pci_v2(const uint8_t *p, size_t size, struct host_device *ret) {
        if (size < 0x14)
                return -EBADMSG;

        device_set_id(ret, HOST_BUS_PCI, p + 2);
        device_set_subsystem(ret, p + 6);
        device_set_mac(ret, p + 0x0a);
        device_set_location(ret, p + 0x10);
        return 0;
}

int host_device_decode(const struct smbios_structure *s, size_t offset, size_t size,
                       struct host_device *ret) {
        const uint8_t *p = s->data + offset;

        *ret = (struct host_device){};
        switch (p[0]) {
        case DEVICE_USB:
                if (size < 5)
                        return -EBADMSG;
                device_set_id(ret, HOST_BUS_USB, p + 1);
                return device_set_serial_descriptor(ret, p + 5, size - 5);

        case DEVICE_PCI:
                if (size < 9)
                        return -EBADMSG;
                device_set_id(ret, HOST_BUS_PCI, p + 1);
                device_set_subsystem(ret, p + 5);
                return 0;

        case DEVICE_USB_V2:
                return decode_usb_v2(s, offset, size, ret);

        case DEVICE_PCI_V2:
                return decode_pci_v2(p, size, ret);

        case DEVICE_OEM ... 0xff:
                if (size < 5)
                        return -EBADMSG;
                ret->oem_type = p[0];
                ret->oem = (uint32_t) p[1] << 24 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 8 | p[4];
                return 0;

        default:
                return -ENOTSUP;
        }
}

/* Numbers of a fixed number of digits: sscanf() would take signs and blanks as well. */
static bool is_shaped(const char *text, const char *shape) {
        for (; *shape; text++, shape++)
                if (*shape == 'x' ? !isxdigit((unsigned char) *text) : *text != *shape)
                        return false;

        return *text == 0;
}

static bool parse_mac(const char *text, struct host_device *d) {
        uint8_t *m = d->mac;

        d->has_mac =
                is_shaped(text, "xx:xx:xx:xx:xx:xx") &&
                sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) == 6;
        return d->has_mac;
}

static bool parse_id(const char *text, struct host_device *d) {
        if (is_shaped(text, "usb:xxxx:xxxx"))
                d->bus_type = HOST_BUS_USB;
        else if (is_shaped(text, "pci:xxxx:xxxx"))
                d->bus_type = HOST_BUS_PCI;
        else
                return false;

        d->has_id = sscanf(text + strlen("usb:"), "%hx:%hx", &d->vendor, &d->product) == 2;
        return d->has_id;
}

static bool parse_location(const char *text, struct host_device *d) {
        uint8_t slot, function;

        if (!is_shaped(text, "xxxx:xx:xx.x") ||
            sscanf(text, "%hx:%hhx:%hhx.%hhx", &d->segment, &d->bus, &slot, &function) != 4 || slot > 31 ||
            function > 7)
                return false;

        d->bus_type = HOST_BUS_PCI;
        d->device_function = (uint8_t) (slot << 3 | function);
        d->has_location = true;
        return true;
}

int host_device_parse(const char *text, struct host_device *ret) {
        struct host_device mac = {}, id = {}, location = {}, name = {};

        if (parse_mac(text, &mac))
                *ret = mac;
        else if (parse_id(text, &id))
                *ret = id;
        else if (parse_location(text, &location))
                *ret = location;
        else {
                size_t length = strlen(text);

                if (length == 0 || length >= sizeof(name.name))
                        return -EINVAL;
                for (const char *c = text; *c; c++)
                        if (*c <= ' ' || *c >= 0x7f || *c == ':' || *c == '/')
                                return -EINVAL;
                memcpy(name.name, text, length + 1);
                *ret = name;
        }

        return 0;
}

char *host_device_describe(const struct host_device *d) {
        char mac[sizeof(", MAC address 00:00:00:00:00:00")] = "", id[sizeof(" 0000:0000")] = "";
        char location[sizeof(" at 0000:00:00.0")] = "";
        const char *what = d->bus_type == HOST_BUS_USB   ? "USB"
                           : d->bus_type == HOST_BUS_PCI ? "PCI"
                                                         : "any network device";

        if (d->name[0])
                return strdup(d->name);
        if (d->oem_type)
                return strprintf("device type %02xh of the OEM's own (IANA number %u)", d->oem_type, d->oem);

        if (d->has_id)
                snprintf(id, sizeof(id), " %04x:%04x", d->vendor, d->product);
        if (d->has_location)
                snprintf(location, sizeof(location), " at %04x:%02x:%02x.%x", d->segment, d->bus,
                         d->device_function >> 3, d->device_function & 7U);
        if (d->has_mac)
                snprintf(mac, sizeof(mac), ", MAC address %02x:%02x:%02x:%02x:%02x:%02x", d->mac[0],
                         d->mac[1], d->mac[2], d->mac[3], d->mac[4], d->mac[5]);

        return strprintf("%s%s%s%s%s%s", what, id, location, d->serial ? ", serial number " : "",
                         d->serial ?: "", mac);
}
