# SPDX-License-Identifier: GPL-3.0-or-later
"""What bad luck gets: the reason, once and clearly, and what the plan wants to follow."""

import dataclasses
import json
import pathlib
import re
import tempfile

import memory
import ocp
import pytest
from machine import Configuration, Machine

from conftest import QUICK, SECONDS, said

STARTING = r"^seatrial: starting (.*)\n"
RESCUE = r"^seatrial: rescue shell: (.*)\n"
PROMPT = r"^rescue# "


@pytest.fixture
def power_on(make_flash, acceleration, tmp_path):
    """power_on(what differs from the usual machine): the machine, as a context."""
    def start(**changes):
        configuration = dataclasses.replace(Configuration(flash=make_flash(QUICK)), **changes)
        return Machine(tmp_path / "run", configuration, acceleration=acceleration)
    return start


def ask(machine, command, seconds=SECONDS):
    """Types a command in the rescue shell. Gives what it printed and its exit status."""
    before = len(machine.console.text)
    # The marker is put together by the shell, so that its echo of what is typed is not taken for the answer.
    machine.type(f"{command}; echo \"end\"-of-\"$?\"\n")
    match = machine.wait_for(r"^end-of-(\d+)\n", seconds)
    machine.wait_for(PROMPT, seconds)
    return machine.console.text[before:match.start()], int(match[1])


def runs_at_bmc(machine):
    records = machine.bmc.journal()
    assert ocp.check(records) == []
    return {ocp.stage(run): run for run in ocp.split_runs(records)}


# --- nothing to boot -----------------------------------------------------------------------------------------------

def test_no_disk_ends_in_a_rescue_shell_that_works(power_on):
    with power_on(disk=None) as machine:
        reason = machine.wait_for(RESCUE, SECONDS)[1]
        assert "no disk" in reason
        machine.wait_for(PROMPT, SECONDS)
        runs = runs_at_bmc(machine)
        assert ocp.result(runs["production"]) == ("ERROR", "NOT_APPLICABLE")
        assert any("boot entry" in text for text in ocp.messages(runs["production"]))
        assert machine.bmc.status()["sessions"] == 0

        # What the machine recorded is what the BMC holds, record by record.
        printed, status = ask(machine, "seatrial report --json")
        assert status == 0
        own = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
        assert own == machine.bmc.journal()

        assert "busybox" in ask(machine, "ls -l /bin/sh")[0]
        assert ask(machine, "seatrial inventory >/run/inventory.json")[1] == 0
        assert ask(machine, "false")[1] == 1

        # The account that the BMC has given out, once, serves a person here, and the agent when it starts over.
        printed, status = ask(machine, "seatrial bmc log")
        assert status == 0 and "discovery: records 0 to" in printed
        machine.type("exit\n")
        machine.wait_for(RESCUE, SECONDS)
        machine.wait_for(PROMPT, SECONDS)
        records = machine.bmc.journal()
        assert ocp.check(records) == []
        assert [ocp.stage(run) for run in ocp.split_runs(records)] == 2 * ["discovery", "trial", "production"]
        status = machine.bmc.status()
        assert (status["accounts"], status["sessions"], status["bootstrapping"]) == (1, 0, "disabled")

        machine.type("poweroff\n")
        assert machine.wait_for_end(SECONDS) == "guest-shutdown"


def test_an_entry_that_names_a_missing_kernel_gives_way_to_the_next(power_on, disk):
    good, = disk.entries()
    newer = re.sub(r"(?m)^version .*$", "version 99", disk.entry(good))
    disk.write_entry(good.replace(".conf", "-99.conf"), re.sub(r"(?m)^linux .*$", "linux /none/linux", newer))
    with power_on(disk=disk.path) as machine:
        machine.wait_for(STARTING, SECONDS)
        production = runs_at_bmc(machine)["production"]
        assert ocp.result(production) == ("COMPLETE", "PASS")
        statuses = [end["status"] for end in ocp.of_step(production, "kexec", "testStepEnd")]
        assert statuses == ["ERROR", "COMPLETE"]
        assert any("/none/linux" in text for text in ocp.messages(production))


def test_no_entry_left_ends_in_the_rescue_shell(power_on, disk):
    only, = disk.entries()
    disk.write_entry(only, re.sub(r"(?m)^linux .*$", "linux /none/linux", disk.entry(only)))
    with power_on(disk=disk.path) as machine:
        assert "none of the boot entries" in machine.wait_for(RESCUE, SECONDS)[1]
        assert ocp.result(runs_at_bmc(machine)["production"]) == ("ERROR", "NOT_APPLICABLE")


# --- a channel that cannot be used ---------------------------------------------------------------------------------

