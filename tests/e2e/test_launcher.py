# SPDX-License-Identifier: GPL-3.0-or-later
"""The launcher: what it says of a machine that does not come up, and that it leaves nothing behind, however it ends."""

import dataclasses
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess

import pytest
import rom
import smbios
from accel import _probe_rom
from children import ChildFailed
from console import Console
from machine import ROOT, Configuration, Machine, MachineError

RUN = ROOT / "scripts/qemu/run"


@pytest.fixture
def flash(tmp_path):
    """Makes a flash image that says a text."""
    def make(text, then=rom.HALT):
        path = tmp_path / "rom.fd"
        path.write_bytes(rom.speaking(text, then))
        return path
    return make


def bare(flash):
    """A machine of flash alone."""
    return Configuration(flash=flash, disk=None, bmc=False, usb_net=False)


# --- the console ---------------------------------------------------------------------------------------------------

def test_console_is_searched_as_plain_text(tmp_path):
    console = Console(tmp_path / "log")
    console.feed(b"\x1b[2J\x1b[01;01H\x1b]0;title\x07ab\x1b[1;31mcd\x1b(B\r\nef\rgh")
    assert console.text == "abcd\nef\ngh"
    assert (tmp_path / "log").read_bytes().startswith(b"\x1b[2J")


def test_console_text_does_not_depend_on_how_it_is_cut(tmp_path):
    whole = b"one\r\n\x1b[1;31mtwo\x1b[0m\x1b]0;t\x1b\\\x1b(B three\r\n"
    for cut in range(len(whole)):
        console = Console(tmp_path / "log")
        console.feed(whole[:cut])
        console.feed(whole[cut:])
        assert console.text == "one\ntwo three\n", cut


def test_console_search_goes_on_behind_the_last_match(tmp_path):
    console = Console(tmp_path / "log")
    console.feed(b"boot 1\nboot 2\n")
    assert [console.search(r"^boot (\d)")[1], console.search(r"^boot (\d)")[1]] == ["1", "2"]
    assert console.search(r"^boot (\d)") is None


# --- the machine ---------------------------------------------------------------------------------------------------

def test_machine_shows_its_console(flash, tmp_path):
    with Machine(tmp_path / "run", bare(flash("hello\r\n"))) as machine:
        assert machine.wait_for(r"^hello\n", 30)
    assert (tmp_path / "run/console.log").read_bytes() == b"hello\r\n"


def test_waiting_ends_when_the_time_is_over(flash, tmp_path):
    with Machine(tmp_path / "run", bare(flash("hello\r\n"))) as machine:
        with pytest.raises(MachineError, match="more than 1 s until its console showed 'never'(.|\n)*hello"):
            machine.wait_for("never", 1)


def test_waiting_ends_when_the_guest_does(flash, tmp_path):
    configuration = dataclasses.replace(bare(flash("bye\r\n", rom.RESET)), options=("-no-reboot",))
    with Machine(tmp_path / "run", configuration) as machine:
        with pytest.raises(MachineError, match=r"ended \(guest-reset\)(.|\n)*bye"):
            machine.wait_for("never", 30)


def test_a_match_in_the_last_words_counts(flash, tmp_path):
    configuration = dataclasses.replace(bare(flash("last words\r\n", rom.RESET)), options=("-no-reboot",))
    with Machine(tmp_path / "run", configuration) as machine:
        machine.wait_for_end(30)
        assert machine.wait_for("last words", 0)


def test_a_power_button_that_nobody_minds_ends_in_pulling_the_plug(flash, tmp_path):
    with Machine(tmp_path / "run", bare(flash("hello\r\n"))) as machine:
        machine.wait_for("hello", 30)
        assert machine.power_off(1) is False
        assert machine.shutdown == "host-qmp-quit"


def test_qemu_that_does_not_start_is_quoted(flash, tmp_path):
    configuration = dataclasses.replace(bare(flash("")), options=("-device", "no-such-device"))
    with pytest.raises(MachineError, match="qemu exited 1(.|\n)*no-such-device"):
        with Machine(tmp_path / "run", configuration):
            pass


def test_a_missing_image_names_what_builds_it(tmp_path):
    with pytest.raises(MachineError, match="make build/flash.fd"):
        with Machine(tmp_path / "run", Configuration(flash=tmp_path / "none")):
            pass


