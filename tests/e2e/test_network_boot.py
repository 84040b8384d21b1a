# SPDX-License-Identifier: GPL-3.0-or-later
"""Booting over the network: what an operator asks for by the BMC, what DHCP says, whom the agent trusts, and what it does
when there is nothing to be had."""

import contextlib
import dataclasses
import functools
import http.server
import shutil
import ssl
import struct
import subprocess
import threading

import ocp
import pytest
from machine import Configuration, Link, Machine
from test_failures import PROMPT, RESCUE, STARTING, ask, runs_at_bmc
from test_trust import Authority, boot_of, override

from conftest import BUILD, QUICK, SECONDS, said

BRIEF = {**QUICK, "trial.run": "none"}
NIC = "virtio-net-pci,mac=52:5e:a7:1a:20:01"

# Of the guest's network, as it is seen from there; the host of QEMU's network is this machine's loopback interface.
SERVER = "10.0.2.2"
UP = r"production OS is up: (.*)\n"


def from_disk(path):
    """A file of the production disk's EFI system partition."""
    return subprocess.run(["mtype", "-i", f"{BUILD}/disk/production.raw@@1M", f"::{path}"], check=True,
                          capture_output=True).stdout


def disk_entry():
    """What the production disk's own entry says: {key: value}."""
    names = subprocess.run(["mdir", "-i", f"{BUILD}/disk/production.raw@@1M", "-b", "::/loader/entries"], check=True,
                           capture_output=True, text=True).stdout.split()
    lines = from_disk(names[0].removeprefix("::")).decode().splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


def unified_kernel_image(sections):
    """A program for the firmware that has these sections, and would do nothing there; sections: {name: bytes}."""
    pe, optional = 0x80, 240
    head = bytearray(4096)
    head[:2] = b"MZ"
    struct.pack_into("<I", head, 0x3c, pe)
    struct.pack_into("<4sHHIIIHH", head, pe, b"PE", 0x8664, len(sections), 0, 0, 0, optional, 0)
    body = b""
    for number, (name, data) in enumerate(sections.items()):
        struct.pack_into("<8sIIII", head, pe + 24 + optional + 40 * number, name.encode(), len(data), 0,
                         len(data), len(head) + len(body))
        body += data + bytes(-len(data) % 512)
    return bytes(head) + body


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with the production OS's kernel and initrd, and what configures them for several boot loaders."""
    directory = tmp_path_factory.mktemp("server")
    entry = disk_entry()
    (directory / "os").mkdir()
    (directory / "os/vmlinuz").write_bytes(from_disk(entry["linux"]))
    (directory / "os/initrd").write_bytes(from_disk(entry["initrd"]))
    (directory / "entry.conf").write_text("title Debian by the network\nlinux os/vmlinuz\ninitrd /os/initrd\n"
                                          f"options {entry['options']}\n")
    (directory / "os.efi").write_bytes(unified_kernel_image({
        ".osrel": b'PRETTY_NAME="Debian in one file"\n', ".cmdline": entry["options"].encode(),
        ".linux": (directory / "os/vmlinuz").read_bytes(), ".initrd": (directory / "os/initrd").read_bytes()}))
    # As a PXE server has it: a loader for the firmware's own use, and beside it the configuration.
    (directory / "pxelinux.0").write_bytes(b"\xfa\xeb\x00" + bytes(1000))
    (directory / "pxelinux.cfg").mkdir()
    (directory / "pxelinux.cfg/01-52-5e-a7-1a-20-01").write_text(
        "DEFAULT menu.c32\nMENU TITLE Install\nONTIMEOUT net\nLABEL disk\n  LOCALBOOT 0\n"
        f"LABEL net\n  MENU LABEL ^Debian by PXE\n  KERNEL os/vmlinuz\n  IPAPPEND 2\n"
        f"  APPEND {entry['options']} initrd=http://{SERVER}:PORT/os/initrd\n")
    return directory


class Server(contextlib.AbstractContextManager):
    """Serves a folder over HTTP or, with a certificate and its key in one file, HTTPS; keeps the paths it was asked for."""

    def __init__(self, directory, certificate=None):
        self.asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(handler):
                self.asked.append(handler.path)
                super().do_GET()

            def log_message(handler, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=directory))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self._server.handle_error = lambda *_: None     # who does not trust it leaves in the middle
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.port = self._server.server_address[1]
        self.url = f"http{'s' if certificate else ''}://{SERVER}:{self.port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def power_on(make_flash, acceleration, tmp_path):
    """power_on(settings, site, network, what differs from the usual machine): a machine with a port on a network."""
    def start(settings, site=None, network="", **changes):
        link = Link(NIC, network=f"ipv6=off{network}")
        configuration = dataclasses.replace(Configuration(flash=make_flash(settings, site)), links=(link,), **changes)
        return Machine(tmp_path / "run", configuration, acceleration=acceleration)
    return start


def texts(machine):
    return ocp.messages(runs_at_bmc(machine)["production"])


