# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC's provisioning log: it takes each record once, in order, and loses nothing."""

import json
import signal
import subprocess
import uuid

import pytest
from bmc_service import BOOT, BUILD, ENTRIES, SYSTEM, TIMEOUT, entry, log_artifact, message, message_id, numbers, record
from bmc_service import service  # noqa: F401, fixture


def test_pages_follow_skip_top_and_next_link(service):
    token = service.login()
    for n in range(20):
        assert service.request("POST", ENTRIES, entry(n, n), token).status == 201

    def ids(query):
        body = service.request("GET", ENTRIES + query, headers=token).body
        assert body["Members@odata.count"] == 20
        return [m["Id"] for m in body["Members"]], body.get("Members@odata.nextLink")

    assert ids("") == (["1", "2", "3", "4", "5", "6", "7", "8"], ENTRIES + "?$skip=8")
    assert ids("?$skip=16") == (["17", "18", "19", "20"], None)
    assert ids("?$top=2") == (["1", "2"], None)
    assert ids("?$skip=11&$top=9") == ([str(i) for i in range(12, 20)], ENTRIES + "?$skip=19&$top=1")
    assert ids("?$skip=19&$top=2") == (["20"], None)
    assert ids("?$skip=99") == ([], None)
    assert ids("?only")[0][0] == "1"
    assert ids("?$top=9&$expand=.") == ([str(i) for i in range(1, 9)], ENTRIES + "?$skip=8&$top=1&$expand=.")
    for query, status in ("?$skip=-1", 400), ("?$top=x", 400), ("?$filter=x", 501), ("?$expand=*", 501):
        assert service.request("GET", ENTRIES + query, headers=token).status == status
    assert service.request("GET", SYSTEM + "?$top=1", headers=token).status == 501


def test_post_stores_journal_and_entry_before_it_is_acknowledged(service):
    token = service.login()
    posted = entry(0, 11)
    answer = service.request("POST", ENTRIES, posted, token)
    assert (answer.status, answer.headers["Location"]) == (201, ENTRIES + "/1")
    assert service.lines("journal.jsonl") == posted["Oem"]["Seatrial"]["Records"]
    held = service.request("GET", ENTRIES + "/1", headers=token).body
    assert {key: held[key] for key in posted} == posted
    assert held["@odata.id"] == ENTRIES + "/1" and held["Id"] == "1" and held["Created"]
    status = service.control("status")
    assert (status["records"], status["entries"]) == (12, 1)
    assert status["streams"] == [{"boot": BOOT, "stage": "discovery", "next": 12}]


def test_records_sent_again_are_dropped(service):
    token = service.login()
    for first, last, holder in (0, 4, 1), (0, 4, 1), (5, 7, 2), (1, 3, 1), (4, 5, 2), (3, 9, 3):
        answer = service.request("POST", ENTRIES, entry(first, last), token)
        assert (answer.status, answer.headers["Location"]) == (201, f"{ENTRIES}/{holder}")
    assert numbers(service) == list(range(10))
    rest = service.request("GET", ENTRIES + "/3", headers=token).body
    assert [r["sequenceNumber"] for r in rest["Oem"]["Seatrial"]["Records"]] == [8, 9]


def test_gap_gets_409_with_what_is_expected(service):
    token = service.login()
    assert service.request("POST", ENTRIES, entry(0, 2), token).status == 201
    answer = service.request("POST", ENTRIES, entry(4, 5), token)
    assert answer.status == 409
    assert message_id(answer) == "Seatrial.1.0.SequenceGap"
    assert message(answer)["MessageArgs"] == [BOOT, "discovery", "3"]
    assert numbers(service) == [0, 1, 2]
    assert service.request("POST", ENTRIES, entry(3, 5), token).status == 201


def test_each_stage_of_each_boot_counts_for_itself(service):
    token = service.login()
    for stage, boot in ("discovery", BOOT), ("trial", BOOT), ("discovery", str(uuid.uuid4())):
        assert service.request("POST", ENTRIES, entry(0, 1, stage, boot), token).status == 201
        assert service.request("POST", ENTRIES, entry(3, 3, stage, boot), token).status == 409
    assert numbers(service) == [0, 1] * 3


