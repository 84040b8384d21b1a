# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC that the other tests talk to, alone: what it gives out, whom it answers, and that it loses nothing.

The Redfish side is read with sushy and with plain HTTPS, the IPMI side over the protocol that QEMU's
ipmi-bmc-extern speaks with ipmi_sim, by the code below."""

import base64
import collections
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import uuid

import pytest
import sushy
from sushy import auth
from sushy.resources import base as sushy_base

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/tests/bmc"
TIMEOUT = 30

SYSTEM = "/redfish/v1/Systems/system"
SESSIONS = "/redfish/v1/SessionService/Sessions"
LOG = SYSTEM + "/LogServices/Provisioning"
ENTRIES = LOG + "/Entries"
BOOT = "6f1c2b9e-1d51-4c7a-9b0e-5d8f0a7c3e21"

Answer = collections.namedtuple("Answer", "status headers body")


class Service:
    """One bmc-redfish process, its control socket, and a client that checks its certificate."""

    def __init__(self, directory, *options):
        self.directory = directory
        self.options = options
        self.port = 0
        self.start()

    def start(self, *more):
        self.process = subprocess.Popen(
            [BUILD / "bmc-redfish", "--state", self.directory / "bmc", "--port", str(self.port),
             "--control", self.directory / "control", *self.options, *more],
            stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().split()
        assert ready[:1] == ["ready"], ready
        values = dict(word.split("=") for word in ready[1:])
        self.port, self.fingerprint = int(values["port"]), values["fingerprint"]
        self.url = f"https://127.0.0.1:{self.port}"

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(TIMEOUT)
        self.process.stdout.close()
        return status

    def control(self, command, **arguments):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(TIMEOUT)
            s.connect(str(self.directory / "control"))
            return self.converse(s, json.dumps({"command": command, **arguments}))

    @staticmethod
    def converse(s, line):
        s.sendall(line.encode() + b"\n")
        with s.makefile() as f:
            return json.loads(f.readline())

    def connect(self):
        """A connection to the service whose certificate is the one that its fingerprint tells of."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(self.directory / "bmc/certificate.pem")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=TIMEOUT, context=context)
        connection.connect()
        certificate = connection.sock.getpeercert(binary_form=True)
        assert hashlib.sha256(certificate).hexdigest() == self.fingerprint
        return connection

    def request(self, method, path, body=None, headers=None, connection=None):
        """connection stays open when it is given."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        c = connection or self.connect()
        try:
            c.request(method, path, body, headers)
            response = c.getresponse()
            text = response.read()
        finally:
            if not connection:
                c.close()
        return Answer(response.status, response.headers, json.loads(text) if text else None)

    def account(self, keep=True):
        return self.control("bootstrap-account", keepEnabled=keep)

    def ask_session(self, user_name, password):
        return self.request("POST", SESSIONS, {"UserName": user_name, "Password": password})

    def login(self, account=None):
        account = account or self.account()
        answer = self.ask_session(account["userName"], account["password"])
        assert answer.status == 201
        return {"X-Auth-Token": answer.headers["X-Auth-Token"]}

    def lines(self, name):
        return [json.loads(line) for line in (self.directory / "bmc" / name).read_text().splitlines()]


@pytest.fixture
def service(tmp_path):
    s = Service(tmp_path)
    yield s
    if s.process.poll() is None:
        assert s.stop() == 0


def log_artifact(message):
    return {"testStepArtifact": {"testStepId": "0", "log": {"severity": "INFO", "message": message}}}


def record(number, **content):
    return {"sequenceNumber": number, "timestamp": "2026-01-01T00:00:00Z",
            **(content or log_artifact(f"m{number}"))}


def entry(first, last, stage="discovery", boot=BOOT, records=None):
    if records is None:
        records = [record(n) for n in range(first, last + 1)]
    return {
        "EntryType": "Oem", "OemRecordFormat": "OCP Test & Validation 2.0", "Severity": "OK",
        "Message": f"{stage}: records {first} to {last}", "MessageId": "Seatrial.1.0.Records",
        "MessageArgs": [boot, stage, str(first), str(last)],
        "Oem": {"Seatrial": {"@odata.type": "#Seatrial.v1_0_0.LogEntry", "Boot": boot, "Stage": stage,
                             "Records": records}},
    }


def message(answer):
    return answer.body["error"]["@Message.ExtendedInfo"][0]


def message_id(answer):
    return message(answer)["MessageId"]


def numbers(service):
    return [line["sequenceNumber"] for line in service.lines("journal.jsonl")]


# Who is answered


def test_root_sessions_and_metadata_need_no_account(service):
    root = service.request("GET", "/redfish/v1/")
    assert root.status == 200 and root.body["@odata.type"].startswith("#ServiceRoot.")
    assert root.headers["OData-Version"] == "4.0"
    assert service.request("GET", "/redfish").body == {"v1": "/redfish/v1/"}
    assert service.request("GET", "/redfish/v1/odata").status == 200
    connection = service.connect()
    connection.request("GET", "/redfish/v1/$metadata")
    response = connection.getresponse()
    assert response.status == 200 and b"<edmx:Edmx" in response.read()
    connection.close()


@pytest.mark.parametrize("path", [SYSTEM, ENTRIES, SESSIONS, "/redfish/v1/Managers", "/redfish/v1/nothing"])
def test_stranger_gets_401_and_learns_nothing(service, path):
    wrong = base64.b64encode(b"admin:admin").decode()
    for headers in {}, {"Authorization": "Basic " + wrong}, {"X-Auth-Token": "0" * 32}, {"X-Auth-Token": ""}:
        answer = service.request("GET", path, headers=headers)
        assert answer.status == 401
        assert message_id(answer) == "Base.1.8.NoValidSession"


def test_wrong_name_or_password_makes_no_session(service):
    account = service.account()
    name, password = account["userName"], account["password"]
    for pair in (name, password[:-1]), (name, password + "x"), (password, name), ("", ""), (name, ""):
        answer = service.ask_session(*pair)
        assert answer.status == 401 and "X-Auth-Token" not in answer.headers
    assert service.control("status")["sessions"] == 0


def test_account_is_accepted_as_basic_and_as_session(service):
    account = service.account()
    pair = f"{account['userName']}:{account['password']}".encode()
    basic = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    assert service.request("GET", SYSTEM, headers=basic).status == 200
    assert service.request("GET", SYSTEM, headers=service.login(account)).status == 200


def test_token_is_judged_alone_even_beside_a_good_password(service):
    account = service.account()
    pair = f"{account['userName']}:{account['password']}".encode()
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode(), "X-Auth-Token": "0" * 32}
    assert service.request("GET", SYSTEM, headers=headers).status == 401


def test_deleted_session_is_gone(service):
    account = service.account()
    answer = service.ask_session(account["userName"], account["password"])
    token = {"X-Auth-Token": answer.headers["X-Auth-Token"]}
    assert service.control("status")["sessions"] == 1
    assert service.request("DELETE", answer.headers["Location"], headers=token).status == 204
    assert service.control("status")["sessions"] == 0
    assert service.request("GET", SYSTEM, headers=token).status == 401


def test_idle_session_ends(tmp_path):
    s = Service(tmp_path, "--session-timeout", "1")
    try:
        token = s.login()
        assert s.request("GET", "/redfish/v1/SessionService", headers=token).body["SessionTimeout"] == 1
        # Nothing happens when a session has been idle: what can be waited for is the time itself.
        threading.Event().wait(1.2)
        assert s.request("GET", SYSTEM, headers=token).status == 401
        assert s.control("status")["sessions"] == 0
    finally:
        assert s.stop() == 0


def test_names_and_passwords_fit_16_bytes_and_differ(service):
    seen = set()
    for _ in range(4):
        account = service.account()
        for word in account["userName"], account["password"]:
            assert len(word) == 16 and word.isascii() and word.isprintable() and " " not in word
        assert account["userName"][0].isalpha()
        seen |= {account["userName"], account["password"]}
    assert len(seen) == 8


def test_account_disables_bootstrapping_unless_it_is_kept(service):
    assert "userName" in service.account(keep=True)
    assert service.control("status")["bootstrapping"] == "enabled"
    assert "userName" in service.account(keep=False)
    assert service.account()["error"] == "disabled"
    assert service.control("status")["bootstrapping"] == "disabled"


def test_accounts_are_limited(service):
    answers = [service.account() for _ in range(9)]
    assert [a.get("error") for a in answers] == [None] * 8 + ["no-slot"]


def test_host_reset_ends_what_the_host_was_given(service):
    operator = service.login(service.control("operator-account"))
    host = service.login(service.account(keep=False))
    service.control("host-reset")
    assert service.request("GET", SYSTEM, headers=host).status == 401
    assert service.request("GET", SYSTEM, headers=operator).status == 200
    status = service.control("status")
    assert (status["bootstrapping"], status["accounts"], status["sessions"]) == ("enabled", 1, 1)


def test_deleted_account_takes_its_sessions_with_it(service):
    account = service.account()
    token = service.login(account)
    path = "/redfish/v1/AccountService/Accounts/" + account["userName"]
    resource = service.request("GET", path, headers=token).body
    assert resource["HostBootstrapAccount"] is True and resource["Password"] is None
    assert service.request("DELETE", path, headers=token).status == 204
    assert service.request("GET", path, headers=token).status == 401
    assert service.control("status")["accounts"] == 0


def test_session_limit_is_told(service):
    account = service.account()
    for _ in range(16):
        service.login(account)
    answer = service.ask_session(account["userName"], account["password"])
    assert answer.status == 503 and message_id(answer) == "Base.1.8.SessionLimitExceeded"


# sushy


class LogEntry(sushy_base.ResourceBase):
    identity = sushy_base.Field("Id", required=True)
    message_id = sushy_base.Field("MessageId")
    records = sushy_base.Field(["Oem", "Seatrial", "Records"])


class LogEntries(sushy_base.ResourceCollectionBase):
    @property
    def _resource_type(self):
        return LogEntry


@pytest.fixture
def root(service, monkeypatch):
    """The service as sushy sees it, as somebody who has an operator's account."""
    # requests would take these in place of the certificate that it is given.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    account = service.control("operator-account")
    with auth.SessionAuth(account["userName"], account["password"]) as session:
        yield sushy.Sushy(service.url, auth=session, verify=str(service.directory / "bmc/certificate.pem"))
    assert service.control("status")["sessions"] == 0


