# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of BMC that the agent may find: one line in the table and one boot each, without trials or production."""

import contextlib
import dataclasses
import pathlib
import re
import subprocess
import tempfile

import ocp
import pytest
import smbios
from machine import (HOST_ADDRESS, LINK_MASK, LINK_NETWORK, PCI_NET, PCI_NET_DEVICE, PCI_NET_MAC, PCI_NET_SLOT,
                     PCI_NET_VENDOR, SERVICE_ADDRESS, SERVICE_UUID, USB_NET, USB_NET_MAC, USB_NET_PRODUCT,
                     USB_NET_VENDOR, Configuration, Link, Machine, redfish_host_interface)

from conftest import QUICK, SECONDS, said
from test_failures import PROMPT, ask

SHORT = {**QUICK, "trial.run": "none", "production.disk-wait": "10ms", "production.failed": "poweroff"}

USB_SERIAL = "BMC-0001"
PCI_LINK = Link(PCI_NET)
# A network that the BMC is on as hosts are, and somebody else hands out the addresses.
LAN = Link(PCI_NET, "net=192.168.7.0/24,host=192.168.7.2,dhcpstart=192.168.7.100,ipv6=off", "192.168.7.17:443")
LAN_8443 = dataclasses.replace(LAN, service="192.168.7.17:8443")
# The BMC on the usual port of a USB network of its own.
USB_443 = Link(USB_NET, f"net={LINK_NETWORK},host=169.254.0.1,ipv6=off", f"{SERVICE_ADDRESS}:443")
VLAN = 5
# Not over USB: Linux lengthens a frame that would end with a full USB packet by a byte, as it may, and QEMU's network
# (libslirp 4.7) takes that byte for data when it is IPv6. Such a TLS record is broken, each time that it is sent.
LINK_LOCAL = Link(PCI_NET, "ipv4=off,ipv6=on,ipv6-prefix=fe80::,ipv6-prefixlen=64,ipv6-host=fe80::17")
ROUTER = Link(PCI_NET, "ipv4=off,ipv6=on,ipv6-prefix=fd5e:a71a::,ipv6-prefixlen=64,ipv6-host=fd5e:a71a::17")
NOBODY = Link("e1000e,id=othernic,bus=pcie.0,addr=0x11,mac=52:5e:a7:1a:10:03", "net=192.168.8.0/24,restrict=on")

STATIC = {"host": HOST_ADDRESS, "host_mask": LINK_MASK, "address": SERVICE_ADDRESS, "mask": LINK_MASK}
BY_DHCP = {"host_assignment": smbios.ASSIGNMENT_DHCP, "discovery": smbios.ASSIGNMENT_DHCP}
PCI_V2 = smbios.pci_v2(PCI_NET_VENDOR, PCI_NET_DEVICE, PCI_NET_MAC, subvendor=PCI_NET_VENDOR, slot=PCI_NET_SLOT)
USB_V2 = smbios.usb_v2(USB_NET_VENDOR, USB_NET_PRODUCT, USB_NET_MAC)


def described(device, **protocol):
    """What the firmware says: a host interface over that device, at fixed addresses unless protocol says otherwise."""
    def structures(port):
        record = smbios.redfish_over_ip(SERVICE_UUID, port=port, **(protocol or STATIC))
        return [smbios.host_interface(device, [record])]
    return structures


def ipv6(address, assignment):
    return {"host_assignment": assignment, "address": address, "mask": "ffff:ffff:ffff:ffff::"}


def kcs_first(port):
    return [smbios.kcs_host_interface(handle=smbios.HOST_INTERFACE_HANDLE - 1), redfish_host_interface(port)]


def nothing(port):
    return []


def two(port):
    """The first leads to a network on which there is no BMC."""
    dead = smbios.pci_v2(PCI_NET_VENDOR, PCI_NET_DEVICE, "52:5e:a7:1a:10:03", subvendor=PCI_NET_VENDOR, slot=0x11)
    record = smbios.redfish_over_ip(SERVICE_UUID, host="192.168.8.18", host_mask="255.255.255.0",
                                    address="192.168.8.17", mask="255.255.255.0", port=port)
    return [smbios.host_interface(dead, [record], handle=smbios.HOST_INTERFACE_HANDLE + 1),
            redfish_host_interface(port)]


