# SPDX-License-Identifier: GPL-3.0-or-later
"""agent/bmc/PROTOCOL.md and its message registry are what the code does: their examples go to the test BMC."""

import json
import re

import pytest
from bmc_service import ROOT, SYSTEM, Service, entry

DOCUMENT = ROOT / "agent/bmc/PROTOCOL.md"
REGISTRY = ROOT / "agent/bmc/Seatrial.1.0.json"
SOURCES = [path for folder in ("agent", "tests/bmc") for path in sorted((ROOT / folder).rglob("*.[ch]"))]

# As the examples have it.
ACCOUNT = {"userName": "NjVMx0FYuFfPc44A", "password": "qlgiY9jm3cZbG5OJ"}
UUIDS = ("--uuid", "5ea71a10-0001-4000-8000-000000000001", "--service-uuid", "5ea71a10-0002-4000-8000-000000000002",
         "--serial", "ES-0001")


@pytest.fixture
def registry():
    return json.loads(REGISTRY.read_text())


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path, *UUIDS)
    yield service
    service.stop()


def blocks():
    """The document's indented blocks, without the indentation."""
    for block in re.findall(r"(?m)(?:^(?:    .*)?\n)+", DOCUMENT.read_text()):
        if text := "\n".join(line[4:] for line in block.splitlines()).strip():
            yield text


def messages():
    """Requests and responses in their order: start line, headers, body."""
    for block in blocks():
        for text in re.split(r"\n(?=HTTP/1\.1 \d)", block):
            if re.match(r"(HTTP/1\.1 \d|[A-Z]+ /\S* HTTP/1\.1$)", text.partition("\n")[0]):
                head, _, body = text.partition("\n\n")
                start, *headers = head.splitlines()
                yield start, dict(line.split(": ", 1) for line in headers), json.loads(body) if body else None


def shape(value):
    """What stays the same between two runs: keys, and texts that are no identity of a session or an entry."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return re.sub(r"/Sessions/\w+|^[0-9a-f]{16}$", "...", value) if isinstance(value, str) else value


def test_registry_has_what_the_schema_requires(registry):
    assert set(registry) >= {"@odata.type", "Id", "Name", "Language", "RegistryPrefix", "RegistryVersion",
                             "OwningEntity", "Messages"}
    assert registry["@odata.type"] == "#MessageRegistry.v1_4_1.MessageRegistry"
    assert registry["Id"] == f"{registry['RegistryPrefix']}.{registry['RegistryVersion']}"
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", registry["RegistryPrefix"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", registry["RegistryVersion"])
    for message in registry["Messages"].values():
        assert set(message) >= {"Description", "Message", "MessageSeverity", "NumberOfArgs", "Resolution"}
        arguments = {int(number) for number in re.findall(r"%(\d)", message["Message"])}
        assert max(arguments) <= message["NumberOfArgs"]
        for each in ("ParamTypes", "ArgDescriptions", "ArgLongDescriptions"):
            assert len(message[each]) == message["NumberOfArgs"]
        assert set(message["ParamTypes"]) <= {"string", "number"}


def test_every_message_of_the_code_is_in_the_registry_and_the_other_way_round(registry):
    used = {name for path in SOURCES for name in re.findall(r'"Seatrial\.1\.0\.(\w+)"', path.read_text())}
    assert used == set(registry["Messages"])


def test_document_names_each_message_with_its_arguments(registry):
    rows = re.findall(r"(?m)^\| `Seatrial\.1\.0\.(\w+)` \| ([^|]+) \| (.+) \|$", DOCUMENT.read_text())
    told = {name: (arguments.strip().split(", "), text.strip().strip("`")) for name, arguments, text in rows}
    assert told == {name: (message["ArgDescriptions"], message["Message"])
                    for name, message in registry["Messages"].items()}


def test_gap_of_the_service_is_as_the_registry_has_it(service, registry):
    account = service.account()
    answer = service.request("POST", SYSTEM + "/LogServices/Provisioning/Entries", entry(3, 4), service.login(account))
    info, = answer.body["error"]["@Message.ExtendedInfo"]
    message = registry["Messages"]["SequenceGap"]
    assert info["MessageId"] == "Seatrial.1.0.SequenceGap"
    assert len(info["MessageArgs"]) == message["NumberOfArgs"]
    assert info["Resolution"] == message["Resolution"]
    expected = message["Message"]
    for number, argument in enumerate(info["MessageArgs"], 1):
        expected = expected.replace(f"%{number}", argument)
    assert info["Message"] == expected


def test_every_example_is_a_real_exchange(service):
    """Each request of the document, in its order, with the session that the service gives in place of the example's."""
    service.control("operator-account", **ACCOUNT)
    service.control("system", set={"Boot": {"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Diags"},
                                   "Oem": {"Seatrial": {"Plan": {"trial.memory.passes": "2",
                                                                 "production.then": "poweroff"}}}})
    token = session = sent = None
    exchanges = 0
    for start, headers, body in messages():
        if not start.startswith("HTTP"):
            method, path, _ = start.split()
            if "X-Auth-Token" in headers:
                headers["X-Auth-Token"] = token
            if "/Sessions/" in path:
                path = session
            sent = service.request(method, path, body, headers)
            token = token or sent.headers["X-Auth-Token"]
            session = session or sent.headers["Location"]
        elif sent:
            assert int(start.split()[1]) == sent.status
            assert shape({name: sent.headers[name] for name in headers if name != "X-Auth-Token"}) == \
                shape({name: value for name, value in headers.items() if name != "X-Auth-Token"})
            if body:
                assert shape(sent.body) == shape(body)
            exchanges += 1
            sent = None
    assert exchanges == 5
    assert service.control("status")["sessions"] == 0