def test_sushy_reads_system_and_log(service, root):
    token = service.login()
    for first in range(0, 60, 3):
        assert service.request("POST", ENTRIES, entry(first, first + 2), token).status == 201
    service.control("host-reset")

    system = root.get_system()
    assert system.identity == "system" and system.uuid == root.uuid
    assert system.power_state == sushy.PowerState.ON
    assert root.get_manager().identity == "bmc"

    entries, path = [], ENTRIES
    while path:
        page = LogEntries(root._conn, path)
        entries += page.get_members()
        path = page.json.get("Members@odata.nextLink")
    assert [e.identity for e in entries] == [str(i) for i in range(1, 21)]
    assert {e.message_id for e in entries} == {"Seatrial.1.0.Records"}
    assert [r["sequenceNumber"] for e in entries for r in e.records] == list(range(60))


def test_sushy_sets_the_boot_override(root):
    target, once = sushy.BootSource.DIAGS, sushy.BootSourceOverrideEnabled.ONCE
    root.get_system().set_system_boot_options(target, enabled=once)
    boot = root.get_system().boot
    assert (boot.target, boot.enabled) == (target, once)


# Resources


def test_given_identities_are_told(tmp_path):
    system, own = str(uuid.uuid4()), str(uuid.uuid4())
    s = Service(tmp_path, "--uuid", system, "--service-uuid", own, "--serial", "SN 42")
    try:
        assert s.request("GET", "/redfish/v1/").body["UUID"] == own
        body = s.request("GET", SYSTEM, headers=s.login()).body
        assert (body["UUID"], body["SerialNumber"]) == (system, "SN 42")
        assert body["LogServices"] == {"@odata.id": SYSTEM + "/LogServices"}
    finally:
        assert s.stop() == 0