def test_a_certificate_without_the_fingerprint_gets_no_request(power_on):
    with power_on(faults=({"ipmi": "fingerprint", "action": "wrong-digest"},)) as machine:
        machine.wait_for(STARTING, SECONDS)
        assert said(machine).count("does not match the fingerprint") == 1
        status = machine.bmc.status()
        assert status["accepted"] > 0        # it was the certificate, and not that nobody came
        assert (status["requests"], status["accounts"], status["records"]) == (0, 0, 0)


def test_a_refused_account_is_told_of_and_the_machine_boots(power_on):
    refusal = {"ipmi": "bootstrap-account", "action": "completion-code", "completionCode": 0x80}
    with power_on(faults=(refusal,)) as machine:
        machine.wait_for(STARTING, SECONDS)
        assert re.search(r"the BMC gives no bootstrap account: .* \(completion code 80h\)", said(machine))
        status = machine.bmc.status()
        assert (status["accounts"], status["sessions"], status["records"]) == (0, 0, 0)


@pytest.mark.parametrize("changes, reason", [
    ({"bmc": False}, "describes no host interface"),
    ({"host_interfaces": lambda port: []}, "describes no host interface"),
    ({"ipmi": False}, "there is no IPMI device"),
    ({"usb_net": False}, "was not found within 3.0 s"),
], ids=["no BMC", "no type 42", "no IPMI", "no USB NIC"])
def test_a_missing_part_of_the_channel_is_named_and_the_machine_boots(power_on, changes, reason):
    with power_on(**changes) as machine:
        machine.wait_for(STARTING, SECONDS)
        assert said(machine).count(reason) == 1
        if machine.bmc:
            assert machine.bmc.status()["requests"] == 0


# --- a trial that finds something ----------------------------------------------------------------------------------

def test_a_flipped_bit_fails_the_memory_trial_and_holds_the_machine(power_on):
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file, power_on(memory_file=pathlib.Path(file.name)) as machine:
        machine.wait_for(r"^seatrial \d", SECONDS)
        address = memory.flip_tested_bit(file.name, SECONDS)

        assert "the trial has failed" in machine.wait_for(RESCUE, SECONDS)[1]
        assert "seatrial: starting" not in machine.console.text
        runs = runs_at_bmc(machine)
        assert ocp.result(runs["trial"]) == ("COMPLETE", "FAIL")
        assert ocp.result(runs["production"]) == ("SKIP", "NOT_APPLICABLE")
        diagnosis, = ocp.of_step(runs["trial"], "memory", "diagnosis")
        assert diagnosis["type"] == "FAIL"
        assert f"of the word at {address & ~7:#x}" in diagnosis["message"]
        miscompares = [m["value"] for m in ocp.of_step(runs["trial"], "memory", "measurement")
                       if m["name"] == "miscompares"]
        assert miscompares == [1]


# --- the agent and PID 1 themselves ---------------------------------------------------------------------------------

def test_ctrl_c_at_the_console_gives_the_rescue_shell_and_exit_starts_over(power_on):
    with power_on(disk=None) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        machine.type("\x03")
        assert machine.wait_for(RESCUE, SECONDS)[1] == "interrupted at the console"
        machine.wait_for(PROMPT, SECONDS)
        machine.type("exit\n")
        assert "no disk" in machine.wait_for(RESCUE, SECONDS)[1]


def test_pid_1_survives_its_own_crash_with_a_shell(power_on):
    with power_on(disk=None) as machine:
        machine.wait_for(RESCUE, SECONDS)
        machine.wait_for(PROMPT, SECONDS)
        machine.type("kill -SEGV 1\n")
        machine.wait_for(r"PID 1 has crashed \(SEGV\)", SECONDS)
        # A tty shared with the rescue shell: the command reaches one of the two, and both can do it.
        machine.type("echo \"still\"-alive\n")
        machine.wait_for(r"^still-alive\n", SECONDS)


def test_a_mistake_in_the_plan_is_named_and_the_rest_of_it_counts(make_flash, acceleration, tmp_path):
    flash = make_flash({**QUICK, "trial.run": "none", "trial.memroy.size": "1G", "bmc.channel": "perhaps"})
    with Machine(tmp_path / "run", Configuration(flash=flash), acceleration=acceleration) as machine:
        machine.wait_for(STARTING, SECONDS)
        text = said(machine)
        assert "plan: kernel command line: there is no setting \"trial.memroy.size\"" in text
        assert "bmc.channel: \"perhaps\" is not off, auto or required" in text
        assert ocp.result(runs_at_bmc(machine)["trial"]) == ("SKIP", "NOT_APPLICABLE")