def test_inventory_is_the_last_extension_of_that_name(service):
    def inventory(content, name="inventory"):
        return {"testStepArtifact": {"testStepId": "0", "extension": {"name": name, "content": content}}}

    token = service.login()
    assert not (service.directory / "bmc/inventory.json").exists()
    contents = inventory({"n": 1}), inventory({"n": 2}), inventory({}, "other")
    records = [record(n, **content) for n, content in enumerate(contents)]
    assert service.request("POST", ENTRIES, entry(0, 2, records=records), token).status == 201
    assert json.loads((service.directory / "bmc/inventory.json").read_text()) == {"n": 2}
    assert service.request("POST", ENTRIES, entry(3, 3), token).status == 201
    assert json.loads((service.directory / "bmc/inventory.json").read_text()) == {"n": 2}


def without(key):
    def change(body):
        del body[key]
    return change


def seatrial(**values):
    return lambda body: body["Oem"]["Seatrial"].update(values)


def first_record(**values):
    return lambda body: body["Oem"]["Seatrial"]["Records"][0].update(values)


@pytest.mark.parametrize("change, problem, related", [
    (without("EntryType"), "PropertyMissing", "EntryType"),
    (without("Oem"), "PropertyMissing", "Oem"),
    (without("MessageArgs"), "PropertyMissing", "MessageArgs"),
    (lambda b: b.update(EntryType="Event"), "PropertyValueNotInList", "EntryType"),
    (lambda b: b.update(Severity="Fine"), "PropertyValueNotInList", "Severity"),
    (lambda b: b.update(MessageArgs=[1]), "PropertyValueTypeError", "MessageArgs"),
    (lambda b: b.update(Id="7"), "PropertyUnknown", "Id"),
    (lambda b: b["Oem"].update(Other={}), "PropertyUnknown", "Oem/Other"),
    (seatrial(Boot="x"), "PropertyValueFormatError", "Oem/Seatrial/Boot"),
    (seatrial(Stage=""), "PropertyValueFormatError", "Oem/Seatrial/Stage"),
    (seatrial(Stage="../x"), "PropertyValueFormatError", "Oem/Seatrial/Stage"),
    (seatrial(Records=[]), "PropertyValueFormatError", "Oem/Seatrial/Records"),
    (seatrial(Records={}), "PropertyValueTypeError", "Oem/Seatrial/Records"),
    (seatrial(Records=[record(0), record(2)]), "PropertyValueFormatError",
     "Oem/Seatrial/Records/1/sequenceNumber"),
    (seatrial(Records=[7]), "PropertyValueTypeError", "Oem/Seatrial/Records/0"),
    (seatrial(Records=[record(2**63 - 1)]), "PropertyValueFormatError", "Oem/Seatrial/Records"),
    (first_record(sequenceNumber=-1), "PropertyValueFormatError", "Oem/Seatrial/Records/0/sequenceNumber"),
    (first_record(sequenceNumber="0"), "PropertyValueTypeError", "Oem/Seatrial/Records/0/sequenceNumber"),
    (first_record(timestamp=0), "PropertyValueTypeError", "Oem/Seatrial/Records/0/timestamp"),
    (first_record(schemaVersion={}), "PropertyValueFormatError", "Oem/Seatrial/Records/0"),
])
def test_malformed_entry_is_named_and_not_stored(service, change, problem, related):
    token = service.login()
    body = entry(0, 1)
    change(body)
    answer = service.request("POST", ENTRIES, body, token)
    assert answer.status == 400
    assert message_id(answer) == "Base.1.8." + problem
    assert message(answer)["RelatedProperties"] == ["#/" + related]
    assert service.lines("journal.jsonl") == service.lines("entries.jsonl") == []


