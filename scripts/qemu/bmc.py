# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC beside a guest: the Redfish service and ipmi_sim of tests/bmc, and the control socket that tests steer it by."""

import json
import os
import re
import secrets
import socket
import subprocess

from children import Child, ChildFailed

_START_SECONDS = 20
_PORT_ATTEMPTS = 10


def _free_port(kind):
    """A port of 127.0.0.1 that nobody has at the moment."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Bmc:
    """start() gives a BMC that answers on redfish_port and waits for QEMU on ipmi_port.

    directory gets journal.jsonl and inventory.json, as they come from the agent.
    """

    def __init__(self, directory, *, programs, configuration, system_uuid, service_uuid, serial, address="127.0.0.1",
                 lan_parameters=None, options=()):
        """programs: folder of bmc-redfish and seatrial-bmc.so; configuration: folder of lan.conf.in and bmc.emu;
        address: where the Redfish service listens, 127.0.0.1 or ::1; lan_parameters: what IPMI tells of the BMC's
        network port, by the names of ipmi_sim's lan_config_program; options: more for bmc-redfish's command line.
        """
        self.directory = directory
        self.children = []
        self.redfish = None             # the child that is the Redfish service
        self.redfish_port = None
        self.ipmi_port = None
        self.fingerprint = None
        self._programs = programs
        self._configuration = configuration
        self._identity = ["--uuid", system_uuid, "--service-uuid", service_uuid, "--serial", serial, *options]
        self._identity += ["--ipv6"] if address == "::1" else []
        self._lan_parameters = lan_parameters
        self._control = directory / "control"

    def start(self, children):
        """Starts both; they are added to children as they start, so that the caller can end them whatever happens."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if len(str(self._control)) > 107:
            raise ChildFailed(f"{self._control}: too long a path for a Unix socket; use a shorter directory")
        self.start_redfish(children)
        self._start_ipmi(children)

    def start_redfish(self, children):
        """The Redfish service alone; once more: with the state and on the port that it had."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.redfish = redfish = Child("bmc-redfish", [self._programs / "bmc-redfish", "--state", self.directory,
                                                       "--port", self.redfish_port or 0,
                                                       "--control", self._control, *self._identity],
                                       self.directory / "redfish.log", stdout=subprocess.PIPE)
        children.append(redfish)
        line = self._first_line(redfish, "ready ")
        facts = dict(word.split("=", 1) for word in line.split()[1:])
        self.redfish_port = int(facts["port"])
        self.fingerprint = facts["fingerprint"]

    def _start_ipmi(self, children):
        state = self.directory / "ipmi"
        state.mkdir(exist_ok=True)
        configuration = self.directory / "lan.conf"
        template = (self._configuration / "lan.conf.in").read_text()

        # ipmi_sim cannot be told to choose its ports: one that was free a moment ago may be taken when it gets there.
        for attempt in range(_PORT_ATTEMPTS):
            port = _free_port(socket.SOCK_STREAM)
            values = {"SERIAL_PORT": port, "LAN_PORT": _free_port(socket.SOCK_DGRAM),
                      "LAN_PASSWORD": secrets.token_hex(8), "MODULE": self._programs / "seatrial-bmc.so",
                      "CONTROL": self._control, "LAN_PROGRAM": self._lan_program()}
            text = template
            for name, value in values.items():
                text = text.replace(f"@{name}@", str(value))
            configuration.write_text(text)

            ipmi = Child("ipmi_sim", ["ipmi_sim", "-n", "-c", configuration, "-f", self._configuration / "bmc.emu",
                                      "-s", state], self.directory / "ipmi_sim.log", stdout=subprocess.PIPE)
            try:
                self._first_line(ipmi, "ready")
            except ChildFailed:
                if attempt + 1 == _PORT_ATTEMPTS or ipmi.wait(0) is None:
                    children.append(ipmi)
                    raise
                ipmi.close()
                continue
            children.append(ipmi)
            self.ipmi_port = port
            self._lan = values["LAN_PORT"], values["LAN_PASSWORD"]
            return

    def _lan_program(self):
        if self._lan_parameters is None:
            return ""
        path = self.directory / "lan-parameters"
        path.write_text("".join(f"{name}:{value}\n" for name, value in self._lan_parameters.items()))
        return f'lan_config_program "{self._configuration / "lan-control"} {path}"'

    @staticmethod
    def _first_line(child, prefix):
        """The line that begins with prefix: the child serves from then on."""
        while True:
            try:
                line = child.read_line(_START_SECONDS).decode(errors="replace")
            except TimeoutError as error:
                raise ChildFailed(str(error)) from error
            if not line:
                raise ChildFailed(child.describe_end())
            if line.startswith(prefix):
                return line

    def ask(self, command, seconds=10, **arguments):
        """Sends one command to the service's control socket. Gives the socket, on which the answer comes."""
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(seconds)
            sock.connect(str(self._control))
            sock.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
        except OSError as error:
            sock.close()
            raise ChildFailed(f"bmc-redfish: control socket: {command}: {error}") from error
        return sock

    def control(self, command, seconds=10, **arguments):
        """Sends one command to the service's control socket and gives its answer. ChildFailed when it refuses."""
        with self.ask(command, seconds, **arguments) as sock:
            try:
                line = sock.makefile("rb").readline()
            except OSError as error:
                raise ChildFailed(f"bmc-redfish: control socket: {command}: {error}") from error
        if not line:
            raise ChildFailed(f"bmc-redfish: control socket: {command}: no answer")
        answer = json.loads(line)
        if "error" in answer:
            raise ChildFailed(f"bmc-redfish: control socket: {command}: {answer}")
        return answer

    def status(self):
        return self.control("status")

    def fault(self, **rule):
        """Breaks the service as tests/bmc/redfish/fault.h describes."""
        self.control("fault", **rule)

    def host_reset(self):
        """What a BMC does when its host is reset: accounts that it gave out end."""
        self.control("host-reset")

    def ipmitool(self, *words):
        """What ipmitool says, asked over the network as an operator does."""
        port, password = self._lan
        return subprocess.run(["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(port),
                               "-U", "operator", "-E", *words], check=True, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "IPMI_PASSWORD": password}).stdout

    def requests(self):
        """Each request that the service has answered or cut off, in order: method, path, and status or "cut"."""
        path = self.directory / "access.log"
        return [line.split()[1:4] for line in path.read_text().splitlines()] if path.exists() else []

    def count_requests(self):
        """How many batches of records were posted, and how many requests there were beside."""
        requests = self.requests()
        batches = sum(method == "POST" and path.endswith("/Entries") for method, path, _ in requests)
        return batches, len(requests) - batches

    def first_acknowledged(self):
        """Seconds from the kernel's start until this BMC had the first records, as the journal tells; else None."""
        for record in self.journal():
            log = record.get("testStepArtifact", record.get("testRunArtifact", {})).get("log", {})
            match = re.search(r"the BMC has taken the first records (\d+\.\d+) s after the kernel's start$",
                              log.get("message", ""))
            if match:
                return float(match[1])
        return None

    def journal(self):
        """The records that the agent sent, in the order in which they came."""
        path = self.directory / "journal.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def inventory(self):
        path = self.directory / "inventory.json"
        return json.loads(path.read_text()) if path.exists() else None
