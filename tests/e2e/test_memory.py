# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory trial on whole machines: how much of the memory it reaches, and what it says of faults in it."""

import contextlib
import dataclasses
import os
import pathlib
import random
import re
import tempfile

import memory
import ocp
import pytest
from machine import Configuration, Machine, MachineError

from conftest import BUILD, QUICK, SECONDS

STARTING = r"^seatrial: starting (.*)\n"
RESCUE = r"^seatrial: rescue shell: (.*)\n"
LEFT = r"March C-, .* left"

# How often the drills with random faults are done, and what the first one's random numbers begin with.
RUNS = int(os.environ.get("SEATRIAL_FAULT_RUNS", "1"))
SEED = int(os.environ.get("SEATRIAL_FAULT_SEED", "0")) or random.randrange(1 << 32)

TESTED = {**QUICK, "trial.run": "memory", "trial.memory.size": "100%", "trial.memory.passes": "2"}
LEGS = {**QUICK, "trial.run": "memory", "trial.memory.size": "100%", "trial.memory.reach": "second-leg"}


@pytest.fixture
def power_on(make_flash, acceleration, tmp_path):
    """power_on(settings, what differs from the usual machine): the machine, as a context."""
    def start(settings, **changes):
        configuration = dataclasses.replace(Configuration(flash=make_flash(settings)), **changes)
        return Machine(tmp_path / "run", configuration, acceleration=acceleration)
    return start


def shares(machine):
    """What share of the memory the console says was tested, leg by leg."""
    return [float(share) for share in re.findall(r"tested \((\d+\.?\d*) %\)", said(machine))]


def said(machine):
    """All that the console showed, without times and breaks."""
    return " ".join(re.sub(r"(?m) {2,}\d+\.\d s$", "", machine.console.text).split())


def test_second_leg_tests_what_the_first_kernel_sat_on(power_on):
    with power_on(LEGS) as machine:
        assert machine.wait_for(STARTING, SECONDS)[1] == "the second leg of the memory trial"
        assert "Debian" in machine.wait_for(STARTING, SECONDS)[1]
        first, second = shares(machine)
        assert 85 < first < 98 < second
        assert "in two legs, March C-, no miscompare" in said(machine)
        machine.wait_for(r"production OS is up", SECONDS)


# --- faults -------------------------------------------------------------------------------------------------------

@pytest.fixture
def memory_file():
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        yield pathlib.Path(file.name)


def memory_step(machine):
    """The memory step's artifacts: {kind: [content]}."""
    records = machine.bmc.journal()
    assert ocp.check(records) == []
    run, = [run for run in ocp.split_runs(records) if ocp.stage(run) == "trial"]
    assert ocp.result(run) == ("COMPLETE", "FAIL")
    return {kind: ocp.of_step(run, "memory", kind) for kind in ("diagnosis", "measurement", "extension", "log")}


def extension(step, name):
    content, = [e["content"] for e in step["extension"] if e["name"] == name]
    return content


def failed_pages(step):
    """{page: (words, wrong bits)}"""
    return {int(f["firstAddress"], 0) & ~0xfff: (f["words"], int(f["zeros"], 0) | int(f["ones"], 0))
            for f in extension(step, "bad-pages")["failures"]}


def ranges(text):
    return [tuple(int(end, 0) for end in part.split("-")) for part in text.split()]


