# SPDX-License-Identifier: GPL-3.0-or-later
"""Credential bootstrapping over IPMI, and what ipmi_sim has of itself."""

import os
import signal
import socket
import subprocess

import pytest
from bmc_service import SYSTEM, TIMEOUT, service  # noqa: F401, fixture
from system_interface import ipmi  # noqa: F401, fixture


def test_ipmi_gives_the_fingerprint(service, ipmi):
    code, data = ipmi.command(0x2c, 0x01, 0x52, 0x01)
    assert code == 0 and data == bytes([0x52, 0x01]) + bytes.fromhex(service.fingerprint)


def test_ipmi_has_no_other_certificate(ipmi):
    for number in 0x00, 0x02, 0xff:
        assert ipmi.command(0x2c, 0x01, 0x52, number) == (0xcb, b"\x52")


@pytest.mark.parametrize("control, after", [(0xa5, "enabled"), (0x00, "disabled"), (0x5a, "disabled")])
def test_ipmi_gives_an_account_that_opens_a_session(service, ipmi, control, after):
    code, data = ipmi.command(0x2c, 0x02, 0x52, control)
    assert code == 0 and data[0] == 0x52 and len(data) == 33
    user_name, password = (field.rstrip(b"\0").decode() for field in (data[1:17], data[17:]))
    token = service.login({"userName": user_name, "password": password})
    assert service.request("GET", SYSTEM, headers=token).status == 200
    assert service.control("status")["bootstrapping"] == after


def test_ipmi_refuses_when_disabled_until_the_host_resets(service, ipmi):
    assert ipmi.command(0x2c, 0x02, 0x52, 0x00)[0] == 0
    assert ipmi.command(0x2c, 0x02, 0x52, 0xa5) == (0x80, b"\x52")
    service.control("host-reset")
    assert ipmi.command(0x2c, 0x02, 0x52, 0xa5)[0] == 0


def test_ipmi_tells_that_slots_are_full(ipmi):
    for _ in range(8):
        assert ipmi.command(0x2c, 0x02, 0x52, 0xa5)[0] == 0
    assert ipmi.command(0x2c, 0x02, 0x52, 0xa5) == (0xc9, b"\x52")


def test_ipmi_refuses_wrong_lengths_and_commands(ipmi):
    for command in 0x01, 0x02:
        assert ipmi.command(0x2c, command, 0x52) == (0xc7, b"\x52")
        assert ipmi.command(0x2c, command, 0x52, 1, 1) == (0xc7, b"\x52")
    assert ipmi.command(0x2c, 0x03, 0x52, 0x01) == (0xc1, b"\x52")
    assert ipmi.command(0x2c, 0x01, 0x53, 0x01)[0] == 0xc1


def test_ipmi_answers_when_the_service_is_gone_and_when_it_is_back(service, ipmi):
    service.stop(signal.SIGKILL)
    assert ipmi.command(0x2c, 0x01, 0x52, 0x01) == (0xce, b"\x52")
    service.start()
    assert ipmi.command(0x2c, 0x01, 0x52, 0x01)[0] == 0


def test_ipmi_gives_up_on_a_service_that_hangs(service, ipmi):
    service.process.send_signal(signal.SIGSTOP)
    try:
        assert ipmi.command(0x2c, 0x01, 0x52, 0x01) == (0xc3, b"\x52")
    finally:
        service.process.send_signal(signal.SIGCONT)
    assert ipmi.command(0x2c, 0x01, 0x52, 0x01)[0] == 0


def test_ipmi_faults(service, ipmi):
    service.control("fault", ipmi="fingerprint", action="wrong-digest", count=1)
    code, data = ipmi.command(0x2c, 0x01, 0x52, 0x01)
    assert code == 0 and data[2:] != bytes.fromhex(service.fingerprint)
    assert ipmi.command(0x2c, 0x01, 0x52, 0x01)[1][2:] == bytes.fromhex(service.fingerprint)

    service.control("fault", ipmi="bootstrap-account", action="completion-code", completionCode=0xd4)
    assert ipmi.command(0x2c, 0x02, 0x52, 0x00) == (0xd4, b"\x52")
    assert service.control("status")["bootstrapping"] == "enabled"


def test_ipmi_event_log_takes_an_event_and_survives_a_restart(service, ipmi):
    event = (0, 0, 2, 0, 0, 0, 0, 0x21, 0, 4, 0x0c, 2, 0x6f, 1, 0xff, 0xff)
    assert ipmi.command(0x0a, 0x44, *event)[0] == 0
    ipmi.close()
    assert ipmi.start(service.directory / "control")
    ipmi.socket = socket.create_connection(("127.0.0.1", ipmi.port), TIMEOUT)
    code, info = ipmi.command(0x0a, 0x40)
    assert code == 0 and info[1] | info[2] << 8 == 1
    code, got = ipmi.command(0x0a, 0x43, 0, 0, 0, 0, 0, 0xff)
    assert code == 0 and got[2 + 7:] == bytes(event[7:])


def test_ipmi_watchdog_is_there(ipmi):
    assert ipmi.command(0x06, 0x22)[0] == 0x80
    # Use OS load, no action, 10 seconds.
    assert ipmi.command(0x06, 0x24, 0x03, 0x00, 0, 0, 100, 0)[0] == 0
    assert ipmi.command(0x06, 0x22)[0] == 0


def test_a_person_reads_the_event_log_with_ipmitool(ipmi):
    event = ("0", "0", "2", "0", "0", "0", "0", "0x21", "0", "4", "0x0c", "2", "0x6f", "1", "0xff", "0xff")
    assert ipmi.command(0x0a, 0x44, *(int(b, 0) for b in event))[0] == 0
    result = subprocess.run(
        ["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(ipmi.lan_port),
         "-U", "operator", "-E", "sel", "list"], capture_output=True, text=True, timeout=TIMEOUT,
        env={**os.environ, "IPMI_PASSWORD": "sea-trial"})
    assert result.returncode == 0 and "Uncorrectable ECC" in result.stdout
