# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the agent trusts, how it is let in, and what it lets the BMC say about a boot."""

import dataclasses
import datetime
import json
import shutil
import subprocess

import ocp
import pytest
from bmc import Bmc
from children import stop
from machine import SERVICE_UUID, SYSTEM_SERIAL, SYSTEM_UUID, Configuration, Machine, redfish_host_interface
from test_failures import PROMPT, RESCUE, STARTING, ask, runs_at_bmc

from conftest import QUICK, SECONDS, said

# As far as the BMC is met, and no further.
BRIEF = {**QUICK, "trial.run": "none", "production.then": "poweroff"}
NO_FINGERPRINT = {"ipmi": "fingerprint", "action": "completion-code", "completionCode": 0xc1}


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Authority:
    """A certificate authority of its own folder, as bmc-redfish takes it."""

    def __init__(self, directory):
        self.directory = directory
        self.certificate, self.key = directory / "ca.pem", directory / "ca-key.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={directory.name}", "-keyout", self.key, "-out", self.certificate)

    def sign(self, name, path, alternative=None):
        """A certificate for name, or for an alternative such as "IP:10.0.2.2", and its key, in one file."""
        request, key, certificate = (self.directory / f"{name}{suffix}" for suffix in (".csr", ".key", ".crt"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\n" if alternative else "")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", "2", "-out", certificate, "-extfile", extensions)
        path.write_text(certificate.read_text() + key.read_text())


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def power_on(make_flash, acceleration, tmp_path):
    """power_on(settings, site, what differs from the usual machine): the machine, as a context."""
    def start(settings, site=None, **changes):
        configuration = dataclasses.replace(Configuration(flash=make_flash(settings, site)), **changes)
        return Machine(tmp_path / "run", configuration, acceleration=acceleration)
    return start


@pytest.fixture
def site(tmp_path):
    directory = tmp_path / "site"
    directory.mkdir()
    return directory


# --- whom to trust -------------------------------------------------------------------------------------------------

def test_authority_in_the_image_vouches_for_a_bmc_without_fingerprint(power_on, authority, site):
    shutil.copy(authority.certificate, site / "bmc-ca.pem")
    with power_on(BRIEF, site, bmc_options=("--authority", authority.directory), faults=(NO_FINGERPRINT,)) as machine:
        machine.wait_for_end(SECONDS)
        assert "certificate signed by an authority in the image" in said(machine)
        assert set(runs_at_bmc(machine)) == {"discovery", "trial", "production"}
        assert machine.bmc.status()["sessions"] == 0


def test_a_bmc_by_another_authority_gets_no_request(power_on, authority, site, tmp_path):
    (tmp_path / "other").mkdir()
    shutil.copy(Authority(tmp_path / "other").certificate, site / "bmc-ca.pem")
    with power_on(BRIEF, site, bmc_options=("--authority", authority.directory), faults=(NO_FINGERPRINT,)) as machine:
        machine.wait_for_end(SECONDS)
        assert "no authority in the image vouches for the certificate" in said(machine)
        status = machine.bmc.status()
        assert status["accepted"] > 0
        assert (status["requests"], status["accounts"]) == (0, 0)


def test_a_man_in_the_middle_gets_no_request_and_is_in_the_event_log(power_on, tmp_path):
    """He has the BMC's address, a certificate of his own, and all that it takes to be taken for it."""
    men, between = Bmc(tmp_path / "between", programs=Configuration.bmc_programs,
                       configuration=Configuration.bmc_configuration, system_uuid=SYSTEM_UUID,
                       service_uuid=SERVICE_UUID, serial=SYSTEM_SERIAL), []
    men.start_redfish(between)
    try:
        with power_on(BRIEF, host_interfaces=lambda port: [redfish_host_interface(men.redfish_port)]) as machine:
            machine.wait_for_end(SECONDS)
            assert said(machine).count("does not match the fingerprint: nothing was sent") == 1
            status = men.status()
            assert status["accepted"] > 0       # he was met
            assert status["requests"] == 0
            assert machine.bmc.status()["requests"] == 0
            assert "Platform Security" in machine.bmc.ipmitool("sel", "elist")
    finally:
        stop(between)


def test_first_use_is_told_of_and_kept_for_the_next_boot(power_on):
    settings = {**BRIEF, "bmc.trust": "first-use", "production.then": "rescue"}
    with power_on(settings) as machine:
        machine.wait_for(RESCUE, SECONDS)
        machine.wait_for(PROMPT, SECONDS)
        assert "it is trusted on first use (bmc.trust), and no other from now on" in said(machine)
        machine.type("reboot\n")
        machine.wait_for(RESCUE, SECONDS)
        assert "certificate is that of the first use" in said(machine)
        machine.wait_for(PROMPT, SECONDS)
        first, second = (ocp.messages(run) for run in ocp.split_runs(machine.bmc.journal())
                         if ocp.stage(run) == "discovery")
        assert any("trusted on first use" in text for text in first)
        assert not any("it is trusted on first use" in text for text in second)


# --- how to be let in ----------------------------------------------------------------------------------------------

def test_client_certificate_needs_no_account(power_on, authority, site):
    authority.sign("seatrial", site / "bmc-client.pem")
    with power_on(BRIEF, site, bmc_options=("--client-authority", authority.certificate)) as machine:
        machine.wait_for_end(SECONDS)
        status = machine.bmc.status()
        assert status["records"] == len(machine.bmc.journal()) > 0
        assert status["accounts"] == 0
        log = (machine.directory / "bmc/access.log").read_text()
        assert "POST /redfish/v1/SessionService/Sessions" not in log and " seatrial\n" in log


def test_account_of_the_image_is_not_shown(power_on, site):
    account = {"userName": "provisioning", "password": "watchword-17"}
    (site / "bmc-account").write_text("".join(f"{value}\n" for value in account.values()))
    settings = {**BRIEF, "production.then": "rescue"}
    with power_on(settings, site, bmc_commands=({"command": "operator-account", **account},)) as machine:
        machine.wait_for(RESCUE, SECONDS)
        machine.wait_for(PROMPT, SECONDS)
        assert machine.bmc.status()["accounts"] == 1
        assert set(runs_at_bmc(machine)) == {"discovery", "trial", "production"}
        for command in ("seatrial plan", "seatrial report --json", "cat /proc/cmdline", "dmesg"):
            assert account["password"] not in ask(machine, command)[0]
        # A person in the rescue shell is let in as the agent was.
        printed, status = ask(machine, "seatrial bmc log")
        assert status == 0 and "discovery: records 0 to" in printed
        assert machine.bmc.status()["sessions"] == 0


# --- what the BMC says ---------------------------------------------------------------------------------------------

def test_plan_of_the_bmc_stands_between_image_and_command_line(power_on):
    plan = {"trial.run": "none", "production.then": "rescue"}
    settings = {**QUICK, "production.then": "poweroff"}
    command = {"command": "system", "set": {"Oem": {"Seatrial": {"Plan": plan}}}}
    with power_on(settings, bmc_commands=(command,)) as machine:
        machine.wait_for_end(SECONDS)
        runs = runs_at_bmc(machine)
        assert "the BMC's share of the plan: 2 settings" in ocp.messages(runs["discovery"])
        assert ocp.result(runs["trial"]) == ("SKIP", "NOT_APPLICABLE")
        start = next(record["testRunArtifact"]["testRunStart"] for record in runs["trial"]
                     if "testRunStart" in record.get("testRunArtifact", {}))
        assert (start["parameters"]["trial.run"], start["parameters"]["production.then"]) == ("none", "poweroff")


def boot_of(machine):
    """The boot override as the BMC has it."""
    return json.loads((machine.directory / "bmc/system.json").read_text())["Boot"]


def override(target, **more):
    return {"command": "system", "set": {"Boot": {"BootSourceOverrideEnabled": "Once",
                                                  "BootSourceOverrideTarget": target, **more}}}


def test_diagnosis_is_a_long_trial_and_a_hold_and_once(power_on):
    settings = {**BRIEF, "trial.run": "processor", "trial.long": "trial.processor.time=700ms"}
    with power_on(settings, bmc_commands=(override("Diags"),)) as machine:
        assert "the operator wanted a trial" in machine.wait_for(RESCUE, SECONDS)[1]
        machine.wait_for(PROMPT, SECONDS)
        assert boot_of(machine)["BootSourceOverrideEnabled"] == "Disabled"
        assert ("the operator wants of this boot: diag (Redfish BootSourceOverrideTarget Diags)"
                in ocp.messages(runs_at_bmc(machine)["discovery"]))
        assert "in 0.7 s" in said(machine)
        machine.type("reboot\n")
        machine.wait_for_end(SECONDS)           # the plan again: power off
        wishes = [text for run in ocp.split_runs(machine.bmc.journal()) for text in ocp.messages(run)
                  if "wants of this boot" in text]
        assert len(wishes) == 1


def test_setup_is_the_rescue_shell_without_a_trial(power_on):
    with power_on(QUICK, bmc_commands=(override("BiosSetup"), {"command": "shape", "etagRequired": True})) as machine:
        assert "the operator wants the rescue shell" in machine.wait_for(RESCUE, SECONDS)[1]
        assert boot_of(machine)["BootSourceOverrideEnabled"] == "Disabled"
        assert ocp.result(runs_at_bmc(machine)["trial"]) == ("SKIP", "NOT_APPLICABLE")


def test_disk_overrides_a_plan_that_would_not_boot(power_on):
    with power_on(BRIEF, bmc_commands=(override("Hdd"),)) as machine:
        machine.wait_for(STARTING, SECONDS)
        assert boot_of(machine)["BootSourceOverrideEnabled"] == "Disabled"


def test_boot_flags_of_ipmi_count_where_redfish_has_none(power_on):
    with power_on(BRIEF) as machine:
        machine.bmc.ipmitool("chassis", "bootdev", "bios")
        assert "the operator wants the rescue shell (IPMI boot flags)" in machine.wait_for(RESCUE, SECONDS)[1]


def test_clock_that_cannot_be_right_is_set_by_the_bmc(power_on):
    with power_on(BRIEF, options=("-rtc", "base=2001-01-01")) as machine:
        machine.wait_for_end(SECONDS)
        runs = runs_at_bmc(machine)
        assert any(text.startswith("the clock could not be right, 2001-01-01T00:0")
                   for text in ocp.messages(runs["discovery"]))
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp = datetime.datetime.fromisoformat(runs["production"][0]["timestamp"].replace("Z", "+00:00"))
        assert abs((now - stamp).total_seconds()) < 120
        assert runs["discovery"][0]["timestamp"].startswith("2001-")
