# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC's Redfish service as a process of its own, for the tests of what it promises."""

import collections
import hashlib
import http.client
import json
import pathlib
import signal
import socket
import ssl
import subprocess

import pytest

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
