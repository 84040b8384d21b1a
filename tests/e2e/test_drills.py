# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills: something happens to the BMC, the link or the machine at a moment that chance picks. Afterwards the BMC has
every record exactly once and in order, or it has been told how many it has not.

SEATRIAL_DRILLS says how often each is repeated (1), SEATRIAL_SEED what chance begins with (1): the same seed picks the
same moments. "make drills" runs them alone.
"""

import json
import os
import random
import re

import ocp
import pytest
from machine import USB_NET, Configuration, Machine

from conftest import QUICK, SECONDS, said
from test_bmc_kinds import BY_DHCP, USB_V2, described
from test_failures import PROMPT, ask

COUNT = int(os.environ.get("SEATRIAL_DRILLS", "1"))
SEED = os.environ.get("SEATRIAL_SEED", "1")

# Without a disk: production is over soon, and the machine powers off.
PLAN = {**QUICK, "trial.processor.time": "2s", "production.disk-wait": "10ms", "production.failed": "poweroff"}
AGENT = r"^seatrial \d"
MOMENT = 2.5            # seconds at most, less than the trial takes
OUTAGE = 4              # seconds at most, well within bmc.patience
OTHER_NIC = "usb-net,id=othernic,bus=usb.0,mac=40:5e:a7:1a:10:77"

pytestmark = pytest.mark.parametrize("repetition", range(COUNT), ids=lambda n: f"seed {SEED}, {n}")


@pytest.fixture
def chance(request, repetition):
    return random.Random(f"{SEED} {request.function.__name__} {repetition}")


@pytest.fixture
def tell(capsys, request):
    """Puts what happened on the terminal, when the drills are more than a part of "make test"."""
    def show(text):
        if "SEATRIAL_DRILLS" in os.environ:
            with capsys.disabled():
                print(f"\n{request.node.name}: {text}", end=" ")
    return show


@pytest.fixture
def power_on(make_flash, acceleration, tmp_path):
    def start(settings, **changes):
        return Machine(tmp_path / "run", Configuration(flash=make_flash({**PLAN, **settings}), disk=None, **changes),
                       acceleration=acceleration)
    return start


def wait_for_moment(machine, chance):
    """Until some moment between the agent's first line and the end of its trial: before the BMC has anything of it, or
    after. Gives the number of records that the BMC has then."""
    machine.wait_for(AGENT, SECONDS)
    if chance.random() < 0.7:
        machine.wait_for_bmc("records", 1, SECONDS)
    machine.pass_time(chance.uniform(0, MOMENT))
    assert machine.running
    return len(machine.bmc.journal())


def streams(records):
    """The sequence numbers of each run, in the order in which the BMC took them."""
    return [[record["sequenceNumber"] for record in run] for run in ocp.split_runs(records)]


def in_order(records):
    """Whether no record of a run is missing before another, or there twice."""
    return all(numbers == list(range(len(numbers))) for numbers in streams(records))


def delivered(machine):
    """How many records the agent says were delivered, and how many there were."""
    told = re.findall(r"(\d+) of (\d+) records delivered", said(machine))
    assert told, machine.console.text
    return tuple(int(number) for number in told[-1])


def undelivered_in_event_log(machine):
    """How many records the BMC's event log says are missing; 0 for no such event."""
    data = re.findall(r"Sensor Type +: Management Subsys Health(?:\n.+)*?\nEvent Data +: a1(\w{4})",
                      re.sub(r"(?m)^ +", "", machine.bmc.ipmitool("-v", "sel", "list")))
    assert len(data) <= 1
    return int.from_bytes(bytes.fromhex(data[0]), "little") if data else 0


def expect_everything(machine):
    assert machine.wait_for_end(SECONDS) == "guest-shutdown"
    records = machine.bmc.journal()
    assert in_order(records), streams(records)
    assert ocp.check(records) == []
    assert [ocp.stage(run) for run in ocp.split_runs(records)] == ["discovery", "trial", "production"]
    assert delivered(machine) == (len(records), len(records))
    assert undelivered_in_event_log(machine) == 0
    assert machine.bmc.status()["sessions"] == 0
    return records


def test_service_is_killed_and_comes_back(power_on, chance, tell):
    with power_on({}) as machine:
        held, outage = wait_for_moment(machine, chance), chance.uniform(0, OUTAGE)
        machine.kill_bmc_service()
        machine.pass_time(outage)
        machine.start_bmc_service()
        records = expect_everything(machine)
        tell(f"killed with {held} records for {outage:.2f} s; all {len(records)} are there")