def lan_parameters(address, mask, mac, source="static"):
    """What IPMI tells of the BMC's own network port."""
    return {"ip_addr": address, "ip_addr_src": source, "subnet_mask": mask, "mac_addr": mac}


@dataclasses.dataclass
class Kind:
    name: str
    says: str = ""                      # pattern for what the journal at the BMC has of the way that was found
    rejects: tuple = ()                 # patterns for what it has of others
    told: tuple = ()                    # a BMC that gets no journal: patterns for what the console tells
    plan: dict = dataclasses.field(default_factory=dict)
    machine: dict = dataclasses.field(default_factory=dict)     # what differs in Configuration
    vlan: int | None = None             # the BMC is behind a switch, on this VLAN


PCI = {"usb_net": False, "links": (PCI_LINK,)}

KINDS = [
    Kind("USB, type 02h", says=r"USB 0525:a4a2, .* a fixed address to 169\.254\.0\.17",
         machine={"usb_net": False, "links": (Link(f"{USB_NET},serial={USB_SERIAL}"),),
                  "host_interfaces": described(smbios.usb_v1(USB_NET_VENDOR, USB_NET_PRODUCT, USB_SERIAL))}),
    Kind("USB, type 04h of DSP0270 1.2", says=r"USB 0525:a4a2, .* as host interface 2a00h",
         machine={"host_interfaces": described(smbios.usb_v2_short(USB_NET_VENDOR, USB_NET_PRODUCT, USB_NET_MAC))}),
    Kind("PCI, type 03h", says=r"PCI 8086:10d3, .* a fixed address",
         machine={**PCI, "host_interfaces": described(smbios.pci_v1(PCI_NET_VENDOR, PCI_NET_DEVICE,
                                                                    subvendor=PCI_NET_VENDOR))}),
    Kind("PCI, type 05h", says=r"PCI 8086:10d3, 52:5e:a7:1a:10:02\), as host interface 2a00h",
         machine={**PCI, "host_interfaces": described(PCI_V2)}),
    Kind("type 05h of a USB network, by MAC address alone", says=r"USB 0525:a4a2, .* as host interface 2a00h",
         machine={"host_interfaces": described(smbios.pci_v2(0, 0, USB_NET_MAC))}),
    Kind("OEM's device type, named by the plan", says=r"USB 0525:a4a2, .* as host interface 2a00h",
         plan={"bmc.interface": "usb:0525:a4a2"}, machine={"host_interfaces": described(smbios.oem(0x80, 674))}),
    Kind("KCS record first", says=r"as host interface 2a00h", machine={"host_interfaces": kcs_first},
         rejects=(r"host interface 29ffh is left out: interface type 02h is no network interface",)),
    Kind("two interfaces, the first dead", says=r"USB 0525:a4a2, .* as host interface 2a00h",
         rejects=(r"192\.168\.8\.17 on eth\d: ",), machine={"links": (NOBODY,), "host_interfaces": two}),
    Kind("MAC address of the BMC's end", says=r"USB 0525:a4a2, 40:5e:a7:1a:10:01\)",
         machine={"host_interfaces": described(smbios.usb_v2(USB_NET_VENDOR, USB_NET_PRODUCT, "40:5e:a7:1a:10:02"))}),
    Kind("DHCP, which tells the service's address", says=r"an address by DHCP to 169\.254\.0\.17 port",
         machine={"host_interfaces": described(USB_V2, **BY_DHCP)}),
    Kind("IPv6 link-local", says=r"a link-local address to fe80::17 port",
         machine={"usb_net": False, "links": (LINK_LOCAL,), "bmc_address": "::1",
                  "host_interfaces": described(PCI_V2, **ipv6("fe80::17", smbios.ASSIGNMENT_AUTOCONFIGURE))}),
    Kind("IPv6 by a router", says=r"that a router advertises to fd5e:a71a::17 port",
         machine={"usb_net": False, "links": (ROUTER,), "bmc_address": "::1",
                  "host_interfaces": described(PCI_V2, **ipv6("fd5e:a71a::17", smbios.ASSIGNMENT_AUTOCONFIGURE))}),
    Kind("VLAN", says=r"^bmc\.5 \(PCI 8086:10d3, .*, as host interface 2a00h has it", vlan=VLAN,
         machine={"usb_net": False, "host_interfaces": described(PCI_V2, vlan=VLAN, **STATIC)}),
    Kind("IPMI LAN parameters of a USB network", says=r"USB 0525:a4a2, .*, as LAN channel 1 of IPMI has it, .* fixed",
         machine={"usb_net": False, "links": (USB_443,), "host_interfaces": nothing,
                  "lan_parameters": lan_parameters(SERVICE_ADDRESS, LINK_MASK, "40:5e:a7:1a:10:02")}),
    Kind("IPMI LAN parameters of a real LAN", says=r"PCI 8086:10d3, .*, as LAN channel 1 of IPMI has it, .* by DHCP",
         machine={"usb_net": False, "links": (LAN,), "host_interfaces": nothing,
                  "lan_parameters": lan_parameters("192.168.7.17", "255.255.255.0", "52:5e:a7:1a:10:99", "dhcp")}),
    Kind("the plan's own way, on a real LAN", says=r"PCI 8086:10d3, .*, as the plan has it, .* to 192\.168\.7\.17 port 8443",
         plan={"bmc.address": "192.168.7.17:8443", "bmc.interface": "pci:8086:10d3"},
         machine={"links": (LAN_8443,)}),
    Kind("the plan's own addresses", says=r"USB 0525:a4a2, .*, as the plan has it, from a fixed address to 169\.254\.0\.17",
         plan={"bmc.address": SERVICE_ADDRESS, "bmc.interface": USB_NET_MAC, "bmc.host-address": "169.254.0.99/24"},
         machine={"usb_net": False, "links": (USB_443,), "host_interfaces": nothing}),
    Kind("IPMI over SMBus (SSIF)", says=r"as host interface 2a00h", machine={"ipmi": "smbus-ipmi,address=0x10"}),
    Kind("Redfish behind 503s", says=r"as host interface 2a00h",
         machine={"faults": ({"action": "status", "status": 503, "retryAfter": 1, "skip": 1, "count": 3},)}),
    Kind("one system of several, by its serial number", says=r"as host interface 2a00h",
         machine={"bmc_commands": ({"command": "shape", "otherSystems": 3, "noUuid": True, "page": 2},)}),
    Kind("Redfish without a log that takes entries", told=(r"provisioning log takes no entries: .* 405",),
         machine={"faults": ({"method": "POST", "path": "*/Entries", "action": "status", "status": 405},)}),
    Kind("Redfish without a provisioning log", told=(r"offers no provisioning log",),
         machine={"bmc_commands": ({"command": "shape", "noLog": True},)}),
    Kind("nothing at all", told=(r"describes no host interface", ), machine={"bmc": False, "usb_net": False}),
    Kind("OEM's device type that nobody names", told=(r"only bmc\.interface in the plan can tell",),
         machine={"host_interfaces": described(smbios.oem(0x80, 674))}),
]


