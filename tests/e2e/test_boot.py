# SPDX-License-Identifier: GPL-3.0-or-later
"""One whole boot, as `make run` does it: from power-on in flash to the production OS."""

import dataclasses
import re

import ocp
import pytest
from machine import DIMM_LOCATOR, DISK_SERIAL, SYSTEM_SERIAL, SYSTEM_UUID, USB_NET_MAC, Configuration, Machine

from conftest import SECONDS

STAGES = ["discovery", "trial", "production"]


@dataclasses.dataclass
class Boot:
    """What is left of it."""

    console: str
    records: list
    inventory: dict
    status: dict
    production: str             # what the production OS said of itself
    shutdown: str

    @property
    def runs(self):
        return {ocp.stage(run): run for run in ocp.split_runs(self.records)}


@pytest.fixture(scope="module")
def boot(tmp_path_factory, acceleration):
    with Machine(tmp_path_factory.mktemp("boot"), Configuration(), acceleration=acceleration) as machine:
        machine.wait_for(r"^seatrial: starting .*\n", SECONDS)
        production = machine.wait_for(r"production OS is up: (.*)\n", SECONDS)[1]
        machine.power_off(SECONDS)
        return Boot(console=machine.console.text, records=machine.bmc.journal(), inventory=machine.bmc.inventory(),
                    status=machine.bmc.status(), production=production, shutdown=machine.shutdown)


def test_production_os_is_up(boot):
    assert re.match(r"Debian GNU/Linux 12 \(bookworm\), kernel 6\.1\.", boot.production)


def test_production_os_powers_off_by_itself(boot):
    assert boot.shutdown == "guest-shutdown"


def test_nothing_comes_to_the_rescue_shell(boot):
    assert "rescue shell" not in boot.console


def test_journal_is_sound(boot):
    assert ocp.check(boot.records) == []


def test_journal_has_one_run_of_each_stage_in_order(boot):
    assert [ocp.stage(run) for run in ocp.split_runs(boot.records)] == STAGES


def test_every_run_belongs_to_the_same_boot(boot):
    metadata = [ocp.metadata(run) for run in ocp.split_runs(boot.records)]
    assert [data["stage"] for data in metadata] == STAGES
    boots = {data["boot"] for data in metadata}
    assert len(boots) == 1
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", boots.pop())


def test_every_stage_passes(boot):
    assert {stage: ocp.result(run) for stage, run in boot.runs.items()} == {stage: ("COMPLETE", "PASS")
                                                                           for stage in STAGES}


def test_bmc_holds_as_many_records_as_it_counted(boot):
    assert boot.status["records"] == len(boot.records)
    assert sum(stream["next"] for stream in boot.status["streams"]) == len(boot.records)


def test_bmc_has_no_session_left(boot):
    assert boot.status["sessions"] == 0


def test_only_one_account_was_asked_for(boot):
    assert boot.status["accounts"] <= 1


def test_trials_ran_and_said_what_they_found(boot):
    trial = boot.runs["trial"]
    for name in ("memory", "processor"):
        assert name in ocp.step_names(trial)
        assert [diagnosis["type"] for diagnosis in ocp.of_step(trial, name, "diagnosis")] == ["PASS"]
    sizes = [m["value"] for m in ocp.of_step(trial, "memory", "measurement") if m["name"] == "tested-size"]
    # Nine tenths of what is available is well over half of what is installed.
    assert len(sizes) == 1 and sizes[0] > (512 << 20)


def test_production_step_names_what_it_started(boot):
    texts = " ".join(log["message"] for log in ocp.of_step(boot.runs["production"], "kexec", "log"))
    assert "Debian GNU/Linux 12 (bookworm)" in texts


def test_inventory_names_the_machine(boot):
    system = boot.inventory["system"]
    assert (system["manufacturer"], system["serial_number"]) == ("Example Systems", SYSTEM_SERIAL)
    assert system["uuid"].lower() == SYSTEM_UUID


def test_inventory_has_the_dimm(boot):
    module, = [module for module in boot.inventory["memory"]["modules"] if module["size_bytes"]]
    assert module["locator"] == f"{DIMM_LOCATOR} 0"
    assert module["size_bytes"] == 1 << 30
    assert (module["manufacturer"], module["serial_number"], module["part_number"]) == ("Example Memory", "ESM-0001",
                                                                                        "EM-3200-R")


def test_inventory_has_the_disk_and_its_file_systems(boot):
    disk, = [device for device in boot.inventory["storage"] if device["serial_number"] == DISK_SERIAL]
    assert disk["transport"] == "nvme"
    assert [partition["filesystem"]["type"] for partition in disk["partitions"]] == ["vfat", "ext4"]


def test_inventory_has_the_bmc_link(boot):
    assert USB_NET_MAC in [interface["mac_address"] for interface in boot.inventory["network"]]
