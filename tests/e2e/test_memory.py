# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory trial on whole machines: how much of the memory it reaches, and what it says of faults in it."""

import dataclasses
import re

import ocp
import pytest
from machine import Configuration, Machine

from conftest import QUICK, SECONDS

STARTING = r"^seatrial: starting (.*)\n"
LEGS = {**QUICK, "trial.run": "memory", "trial.memory.size": "100%", "trial.memory.reach": "second-leg"}


@pytest.fixture
def power_on(make_flash, acceleration, tmp_path):
    """power_on(settings, what differs from the usual machine): the machine, as a context."""
    def start(settings, **changes):
        configuration = dataclasses.replace(Configuration(flash=make_flash(settings)), **changes)
        return Machine(tmp_path / "run", configuration, acceleration=acceleration)
    return start


def memory_steps(machine):
    """The memory step's artifacts of each leg: [{kind: [content]}]."""
    records = machine.bmc.journal()
    assert ocp.check(records) == []
    return [{kind: ocp.of_step(run, "memory", kind) for kind in ("diagnosis", "measurement", "extension", "log")}
            for run in ocp.split_runs(records) if ocp.stage(run) == "trial"]


def share(step):
    value, = [m["value"] for m in step["measurement"] if m["name"] == "tested-share-of-installed"]
    return value


def test_second_leg_tests_what_the_first_kernel_sat_on(power_on):
    with power_on(LEGS) as machine:
        assert machine.wait_for(STARTING, SECONDS)[1] == "the second leg of the memory trial"
        assert "Debian" in machine.wait_for(STARTING, SECONDS)[1]
        first, second = memory_steps(machine)
        assert [d["type"] for step in (first, second) for d in step["diagnosis"]] == ["PASS", "PASS"]
        assert 85 < share(first) < 98
        assert share(second) > 98
        assert re.search(r"in two legs", second["diagnosis"][0]["message"])
        assert machine.bmc.status()["sessions"] == 0
        machine.wait_for(r"production OS is up", SECONDS)
