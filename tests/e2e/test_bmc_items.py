# SPDX-License-Identifier: GPL-3.0-or-later
"""What the BMC is told beside the journal, as others find it there: ipmitool, sushy, QEMU's view of the machine's
memory, and the files of the BMC's module."""

import re
import struct

import ocp
import pytest
import sushy
from machine import Configuration, Machine
from sushy import auth

from conftest import QUICK, SECONDS, said
from test_failures import PROMPT, RESCUE, ask

ASSET_TAG = "R7-U12"
DEVICES, MEMORY_TEST, INITIALIZED, OS_START = ("010000000110010200", "010000000310050000", "010000000110040300",
                                               "010000000180050300")


def our_events(bmc):
    """Sensor type, the three bytes of data and the description of each, in order, as ipmitool reads the log."""
    events = []
    for text in bmc.ipmitool("-v", "sel", "list").split("\n\n"):
        fields = dict(re.findall(r"^\s*(\S[^:\n]*?)\s*: (.*)$", text, re.MULTILINE))
        if (fields.get("Generator ID"), fields.get("Sensor Number")) == ("0041", "53"):
            events.append((fields["Sensor Type"], fields["Event Data"], fields["Description"]))
    return events


def told(records):
    """The items by state, as the journal tells of them."""
    states = {}
    for run in ocp.split_runs(records):
        for message in ocp.messages(run):
            for state, names in re.findall(r"(verified|accepted|refused|unknown): ([^;]*)", message):
                states.setdefault(state, []).append(names)
    return {state: ", ".join(names) for state, names in states.items()}


# --- a BMC that offers everything ----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def machine(make_flash, acceleration, tmp_path_factory):
    flash = make_flash({**QUICK, "bmc.asset-tag": ASSET_TAG})
    with Machine(tmp_path_factory.mktemp("items"), Configuration(flash=flash), acceleration=acceleration) as m:
        m.wait_for(r"production OS is up: (.*)\n", SECONDS)
        yield m


def test_event_log_holds_each_stage_and_the_outcome(machine):
    assert our_events(machine.bmc) == [
        ("System Firmwares", "e21401", "Motherboard initialization"),
        ("System Firmwares", "a00112", "Transition to OK"),
        ("System Boot Initiated", "24ff02", "Automatic boot to diagnostic"),
        ("System Firmwares", "a00212", "Transition to OK"),
        ("System Firmwares", "e21303", "System boot initiated"),
        ("System Firmwares", "a00012", "Transition to OK"),
    ]


def guest_memory(machine, address, size):
    path = machine.bmc.directory / "guest-memory"
    machine.qmp("pmemsave", val=address, size=size, filename=str(path))
    return path.read_bytes()


def test_bmc_has_the_table_that_is_in_the_machines_memory(machine):
    blob = (machine.bmc.directory / "smbios").read_bytes()
    at = max(blob.rfind(b"_SM_"), blob.rfind(b"_SM3_"))
    table, entry_point = blob[:at], blob[at:]
    if entry_point.startswith(b"_SM3_"):
        address, = struct.unpack_from("<Q", entry_point, 0x10)
    else:
        size, address = struct.unpack_from("<HI", entry_point, 0x16)
        assert size == len(table)
    assert len(table) > 500
    assert guest_memory(machine, address, len(table)) == table


def test_system_info_names_seatrial(machine):
    for parameter, text in (("system_fw_version", "seatrial 0.1.0"), ("system_name", "seatrial"),
                            ("os_name", "seatrial")):
        assert text in machine.bmc.ipmitool("mc", "getsysinfo", parameter)


def test_boot_progress_ends_with_the_start_of_the_os(machine):
    codes = (machine.bmc.directory / "boot-progress").read_text().split()
    assert codes == [code for code in (DEVICES, MEMORY_TEST, INITIALIZED, OS_START) if code in codes]
    assert codes[-1] == OS_START
    assert machine.bmc.ipmitool("raw", "0x2c", "0x03", "0xae").split() == re.findall("..", "ae" + OS_START)


def test_asset_tag_is_that_of_the_plan(machine, monkeypatch):
    # requests would take these in place of the certificate that it is given.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    bmc = machine.bmc
    account = bmc.control("operator-account")
    with auth.SessionAuth(account["userName"], account["password"]) as session:
        root = sushy.Sushy(f"https://127.0.0.1:{bmc.redfish_port}", auth=session,
                           verify=str(bmc.directory / "certificate.pem"))
        assert root.get_system().asset_tag == ASSET_TAG


def test_journal_tells_that_all_was_read_back(machine):
    states = told(machine.bmc.journal())
    assert set(states) == {"verified"}
    for item in ("events by Platform Event", "boot progress by SBMR", "system info by System Info: firmware version",
                 "SMBIOS table by OpenBMC blob /smbios", "asset tag by Redfish AssetTag",
                 "inventory by Redfish LogEntry", "report of discovery by Redfish LogEntry",
                 "report of trial by Redfish LogEntry"):
        assert item in states["verified"]