class Switch:
    """A link with vlan_switch.py in it, for Configuration.links."""

    def __init__(self, vlan):
        self._directory = tempfile.TemporaryDirectory()         # paths of sockets are short
        tagged, untagged = self._path("tagged"), self._path("untagged")
        self._process = subprocess.Popen([pathlib.Path(__file__).with_name("vlan_switch.py"), str(vlan),
                                          tagged, f"{tagged}-peer", untagged, f"{untagged}-peer"],
                                         stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"

    def _path(self, name):
        return f"{self._directory.name}/{name}"

    def _socket(self, name):
        return (f"dgram,local.type=unix,local.path={self._path(name)}-peer,"
                f"remote.type=unix,remote.path={self._path(name)}")

    def options(self, name, redfish_port):
        """The host's device on the tagged port, QEMU's network on the other; a hub couples QEMU's two networks."""
        network = Link(PCI_NET).network
        return ["-netdev", f"{self._socket('tagged')},id={name}", "-device", f"{PCI_NET},netdev={name}",
                "-netdev", f"user,id={name}-user,{network}",
                "-netdev", f"hubport,id={name}-hub0,hubid=1,netdev={name}-user",
                "-netdev", f"{self._socket('untagged')},id={name}-switch",
                "-netdev", f"hubport,id={name}-hub1,hubid=1,netdev={name}-switch"]

    def close(self):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        self._directory.cleanup()


@pytest.fixture
def machine(make_flash, acceleration, tmp_path):
    """machine(kind): switched on, as a context."""
    with contextlib.ExitStack() as stack:
        def start(kind):
            configuration = Configuration(flash=make_flash({**SHORT, **kind.plan}), disk=None, **kind.machine)
            if kind.vlan is not None:
                switch = stack.enter_context(contextlib.closing(Switch(kind.vlan)))
                configuration.links += (switch,)
            return Machine(tmp_path / "run", configuration, acceleration=acceleration)
        yield start


def logs(records):
    return [artifact["log"]["message"] for record in records for artifact in record.values()
            if isinstance(artifact, dict) and "log" in artifact]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.told], ids=lambda kind: kind.name)