def test_operator_boots_what_a_uri_names(power_on, files):
    with Server(files) as server:
        command = override("UefiHttp", HttpBootUri=f"{server.url}/entry.conf")
        with power_on({**BRIEF, "production.then": "poweroff"}, bmc_commands=(command,)) as machine:
            assert "Debian by the network" in machine.wait_for(STARTING, SECONDS)[1]
            assert "6.1." in machine.wait_for(UP, SECONDS)[1]
            assert server.asked == ["/entry.conf", "/os/vmlinuz", "/os/initrd"]
            assert boot_of(machine)["BootSourceOverrideEnabled"] == "Disabled"
            assert any("nothing vouches for what it consists of" in text for text in texts(machine))
            assert machine.bmc.status()["sessions"] == 0


def test_pxe_finds_the_machines_own_configuration(power_on, files, tmp_path):
    directory = tmp_path / "tftp"
    shutil.copytree(files, directory)
    with Server(files) as server:
        path = directory / "pxelinux.cfg/01-52-5e-a7-1a-20-01"
        path.write_text(path.read_text().replace("PORT", str(server.port)))
        with power_on(BRIEF, network=f",tftp={directory},bootfile=/pxelinux.0") as machine:
            machine.bmc.ipmitool("chassis", "bootdev", "pxe")
            assert "Debian by PXE" in machine.wait_for(STARTING, SECONDS)[1]
            machine.wait_for(UP, SECONDS)
            assert server.asked == ["/os/initrd"]
            told = texts(machine)
            assert any("pxelinux.cfg/01-52-5e-a7-1a-20-01 has this machine's configuration" in text for text in told)
            assert any("the label disk is left out: it starts what is on the machine's own disk" in text
                       for text in told)
            assert any("BOOTIF=01-52-5e-a7-1a-20-01" in text for text in told)


def test_one_file_from_a_server_that_an_authority_vouches_for(power_on, files, tmp_path):
    authority, site = Authority(tmp_path), tmp_path / "site"
    site.mkdir()
    shutil.copy(authority.certificate, site / "production-ca.pem")
    authority.sign(SERVER, tmp_path / "server.pem", alternative=f"IP:{SERVER}")
    plan = {**BRIEF, "production.sources": "network", "production.trust": "ca"}
    with Server(files, tmp_path / "server.pem") as server:
        with power_on({**plan, "production.uri": f"{server.url}/os.efi"}, site) as machine:
            assert machine.wait_for(STARTING, SECONDS)[1] == "os.efi"
            machine.wait_for(UP, SECONDS)
            assert server.asked == ["/os.efi", "/os.efi"]       # its beginning, and then all of it
            assert not any("nothing vouches for" in text for text in texts(machine))


def test_what_cannot_be_had_is_told_and_the_disk_boots(power_on, files):
    with Server(files) as server:
        command = override("UefiHttp", HttpBootUri=f"{server.url}/nothing.conf")
        with power_on(BRIEF, bmc_commands=(command,)) as machine:
            machine.wait_for(STARTING, SECONDS)
            console = said(machine)
            assert f"{server.url}/nothing.conf: nothing can be booted from it" in console
            assert "error: 404" in console
            assert "no server on the network has anything for this machine to boot" in console
            assert "Debian GNU/Linux" in console.rpartition("starting")[2]


def test_rescue_shell_tells_what_is_wrong_with_a_server(power_on, files, tmp_path):
    authority, site = Authority(tmp_path), tmp_path / "site"
    site.mkdir()
    shutil.copy(authority.certificate, site / "production-ca.pem")
    (tmp_path / "other").mkdir()
    Authority(tmp_path / "other").sign(SERVER, tmp_path / "other.pem", alternative=f"IP:{SERVER}")
    with Server(files) as server, Server(files, tmp_path / "other.pem") as stranger:
        with power_on({**BRIEF, "production.then": "rescue"}, site) as machine:
            machine.wait_for(RESCUE, SECONDS)
            machine.wait_for(PROMPT, SECONDS)

            answer, _ = ask(machine, f"seatrial boot list --uri {stranger.url}/entry.conf")
            assert "nothing can be booted from it: SSL certificate problem" in answer
            assert stranger.asked == []

            answer, _ = ask(machine, f"seatrial boot list --uri {server.url}/os/initrd")
            assert "it is neither a Linux kernel nor the configuration of a boot loader" in answer

            answer, _ = ask(machine, f"seatrial boot list --uri {server.url}/os/vmlinuz")
            assert "id vmlinuz" in " ".join(answer.split())

            answer, _ = ask(machine, "seatrial boot list --uri gopher://nowhere/")
            assert 'production.uri: "gopher://nowhere/" is not a URI that begins with' in answer

            answer, _ = ask(machine, "seatrial boot list --source network")
            assert "names neither a boot file nor a configuration file" in answer
            answer, _ = ask(machine, f"seatrial boot list --uri tftp://{SERVER}/nothing")
            assert f"tftp://{SERVER}/nothing: nothing can be booted from it" in answer

            # Nothing is left of it.
            assert "10.0.2.15" not in ask(machine, "ip addr")[0]
