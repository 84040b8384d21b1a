# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC that the other tests talk to, alone: what it gives out, whom it answers, what can be set. Read with sushy and
with plain HTTPS.
"""

import base64
import threading
import uuid

import pytest
import sushy
from bmc_service import BOOT, ENTRIES, SESSIONS, SYSTEM, entry, message, message_id, Service
from bmc_service import service  # noqa: F401, fixture
from sushy import auth
from sushy.resources import base as sushy_base


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
