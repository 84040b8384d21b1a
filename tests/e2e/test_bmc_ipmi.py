# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests/bmc/ipmi adds to ipmi_sim, asked as the host asks (system interface) and as an operator does (ipmitool)."""

import binascii
import re
import struct
import subprocess

import pytest
from bmc_service import service  # noqa: F401, fixture
from system_interface import ipmi  # noqa: F401, fixture

SBMR = 0xae
OPENBMC = (0xcf, 0xc2, 0x00)


def ipmitool(ipmi, *words):
    return subprocess.run(["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(ipmi.lan_port),
                           "-U", "operator", "-P", "sea-trial", *words],
                          check=True, capture_output=True, text=True, timeout=60).stdout


def blob_crc(data):
    """OpenBMC's: CRC-16 of polynomial 1021h from FFFFh, with two zero bytes behind the data."""
    return struct.pack("<H", binascii.crc_hqx(data, 0x1d0f))


def blob(ipmi, subcommand, body=b""):
    code, data = ipmi.command(0x2e, 0x80, *OPENBMC, subcommand, *(blob_crc(body) + body if body else b""))
    if code == 0:
        assert data[:3] == bytes(OPENBMC)
        assert not data[3:] or data[3:5] == blob_crc(data[5:])
    return code, data[5:]


def test_platform_event_is_in_the_event_log(ipmi):
    assert ipmi.command(0x04, 0x02, 0x41, 0x04, 0x1e, 0x53, 0x6f, 0x00, 0xff, 0xff) == (0, b"")
    code, data = ipmi.command(0x0a, 0x43, 0, 0, 0xff, 0xff, 0, 0xff)
    assert code == 0 and data[9:18] == bytes([0x41, 0x00, 0x04, 0x1e, 0x53, 0x6f, 0x00, 0xff, 0xff])
    assert "No bootable media" in ipmitool(ipmi, "sel", "list")


def test_platform_event_has_one_length(ipmi):
    assert ipmi.command(0x04, 0x02, 0x41, 0x04, 0x1e, 0x53, 0x6f, 0x00, 0xff)[0] == 0xc7


def test_system_info_is_read_back_over_lan(ipmi):
    text = b"seatrial 0.1.0 with more than a block"
    blocks = bytes([1, len(text)]) + text
    for number in range(0, len(blocks), 16):
        assert ipmi.command(0x06, 0x58, 1, number // 16, *blocks[number:number + 16].ljust(16, b"\0")) == (0, b"")
    assert ipmi.command(0x06, 0x59, 0, 1, 1, 0) == (0, bytes([0x11, 1]) + blocks[16:32])
    assert text.decode() in ipmitool(ipmi, "mc", "getsysinfo", "system_fw_version")
    assert ipmi.command(0x06, 0x59, 0, 0x40, 0, 0)[0] == 0x80


def test_boot_flags_of_an_operator_reach_the_host(ipmi):
    ipmitool(ipmi, "chassis", "bootdev", "diag")
    code, data = ipmi.command(0x00, 0x09, 5, 0, 0)
    assert code == 0 and data[:4] == bytes([1, 5, 0x80, 4 << 2])
    assert ipmi.command(0x00, 0x08, 5, 0, 0, 0, 0, 0) == (0, b"")
    assert re.search(r"Boot Flag Invalid", ipmitool(ipmi, "chassis", "bootparam", "get", "5"))


def test_boot_progress_is_kept(service, ipmi):
    code = bytes([1, 0, 0, 0, 1, 0x10, 1, 2, 0])
    assert ipmi.command(0x2c, 0x02, SBMR, *code) == (0, bytes([SBMR]))
    assert ipmi.command(0x2c, 0x03, SBMR) == (0, bytes([SBMR]) + code)
    assert (service.directory / "boot-progress").read_text() == code.hex() + "\n"


def test_blob_takes_a_table(service, ipmi):
    assert blob(ipmi, 0) == (0, bytes([1, 0, 0, 0]))
    assert blob(ipmi, 1, bytes(4)) == (0, b"/smbios\0")
    code, session = blob(ipmi, 2, b"\x02\x00/smbios\0")
    assert code == 0 and len(session) == 2
    assert blob(ipmi, 2, b"\x02\x00/smbios\0")[0] == 0xff, "one session at a time"

    table = bytes(range(256)) * 2
    for offset in range(0, len(table), 128):
        assert blob(ipmi, 4, session + struct.pack("<I", offset) + table[offset:offset + 128]) == (0, b"")
    assert blob(ipmi, 5, session + b"\0") == (0, b"")
    code, state = blob(ipmi, 9, session)
    assert code == 0 and struct.unpack("<HI", state[:6]) == (0x08, len(table))
    assert blob(ipmi, 6, session) == (0, b"")
    assert (service.directory / "smbios").read_bytes() == table


def test_blob_with_a_wrong_crc_is_refused(ipmi):
    assert ipmi.command(0x2e, 0x80, *OPENBMC, 1, 0x12, 0x34, 0, 0, 0, 0)[0] == 0xff


@pytest.mark.parametrize("netfn, command, data", [(0x06, 0x01, ()), (0x0a, 0x40, ()), (0x2c, 0x03, (SBMR,))])
def test_commands_are_broken_for_the_host_alone(service, ipmi, netfn, command, data):
    code = f"{netfn:02x}/{command:02x}*"
    good = ipmi.command(netfn, command, *data)
    assert good[0] == 0

    service.control("fault", ipmi=code, action="completion-code", completionCode=0xd5, count=1)
    assert ipmi.command(netfn, command, *data) == (0xd5, b"")
    service.control("fault", ipmi=code, action="pretend", count=1)
    assert ipmi.command(netfn, command, *data) == (0, b"\xff\xff")
    service.control("fault", ipmi=code, action="garbage", count=4)
    assert len({ipmi.command(netfn, command, *data) for _ in range(4)}) == 4
    assert ipmi.command(netfn, command, *data)[0] == 0

    service.control("fault", ipmi=code, action="silence", count=1)
    ipmi.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        ipmi.command(netfn, command, *data)
    ipmi.socket.settimeout(10)
    service.control("fault", ipmi="*", action="silence")
    assert "Device ID" in ipmitool(ipmi, "mc", "info")


def test_pretended_event_is_not_in_the_log(service, ipmi):
    service.control("fault", ipmi="04/02", action="pretend", count=1)
    assert ipmi.command(0x04, 0x02, 0x41, 0x04, 0x1e, 0x53, 0x6f, 0x00, 0xff, 0xff)[0] == 0
    assert ipmi.command(0x0a, 0x43, 0, 0, 0xff, 0xff, 0, 0xff)[0] == 0xcb
