# SPDX-License-Identifier: GPL-3.0-or-later
"""A server under QEMU: flash, BMC, USB NIC, disk and serial console, for `make run` and the end-to-end tests."""

import dataclasses
import math
import pathlib
import selectors
import shutil
import socket
import time

import accel
import smbios
from bmc import Bmc
from children import Child, ChildFailed, stop
from console import Console
from qmp import Qmp, QmpError

ROOT = pathlib.Path(__file__).resolve().parents[2]

SYSTEM_UUID = "5ea71a10-0001-4000-8000-000000000001"
SERVICE_UUID = "5ea71a10-0002-4000-8000-000000000002"
SYSTEM_SERIAL = "ES-0001"
DISK_SERIAL = "NVME-0001"
DIMM_LOCATOR = "DIMM_A"                 # QEMU appends a space and the module's number

# The link between host and BMC: QEMU's user network, which passes what the guest sends to SERVICE_ADDRESS on to the
# same port of 127.0.0.1 outside.
LINK_NETWORK = "169.254.0.0/16"
LINK_MASK = "255.255.0.0"
HOST_ADDRESS = "169.254.0.18"
SERVICE_ADDRESS = "169.254.0.17"

USB_NET_VENDOR = 0x0525
USB_NET_PRODUCT = 0xA4A2
# QEMU's usb-net gives the host this address over RNDIS, and the same with 40 for its first byte over CDC Ethernet. One
# that begins with 40 is true of both.
USB_NET_MAC = "40:5e:a7:1a:10:01"


@dataclasses.dataclass(frozen=True)
class Link:
    """A network between host and BMC: a network device of the host's on a user network of QEMU's, which passes what the
    guest sends to that network's "host" on to the same port of the loopback interface outside."""

    device: str                 # what to plug in where, in QEMU's words
    network: str = f"net={LINK_NETWORK},host={SERVICE_ADDRESS},ipv6=off"
    service: str | None = None  # address and port of the Redfish service on a network whose host it is not

    def options(self, name, redfish_port):
        network = f"user,id={name},{self.network}"
        if self.service:
            network += f",guestfwd=tcp:{self.service}-cmd:busybox nc 127.0.0.1 {redfish_port}"
        return ["-netdev", network, "-device", f"{self.device},netdev={name}"]


USB_NET = f"usb-net,id=usbnic,bus=usb.0,mac={USB_NET_MAC}"
USB_LINK = Link(USB_NET)

# A port on a board: an Intel 82574L at a fixed place, where the firmware's bus numbering does not matter.
PCI_NET_VENDOR = 0x8086
PCI_NET_DEVICE = 0x10D3
PCI_NET_SLOT = 0x10
PCI_NET_MAC = "52:5e:a7:1a:10:02"
PCI_NET = f"e1000e,id=pcinic,bus=pcie.0,addr={PCI_NET_SLOT:#x},mac={PCI_NET_MAC}"


class MachineError(Exception):
    """The machine did not do what it was waited for. The message says why, for a person."""


def redfish_host_interface(port, *, mac=USB_NET_MAC):
    """Type 42 as a BMC with a USB NIC at fixed addresses has it."""
    return smbios.host_interface(
        smbios.usb_v2(USB_NET_VENDOR, USB_NET_PRODUCT, mac),
        [smbios.redfish_over_ip(SERVICE_UUID, host=HOST_ADDRESS, host_mask=LINK_MASK, address=SERVICE_ADDRESS,
                                mask=LINK_MASK, port=port)])