def test_body_that_is_no_json_object_gets_400(service):
    headers = {**service.login(), "Content-Type": "application/json"}
    for body in b"", b"{", b"[]", b"null", b'{"a":1,"a":2}', b'{"a":"\xff"}', b"[" * 100000, b'{"a":1e999}':
        answer = service.request("POST", ENTRIES, body, headers)
        assert answer.status == 400 and message_id(answer) == "Base.1.8.MalformedJSON", body[:20]
    answer = service.request("POST", ENTRIES, b"{}", {**headers, "Content-Type": "text/plain"})
    assert answer.status == 415


def test_body_over_1_mib_gets_413_and_a_smaller_one_still_goes(service):
    token = service.login()
    connection = service.connect()
    padding = log_artifact("")
    body = entry(0, 0, records=[record(0, **padding)])
    room = 1024 * 1024 - len(json.dumps(body))
    padding["testStepArtifact"]["log"]["message"] = "x" * (room + 1)
    assert len(json.dumps(body)) == 1024 * 1024 + 1
    assert service.request("POST", ENTRIES, body, token, connection).status == 413
    padding["testStepArtifact"]["log"]["message"] = "x" * room
    assert service.request("POST", ENTRIES, body, token, connection).status == 201
    assert service.request("POST", ENTRIES, b"x" * (8 << 20), token, connection).status == 413
    connection.close()


def test_one_connection_carries_many_requests(service):
    token = service.login()
    before = service.control("status")
    connection = service.connect()
    for n in range(50):
        assert service.request("POST", ENTRIES, entry(n, n), token, connection).status == 201
    connection.close()
    after = service.control("status")
    assert after["requests"] - before["requests"] == 50
    assert after["connections"] - before["connections"] == 1


def test_restart_keeps_log_numbering_settings_and_certificate(service):
    token = service.login()
    assert service.request("POST", ENTRIES, entry(0, 4), token).status == 201
    assert service.request("PATCH", SYSTEM, {"AssetTag": "rack 7"}, token).status == 200
    fingerprint, port, journal = service.fingerprint, service.port, service.lines("journal.jsonl")
    assert service.stop() == 0
    service.start()
    assert (service.fingerprint, service.port) == (fingerprint, port)
    assert service.request("GET", SYSTEM, headers=token).status == 401
    assert service.control("status")["accounts"] == 0

    token = service.login()
    assert service.request("GET", SYSTEM, headers=token).body["AssetTag"] == "rack 7"
    assert service.request("POST", ENTRIES, entry(6, 6), token).status == 409
    assert service.request("POST", ENTRIES, entry(3, 6), token).headers["Location"] == ENTRIES + "/2"
    assert service.request("POST", ENTRIES, entry(0, 4), token).headers["Location"] == ENTRIES + "/1"
    assert service.lines("journal.jsonl")[:5] == journal and numbers(service) == list(range(7))


def test_killed_in_the_middle_of_a_write_it_goes_on_from_what_was_acknowledged(service):
    token = service.login()
    for n in range(3):
        assert service.request("POST", ENTRIES, entry(n, n), token).status == 201
    service.stop(signal.SIGKILL)
    # The entry's line is cut short, and one record never made it into the journal.
    with open(service.directory / "bmc/entries.jsonl", "a") as f:
        f.write(json.dumps(entry(3, 3))[:100])
    lines = (service.directory / "bmc/journal.jsonl").read_text().splitlines(keepends=True)
    (service.directory / "bmc/journal.jsonl").write_text("".join(lines[:2]))
    service.start()
    assert numbers(service) == [0, 1, 2]
    answer = service.request("POST", ENTRIES, entry(3, 3), service.login())
    assert answer.headers["Location"] == ENTRIES + "/4"
    assert [e["Id"] for e in service.lines("entries.jsonl")] == ["1", "2", "3", "4"]


def test_damaged_log_is_refused_not_overwritten(service):
    assert service.request("POST", ENTRIES, entry(0, 0), service.login()).status == 201
    service.stop()
    path = service.directory / "bmc/entries.jsonl"
    path.write_text("damage\n" + path.read_text())
    result = subprocess.run([BUILD / "bmc-redfish", "--state", service.directory / "bmc"],
                            capture_output=True, text=True, timeout=TIMEOUT)
    assert result.returncode == 1 and "cannot take up the log" in result.stderr
    assert path.read_text().startswith("damage\n")