def test_a_bmc_that_dies_is_told_of(flash, tmp_path):
    with Machine(tmp_path / "run", dataclasses.replace(bare(flash("hello\r\n")), bmc=True)) as machine:
        machine.wait_for("hello", 30)
        os.kill(next(child.process.pid for child in machine._children if child.name == "ipmi_sim"), signal.SIGKILL)
        with pytest.raises(ChildFailed, match="ipmi_sim was ended by SIGKILL"):
            machine.wait_for("never", 30)


def test_a_reset_of_the_guest_reaches_the_bmc(flash, tmp_path):
    with Machine(tmp_path / "run", dataclasses.replace(bare(flash("hello\r\n")), bmc=True)) as machine:
        machine.wait_for("hello", 30)
        machine.bmc.control("bootstrap-account", keepEnabled=False)
        assert machine.bmc.status()["accounts"] == 1
        machine.qmp("system_reset")
        machine.wait_for("hello", 30)
        assert machine.resets == 1
        assert (machine.bmc.status()["accounts"], machine.bmc.status()["bootstrapping"]) == (0, "enabled")


def test_acceleration_probe_ends_qemu_from_the_guest(tmp_path):
    image = tmp_path / "probe.rom"
    image.write_bytes(_probe_rom())
    # Under TCG, which always works: that a probe under KVM ends this way is what it proves.
    ended = subprocess.run(["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-m", "16M", "-nodefaults",
                            "-display", "none", "-bios", image, "-device", "isa-debug-exit,iobase=0x501"],
                           timeout=30, check=False)
    assert ended.returncode == 0x2A * 2 + 1


# --- SMBIOS --------------------------------------------------------------------------------------------------------

def test_redfish_over_ip_record_has_its_fields_where_they_belong():
    record = smbios.redfish_over_ip("00112233-4455-6677-8899-aabbccddeeff", host="169.254.0.18", host_mask="255.255.0.0",
                                    address="169.254.0.17", mask="255.255.0.0", port=0x1234, vlan=7, hostname="bmc")
    assert record[:2] == bytes([4, 0x5B + 3])
    data = record[2:]
    assert data[:16].hex() == "33221100554477668899aabbccddeeff"
    assert data[0x10:0x16] == bytes([1, 1, 169, 254, 0, 18])
    assert data[0x22:0x26] == bytes([255, 255, 0, 0])
    assert data[0x32:0x38] == bytes([1, 1, 169, 254, 0, 17])
    assert data[0x44:0x48] == bytes([255, 255, 0, 0])
    assert struct.unpack_from("<HIB", data, 0x54) == (0x1234, 7, 3)
    assert data[0x5B:] == b"bmc"


def test_usb_v2_device_data_has_the_lengths_of_both_versions():
    assert len(smbios.usb_v2(0x0525, 0xA4A2, "40:5e:a7:1a:10:01")) == 0x11
    assert smbios.usb_v2(0x0525, 0xA4A2, "40:5e:a7:1a:10:01")[:13].hex() == "04112505a2a400405ea71a1001"
    assert len(smbios.usb_v2_short(0x0525, 0xA4A2, "40:5e:a7:1a:10:01")) == 0x0D


# --- the launcher's end --------------------------------------------------------------------------------------------