@dataclasses.dataclass
class Configuration:
    """What is in the machine. The defaults are a server as `make run` shows it."""

    flash: pathlib.Path = ROOT / "build/flash.fd"
    disk: pathlib.Path | None = ROOT / "build/disk/production.raw"  # never written to: a run has a layer of its own
    memory: str = "1G"
    memory_modules: tuple = ()                  # SMBIOS structures that describe it, in place of QEMU's module
    memory_file: pathlib.Path | None = None     # guest memory in a file that other processes can change
    cpus: int = 2
    bmc: bool = True
    ipmi: str | None = "isa-ipmi-kcs"           # QEMU's device that is the BMC's IPMI interface; None: the host has none
    usb_net: bool = True                        # whether there is USB_LINK
    links: tuple = ()                           # other ones
    bmc_address: str = "127.0.0.1"              # where the BMC's services listen; "::1" for a link of IPv6
    lan_parameters: dict | None = None          # what IPMI tells of the BMC's network port; None: nothing
    faults: tuple = ()                          # of the BMC from the beginning: rules for Bmc.fault()
    bmc_options: tuple = ()                     # more for bmc-redfish's command line
    bmc_commands: tuple = ()                    # for the BMC's control socket, before the guest starts
    # Structures that describe the host interface, made from the Redfish service's port.
    host_interfaces: object = staticmethod(lambda port: [redfish_host_interface(port)])
    options: tuple = ()                         # more for QEMU's command line
    bmc_programs: pathlib.Path = ROOT / "build/tests/bmc"
    bmc_configuration: pathlib.Path = ROOT / "tests/bmc"
    qemu: str = "qemu-system-x86_64"