def test_links_lead_from_the_root_to_every_resource(service):
    token = service.login()
    assert service.request("POST", ENTRIES, entry(0, 0), token).status == 201
    seen, todo = set(), ["/redfish/v1/"]

    def links(value):
        if isinstance(value, dict):
            if "@odata.id" in value:
                yield value["@odata.id"]
            for v in value.values():
                yield from links(v)
        elif isinstance(value, list):
            for v in value:
                yield from links(v)

    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = service.request("GET", path, headers=token)
        assert answer.status == 200, path
        assert answer.body["@odata.id"] == path
        assert answer.body["@odata.type"].startswith("#") and answer.body["Name"]
        todo += links(answer.body)
    assert {SYSTEM, ENTRIES, ENTRIES + "/1", "/redfish/v1/Managers/bmc", SESSIONS} <= seen


def test_wrong_method_gets_405_with_allow(service):
    token = service.login()
    for method, path, allow in (("DELETE", SYSTEM, "GET, HEAD, PATCH"), ("PUT", ENTRIES, "GET, HEAD, POST"),
                                ("POST", "/redfish/v1/Managers", "GET, HEAD"),
                                ("PATCH", "/redfish/v1/Systems", "GET, HEAD")):
        answer = service.request(method, path, {}, token)
        assert (answer.status, answer.headers["Allow"]) == (405, allow)