def children_of(pid):
    """Pids of the processes whose parent is pid."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def wait_for_output(descriptor, text, seconds=60):
    seen = b""
    while text not in seen:
        assert select.select([descriptor], [], [], seconds)[0], f"the launcher did not print {text}: {seen}"
        data = os.read(descriptor, 4096)
        assert data, f"the launcher ended before it printed {text}: {seen}"
        seen += data


def all_end(descriptors, seconds=15):
    """Whether all these processes end in time."""
    waiting = set(descriptors)
    while waiting:
        ended = select.select(list(waiting), [], [], seconds)[0]
        if not ended:
            return False
        waiting -= set(ended)
    return True


def launch(flash, tmp_path, *, terminal):
    """Starts `run` on a terminal of its own or on a pipe. Gives the process and the end that reads what it prints."""
    argv = [str(RUN), "--flash", str(flash), "--no-disk", "--output", str(tmp_path / "run"), "--memory", "64M"]
    if not terminal:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return process.pid, process.stdout.fileno(), process
    pid, master = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    return pid, master, None


ENDINGS = {
    "SIGINT": lambda pid, _: os.kill(pid, signal.SIGINT),
    "SIGTERM": lambda pid, _: os.kill(pid, signal.SIGTERM),
    "SIGHUP": lambda pid, _: os.kill(pid, signal.SIGHUP),
    "SIGKILL": lambda pid, _: os.kill(pid, signal.SIGKILL),
    "Ctrl-C": lambda _, terminal: os.write(terminal, b"\x03"),
    "closed terminal": lambda _, terminal: os.close(terminal),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("repetition", range(3))
def test_nothing_outlives_the_launcher(flash, tmp_path, ending, repetition):
    on_terminal = ending in ("Ctrl-C", "closed terminal")
    pid, output, process = launch(flash("I live\r\n"), tmp_path, terminal=on_terminal)
    launcher = os.pidfd_open(pid)
    wait_for_output(output, b"I live")
    children = children_of(pid)
    assert len(children) == 3               # bmc-redfish, ipmi_sim, QEMU
    descriptors = [os.pidfd_open(child) for child in children]

    ENDINGS[ending](pid, output)

    assert all_end([launcher, *descriptors])
    status = process.wait() if process else os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status != 0
    for descriptor in [launcher, *descriptors]:
        os.close(descriptor)
    if on_terminal and ending != "closed terminal":
        os.close(output)


@pytest.mark.parametrize("wanted", [1, 2, 3])
def test_nothing_outlives_a_launcher_that_is_killed_while_it_starts(flash, tmp_path, wanted):
    """Killed as soon as it has so many children."""
    pid, _, process = launch(flash("I live\r\n"), tmp_path, terminal=False)
    children = []
    while len(children) < wanted:
        assert process.poll() is None, process.stdout.read()
        children = children_of(pid)
    descriptors = [os.pidfd_open(child) for child in children]
    process.kill()
    process.wait()
    assert all_end(descriptors)
    for descriptor in descriptors:
        os.close(descriptor)


# --- the run -------------------------------------------------------------------------------------------------------

def run(flash, tmp_path, *more):
    return subprocess.run([RUN, "--flash", flash, "--no-disk", "--output", tmp_path / "run", *more],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False, text=True)


def test_run_fails_with_the_reason_at_the_rescue_shell(flash, tmp_path):
    ended = run(flash("seatrial: rescue shell: no disk\r\n"), tmp_path)
    assert ended.returncode == 1
    assert "nobody sits at the rescue shell: no disk" in ended.stderr


def test_run_fails_when_the_guest_resets(flash, tmp_path):
    ended = run(flash("oh\r\n", rom.RESET), tmp_path)
    assert ended.returncode == 1
    assert "the guest ended (guest-reset) before its production OS was up" in ended.stderr


def test_run_fails_when_the_kernel_panics(flash, tmp_path):
    ended = run(flash("[ 1.0] Kernel panic - not syncing: no init\r\n"), tmp_path)
    assert ended.returncode == 1
    assert "the kernel panicked: no init" in ended.stderr


def test_run_fails_when_the_time_is_over(flash, tmp_path):
    ended = run(flash("oh\r\n"), tmp_path, "--limit", "2")
    assert ended.returncode == 1
    assert "it took the guest more than 2 s until its production OS was up" in ended.stderr


def test_run_leaves_what_the_machine_said(flash, tmp_path):
    run(flash("seatrial: rescue shell: no disk\r\n"), tmp_path)
    assert (tmp_path / "run/console.log").read_bytes() == b"seatrial: rescue shell: no disk\r\n"
    assert (tmp_path / "run/journal.jsonl").exists()


def test_run_lets_a_person_type_and_leave(flash, tmp_path):
    """Every key is the guest's, Ctrl-C too, but Ctrl-], which ends the run."""
    pid, master = pty.fork()
    if pid == 0:
        os.execv(RUN, [str(RUN), "--flash", str(flash("I live\r\n", rom.ECHO)), "--no-disk", "--interactive",
                       "--output", str(tmp_path / "run")])
    launcher = os.pidfd_open(pid)
    wait_for_output(master, b"I live")
    os.write(master, b"\x03")
    wait_for_output(master, b"C")
    os.write(master, b"\x1d")
    wait_for_output(master, b"ended from the keyboard")
    assert all_end([launcher])
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    os.close(launcher)
    os.close(master)
