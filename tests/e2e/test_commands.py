# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: each command helps, and of a mistake each says what it is, where it is, and who knows better."""

import json
import re
import subprocess

import pytest
from captured import AGENT

COMMANDS = ("inventory", "manifest", "trial memory", "trial processor", "bmc status", "bmc sel", "bmc send", "bmc log",
            "bmc bootdev", "bmc forget", "boot", "plan", "run", "report")
NO_INVENTORY = r'{path} is no inventory as "seatrial inventory --format json" prints it, of version 1'


def command(line):
    return subprocess.run([AGENT, *line.split()], text=True, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def refused(line, status):
    result = command(line)
    assert (result.returncode, result.stdout) == (status, "")
    return result.stderr


@pytest.mark.parametrize("line", ("", *COMMANDS, "trial", "bmc"))
def test_help_fits_a_serial_console_of_ninety_columns(line):
    result = command(f"{line} --help")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"Usage: seatrial {line}".rstrip() in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 90


@pytest.mark.parametrize("line", COMMANDS)
def test_option_that_there_is_not_is_refused(line):
    assert refused(f"{line} --no-such", 2) == (f"seatrial {line}: unrecognized option '--no-such'\n"
                                               f'seatrial: "seatrial {line} --help" lists the options\n')


@pytest.mark.parametrize("line", [line for line in COMMANDS if line != "boot"])
def test_argument_that_nothing_takes_is_refused(line):
    """Nothing is run: "seatrial run help" would try the machine, and "report A B" show half of what is meant."""
    takes = {"inventory": "pci ", "report": "file ", "bmc bootdev": "disk "}.get(line, "")
    assert refused(f"{line} {takes}surplus", 2) == ('seatrial: "surplus" is one argument too many; '
                                                    f'"seatrial {line} --help" tells which there are\n')


@pytest.mark.parametrize(("line", "status", "message"), [
    ("sail", 2, 'there is no command "seatrial sail"; "seatrial --help" lists them'),
    ("bmc sail", 2, 'there is no command "seatrial bmc sail"; "seatrial bmc --help" lists them'),
    ("trial sail", 2, 'there is no trial "sail"; "seatrial trial --list" lists them'),
    ("inventory sail", 2, 'inventory: there is no part "sail"; --help lists them'),
    ("trial memory --size 12Q", 2,
     '--size: trial.memory.size: "12Q" is not a size such as 512M or a share such as 90%'),
    ("boot sail", 2, 'boot takes "list [--json]" or "load [--now] ID"; see "seatrial boot --help"'),
    ("bmc bootdev sail", 2, "bmc bootdev takes one of disk, network, cd, diag, setup, none"),
    ("report /no/such", 1, "/no/such cannot be opened: No such file or directory"),
    ("manifest --check /no/such", 1, "manifest: /no/such cannot be read: No such file or directory"),
    ("manifest --inventory /no/such", 1, "/no/such cannot be read: No such file or directory"),
    ("inventory --diff /no/such", 1, "/no/such cannot be read: No such file or directory"),
    ("inventory --root /no/such", 1, "inventory: /no/such holds no captured machine: No such file or directory"),
])
def test_mistake_is_told_in_one_line(line, status, message):
    assert refused(line, status) == f"seatrial: {message}\n"


@pytest.mark.parametrize(("line", "text", "message"), [
    ("report", '{"a":', r"{path}:1 is no journal record"),
    ("report", '{"testRunArtifact": {"log": {"severity": "INFO"}}}', r"{path}:1 is no journal record"),
    ("report", '{"testRunArtifact": {"testRunEnd": {"status": "COMPLETE", "result": "PASS"}}, "sequenceNumber": 0, '
               '"timestamp": "2026-01-01T00:00:00Z"}', r"{path}:1 is no journal record"),
    ("manifest --check", "[1]", r"manifest: {path} is no manifest of schema_version 1"),
    ("manifest --inventory", "[]", NO_INVENTORY),
    ("manifest --inventory", '{"schema_version": 1, "rules": []}', NO_INVENTORY),
    ("inventory --diff", '{"a":', NO_INVENTORY),
    ("inventory --diff", '{"schema_version": 99, "problems": []}', NO_INVENTORY),
])
def test_file_of_another_kind_is_refused_by_name(line, text, message, tmp_path):
    path = tmp_path / "file"
    path.write_text(text)
    assert refused(f"{line} {path}", 1) == f"seatrial: {message.format(path=path)}\n"


def write_journal(path, *records):
    """Records of the kind "run" or "step", each with the second in which it was made."""
    path.write_text("".join(json.dumps({f"test{kind.capitalize()}Artifact": artifact, "sequenceNumber": number,
                                        "timestamp": f"2026-01-01T00:00:{second:02}Z"}) + "\n"
                            for number, (second, kind, artifact) in enumerate(records)))
    return path


TRIAL_STARTS = {"testRunStart": {"name": "trial", "metadata": {"boot": "b", "stage": "trial"}}}
TRIAL_PASSES = {"testRunEnd": {"status": "COMPLETE", "result": "PASS"}}


def test_report_shows_as_many_stages_as_a_file_has(tmp_path):
    """The BMC's log holds those of many boots."""
    stages = 20
    path = write_journal(tmp_path / "journal.jsonl", *((second, "run", artifact) for second in range(stages)
                                                       for artifact in (TRIAL_STARTS, TRIAL_PASSES)))
    result = command(f"report {path}")
    assert (result.returncode, result.stderr) == (0, "")
    assert len(re.findall(r"^  ok    trial       PASS in 0 steps +0\.0 s$", result.stdout, re.MULTILINE)) == stages


def test_report_tells_where_a_machine_has_died(tmp_path):
    path = write_journal(tmp_path / "journal.jsonl",
                         (1, "run", TRIAL_STARTS),
                         (2, "step", {"testStepId": "0", "testStepStart": {"name": "tpm"}}),
                         (2, "step", {"testStepId": "0", "testStepEnd": {"status": "SKIP"}}),
                         (2, "step", {"testStepId": "1", "testStepStart": {"name": "memory"}}),
                         (4, "step", {"testStepId": "1", "log": {"severity": "INFO", "message": "half of it"}}),
                         # The next boot.
                         (50, "run", TRIAL_STARTS),
                         (51, "run", TRIAL_PASSES))
    lines = [" ".join(line.split()) for line in command(f"report {path}").stdout.splitlines() if line]
    assert lines == ["trial whether it works",
                     "FAIL memory has not ended: half of it 2.0 s",
                     "skip none of tpm",
                     "trial whether it works",
                     "summary",
                     "FAIL trial not ended in 2 steps 3.0 s",
                     "ok trial PASS in 0 steps 1.0 s"]