@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
def test_every_fault_is_found_where_it_is(power_on, memory_file, seed):
    print(f"seed {seed}")
    with power_on(TESTED, memory="512M", memory_file=memory_file) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        pages = memory.wait_for_tested_pages(memory_file, 64, SECONDS)
        faults = memory.draw_faults(random.Random(seed), pages)
        print("\n".join(fault.text for fault in faults))
        with memory.Injector(BUILD / "tests/inject", memory_file, faults):
            assert "the trial has failed" in machine.wait_for(RESCUE, SECONDS)[1]
        step = memory_step(machine)
        found = failed_pages(step)
        for fault in faults:
            if fault.text.startswith("alias:"):
                # Either page may show it.
                twins = {int(page) for page in fault.text.split(":")[1:]}
                assert twins & set(found), fault
                found = {page: what for page, what in found.items() if page not in twins}
                continue
            words, bits = found.pop(fault.page)
            assert bits & ~fault.bits == 0 and (fault.words > 1 or bits == fault.bits), fault
            assert words >= fault.words or fault.words > 1 and words > 0, fault
        assert found == {}
        assert {d["hardwareInfoId"] for d in step["diagnosis"]} == {"dimm-DIMM_A_0"}
        tested = ranges(extension(step, "memory-coverage")["ranges"])
        for fault in faults:
            assert any(start <= fault.page <= end for start, end in tested)


def test_a_data_line_is_told_from_its_cells(power_on, memory_file):
    with power_on(TESTED, memory="512M", memory_file=memory_file) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        page = memory.wait_for_tested_pages(memory_file, 64, SECONDS)[20]
        fault = memory.Fault(f"line:{page}:{128 << 10}:13:1", page, 1 << 13)
        with memory.Injector(BUILD / "tests/inject", memory_file, [fault]):
            assert "the trial has failed" in machine.wait_for(RESCUE, SECONDS)[1]
        diagnosis, = memory_step(machine)["diagnosis"]
        assert re.match(rf"DIMM_A 0: data line 13 stuck at 1, \d+ addresses in 32 pages from {page:#x};",
                        diagnosis["message"])


# --- what the hardware notices -------------------------------------------------------------------------------------

INTEL = ("-cpu", "max,vendor=GenuineIntel")     # for its machine checks


def inject_machine_check(machine, arguments):
    answer = machine.qmp("human-monitor-command", **{"command-line": f"mce {arguments}"})
    assert answer.strip() == ""


def test_a_corrected_error_is_blamed_on_its_module(power_on):
    with power_on({**TESTED, "trial.memory.time": "5s", "trial.memory.size": "64M"}, memory="512M",
                  options=INTEL) as machine:
        machine.wait_for(LEFT, SECONDS)
        inject_machine_check(machine, "0 9 0x9c00000000000090 0 0x1a000000 0x8c")
        machine.wait_for(RESCUE, SECONDS)
        diagnosis, = memory_step(machine)["diagnosis"]
        assert diagnosis["verdict"] == "memory-corrected-errors"
        assert diagnosis["message"].startswith("DIMM_A 0: 1 corrected and 0 uncorrected error noticed by the "
                                               "hardware at 0x1a000000")


def test_an_uncorrected_error_costs_its_page_and_the_trial_goes_on(power_on, memory_file):
    with power_on({**TESTED, "trial.memory.time": "20s"}, memory="512M", memory_file=memory_file,
                  options=INTEL) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        page = memory.wait_for_tested_pages(memory_file, 64, SECONDS)[40]
        # An SRAR error as the processor signals it to all others: data load, restartable. QEMU drops it where a
        # processor is just in another machine check's handler or has them off.
        for _ in range(5):
            inject_machine_check(machine, f"-b 0 9 0xbd80000000000134 7 {page + 0x5000:#x} 0x8c")
            with contextlib.suppress(MachineError):
                machine.wait_for(r"Memory failure: .* Recovered", 3)
                break
        machine.wait_for(RESCUE, SECONDS)
        step = memory_step(machine)
        messages = [d["message"] for d in step["diagnosis"] if d["verdict"] == "memory-uncorrected-error"]
        assert f"DIMM_A 0: an uncorrected error at physical address {page:#x}; 2 MiB from there are left out " \
               "of the test" in messages
        assert any(f"1 uncorrected error noticed by the hardware at {page + 0x5000:#x}" in m for m in messages)
        assert not any(d["verdict"] == "memory-data-miscompare" for d in step["diagnosis"])
        tested = ranges(extension(step, "memory-coverage")["ranges"])
        assert not any(start <= page <= end for start, end in tested)
