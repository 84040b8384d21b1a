# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory trial on whole machines: how much of the memory it reaches, and what it says of faults in it."""

import dataclasses
import re

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
