# SPDX-License-Identifier: GPL-3.0-or-later
"""What discovery makes of the inventory: findings, deviations from what was ordered, parts that have changed."""

import io
import json
import tarfile

import ocp
import pytest
import small_guest
from topology import uefi_machine

# Runs the agent as PID 1 does, on the same machine again and again: as it is, then with a device less.
SCRIPT = """
{prepare}
/usr/bin/seatrial inventory --format json >inventory.json
for run in first second removed; do
    test $run = removed && echo 1 >/sys/bus/pci/devices/{gone}/remove
    /usr/bin/seatrial run >$run.console
    mv /run/seatrial/journal.jsonl $run.jsonl
    mv /run/seatrial/outcome.json $run.outcome
done
"""

MANIFEST = {"schema_version": 1, "rules": [
    {"part": "pci", "where": {"driver": "e1000e"}},
    {"part": "storage", "where": {"transport": "nvme"}, "expect": {"firmware_version": {"matches": "9.*"}},
     "severity": "warning"}]}

PLAN = {"trial.run": "none", "bmc.channel": "off", "production.disk-wait": "0s", "manifest.failed": "poweroff"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """{"first", "second", "removed": (discovery's run, outcome)}"""
    files = {"etc/seatrial/manifest.json": (0o100644, json.dumps(MANIFEST).encode())}
    # Behind the second root port.
    script = SCRIPT.format(prepare="", gone="0000:02:00.0")
    archive = small_guest.run_topology(tmp_path_factory.mktemp("discovery"), uefi_machine(), script, files=files,
                                       plan=PLAN)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        texts = {member.name[2:]: tar.extractfile(member).read().decode() for member in tar if member.isfile()}
    found = {}
    for name in ("first", "second", "removed"):
        records = [json.loads(line) for line in texts[f"{name}.jsonl"].splitlines()]
        found[name] = (ocp.split_runs(records)[0], json.loads(texts[f"{name}.outcome"]))
    return found


def logs(run, step):
    return [log["message"] for log in ocp.of_step(run, step, "log")]


def test_machine_is_known_from_its_second_boot_on(runs):
    assert logs(runs["first"][0], "identity") == ["seen for the first time"]
    assert logs(runs["second"][0], "identity") == ["the same parts as at the last boot"]


def test_part_that_is_gone_is_a_change(runs):
    diagnosis, = ocp.of_step(runs["removed"][0], "identity", "diagnosis")
    assert (diagnosis["verdict"], diagnosis["subcomponent"]["name"]) == ("parts-changed", "pci, network")
    assert "changed since the last boot: pci, network" in logs(runs["removed"][0], "identity")


def test_deviation_that_is_a_warning_stops_nothing(runs):
    run, outcome = runs["second"]
    diagnosis, = ocp.of_step(run, "manifest", "diagnosis")
    assert (diagnosis["verdict"], diagnosis["type"]) == ("manifest-deviation", "UNKNOWN")
    assert diagnosis["message"].startswith("nvme0n1: firmware_version: like 9.* expected, ")
    assert ocp.result(run) == ("COMPLETE", "PASS")
    assert "ordered" not in outcome["reason"]


def test_deviation_that_is_critical_stops_the_machine_as_the_plan_says(runs):
    run, outcome = runs["removed"]
    assert [d["type"] for d in ocp.of_step(run, "manifest", "diagnosis")] == ["FAIL", "UNKNOWN"]
    assert ocp.of_step(run, "manifest", "diagnosis")[0]["message"] == "pci with driver e1000e: at least 1 expected, 0 there"
    assert ocp.result(run) == ("COMPLETE", "FAIL")
    assert outcome["action"] == "poweroff"
    assert "not as it was ordered" in outcome["reason"]


def test_nothing_amiss_is_said(runs):
    assert logs(runs["first"][0], "findings") == ["nothing amiss"]