def test_unknown_resource_gets_404(service):
    token = service.login()
    for path in "/redfish/v1/Chassis", SYSTEM + "/x", ENTRIES + "/1", ENTRIES + "/0", ENTRIES + "/x/y", "/":
        answer = service.request("GET", path, headers=token)
        assert answer.status == 404 and message_id(answer) == "Base.1.8.ResourceMissingAtURI"


def test_head_is_get_without_its_body(service):
    connection = service.connect()
    connection.request("GET", "/redfish/v1/")
    got = connection.getresponse()
    size = len(got.read())
    connection.request("HEAD", "/redfish/v1/")
    head = connection.getresponse()
    assert head.read() == b"" and int(head.headers["Content-Length"]) == size
    assert head.headers["ETag"] == got.headers["ETag"]
    connection.close()


def test_etag_guards_a_change_and_saves_a_read(service):
    token = service.login()
    before = service.request("GET", SYSTEM, headers=token)
    etag = before.headers["ETag"]
    assert service.request("GET", SYSTEM, headers={**token, "If-None-Match": etag}).status == 304

    changed = service.request("PATCH", SYSTEM, {"AssetTag": "rack 7"}, {**token, "If-Match": etag})
    assert changed.status == 200 and changed.body["AssetTag"] == "rack 7" and changed.headers["ETag"] != etag
    stale = service.request("PATCH", SYSTEM, {"AssetTag": "rack 8"}, {**token, "If-Match": etag})
    assert stale.status == 412 and message_id(stale) == "Base.1.8.PreconditionFailed"
    assert service.request("GET", SYSTEM, headers=token).body["AssetTag"] == "rack 7"


