# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMC's Redfish service as a process: its end, the faults that a test can ask of it, what it keeps a log of."""

import http.client
import os
import signal
import socket
import ssl
import subprocess
import threading

import pytest
from bmc_service import BUILD, ENTRIES, SESSIONS, SYSTEM, TIMEOUT, entry, message_id, numbers
from bmc_service import service  # noqa: F401, fixture


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
