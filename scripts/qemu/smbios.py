# SPDX-License-Identifier: GPL-3.0-or-later
"""SMBIOS structures and QEMU's options for them.

Sources: DSP0134 (SMBIOS), 7.43 for type 42; DSP0270 (Redfish Host Interface) 1.3, clause 8 and its table "Interface
specific data" for the network host interface, and its Redfish over IP protocol record.
"""

import ipaddress
import struct
import uuid

# Types that QEMU makes itself have handles below these.
HOST_INTERFACE_HANDLE = 0x2A00

INTERFACE_KCS = 0x02
INTERFACE_NETWORK = 0x40

PROTOCOL_IPMI = 0x02
PROTOCOL_REDFISH_OVER_IP = 0x04

ASSIGNMENT_UNKNOWN = 0
ASSIGNMENT_STATIC = 1
ASSIGNMENT_DHCP = 2
ASSIGNMENT_AUTOCONFIGURE = 3
ASSIGNMENT_HOST_SELECTED = 4

CREDENTIAL_BOOTSTRAPPING = 0x0001


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def structure(number, handle, body, strings=()):
    """A structure: header, formatted area, and the string set with its terminator."""
    texts = b"".join(text.encode() + b"\0" for text in strings) or b"\0"
    return struct.pack("<BBH", number, 4 + len(body), handle) + body + texts + b"\0"


def usb_v2(vendor, product, mac, *, serial_string=0, characteristics=CREDENTIAL_BOOTSTRAPPING, handle=0xFFFF):
    """Device data 04h as DSP0270 1.3 has it, 11h bytes: a USB network interface."""
    return struct.pack("<BBHHB6sHH", 0x04, 0x11, vendor, product, serial_string, mac_bytes(mac), characteristics, handle)


def usb_v2_short(vendor, product, mac, *, serial_string=0):
    """Device data 04h as DSP0270 1.2 has it, 0Dh bytes: nothing is said of credential bootstrapping."""
    return struct.pack("<BBHHB6s", 0x04, 0x0D, vendor, product, serial_string, mac_bytes(mac))


def usb_v1(vendor, product, serial):
    """Device data 02h: the serial number is a USB string descriptor in place."""
    text = serial.encode("utf-16-le")
    return struct.pack("<BHHBB", 0x02, vendor, product, 2 + len(text), 0x03) + text


def pci_v1(vendor, device, *, subvendor=0, subdevice=0):
    """Device data 03h: a PCI network interface, of which there had better be one only."""
    return struct.pack("<BHHHH", 0x03, vendor, device, subvendor, subdevice)


def oem(number, iana):
    """Device data 80h to FFh: the OEM's own."""
    return struct.pack(">BI", number, iana)


def pci_v2(vendor, device, mac, *, subvendor=0, subdevice=0, segment=0, bus=0, slot=0, function=0):
    """Device data 05h: a PCI network interface."""
    return struct.pack("<BBHHHH6sHBB", 0x05, 0x14, vendor, device, subvendor, subdevice, mac_bytes(mac),
                       segment, bus, slot << 3 | function)


def _address(text):
    """Format byte and 16 bytes of an address, IPv4 in the first four; unknown and all zero when there is none."""
    if text is None:
        return 0, bytes(16)
    address = ipaddress.ip_address(text)
    return {4: 1, 6: 2}[address.version], address.packed.ljust(16, b"\0")


def redfish_over_ip(service, *, host=None, host_mask=None, host_assignment=ASSIGNMENT_STATIC, address=None, mask=None,
                    discovery=ASSIGNMENT_STATIC, port=443, vlan=0, hostname=""):
    """Protocol record 04h. service: UUID of the Redfish service; host and address: both ends of the link."""
    host_format, host_address = _address(host)
    service_format, service_address = _address(address)
    # UUIDs are in SMBIOS with their first three fields in little-endian order.
    data = uuid.UUID(service).bytes_le
    data += bytes([host_assignment, host_format]) + host_address + _address(host_mask)[1]
    data += bytes([discovery, service_format]) + service_address + _address(mask)[1]
    data += struct.pack("<HIB", port, vlan, len(hostname)) + hostname.encode()
    return struct.pack("<BB", PROTOCOL_REDFISH_OVER_IP, len(data)) + data


def host_interface(device, protocols, *, strings=(), handle=HOST_INTERFACE_HANDLE):
    """Type 42, Management Controller Host Interface, over a network."""
    return structure(42, handle, bytes([INTERFACE_NETWORK, len(device)]) + device + bytes([len(protocols)])
                     + b"".join(protocols), strings)


def kcs_host_interface(handle=HOST_INTERFACE_HANDLE + 1, base=0xCA2):
    """Type 42 for IPMI over KCS: no network in it. Some firmware lists it before the network one."""
    return structure(42, handle, bytes([INTERFACE_KCS, 8]) + struct.pack("<Q", base | 1)
                     + bytes([1, PROTOCOL_IPMI, 0]))


def options(number, **fields):
    """QEMU's option for a structure that it makes itself, say options(1, manufacturer="Example Systems")."""
    words = [f"type={number}"] + [f"{name}={str(value).replace(',', ',,')}" for name, value in fields.items()]
    return ["-smbios", ",".join(words)]