# --- one that lies, babbles and is silent --------------------------------------------------------------------------

def test_bmc_that_misbehaves_is_told_what_it_takes_and_does_not_stop_the_boot(make_flash, acceleration, tmp_path):
    flash = make_flash({**QUICK, "production.then": "rescue"})
    with Machine(tmp_path / "run", Configuration(flash=flash), acceleration=acceleration) as machine:
        bmc = machine.bmc
        bmc.fault(ipmi="04/02", action="pretend")
        bmc.fault(ipmi="06/5[89]", action="garbage")
        bmc.fault(ipmi="2c/02/ae", action="completion-code", completionCode=0xd5)
        bmc.fault(ipmi="2e/80", action="silence")
        machine.wait_for(RESCUE, SECONDS)
        machine.wait_for(PROMPT, SECONDS)

        # Six, by the way that is left, and each once.
        assert [event[1] for event in our_events(bmc)] == ["e21401", "a00112", "24ff02", "a00212", "e21303", "a10031"]
        states = told(bmc.journal())
        assert "events by Platform Event" in states["accepted"]
        assert "events by Add SEL Entry" in states["verified"]
        assert "does not allow the command in its present state (completion code d5h)" in states["refused"]
        assert re.search(r"SMBIOS table by OpenBMC blob /smbios \([^)]*(does not answer|ran out of time)",
                         states["unknown"])
        assert "System Info" not in states["verified"]

        bmc.fault(clear=True)
        text, status = ask(machine, "seatrial bmc sel --ours")
        assert status == 0
        assert re.findall(r"\* (.*)", text) == [
            "discovery begins", "discovery ends: COMPLETE, PASS", "trial begins", "trial ends: COMPLETE, PASS",
            "production begins", "outcome: SKIP, NOT_APPLICABLE"]

        assert ask(machine, "seatrial bmc bootdev diag")[1] == 0
        assert "Force Boot from Diagnostic Partition" in bmc.ipmitool("chassis", "bootparam", "get", "5")
        bmc.ipmitool("chassis", "bootdev", "bios")
        assert re.search(r"^setup$", ask(machine, "seatrial bmc bootdev")[0], re.MULTILINE)
        assert ask(machine, "seatrial bmc bootdev none")[1] == 0
        assert "Boot Flag Invalid" in bmc.ipmitool("chassis", "bootparam", "get", "5")


# --- one with nothing but IPMI -------------------------------------------------------------------------------------

def test_bmc_without_redfish_gets_the_same_over_ipmi(make_flash, acceleration, tmp_path):
    flash = make_flash({**QUICK, "trial.run": "none", "production.then": "poweroff"})
    configuration = Configuration(flash=flash, disk=None, usb_net=False, host_interfaces=lambda port: [])
    with Machine(tmp_path / "run", configuration, acceleration=acceleration) as machine:
        assert machine.wait_for_end(SECONDS) == "guest-shutdown"
        assert machine.bmc.journal() == []
        *stages, (sensor, lost, _) = our_events(machine.bmc)
        assert [event[1] for event in stages] == ["e21401", "a00112", "24ff02", "a10231", "e21303", "a10031"]
        assert sensor == "Management Subsys Health" and lost.startswith("a1")
        records = int.from_bytes(bytes.fromhex(lost[2:]), "little")
        assert records > 20 and f"0 of {records} records delivered" in said(machine)
        assert (machine.bmc.directory / "smbios").stat().st_size > 500
        assert "seatrial" in machine.bmc.ipmitool("mc", "getsysinfo", "os_name")
        assert (machine.bmc.directory / "boot-progress").read_text().split()[-1] == INITIALIZED


@pytest.mark.parametrize("action, words", [
    ("silence", r"Get SEL Entry: the BMC (ran out of time|does not answer)"),
    ("garbage", r"what the BMC answers cannot be right"),
])
def test_bmc_that_talks_no_sense_does_not_stop_the_boot(make_flash, acceleration, tmp_path, action, words):
    # With a trial, for the journal to be still open when there is something to be told.
    flash = make_flash({**QUICK, "trial.run": "processor", "production.then": "poweroff"})
    with Machine(tmp_path / "run", Configuration(flash=flash, disk=None), acceleration=acceleration) as machine:
        for commands in "0[4a]/*", "06/5?", "2c/0?/ae", "2e/*":
            machine.bmc.fault(ipmi=commands, action=action)
        assert machine.wait_for_end(SECONDS) == "guest-shutdown"
        states = told(machine.bmc.journal())
        # Redfish is as good as ever.
        assert all(name.endswith(" by Redfish LogEntry") for name in states["verified"].split(", "))
        assert re.search(words, states["unknown"])
        assert our_events(machine.bmc) == []