@pytest.mark.parametrize("patch, problem, related", [
    ({"Boot": {"BootSourceOverrideMode": "Open"}}, "PropertyValueNotInList", "Boot/BootSourceOverrideMode"),
    ({"Boot": {"BootSourceOverrideMode": 1}}, "PropertyValueTypeError", "Boot/BootSourceOverrideMode"),
    ({"Boot": {"BootOrder": "Pxe"}}, "PropertyUnknown", "Boot/BootOrder"),
    ({"AssetTag": None}, "PropertyValueTypeError", "AssetTag"),
    ({"AssetTag": "x" * 64}, "PropertyValueFormatError", "AssetTag"),
    ({"UUID": BOOT}, "PropertyNotWritable", "UUID"),
    ({"Boot": []}, "PropertyNotWritable", "Boot"),
    ({"Colour": "blue"}, "PropertyUnknown", "Colour"),
])
def test_bad_setting_is_named_and_nothing_is_set(service, patch, problem, related):
    token = service.login()
    before = service.request("GET", SYSTEM, headers=token).body
    answer = service.request("PATCH", SYSTEM, {"AssetTag": "set", **patch}, token)
    assert answer.status == 400
    assert message_id(answer) == "Base.1.8." + problem
    assert message(answer)["RelatedProperties"] == ["#/" + related]
    assert service.request("GET", SYSTEM, headers=token).body == before


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
    for query, status in ("?$skip=-1", 400), ("?$top=x", 400), ("?$filter=x", 501), ("?$expand=.", 501):
        assert service.request("GET", ENTRIES + query, headers=token).status == status
    assert service.request("GET", SYSTEM + "?$top=1", headers=token).status == 501


# The provisioning log


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


# Restarts


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


def test_new_certificate_after_the_old_one_is_removed(service):
    old = service.fingerprint
    service.stop()
    (service.directory / "bmc/certificate.pem").unlink()
    service.start()
    assert service.fingerprint != old
    assert service.request("GET", "/redfish/v1/").status == 200


def test_it_ends_cleanly_and_with_its_parent(service, tmp_path):
    assert service.stop(signal.SIGINT) == 0
    assert not (service.directory / "control").exists()

    reader, writer = os.pipe()
    script = '"$0" --die-with-parent --state "$1" & wait'
    with subprocess.Popen(["/bin/sh", "-c", script, BUILD / "bmc-redfish", tmp_path / "other"],
                          stdout=writer) as parent:
        os.close(writer)
        with os.fdopen(reader) as output:
            assert output.readline().startswith("ready ")
            parent.kill()
            assert output.read() == ""  # the end of the file: nobody holds it open any more


def test_second_service_on_the_same_control_socket_is_refused(service):
    result = subprocess.run([BUILD / "bmc-redfish", "--state", service.directory / "other",
                             "--control", service.directory / "control"], capture_output=True, text=True,
                            timeout=TIMEOUT)
    assert result.returncode == 1 and "Address already in use" in result.stderr
    assert service.control("status")["requests"] == 0


# Faults


def test_status_fault_is_counted_and_skips(service):
    token = service.login()
    assert service.control("fault", method="POST", path="*/Entries", action="status", status=503,
                           retryAfter=7, skip=1, count=2) == {"faults": 1}
    answers = [service.request("POST", ENTRIES, entry(n, n), token) for n in (0, 1, 1, 1)]
    assert [a.status for a in answers] == [201, 503, 503, 201]
    assert answers[1].headers["Retry-After"] == "7"
    assert message_id(answers[1]) == "Base.1.8.ServiceTemporarilyUnavailable"
    assert numbers(service) == [0, 1] and service.control("status")["faults"] == 0


@pytest.mark.parametrize("when, stored", [("before", []), ("after", [0]), ("middle", [0])])
def test_cut_connection_leaves_no_answer(service, when, stored):
    token = service.login()
    service.control("fault", path=ENTRIES, action="cut", when=when, count=1)
    with pytest.raises((http.client.IncompleteRead, ssl.SSLError, ConnectionError)):
        service.request("POST", ENTRIES, entry(0, 0), token)
    assert numbers(service) == stored
    assert service.request("POST", ENTRIES, entry(0, 0), token).status == 201
    assert numbers(service) == [0]


def test_delay_holds_up_one_request_alone(service):
    token = service.login()
    service.control("fault", method="POST", action="delay", milliseconds=1500, count=1)
    slow = threading.Thread(target=service.request, args=("POST", ENTRIES, entry(0, 0), token))
    slow.start()
    service.control("wait", counter="faults", atMost=0)
    for _ in range(3):
        assert service.request("GET", SYSTEM, headers=token).status == 200
    assert service.control("status")["records"] == 0
    assert service.control("wait", counter="records", atLeast=1)["records"] == 1
    slow.join(TIMEOUT)
    assert not slow.is_alive()