class Machine:
    """A context: entering starts everything, leaving ends everything, whatever happened in between.

    There are no threads: the guest's console and QEMU's events are taken in while one waits for something. Use it from
    the main thread (children.Child says why).
    """

    def __init__(self, directory, configuration=None, *, echo=None, acceleration=None):
        """directory: for logs and state, made when missing; echo: binary stream that shows the console live."""
        self.directory = pathlib.Path(directory).resolve()
        self.configuration = configuration or Configuration()
        self.bmc = None
        self.console = None
        self.resets = 0                 # of the guest, after its start
        self.shutdown = None            # why the guest ended, in QEMU's words
        self.started = None             # time.monotonic() of the guest's first instruction
        self._acceleration = acceleration
        self._echo = echo
        self._children = []
        self._qemu = None
        self._qmp = None
        self._serial = None
        self._serial_open = False
        self._selector = selectors.DefaultSelector()

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        stop(self._children)
        self._children = []
        self._selector.close()
        for resource in (self._serial, self.console):
            if resource:
                resource.close()
        (self.directory / "flash.fd").unlink(missing_ok=True)

    def _start(self):
        c = self.configuration
        self.directory.mkdir(parents=True, exist_ok=True)
        for path, built in ((c.flash, "build/flash.fd"), (c.disk, "build/disk/production.raw")):
            if path and not path.exists():
                raise MachineError(f"{path} is not there; 'make {built}' builds one")
        if self._acceleration is None:
            self._acceleration = accel.choose(c.qemu)

        if c.bmc:
            self.bmc = Bmc(self.directory / "bmc", programs=c.bmc_programs, configuration=c.bmc_configuration,
                           system_uuid=SYSTEM_UUID, service_uuid=SERVICE_UUID, serial=SYSTEM_SERIAL,
                           address=c.bmc_address, lan_parameters=c.lan_parameters, options=c.bmc_options)
            self.bmc.start(self._children)
            for command in c.bmc_commands:
                self.bmc.control(**command)
            for rule in c.faults:
                self.bmc.fault(**rule)
        # Variables live in the flash, so that a run has a copy of its own.
        shutil.copyfile(c.flash, self.directory / "flash.fd")
        self.console = Console(self.directory / "console.log", self._echo)
        self._start_qemu()

        for child in self._children:
            self._selector.register(child.pidfd, selectors.EVENT_READ, self._on_end)
        self.qmp("cont")
        self.started = time.monotonic()

    def _start_qemu(self):
        self._serial, serial = socket.socketpair()
        monitor, qmp = socket.socketpair()
        with serial, qmp:
            argv = [self.configuration.qemu, *self._options(),
                    "-chardev", f"socket,id=console,fd={serial.fileno()}", "-serial", "chardev:console",
                    "-chardev", f"socket,id=qmp,fd={qmp.fileno()}", "-mon", "chardev=qmp,mode=control"]
            self._qemu = Child("qemu", argv, self.directory / "qemu.log", pass_fds=(serial.fileno(), qmp.fileno()))
        self._children.append(self._qemu)
        try:
            self._qmp = Qmp(monitor)
        except QmpError as error:
            if self._qemu.wait(1) is None:
                raise MachineError(f"qemu: {error}") from error
            raise MachineError(self._qemu.describe_end()) from error
        self._serial_open = True
        self._selector.register(self._serial, selectors.EVENT_READ, self._on_serial)
        self._selector.register(self._qmp, selectors.EVENT_READ, self._on_qmp)

    def _options(self):
        c = self.configuration
        words = [
            "-name", "seatrial", "-S", "-nodefaults", "-no-user-config", "-display", "none", *self._acceleration,
            "-machine", "q35,max-fw-size=16777216" + (",memory-backend=ram" if c.memory_file else ""),
            "-smp", str(c.cpus), "-m", c.memory,
            "-drive", f"if=pflash,unit=0,format=raw,file={self.directory / 'flash.fd'}",
            "-chardev", f"file,id=firmware,path={self.directory / 'firmware.log'}",
            "-device", "isa-debugcon,iobase=0x402,chardev=firmware",
            "-device", "virtio-rng-pci",
            "-device", "qemu-xhci,id=usb",
            *smbios.options(0, vendor="Example Systems", version="1.0", date="01/01/2026", uefi="on"),
            *smbios.options(1, manufacturer="Example Systems", product="Pilot 1", version="A", serial=SYSTEM_SERIAL,
                            uuid=SYSTEM_UUID, sku="PILOT-1", family="Pilot"),
            *smbios.options(2, manufacturer="Example Systems", product="Pilot board", version="A", serial="ESB-0001",
                            asset="-", location="Slot 0"),
            *smbios.options(3, manufacturer="Example Systems", version="A", serial="ESC-0001", asset="-"),
        ]
        if not c.memory_modules:
            words += smbios.options(17, loc_pfx=DIMM_LOCATOR, bank="BANK 0", manufacturer="Example Memory",
                                    serial="ESM-0001", asset="-", part="EM-3200-R", speed="3200")
        for number, blob in enumerate(c.memory_modules):
            path = self.directory / f"memory-module-{number}.bin"
            path.write_bytes(blob)
            words += ["-smbios", f"file={path}"]
        if c.memory_file:
            words += ["-object", f"memory-backend-file,id=ram,size={c.memory},mem-path={c.memory_file},share=on"]
        if c.disk:
            words += ["-drive", f"if=none,id=disk0,format=raw,snapshot=on,file={c.disk}",
                      "-device", f"nvme,id=nvme0,drive=disk0,serial={DISK_SERIAL}"]
        for number, link in enumerate(((USB_LINK,) if c.usb_net else ()) + c.links):
            words += link.options(f"link{number}" if number else "link", self.bmc.redfish_port if self.bmc else 0)
        if self.bmc and c.ipmi:
            words += ["-chardev", f"socket,id=ipmi,host=127.0.0.1,port={self.bmc.ipmi_port},reconnect=1",
                      "-device", "ipmi-bmc-extern,id=bmc,chardev=ipmi", "-device", f"{c.ipmi},bmc=bmc"]
        if self.bmc:
            for number, blob in enumerate(c.host_interfaces(self.bmc.redfish_port)):
                path = self.directory / f"host-interface-{number}.bin"
                path.write_bytes(blob)
                words += ["-smbios", f"file={path}"]
        return words + list(c.options)

    def _on_serial(self):
        try:
            data = self._serial.recv(65536)
        except ConnectionResetError:
            data = b""
        if data:
            self.console.feed(data)
        else:
            self._selector.unregister(self._serial)
            self._serial_open = False

    def _on_qmp(self):
        self._qmp.poll()
        self._take_events()
        if self._qmp.closed:
            self._selector.unregister(self._qmp)

    def _on_end(self):
        """A child has ended. Only QEMU may, by itself."""
        for child in self._children:
            if child.process.poll() is not None and not child.stopping and child is not self._qemu:
                raise ChildFailed(child.describe_end())

    def _take_events(self):
        events, self._qmp.events = self._qmp.events, []
        for event in events:
            if event["event"] == "SHUTDOWN":
                self.shutdown = event["data"]["reason"]
            elif event["event"] == "RESET":
                self.resets += 1
                if self.bmc:
                    self.bmc.host_reset()

    def _turn(self, deadline):
        """Takes in what has happened, or waits for something to happen. False when the time is over."""
        ready = self._selector.select(None if deadline == math.inf else max(deadline - time.monotonic(), 0))
        for key, _ in ready:
            key.data()
        return bool(ready)

    @property
    def running(self):
        return self._qemu.process.poll() is None

    def _drain(self):
        """Takes in what an ended QEMU has said."""
        while self._serial_open:
            self._on_serial()

    def _fail(self, text):
        """The error, with the console's end for those who have not seen it."""
        if not self._echo:
            text += "\nlast on the console:\n  " + "\n  ".join(self.console.tail())
        raise MachineError(text)

    def wait_for(self, pattern, seconds, what=None):
        """Waits until the console shows pattern (after the last match; ^ and $ are those of a line). Gives the match.

        what: the same in words. MachineError when the guest ends first or the time is over.
        """
        deadline = time.monotonic() + seconds
        what = what or f"its console showed {pattern!r}"
        while True:
            running = self.running
            if not running:
                self._drain()
            match = self.console.search(pattern)
            if match:
                return match
            if not running:
                self._fail(f"the guest ended ({self.shutdown or self._qemu.describe_end()}) before {what}")
            if not self._turn(deadline):
                self._fail(f"it took the guest more than {seconds:.0f} s until {what}")

    def wait_for_resets(self, count, seconds):
        """Waits until the guest has been reset that often since its start. MachineError when the time is over."""
        deadline = time.monotonic() + seconds
        while self.resets < count:
            if not self._turn(deadline):
                self._fail(f"the guest was reset {self.resets} times and not {count} within {seconds:.0f} s")

    def pass_time(self, seconds):
        """Takes in what happens for that long, or until the guest ends."""
        deadline = time.monotonic() + seconds
        while self.running and self._turn(deadline):
            pass

    def wait_for_bmc(self, counter, at_least, seconds):
        """Waits until a counter of the BMC's Redfish service (tests/bmc/redfish/control.h) is there."""
        deadline = time.monotonic() + seconds
        answered = []
        with self.bmc.ask("wait", counter=counter, atLeast=at_least) as sock:
            self._selector.register(sock, selectors.EVENT_READ, lambda: answered.append(sock.recv(65536)))
            try:
                while not answered:
                    if not self.running:
                        self._fail(f"the guest ended ({self.shutdown}) before the BMC had {at_least} {counter}")
                    if not self._turn(deadline):
                        self._fail(f"the BMC had not {at_least} {counter} within {seconds:.0f} s")
            finally:
                self._selector.unregister(sock)

    def kill_bmc_service(self):
        """Ends the BMC's Redfish service as a crash does."""
        child = self.bmc.redfish
        child.stopping = True
        self._selector.unregister(child.pidfd)
        self._children.remove(child)
        child.process.kill()
        child.close()

    def start_bmc_service(self):
        """Starts it again, as the BMC's own supervisor does."""
        self.bmc.start_redfish(self._children)
        self._selector.register(self.bmc.redfish.pidfd, selectors.EVENT_READ, self._on_end)

    def qmp(self, command, **arguments):
        """Runs a command of QEMU's machine protocol and gives what it returns."""
        answer = self._qmp.execute(command, **arguments)
        self._take_events()
        return answer

    def type(self, text):
        """Types on the serial console."""
        self._serial.sendall(text.encode() if isinstance(text, str) else text)

    def attach(self, stream, callback):
        """Has callback called, while one waits for something, whenever stream is readable."""
        self._selector.register(stream, selectors.EVENT_READ, callback)

    def detach(self, stream):
        self._selector.unregister(stream)

    def wait_for_end(self, seconds):
        """Waits until the guest has ended by itself. Gives QEMU's reason, say "guest-shutdown". MachineError if late."""
        deadline = time.monotonic() + seconds
        while self.running:
            if not self._turn(deadline):
                self._fail(f"the guest did not end within {seconds:.0f} s")
        self._drain()
        return self.shutdown

    def power_off(self, seconds):
        """Presses the power button and waits. True when the guest went down by itself, else its plug was pulled."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            # A press is lost on an OS whose driver for the button, or whoever listens to it, is still on its way.
            try:
                self.qmp("system_powerdown")
                self.wait_for_end(min(left, 5))
                return True
            except MachineError:
                continue
            except QmpError:
                # It ended while the button was pressed.
                self.wait_for_end(10)
                return True
        self.qmp("quit")
        self.wait_for_end(10)
        return False