def test_bmc_is_found_and_gets_the_journal(machine, kind):
    with machine(kind) as guest:
        assert guest.wait_for_end(SECONDS) == "guest-shutdown"
        records = guest.bmc.journal()
        status = guest.bmc.status()
        inventory = guest.bmc.inventory()
        console = guest.console.text
    assert ocp.check(records) == [], console
    assert [ocp.stage(run) for run in ocp.split_runs(records)] == ["discovery", "trial", "production"], console
    assert (status["sessions"], status["accounts"]) == (0, 1)

    texts = logs(records)
    found = [text for text in texts if re.search(r"\), as .* has it, from ", text)]
    assert len(found) == 1 and re.search(kind.says, found[0]), texts
    for pattern in kind.rejects:
        assert len([text for text in texts if re.search(pattern, text)]) == 1, texts

    parameters = kind.machine.get("lan_parameters")
    if parameters:
        channel, = inventory["management"]["lan_channels"]
        members = {"ip_addr": "ipv4_address", "ip_addr_src": "ipv4_source", "subnet_mask": "ipv4_mask", "mac_addr": "mac_address"}
        assert {name: channel[member] for name, member in members.items()} == parameters


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.told], ids=lambda kind: kind.name)
def test_bmc_that_cannot_be_had_is_told_of(machine, kind):
    with machine(kind) as guest:
        assert guest.wait_for_end(SECONDS) == "guest-shutdown"
        assert not guest.bmc or guest.bmc.journal() == []
        console = said(guest)
    for pattern in kind.told:
        assert len(re.findall(pattern, console)) == 1, console


def test_nothing_is_left_of_the_link_when_the_agent_has_ended(machine):
    kind = Kind("VLAN with DHCP", vlan=VLAN, plan={"production.failed": "rescue"},
                machine={"usb_net": False, "host_interfaces": described(PCI_V2, vlan=VLAN, **BY_DHCP)})
    with machine(kind) as guest:
        guest.wait_for(PROMPT, SECONDS)
        assert any("an address by DHCP" in text for text in logs(guest.bmc.journal()))
        links, _ = ask(guest, "ip -o link")
        assert "eth0" in links and "bmc.5" not in links and not re.search(r"eth0: <[^>]*\bUP\b", links)
        assert "169.254" not in ask(guest, "ip -o addr; ip route; cat /proc/net/route")[0]
        assert ask(guest, "pidof udhcpc")[1] == 1