def test_service_is_killed_and_does_not_come_back_in_time(power_on, chance, tell):
    """What was not delivered is named, and it comes later: by a person in the rescue shell, or with the next boot."""
    by_hand = chance.random() < 0.5
    with power_on({"bmc.patience": "2s", "production.failed": "rescue"}) as machine:
        held = wait_for_moment(machine, chance)
        machine.kill_bmc_service()
        machine.wait_for(PROMPT, SECONDS)
        records = machine.bmc.journal()
        assert len(records) == held and in_order(records), streams(records)
        acknowledged, total = delivered(machine)
        assert acknowledged <= held <= total
        assert undelivered_in_event_log(machine) == total - acknowledged

        machine.start_bmc_service()
        own = [json.loads(line) for line in ask(machine, "seatrial report --json")[0].splitlines()
               if line.startswith("{")]
        assert len(own) == total
        if by_hand:
            printed, status = ask(machine, "seatrial bmc send")
            assert status == 0, printed
            assert f"{total} of {total} records of the last run are at the BMC" in printed
            assert machine.bmc.journal() == own
            assert machine.bmc.status()["sessions"] == 0
            assert f"{total} records delivered" in ask(machine, "seatrial bmc status")[0]
        machine.type("reboot\n")
        machine.wait_for(AGENT, SECONDS)
        machine.wait_for(PROMPT, SECONDS)

        records = machine.bmc.journal()
        assert in_order(records), streams(records)
        boots = list(dict.fromkeys(ocp.metadata(run)["boot"] for run in ocp.split_runs(records)))
        assert len(boots) == 2
        kept = re.search(r"(\d+) records that an earlier boot could not deliver are at the BMC", said(machine))
        assert bool(kept) != by_hand
        assert ocp.check(records) == []
        # In place of what NVRAM had no room for stands a record that says so.
        assert len(records) == total + delivered(machine)[1]
        tell(f"killed with {held} records; {total - acknowledged} of {total} named in the event log, and then "
             f"delivered by {'hand' if by_hand else 'the next boot'}")


def test_usb_nic_is_unplugged_and_plugged_in_again(power_on, chance, tell):
    """Perhaps it comes back under another name, another device having taken the one that it had."""
    other = chance.random() < 0.5
    with power_on({}, options=("-netdev", "user,id=othernet,net=10.9.0.0/24,restrict=on")) as machine:
        held, outage = wait_for_moment(machine, chance), chance.uniform(0, OUTAGE)
        machine.qmp("device_del", id="usbnic")
        if other:
            plug_in(machine, OTHER_NIC, "othernet")
        machine.pass_time(outage)
        plug_in(machine, USB_NET, "link")
        records = expect_everything(machine)
        tell(f"out with {held} records for {outage:.2f} s, back {'after another' if other else 'alone'}; "
             f"all {len(records)} are there")


def test_bmc_comes_back_at_another_address(power_on, chance, tell):
    """It starts again with another network on its USB NIC; DHCP tells where it is now."""
    elsewhere = ("-netdev", "user,id=elsewhere,net=10.17.0.0/24,host=10.17.0.2,ipv6=off")
    with power_on({}, host_interfaces=described(USB_V2, **BY_DHCP), options=elsewhere) as machine:
        held, outage = wait_for_moment(machine, chance), chance.uniform(0, OUTAGE)
        machine.qmp("device_del", id="usbnic")
        machine.kill_bmc_service()
        machine.pass_time(outage)
        machine.start_bmc_service()
        plug_in(machine, USB_NET, "elsewhere")
        records = expect_everything(machine)
        assert any("an address by DHCP to 10.17.0.2 port" in text for run in ocp.split_runs(records)
                   for text in ocp.messages(run))
        tell(f"moved with {held} records, for {outage:.2f} s; all {len(records)} are there")


def plug_in(machine, device, netdev):
    driver, *properties = device.split(",")
    machine.qmp("device_add", driver=driver, netdev=netdev, **dict(word.split("=", 1) for word in properties))


def test_connections_are_cut_in_the_middle_of_a_post(power_on, chance, tell):
    rules = [{"method": "POST", "path": "*/Entries", "action": "cut",
              "when": chance.choice(["before", "middle", "after"]), "skip": chance.randrange(6),
              "count": chance.randint(1, 3)} for _ in range(chance.randint(1, 3))]
    with power_on({}, faults=tuple(rules)) as machine:
        records = expect_everything(machine)
        cut = [request for request in machine.bmc.requests() if request[2] == "cut"]
        assert cut
        tell(f"{len(cut)} of them cut, {', '.join(rule['when'] for rule in rules)}; all {len(records)} are there")


def test_host_is_reset_in_a_trial(power_on, chance, tell):
    with power_on({"trial.memory.size": "64M", "trial.memory.passes": "12", "trial.processor.time": "4s"}) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        moment = chance.uniform(0, 4)           # the processor trial alone lasts as long
        machine.pass_time(moment)
        machine.qmp("system_reset")
        assert machine.wait_for_end(SECONDS) == "guest-shutdown"

        runs = ocp.split_runs(machine.bmc.journal())
        boots = list(dict.fromkeys(ocp.metadata(run)["boot"] for run in runs))
        assert len(boots) == 2
        first, second = ([run for run in runs if ocp.metadata(run)["boot"] == boot] for boot in boots)
        assert in_order(machine.bmc.journal())
        assert [ocp.stage(run) for run in second] == ["discovery", "trial", "production"]
        assert ocp.check([record for run in second for record in run]) == []
        assert undelivered_in_event_log(machine) == 0

        # What the machine had not sent yet is gone with its memory: how far it had come is told instead, and the step
        # in which it died began with the BMC's knowledge.
        diagnosis, = ocp.of_step(second[0], "last-boot", "diagnosis")
        assert diagnosis["verdict"] == "ended-without-notice"
        match = re.match(rf"the boot before this one \({boots[0]}\) ended without notice in stage (\w+)"
                         r"(?:, step ([\w-]+))?", diagnosis["message"])
        stage, step = match.groups()
        run = next(run for run in first if ocp.stage(run) == stage)
        assert step is None or step in ocp.step_names(run)
        tell(f"reset {moment:.2f} s after the trial's begin, in {stage}{f', {step}' if step else ''}; "
             f"{sum(map(len, first))} records of that boot are there, and all {sum(map(len, second))} of the next")