def test_it_ends_while_a_request_is_delayed(service):
    service.control("fault", action="delay", milliseconds=600000)
    connection = service.connect()
    connection.request("GET", "/redfish/v1/")
    service.control("wait", counter="requests", atLeast=1)
    assert service.stop() == 0
    connection.close()


def test_dropped_session_gets_401(service):
    token = service.login()
    service.control("fault", action="drop-session", count=1)
    assert service.request("GET", SYSTEM, headers=token).status == 401
    assert service.request("GET", SYSTEM, headers=service.login()).status == 200


def test_garbage_is_no_json(service):
    service.control("fault", action="garbage", count=1)
    with pytest.raises(ValueError):
        service.request("GET", "/redfish/v1/")
    assert service.request("GET", "/redfish/v1/").status == 200


@pytest.mark.parametrize("rule", [
    {}, {"action": "explode"}, {"action": "status"}, {"action": "status", "status": 200},
    {"action": "status", "status": "503"}, {"action": "delay"}, {"action": "delay", "milliseconds": 0},
    {"action": "cut"}, {"action": "cut", "when": "never"}, {"action": "garbage", "status": 500},
    {"action": "garbage", "colour": "blue"}, {"action": "garbage", "path": 1},
    {"action": "garbage", "count": 0}, {"action": "garbage", "ipmi": "fingerprint"},
    {"action": "wrong-digest"}, {"action": "completion-code", "ipmi": "fingerprint"},
    {"action": "wrong-digest", "ipmi": "chassis"},
    {"action": "wrong-digest", "ipmi": "fingerprint", "path": "*"},
    {"clear": False}, {"clear": True, "path": "*"},
])
def test_bad_fault_is_refused(service, rule):
    answer = service.control("fault", **rule)
    assert answer["error"] == "bad-command" and answer["message"]
    assert service.control("status")["faults"] == 0


def test_faults_are_cleared(service):
    service.control("fault", action="garbage")
    service.control("fault", action="delay", milliseconds=600000)
    assert service.control("fault", clear=True) == {"faults": 0}
    assert service.request("GET", "/redfish/v1/").status == 200


@pytest.mark.parametrize("line", ["", "7", "[]", "{", '{"command":7}', '{"command":"open"}',
                                  '{"command":"wait","counter":"streams","atLeast":1}',
                                  '{"command":"wait","counter":"records"}',
                                  '{"command":"bootstrap-account"}'])
def test_bad_control_line_is_refused(service, line):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(TIMEOUT)
        s.connect(str(service.directory / "control"))
        assert service.converse(s, line)["error"] == "bad-command"
        assert service.converse(s, '{"command":"status"}')["accounts"] == 0


def test_access_log_tells_method_path_status_and_user(service):
    account = service.account()
    service.request("GET", SYSTEM, headers=service.login(account))
    service.request("GET", SYSTEM)
    text = (service.directory / "bmc/access.log").read_text()
    assert [line.split(" ", 1)[1] for line in text.splitlines()] == [
        f"POST {SESSIONS} 201 -", f"GET {SYSTEM} 200 {account['userName']}", f"GET {SYSTEM} 401 -"]
    assert account["password"] not in text


# IPMI


