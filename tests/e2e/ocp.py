# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whole journals in the OCP Test & Validation output format 2.0.

The format's schema judges a line alone. What it cannot tell is checked here: order, numbering, every start with its end,
ids that resolve, and results that agree with what was found. Source: opencomputeproject/ocp-diag-core, json_spec.
"""

import datetime
import json
import re

VALID_ENDS = {("COMPLETE", "PASS"), ("COMPLETE", "FAIL"), ("ERROR", "NOT_APPLICABLE"), ("SKIP", "NOT_APPLICABLE")}
STEP_STATUSES = {"COMPLETE", "ERROR", "SKIP"}
DIAGNOSES = {"PASS", "FAIL", "UNKNOWN"}
SEVERITIES = {"INFO", "DEBUG", "WARNING", "ERROR", "FATAL"}
VALIDATORS = {"EQUAL", "NOT_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL",
              "REGEX_MATCH", "REGEX_NO_MATCH", "IN_SET", "NOT_IN_SET"}

KINDS = ("schemaVersion", "testRunArtifact", "testStepArtifact")

# Members that each artifact has to have.
RUN_ARTIFACTS = {
    "testRunStart": ("name", "version", "commandLine", "parameters", "dutInfo"),
    "testRunEnd": ("status", "result"),
    "log": ("severity", "message"),
    "error": ("symptom",),
}
STEP_ARTIFACTS = {
    "testStepStart": ("name",),
    "testStepEnd": ("status",),
    "measurement": ("name", "value"),
    "measurementSeriesStart": ("name", "measurementSeriesId"),
    "measurementSeriesElement": ("index", "value", "timestamp", "measurementSeriesId"),
    "measurementSeriesEnd": ("measurementSeriesId", "totalCount"),
    "diagnosis": ("verdict", "type"),
    "error": ("symptom",),
    "log": ("severity", "message"),
    "file": ("displayName", "uri", "isSnapshot"),
    "extension": ("name", "content"),
}

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_timestamp(value):
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


class _Run:
    """Takes the records of one run in order, and gathers what is wrong with them."""

    def __init__(self, where):
        self.problems = []
        self._where = where
        self._line = 0
        self._started = self._ended = False
        self._hardware = set()
        self._software = set()
        self._steps = {}                # id: name of an open step, None of one that has ended
        self._series = {}               # (step, id): next index of an open series, None of one that has ended
        self._failed = False

    def _complain(self, text):
        self.problems.append(f"{self._where}, record {self._line}: {text}")

    def take(self, record):
        if record.get("sequenceNumber") != self._line or not _is_integer(record.get("sequenceNumber")):
            self._complain(f"sequenceNumber is {record.get('sequenceNumber')!r}")
        if not _is_timestamp(record.get("timestamp")):
            self._complain(f"timestamp is {record.get('timestamp')!r}")
        kinds = [kind for kind in KINDS if kind in record]
        if len(kinds) != 1 or not isinstance(record[kinds[0]], dict):
            self._complain(f"holds {' and '.join(kinds) or 'no artifact'}")
        elif self._ended:
            self._complain("comes after the run's end")
        else:
            getattr(self, "_take_" + kinds[0])(record[kinds[0]])
        self._line += 1

    def end(self):
        """What is wrong with the run as a whole."""
        if not self._ended:
            self._complain("the run has no end")
        return self.problems

    def _take_schemaVersion(self, version):
        if self._line != 0:
            self._complain("a second schemaVersion")
        if (version.get("major"), version.get("minor")) != (2, 0):
            self._complain(f"version is {version.get('major')}.{version.get('minor')}")

    def _content(self, artifact, known):
        """The artifact's kind and content, or (None, None) after a complaint."""
        kinds = [kind for kind in artifact if kind != "testStepId"]
        if len(kinds) != 1 or kinds[0] not in known or not isinstance(artifact[kinds[0]], dict):
            self._complain(f"artifact is {', '.join(kinds) or 'empty'}")
            return None, None
        kind = kinds[0]
        missing = [member for member in known[kind] if member not in artifact[kind]]
        if missing:
            self._complain(f"{kind} lacks {', '.join(missing)}")
            return None, None
        return kind, artifact[kind]

    def _resolve(self, what, number, known):
        if number is not None and number not in known:
            self._complain(f"{what} {number!r} is not in dutInfo")

    def _take_testRunArtifact(self, artifact):
        kind, content = self._content(artifact, RUN_ARTIFACTS)
        if kind is None:
            return
        if (kind == "testRunStart") == self._started:
            self._complain("the run has started already" if self._started else f"{kind} before the run's start")
        if kind == "testRunStart":
            self._start(content)
        elif kind == "testRunEnd":
            self._finish(content)
        elif kind == "log":
            self._severity(content)

    def _start(self, start):
        self._started = True
        dut = start["dutInfo"]
        if "dutInfoId" not in dut:
            self._complain("dutInfo lacks dutInfoId")
        for members, member, known in (("hardwareInfos", "hardwareInfoId", self._hardware),
                                       ("softwareInfos", "softwareInfoId", self._software)):
            for info in dut.get(members, []):
                if member not in info or "name" not in info:
                    self._complain(f"one of {members} lacks {member} or name")
                elif info[member] in known:
                    self._complain(f"{member} {info[member]!r} is given twice")
                known.add(info.get(member))

    def _finish(self, end):
        self._ended = True
        pair = end["status"], end["result"]
        if pair not in VALID_ENDS:
            self._complain(f"status and result are {pair[0]} and {pair[1]}")
        if pair[1] == "PASS" and self._failed:
            self._complain("the run passes, but one of its diagnoses is FAIL")
        if pair[1] == "FAIL" and not self._failed:
            self._complain("the run fails, but none of its diagnoses is FAIL")
        for step, name in self._steps.items():
            if name is not None:
                self._complain(f"step {step} ({name}) has no end")

    def _severity(self, log):
        if log["severity"] not in SEVERITIES:
            self._complain(f"severity is {log['severity']!r}")

    def _take_testStepArtifact(self, artifact):
        step = artifact.get("testStepId")
        if not isinstance(step, str):
            self._complain(f"testStepId is {step!r}")
            return
        kind, content = self._content(artifact, STEP_ARTIFACTS)
        if kind is None:
            return
        if not self._started:
            self._complain(f"{kind} before the run's start")
        if kind == "testStepStart":
            if step in self._steps:
                self._complain(f"step {step} starts a second time")
            self._steps[step] = content["name"]
            return
        if self._steps.get(step) is None:
            self._complain(f"{kind} of step {step}, which " + ("has ended" if step in self._steps else "never started"))
        take = getattr(self, "_take_" + kind, None)
        if take:
            take(step, content)

    def _take_testStepEnd(self, step, end):
        if end["status"] not in STEP_STATUSES:
            self._complain(f"status is {end['status']!r}")
        for (owner, series), index in self._series.items():
            if owner == step and index is not None:
                self._complain(f"series {series} has no end")
        self._steps[step] = None

    def _take_measurement(self, _, measurement):
        self._resolve("hardwareInfoId", measurement.get("hardwareInfoId"), self._hardware)
        for validator in measurement.get("validators", []):
            if validator.get("type") not in VALIDATORS or "value" not in validator:
                self._complain(f"validator is {json.dumps(validator)}")

    def _take_measurementSeriesStart(self, step, series):
        self._take_measurement(step, series)
        key = step, series["measurementSeriesId"]
        if key in self._series:
            self._complain(f"series {key[1]} starts a second time")
        self._series[key] = 0

    def _take_measurementSeriesElement(self, step, element):
        key = step, element["measurementSeriesId"]
        if self._series.get(key) is None:
            self._complain(f"element of series {key[1]}, which is not open")
        elif element["index"] != self._series[key]:
            self._complain(f"index of series {key[1]} is {element['index']}, not {self._series[key]}")
        else:
            self._series[key] += 1

    def _take_measurementSeriesEnd(self, step, end):
        key = step, end["measurementSeriesId"]
        if self._series.get(key) is None:
            self._complain(f"end of series {key[1]}, which is not open")
        elif end["totalCount"] != self._series[key]:
            self._complain(f"totalCount of series {key[1]} is {end['totalCount']}, not {self._series[key]}")
        self._series[key] = None

    def _take_diagnosis(self, _, diagnosis):
        if diagnosis["type"] not in DIAGNOSES:
            self._complain(f"diagnosis is {diagnosis['type']!r}")
        self._failed = self._failed or diagnosis["type"] == "FAIL"
        self._resolve("hardwareInfoId", diagnosis.get("hardwareInfoId"), self._hardware)

    def _take_error(self, _, error):
        for number in error.get("softwareInfoIds", []):
            self._resolve("softwareInfoId", number, self._software)

    def _take_log(self, _, log):
        self._severity(log)


