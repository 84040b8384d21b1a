# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that stops in the middle of its trial: what gets it going again, and what the boot after that tells of it."""

import re
import time

import ocp
import pytest
from machine import Configuration, Machine, MachineError

from conftest import QUICK, SECONDS
from test_failures import PROMPT, RESCUE, ask, said

TIMEOUT = 20
SETTINGS = {**QUICK, "watchdog.time-out": f"{TIMEOUT}s", "trial.memory.size": "128M", "trial.memory.passes": "20"}
# Longer than a test lasts, and slow enough for a mark at each tenth.
LONG_TRIAL = {**SETTINGS, "trial.memory.passes": "300"}

# For the guest's shell: stops agent or trial as soon as the mark says that the memory trial is under way. The agent is
# PID 1's child, the trial the youngest of the agent's.
STOP = r"""
until grep -q '"step":"memory","percent":[1-9]' /sys/firmware/efi/efivars/SeatrialMark-*; do usleep 300000; done 2>/run/grep
for agent in $(pidof seatrial); do grep -q '^PPid:.1$' /proc/$agent/status && break; done
trial=$(grep -l "^PPid:.$agent\$" /proc/[0-9]*/status | cut -d / -f 3 | sort -n | tail -n 1)
kill -STOP $%s
"""


@pytest.fixture
def power_on(make_flash, acceleration, tmp_path):
    def start(settings):
        return Machine(tmp_path / "run", Configuration(flash=make_flash(settings), disk=None), acceleration=acceleration)
    return start


def wait_for_agent(machine, resets):
    """Waits for the agent of the boot after that many resets."""
    machine.wait_for_resets(resets, SECONDS)
    machine.wait_for(r"^seatrial \d", SECONDS)
    assert machine.resets == resets


def last_boot(machine):
    """What this boot, once it is past discovery, has told the BMC of the one before; None for nothing."""
    machine.wait_for(r"^trial ", SECONDS)
    discovery = [run for run in ocp.split_runs(machine.bmc.journal()) if ocp.stage(run) == "discovery"][-1]
    diagnoses = ocp.of_step(discovery, "last-boot", "diagnosis")
    assert len(diagnoses) == ocp.step_names(discovery).count("last-boot") <= 1
    return diagnoses[0] if diagnoses else None


def first_boot(machine):
    return ocp.metadata(ocp.split_runs(machine.bmc.journal())[0])["boot"]


def wait_for_event(machine, text):
    """Waits until the BMC's event log has it. Events go to the BMC beside the journal, each in its time, and the log tells
    nobody that there is another: it is read again and again."""
    deadline = time.monotonic() + SECONDS
    while text not in (events := machine.bmc.ipmitool("sel", "list")):
        assert time.monotonic() < deadline, f"no \"{text}\" in\n{events}"
        machine.pass_time(0.2)


@pytest.mark.parametrize("who", ["agent", "trial"])
def test_what_stands_still_is_reset_by_the_watchdog_and_the_next_boot_tells_where(power_on, who):
    with power_on(LONG_TRIAL) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        assert "watchdog armed: the BMC (/dev/ipmi0) resets this machine when the agent stands still for 20.0 s" \
            in said(machine)

        # By way of the rescue shell, which leaves a process behind, and over again.
        machine.type("\x03")
        machine.wait_for(PROMPT, SECONDS)
        machine.type(f"cat >/run/stop <<'EOT'{STOP % who}EOT\n")
        machine.wait_for(PROMPT, SECONDS)
        ask(machine, "(setsid sh /run/stop &)")
        machine.type("exit\n")
        machine.wait_for(r"^trial ", SECONDS)
        wait_for_agent(machine, resets=1)

        diagnosis = last_boot(machine)
        assert (diagnosis["verdict"], diagnosis["type"]) == ("reset-by-watchdog", "UNKNOWN")
        match = re.fullmatch(r"the boot before this one \(([0-9a-f-]{36})\) ended without notice in stage trial, "
                             r"step memory, \d+ % done, last heard of at \S+Z; the BMC's watchdog had reset the machine",
                             diagnosis["message"])
        # What was begun over again is not taken for the run before it.
        assert match and match[1] != first_boot(machine)
        assert diagnosis["message"] in said(machine)
        wait_for_event(machine, "Watchdog2 | Hard reset")
        wait_for_event(machine, "System Firmwares #0x53 | Unspecified")     # a firmware hang: ipmitool names none


def test_a_machine_that_hangs_is_reset_by_the_watchdog(power_on):
    with power_on(SETTINGS) as machine:
        machine.wait_for(r"memory +[3-9]\d %", SECONDS)
        machine.qmp("stop")
        machine.wait_for_resets(1, SECONDS)
        machine.qmp("cont")
        assert last_boot(machine)["verdict"] == "reset-by-watchdog"


def test_a_host_reset_in_a_trial_is_told_and_a_boot_that_ends_by_itself_is_not(power_on):
    with power_on(SETTINGS) as machine:
        machine.wait_for(r"memory +[3-9]\d %", SECONDS)
        machine.qmp("system_reset")
        wait_for_agent(machine, resets=1)
        diagnosis = last_boot(machine)
        assert diagnosis["verdict"] == "ended-without-notice"
        assert re.fullmatch(rf"the boot before this one \({first_boot(machine)}\) ended without notice in stage trial, "
                            r"step memory, last heard of at \S+Z", diagnosis["message"])

        # The second boot comes to its end: nobody feeds the watchdog any more, and it stays quiet.
        machine.wait_for(RESCUE, SECONDS)
        machine.wait_for(PROMPT, SECONDS)
        assert re.search(r"Watchdog Timer Action: +No action", machine.bmc.ipmitool("mc", "watchdog", "get"))
        with pytest.raises(MachineError):
            machine.wait_for(r"^seatrial \d", TIMEOUT * 1.5)
        assert machine.resets == 1

        machine.type("reboot\n")
        wait_for_agent(machine, resets=2)
        assert last_boot(machine) is None