class Ipmi:
    """QEMU's side of ipmi_sim's VM codec: frames end with A0 (message) or A1 (command), AA escapes."""

    def __init__(self, directory, control):
        self.directory = directory / "ipmi"
        (self.directory / "state").mkdir(parents=True)
        for _ in range(5):
            if self.start(control):
                break
        else:
            pytest.fail("ipmi_sim did not start")
        self.socket = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
        self.sequence = 0

    @staticmethod
    def free_port(kind):
        with socket.socket(socket.AF_INET, kind) as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def start(self, control):
        """False when somebody took a port between our looking for it and ipmi_sim's."""
        self.port = self.free_port(socket.SOCK_STREAM)
        self.lan_port = self.free_port(socket.SOCK_DGRAM)
        config = (ROOT / "tests/bmc/lan.conf.in").read_text()
        for word, value in (("SERIAL_PORT", self.port), ("LAN_PORT", self.lan_port),
                            ("LAN_PASSWORD", "sea-trial"), ("MODULE", BUILD / "seatrial-bmc.so"),
                            ("CONTROL", control), ("LAN_PROGRAM", "")):
            config = config.replace(f"@{word}@", str(value))
        (self.directory / "lan.conf").write_text(config)
        self.process = subprocess.Popen(
            ["ipmi_sim", "-n", "-c", self.directory / "lan.conf", "-f", ROOT / "tests/bmc/bmc.emu",
             "-s", self.directory / "state"], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line == "ready\n":
                return True
        self.stop()
        return False

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT)
        self.process.stdout.close()

    def close(self):
        self.socket.close()
        self.stop()

    def read_frame(self):
        frame, escaped = bytearray(), False
        while True:
            byte = self.socket.recv(1)
            assert byte, "ipmi_sim closed the connection"
            if byte == b"\xaa":
                escaped = True
            elif byte in (b"\xa0", b"\xa1"):
                return byte, bytes(frame)
            else:
                frame.append(byte[0] & ~0x10 if escaped else byte[0])
                escaped = False

    def command(self, netfn, command, *data):
        """The completion code and what follows it."""
        self.sequence = (self.sequence + 1) & 0xff
        body = bytes([self.sequence, netfn << 2, command, *data])
        frame = bytearray()
        for byte in body + bytes([-sum(body) & 0xff]):
            frame += bytes([0xaa, byte | 0x10]) if byte in (0xa0, 0xa1, 0xaa) else bytes([byte])
        self.socket.sendall(frame + b"\xa0")
        while True:
            end, answer = self.read_frame()
            if end == b"\xa0":
                break
        assert sum(answer) & 0xff == 0
        assert answer[:3] == bytes([self.sequence, (netfn | 1) << 2, command])
        return answer[3], answer[4:-1]


@pytest.fixture
def ipmi(service):
    i = Ipmi(service.directory, service.directory / "control")
    yield i
    i.close()


def test_ipmi_gives_the_fingerprint(service, ipmi):
    code, data = ipmi.command(0x2c, 0x01, 0x52, 0x01)
    assert code == 0 and data == bytes([0x52, 0x01]) + bytes.fromhex(service.fingerprint)


def test_ipmi_has_no_other_certificate(ipmi):
    for number in 0x00, 0x02, 0xff:
        assert ipmi.command(0x2c, 0x01, 0x52, number) == (0xcb, b"\x52")


@pytest.mark.parametrize("control, after", [(0xa5, "enabled"), (0x00, "disabled"), (0x5a, "disabled")])
def test_ipmi_gives_an_account_that_opens_a_session(service, ipmi, control, after):
    code, data = ipmi.command(0x2c, 0x02, 0x52, control)
    assert code == 0 and data[0] == 0x52 and len(data) == 33
    user_name, password = (field.rstrip(b"\0").decode() for field in (data[1:17], data[17:]))
    token = service.login({"userName": user_name, "password": password})
    assert service.request("GET", SYSTEM, headers=token).status == 200
    assert service.control("status")["bootstrapping"] == after


def test_ipmi_refuses_when_disabled_until_the_host_resets(service, ipmi):
    assert ipmi.command(0x2c, 0x02, 0x52, 0x00)[0] == 0
    assert ipmi.command(0x2c, 0x02, 0x52, 0xa5) == (0x80, b"\x52")
    service.control("host-reset")
    assert ipmi.command(0x2c, 0x02, 0x52, 0xa5)[0] == 0


def test_ipmi_tells_that_slots_are_full(ipmi):
    for _ in range(8):
        assert ipmi.command(0x2c, 0x02, 0x52, 0xa5)[0] == 0
    assert ipmi.command(0x2c, 0x02, 0x52, 0xa5) == (0xc9, b"\x52")