def split_runs(records):
    """Lists of records, a new one at each schemaVersion."""
    runs = []
    for record in records:
        if "schemaVersion" in record or not runs:
            runs.append([])
        runs[-1].append(record)
    return runs


def check(records):
    """What is wrong with a journal of complete runs: texts that name run and record; none when all is well."""
    problems = []
    for number, run in enumerate(split_runs(records)):
        checker = _Run(f"run {number}")
        if "schemaVersion" not in run[0]:
            problems.append(f"run {number}: begins without schemaVersion")
        for record in run:
            checker.take(record)
        problems += checker.end()
    return problems


def _artifacts(records, parent, kind):
    for record in records:
        content = record.get(parent, {}).get(kind)
        if content is not None:
            yield record[parent], content


def stage(run):
    """Name of a run, which is the stage's."""
    return next((start["name"] for _, start in _artifacts(run, "testRunArtifact", "testRunStart")), None)


def metadata(run):
    return next(start.get("metadata", {}) for _, start in _artifacts(run, "testRunArtifact", "testRunStart"))


def result(run):
    """(status, result) of a run, None when it has no end."""
    return next(((end["status"], end["result"]) for _, end in _artifacts(run, "testRunArtifact", "testRunEnd")), None)


def step_names(run):
    return [start["name"] for _, start in _artifacts(run, "testStepArtifact", "testStepStart")]


def of_step(run, name, kind):
    """The contents of one kind in the steps of that name."""
    ids = {artifact["testStepId"] for artifact, start in _artifacts(run, "testStepArtifact", "testStepStart")
           if start["name"] == name}
    return [content for artifact, content in _artifacts(run, "testStepArtifact", kind) if artifact["testStepId"] in ids]


def messages(run):
    """All texts that a person would read in a run: of logs, errors and diagnoses."""
    return [content.get("message", "") for parent in ("testRunArtifact", "testStepArtifact")
            for kind in ("log", "error", "diagnosis") for _, content in _artifacts(run, parent, kind)]
