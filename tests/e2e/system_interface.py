# SPDX-License-Identifier: GPL-3.0-or-later
"""ipmi_sim as a process of its own, asked in the protocol that QEMU's ipmi-bmc-extern speaks with it."""

import socket
import subprocess

import pytest
from bmc_service import BUILD, ROOT, TIMEOUT, service  # noqa: F401, fixture


class Ipmi:
    """QEMU's side of ipmi_sim's VM codec: frames end with A0 (message) or A1 (command), AA escapes."""

    def __init__(self, directory, control):
        self.directory = directory / "ipmi"
        (self.directory / "state").mkdir(parents=True)
        for _ in range(5):
            if self.start(control):
                break
        else:
            pytest.fail("ipmi_sim did not start")
        self.socket = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
        self.sequence = 0

    @staticmethod
    def free_port(kind):
        with socket.socket(socket.AF_INET, kind) as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def start(self, control):
        """False when somebody took a port between our looking for it and ipmi_sim's."""
        self.port = self.free_port(socket.SOCK_STREAM)
        self.lan_port = self.free_port(socket.SOCK_DGRAM)
        config = (ROOT / "tests/bmc/lan.conf.in").read_text()
        for word, value in (("SERIAL_PORT", self.port), ("LAN_PORT", self.lan_port),
                            ("LAN_PASSWORD", "sea-trial"), ("MODULE", BUILD / "seatrial-bmc.so"),
                            ("CONTROL", control), ("LAN_PROGRAM", "")):
            config = config.replace(f"@{word}@", str(value))
        (self.directory / "lan.conf").write_text(config)
        self.process = subprocess.Popen(
            ["ipmi_sim", "-n", "-c", self.directory / "lan.conf", "-f", ROOT / "tests/bmc/bmc.emu",
             "-s", self.directory / "state"], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line == "ready\n":
                return True
        self.stop()
        return False

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT)
        self.process.stdout.close()

    def close(self):
        self.socket.close()
        self.stop()

    def read_frame(self):
        frame, escaped = bytearray(), False
        while True:
            byte = self.socket.recv(1)
            assert byte, "ipmi_sim closed the connection"
            if byte == b"\xaa":
                escaped = True
            elif byte in (b"\xa0", b"\xa1"):
                return byte, bytes(frame)
            else:
                frame.append(byte[0] & ~0x10 if escaped else byte[0])
                escaped = False

    def command(self, netfn, command, *data):
        """The completion code and what follows it."""
        self.sequence = (self.sequence + 1) & 0xff
        body = bytes([self.sequence, netfn << 2, command, *data])
        frame = bytearray()
        for byte in body + bytes([-sum(body) & 0xff]):
            frame += bytes([0xaa, byte | 0x10]) if byte in (0xa0, 0xa1, 0xaa) else bytes([byte])
        self.socket.sendall(frame + b"\xa0")
        while True:
            end, answer = self.read_frame()
            if end == b"\xa0":
                break
        assert sum(answer) & 0xff == 0
        assert answer[:3] == bytes([self.sequence, (netfn | 1) << 2, command])
        return answer[3], answer[4:-1]


@pytest.fixture
def ipmi(service):
    i = Ipmi(service.directory, service.directory / "control")
    yield i
    i.close()