def test_ipmi_refuses_wrong_lengths_and_commands(ipmi):
    for command in 0x01, 0x02:
        assert ipmi.command(0x2c, command, 0x52) == (0xc7, b"\x52")
        assert ipmi.command(0x2c, command, 0x52, 1, 1) == (0xc7, b"\x52")
    assert ipmi.command(0x2c, 0x03, 0x52, 0x01) == (0xc1, b"\x52")
    assert ipmi.command(0x2c, 0x01, 0x53, 0x01)[0] == 0xc1


def test_ipmi_answers_when_the_service_is_gone_and_when_it_is_back(service, ipmi):
    service.stop(signal.SIGKILL)
    assert ipmi.command(0x2c, 0x01, 0x52, 0x01) == (0xce, b"\x52")
    service.start()
    assert ipmi.command(0x2c, 0x01, 0x52, 0x01)[0] == 0


def test_ipmi_gives_up_on_a_service_that_hangs(service, ipmi):
    service.process.send_signal(signal.SIGSTOP)
    try:
        assert ipmi.command(0x2c, 0x01, 0x52, 0x01) == (0xc3, b"\x52")
    finally:
        service.process.send_signal(signal.SIGCONT)
    assert ipmi.command(0x2c, 0x01, 0x52, 0x01)[0] == 0


def test_ipmi_faults(service, ipmi):
    service.control("fault", ipmi="fingerprint", action="wrong-digest", count=1)
    code, data = ipmi.command(0x2c, 0x01, 0x52, 0x01)
    assert code == 0 and data[2:] != bytes.fromhex(service.fingerprint)
    assert ipmi.command(0x2c, 0x01, 0x52, 0x01)[1][2:] == bytes.fromhex(service.fingerprint)

    service.control("fault", ipmi="bootstrap-account", action="completion-code", completionCode=0xd4)
    assert ipmi.command(0x2c, 0x02, 0x52, 0x00) == (0xd4, b"\x52")
    assert service.control("status")["bootstrapping"] == "enabled"


def test_ipmi_event_log_takes_an_event_and_survives_a_restart(service, ipmi):
    event = (0, 0, 2, 0, 0, 0, 0, 0x21, 0, 4, 0x0c, 2, 0x6f, 1, 0xff, 0xff)
    assert ipmi.command(0x0a, 0x44, *event)[0] == 0
    ipmi.close()
    assert ipmi.start(service.directory / "control")
    ipmi.socket = socket.create_connection(("127.0.0.1", ipmi.port), TIMEOUT)
    code, info = ipmi.command(0x0a, 0x40)
    assert code == 0 and info[1] | info[2] << 8 == 1
    code, got = ipmi.command(0x0a, 0x43, 0, 0, 0, 0, 0, 0xff)
    assert code == 0 and got[2 + 7:] == bytes(event[7:])


def test_ipmi_watchdog_is_there(ipmi):
    assert ipmi.command(0x06, 0x22)[0] == 0x80
    # Use OS load, no action, 10 seconds.
    assert ipmi.command(0x06, 0x24, 0x03, 0x00, 0, 0, 100, 0)[0] == 0
    assert ipmi.command(0x06, 0x22)[0] == 0


def test_a_person_reads_the_event_log_with_ipmitool(ipmi):
    event = ("0", "0", "2", "0", "0", "0", "0", "0x21", "0", "4", "0x0c", "2", "0x6f", "1", "0xff", "0xff")
    assert ipmi.command(0x0a, 0x44, *(int(b, 0) for b in event))[0] == 0
    result = subprocess.run(
        ["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(ipmi.lan_port),
         "-U", "operator", "-E", "sel", "list"], capture_output=True, text=True, timeout=TIMEOUT,
        env={**os.environ, "IPMI_PASSWORD": "sea-trial"})
    assert result.returncode == 0 and "Uncorrectable ECC" in result.stdout
