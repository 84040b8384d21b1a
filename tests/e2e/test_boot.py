# SPDX-License-Identifier: GPL-3.0-or-later
"""One whole boot, as `make run` does it: from power-on in flash, through both legs of the memory trial, to the production
OS."""

import dataclasses
import mmap
import pathlib
import re
import tempfile

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
    requests: tuple             # batches of records, and what there was beside
    secrets: tuple              # of the BMC's, which of them were in memory in the first leg, and which at the end
    production: str             # what the production OS said of itself
    shutdown: str

    @property
    def legs(self):
        """What the first and the second kernel told: {stage: run} of each."""
        runs = ocp.split_runs(self.records)
        return [{ocp.stage(run): run for run in runs[i:i + len(STAGES)]} for i in range(0, len(runs), len(STAGES))]

    @property
    def runs(self):
        """The runs after which there is nothing left to do."""
        return self.legs[-1]


def found_in(path, texts):
    """Those of the texts that are anywhere in the file."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
        return [text for text in texts if content.find(text.encode()) >= 0]


@pytest.fixture(scope="module")
def boot(tmp_path_factory, acceleration):
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as memory, \
            Machine(tmp_path_factory.mktemp("boot"), Configuration(memory_file=pathlib.Path(memory.name)),
                    acceleration=acceleration) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        secrets = machine.bmc.control("secrets")["secrets"]
        in_use = found_in(memory.name, secrets)
        machine.wait_for(r"^seatrial: starting Debian", SECONDS)
        machine.qmp("stop")
        left = found_in(memory.name, secrets)
        machine.qmp("cont")
        production = machine.wait_for(r"production OS is up: (.*)\n", SECONDS)[1]
        machine.power_off(SECONDS)
        return Boot(console=machine.console.text, records=machine.bmc.journal(), inventory=machine.bmc.inventory(),
                    status=machine.bmc.status(), requests=machine.bmc.count_requests(),
                    secrets=(secrets, in_use, left), production=production, shutdown=machine.shutdown)


def test_production_os_is_up(boot):
    assert re.match(r"Debian GNU/Linux 12 \(bookworm\), kernel 6\.1\.", boot.production)


def test_production_os_powers_off_by_itself(boot):
    assert boot.shutdown == "guest-shutdown"


def test_nothing_comes_to_the_rescue_shell(boot):
    assert "rescue shell" not in boot.console


def test_journal_is_sound(boot):
    assert ocp.check(boot.records) == []


def test_journal_has_one_run_of_each_stage_in_order_in_each_leg(boot):
    assert [ocp.stage(run) for run in ocp.split_runs(boot.records)] == 2 * STAGES


def test_every_run_belongs_to_the_boot_of_its_leg(boot):
    boots = [{ocp.metadata(run)["boot"] for run in leg.values()} for leg in boot.legs]
    assert [len(boot) for boot in boots] == [1, 1]
    assert boots[0] != boots[1]
    for name in boots[0] | boots[1]:
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name)
    assert [ocp.metadata(run)["stage"] for leg in boot.legs for run in leg.values()] == 2 * STAGES


def test_every_stage_passes_and_production_waits_for_the_second_leg(boot):
    first, second = ({stage: ocp.result(run) for stage, run in leg.items()} for leg in boot.legs)
    assert second == {stage: ("COMPLETE", "PASS") for stage in STAGES}
    assert first == {**second, "production": ("SKIP", "NOT_APPLICABLE")}


def test_bmc_holds_as_many_records_as_it_counted(boot):
    assert boot.status["records"] == len(boot.records)
    assert sum(stream["next"] for stream in boot.status["streams"]) == len(boot.records)


def test_bmc_has_no_session_left(boot):
    assert boot.status["sessions"] == 0


def test_bmc_gave_out_one_account_for_both_legs_and_gives_no_other(boot):
    assert boot.status["accounts"] == 1
    assert boot.status["bootstrapping"] == "disabled"


def test_password_and_token_are_nowhere_in_memory_when_the_production_os_starts(boot):
    secrets, in_use, left = boot.secrets
    assert len(secrets) == 2 and in_use == secrets
    assert left == []


def test_both_legs_need_fewer_than_twelve_requests_beside_the_batches(boot):
    assert boot.requests[1] < 12
    assert boot.status["connections"] == 2


def test_trials_ran_and_said_what_they_found(boot):
    first, second = (leg["trial"] for leg in boot.legs)
    assert (ocp.step_names(first), ocp.step_names(second)) == (["memory", "processor"], ["memory"])
    for trial in (first, second):
        for name in ocp.step_names(trial):
            assert [diagnosis["type"] for diagnosis in ocp.of_step(trial, name, "diagnosis")] == ["PASS"]
    shares = [m["value"] for m in ocp.of_step(second, "memory", "measurement")
              if m["name"] == "tested-share-of-installed"]
    assert len(shares) == 1 and 99 < shares[0] < 100


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
