# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal checker finds what is wrong, and only that."""

import copy
import json

import ocp
import pytest

SAMPLE = [json.loads(line) for line in r'''
{"schemaVersion":{"major":2,"minor":0},"sequenceNumber":0,"timestamp":"2026-01-01T00:00:00Z"}
{"testRunArtifact":{"testRunStart":{"name":"memory","version":"0.1.0","commandLine":"","parameters":{},"dutInfo":{"dutInfoId":"dut0","hardwareInfos":[{"hardwareInfoId":"dimm0","name":"DIMM_A1","partType":"DIMM"}],"softwareInfos":[{"softwareInfoId":"bios0","name":"firmware"}]}}},"sequenceNumber":1,"timestamp":"2026-01-01T00:00:01.250Z"}
{"testRunArtifact":{"log":{"severity":"INFO","message":"on we go"}},"sequenceNumber":2,"timestamp":"2026-01-01T00:00:01Z"}
{"testStepArtifact":{"testStepId":"0","testStepStart":{"name":"march-c-minus"}},"sequenceNumber":3,"timestamp":"2026-01-01T00:00:02Z"}
{"testStepArtifact":{"testStepId":"0","measurement":{"name":"miscompares","value":0,"unit":"count","hardwareInfoId":"dimm0","validators":[{"type":"EQUAL","value":0}]}},"sequenceNumber":4,"timestamp":"2026-01-01T00:00:03Z"}
{"testStepArtifact":{"testStepId":"0","measurementSeriesStart":{"name":"rate","measurementSeriesId":"s"}},"sequenceNumber":5,"timestamp":"2026-01-01T00:00:03Z"}
{"testStepArtifact":{"testStepId":"0","measurementSeriesElement":{"measurementSeriesId":"s","index":0,"value":1.5,"timestamp":"2026-01-01T00:00:03Z"}},"sequenceNumber":6,"timestamp":"2026-01-01T00:00:03Z"}
{"testStepArtifact":{"testStepId":"0","measurementSeriesEnd":{"measurementSeriesId":"s","totalCount":1}},"sequenceNumber":7,"timestamp":"2026-01-01T00:00:03Z"}
{"testStepArtifact":{"testStepId":"0","diagnosis":{"verdict":"memory-ok","type":"PASS","hardwareInfoId":"dimm0"}},"sequenceNumber":8,"timestamp":"2026-01-01T00:00:04Z"}
{"testStepArtifact":{"testStepId":"0","error":{"symptom":"slow","softwareInfoIds":["bios0"]}},"sequenceNumber":9,"timestamp":"2026-01-01T00:00:04Z"}
{"testStepArtifact":{"testStepId":"0","testStepEnd":{"status":"COMPLETE"}},"sequenceNumber":10,"timestamp":"2026-01-01T00:00:05Z"}
{"testRunArtifact":{"testRunEnd":{"status":"COMPLETE","result":"PASS"}},"sequenceNumber":11,"timestamp":"2026-01-01T00:00:06Z"}
'''.strip().splitlines()]


def renumbered(records):
    for number, record in enumerate(records):
        record["sequenceNumber"] = number
    return records


def changed(number, *path, to):
    """The sample with one member set to another value, or removed when that is None."""
    records = copy.deepcopy(SAMPLE)
    place = records[number]
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return records


def without(number):
    records = copy.deepcopy(SAMPLE)
    del records[number]
    return renumbered(records)


def twice(number):
    records = copy.deepcopy(SAMPLE)
    records.insert(number, copy.deepcopy(records[number]))
    return renumbered(records)


STEP = "testStepArtifact"
RUN = "testRunArtifact"


def test_a_good_run_has_no_problems():
    assert ocp.check(SAMPLE) == []


def test_runs_one_after_the_other_number_from_zero_each():
    assert ocp.check(SAMPLE + SAMPLE) == []
    assert len(ocp.split_runs(SAMPLE + SAMPLE)) == 2


def test_an_empty_journal_has_no_runs():
    assert ocp.split_runs([]) == []


@pytest.mark.parametrize("records, problem", [
    (changed(4, "sequenceNumber", to=5), "record 4: sequenceNumber is 5"),
    (changed(1, "sequenceNumber", to=True), "record 1: sequenceNumber is True"),
    (SAMPLE[:4] + SAMPLE[5:], "record 4: sequenceNumber is 5"),
    (SAMPLE[:4] + SAMPLE[3:], "record 4: sequenceNumber is 3"),
    (SAMPLE[:3] + [SAMPLE[4], SAMPLE[3]] + SAMPLE[5:], "record 3: sequenceNumber is 4"),
    (changed(2, "timestamp", to="2026-13-01T00:00:00Z"), "record 2: timestamp"),
    (changed(2, "timestamp", to="2026-01-01T00:00:00"), "record 2: timestamp"),
    (changed(0, "schemaVersion", "minor", to=1), "version is 2.1"),
    (without(0), "begins without schemaVersion"),
    (changed(3, "schemaVersion", to={"major": 2, "minor": 0}), "holds"),
    (changed(2, RUN, to=None), "record 2: holds no artifact"),
    (without(1), "before the run's start"),
    (twice(1), "has started already"),
    (changed(1, RUN, "testRunStart", "dutInfo", to=None), "testRunStart lacks dutInfo"),
    (changed(1, RUN, "testRunStart", "dutInfo", "hardwareInfos", to=[{"hardwareInfoId": "a", "name": "A"}] * 2),
     "'a' is given twice"),
    (without(11), "the run has no end"),
    (twice(11), "after the run's end"),
    (changed(11, RUN, "testRunEnd", "result", to="NOT_APPLICABLE"), "COMPLETE and NOT_APPLICABLE"),
    (changed(11, RUN, "testRunEnd", "status", to="ERROR"), "ERROR and PASS"),
    (changed(11, RUN, "testRunEnd", "result", to="FAIL"), "none of its diagnoses is FAIL"),
    (changed(8, STEP, "diagnosis", "type", to="FAIL"), "one of its diagnoses is FAIL"),
    (changed(8, STEP, "diagnosis", "type", to="MAYBE"), "diagnosis is 'MAYBE'"),
    (changed(8, STEP, "diagnosis", "hardwareInfoId", to="dimm1"), "'dimm1' is not in dutInfo"),
    (changed(4, STEP, "measurement", "hardwareInfoId", to="dimm1"), "'dimm1' is not in dutInfo"),
    (changed(9, STEP, "error", "softwareInfoIds", to=["bios1"]), "'bios1' is not in dutInfo"),
    (changed(4, STEP, "measurement", "validators", to=[{"type": "ALIKE", "value": 1}]), "validator is"),
    (changed(2, RUN, "log", "severity", to="LOUD"), "severity is 'LOUD'"),
    (changed(3, STEP, "testStepId", to=0), "testStepId is 0"),
    (without(3), "never started"),
    (twice(3), "starts a second time"),
    (without(10), "step 0 (march-c-minus) has no end"),
    (twice(10), "which has ended"),
    (changed(10, STEP, "testStepEnd", "status", to="PASS"), "status is 'PASS'"),
    (changed(6, STEP, "measurementSeriesElement", "index", to=1), "index of series s is 1, not 0"),
    (changed(7, STEP, "measurementSeriesEnd", "totalCount", to=2), "totalCount of series s is 2, not 1"),
    (without(7), "series s has no end"),
    (without(5), "which is not open"),
    (changed(9, STEP, "surprise", to={}), "artifact is error, surprise"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_bad_journal_is_found_out(records, problem):
    problems = ocp.check(records)
    assert any(problem in text for text in problems), problems
