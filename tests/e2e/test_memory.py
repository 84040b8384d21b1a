# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory trial on whole machines: how much of the memory it reaches, and what it says of faults in it."""

import concurrent.futures
import contextlib
import dataclasses
import io
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import tarfile
import tempfile

import memory
import ocp
import pytest
import small_guest
from machine import Configuration, Machine, MachineError

from conftest import BUILD, QUICK, ROOT, SECONDS

STARTING = r"^seatrial: starting (.*)\n"
RESCUE = r"^seatrial: rescue shell: (.*)\n"
LEFT = r"March C-, .* left"
INJECT = BUILD / "tests/inject"

# How often the drills with random faults are done, and those without any; what the first one's random numbers begin
# with, and the guests whose coverage is looked at. `make faults` and `make coverage` do all that is promised.
RUNS = int(os.environ.get("SEATRIAL_FAULT_RUNS", "3"))
CLEAN_RUNS = int(os.environ.get("SEATRIAL_CLEAN_RUNS", "1"))
LEG_RUNS = int(os.environ.get("SEATRIAL_LEG_RUNS", "1"))
SEED = int(os.environ.get("SEATRIAL_FAULT_SEED", "0")) or random.randrange(1 << 32)
PROCESSORS = os.environ.get("SEATRIAL_PROCESSORS", "8")
GUESTS = os.environ.get("SEATRIAL_COVERAGE", "4G").split()

WHOLE = {**QUICK, "trial.run": "memory", "trial.memory.size": "100%"}
TESTED = {**WHOLE, "trial.memory.passes": "2", "trial.memory.reach": "locked"}

FOUR_MODULES = {"memory": f"{4 * memory.MODULE_MIB}M", "memory_modules": memory.four_modules()}


@pytest.fixture
def power_on(make_flash, acceleration, tmp_path):
    """power_on(settings, what differs from the usual machine): the machine, as a context."""
    def start(settings, **changes):
        configuration = dataclasses.replace(Configuration(flash=make_flash(settings)), **changes)
        return Machine(tmp_path / "run", configuration, acceleration=acceleration)
    return start


@pytest.fixture
def memory_file():
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        yield pathlib.Path(file.name)


def memory_step(machine, result):
    """The last memory step's artifacts: {kind: [content]}."""
    records = machine.bmc.journal()
    assert ocp.check(records) == []
    run = [run for run in ocp.split_runs(records) if ocp.stage(run) == "trial"][-1]
    assert ocp.result(run) == ("COMPLETE", result)
    return {kind: ocp.of_step(run, "memory", kind) for kind in ("diagnosis", "measurement", "extension", "log")}


def extension(step, name):
    content, = [e["content"] for e in step["extension"] if e["name"] == name]
    return content


def ranges(text):
    return [tuple(int(end, 0) for end in part.split("-")) for part in text.split()]


# --- coverage -----------------------------------------------------------------------------------------------------

TWO_NODES = ("-object", "memory-backend-ram,id=m0,size=4G", "-object", "memory-backend-ram,id=m1,size=4G",
             "-numa", "node,nodeid=0,cpus=0,memdev=m0", "-numa", "node,nodeid=1,cpus=1,memdev=m1")


def mib(size):
    return f"{size / (1 << 20):.2f}"


@pytest.mark.parametrize("size", GUESTS)
def test_nearly_all_that_is_installed_is_tested(power_on, size):
    """By the default plan, with its time shortened nowhere; the row is for the README."""
    with power_on({"trial.run": "memory"}, memory=size, options=TWO_NODES if size == "8G" else ()) as machine:
        assert machine.wait_for(STARTING, 2 * SECONDS)[1] == "the second leg of the memory trial"
        step = memory_step(machine, "PASS")
        first = extension(step, "memory-coverage")
        if size == "8G":
            assert any(" on 2 nodes, " in log["message"] for log in step["log"])
            assert "March C- and 1 other" in step["diagnosis"][0]["message"]       # across nodes
        assert "Debian" in machine.wait_for(STARTING, 2 * SECONDS)[1]
        step = memory_step(machine, "PASS")
        machine.wait_for(r"production OS is up", SECONDS)

    second = extension(step, "memory-coverage")
    installed, tested = second["installed"], second["tested"]
    reasons = {reason["reason"].partition(":")[0]: reason["size"] for reason in second["notTested"]}
    assert installed == int(size[:-1]) << 30
    # All is accounted for.
    assert tested + sum(reasons.values()) == installed
    assert sum(module["tested"] for module in second["modules"]) == tested
    assert f"({100 * tested / installed:.1f} %), in two legs, March C-" in step["diagnosis"][0]["message"]

    table = BUILD / "coverage"
    table.mkdir(exist_ok=True)
    (table / size).write_text(f"| {size[:-1]} GiB{', 2 nodes' if size == '8G' else ''} "
                              f"| {100 * first['tested'] / installed:.1f} % | {100 * tested / installed:.2f} % "
                              f"| {mib(reasons.get('hidden by the firmware', 0))} "
                              f"| {mib(reasons.get('needed by every kernel', 0))} "
                              f"| {mib(reasons.get('in use by this kernel and this agent', 0))} |\n")
    assert 100 * tested / installed > (99 if size != "1G" else 98.5)


def test_what_an_operator_wants_holds_in_the_second_leg(power_on):
    override = {"command": "system", "set": {"Boot": {"BootSourceOverrideEnabled": "Once",
                                                      "BootSourceOverrideTarget": "Diags"}}}
    with power_on({**WHOLE, "trial.long": "trial.memory.passes=2"}, memory="512M", bmc_commands=(override,)) as machine:
        assert machine.wait_for(STARTING, SECONDS)[1] == "the second leg of the memory trial"
        assert "the operator wanted a trial" in machine.wait_for(RESCUE, SECONDS)[1]
        runs = ocp.split_runs(machine.bmc.journal())
        first, second = (run for run in runs if ocp.stage(run) == "trial")
        for run in (first, second):
            assert ocp.result(run) == ("COMPLETE", "PASS")
        assert "in two legs" in " ".join(ocp.messages(second))
        for run in (first, second):
            start = next(record["testRunArtifact"]["testRunStart"] for record in run
                         if "testRunStart" in record.get("testRunArtifact", {}))
            assert start["parameters"]["trial.memory.passes"] == "2"
        production = [run for run in runs if ocp.stage(run) == "production"][-1]
        assert "the operator wanted a trial, and the machine held after it" in " ".join(ocp.messages(production))


# --- faults -------------------------------------------------------------------------------------------------------


def test_faults_are_told_to_the_bmc_where_they_are(power_on, memory_file):
    print(f"seed {SEED}")
    with power_on(TESTED, memory_file=memory_file, **FOUR_MODULES) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        with memory.TestedPages(memory_file) as pages:
            faults = memory.draw_faults(random.Random(SEED), pages.wait_for(64, SECONDS))
        print("\n".join(fault.text for fault in faults))
        with memory.Injector(INJECT, memory_file, faults):
            assert "the trial has failed" in machine.wait_for(RESCUE, SECONDS)[1]
        step = memory_step(machine, "FAIL")
        memory.check_found(faults, extension(step, "bad-pages"))
        wrong = {memory.module_at(fault.words[0]) for fault in faults if len(fault.words) == 1}
        assert wrong <= {d["hardwareInfoId"].removeprefix("dimm-") for d in step["diagnosis"]}
        tested = ranges(extension(step, "memory-coverage")["ranges"])
        for fault in faults:
            assert any(start <= fault.page <= end for start, end in tested)


@pytest.mark.parametrize("seed", range(SEED, SEED + LEG_RUNS))
def test_faults_that_only_the_second_leg_reaches_are_found(power_on, memory_file, seed):
    print(f"seed {seed}")
    with power_on({**WHOLE, "trial.memory.time": "10s"}, memory_file=memory_file, **FOUR_MODULES) as machine:
        assert machine.wait_for(STARTING, SECONDS)[1] == "the second leg of the memory trial"
        first = ranges(extension(memory_step(machine, "PASS"), "memory-coverage")["ranges"])
        machine.wait_for(r"^discovery ", SECONDS)
        with memory.TestedPages(memory_file, 4096, first) as pages:
            machine.wait_for(r"^trial ", SECONDS)
            blocks = pages.wait_for(2000, SECONDS)
        faults = memory.draw_faults(random.Random(seed), blocks, 4096)
        print("\n".join(fault.text for fault in faults))
        with memory.Injector(INJECT, memory_file, faults):
            assert "the trial has failed" in machine.wait_for(RESCUE, SECONDS)[1]
        step = memory_step(machine, "FAIL")
        assert "in two legs" in step["diagnosis"][0]["message"]
        memory.check_found(faults, extension(step, "bad-pages"))


def test_a_data_line_is_told_from_its_cells(power_on, memory_file):
    with power_on(TESTED, memory="512M", memory_file=memory_file) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        with memory.TestedPages(memory_file) as pages:
            page = pages.wait_for(64, SECONDS)[20]
        fault = memory.Fault(f"line:{page}:{128 << 10}:13:1", page, 1 << 13)
        with memory.Injector(INJECT, memory_file, [fault]):
            assert "the trial has failed" in machine.wait_for(RESCUE, SECONDS)[1]
        diagnosis, = memory_step(machine, "FAIL")["diagnosis"]
        assert re.match(rf"DIMM_A 0: data line 13 stuck at 1, \d+ addresses in 32 pages from {page:#x};",
                        diagnosis["message"])


def test_production_boots_without_a_bad_page_where_the_plan_says_so(power_on, memory_file):
    settings = {**TESTED, "trial.memory.reach": "second-leg", "trial.memory.exclude": "1",
                "production.options": "loglevel=7"}
    with power_on(settings, memory="512M", memory_file=memory_file) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        with memory.TestedPages(memory_file) as pages:
            page = pages.wait_for(64, SECONDS)[20]
        with memory.Injector(INJECT, memory_file, [memory.Fault(f"stuck:{page * 8}:1", page, 1)]):
            assert machine.wait_for(STARTING, SECONDS)[1] == "the second leg of the memory trial"
            first = memory_step(machine, "FAIL")
            assert f"one cell, bit 0 of the word at {page:#x}, stuck at 1" in first["diagnosis"][0]["message"]
            assert "Debian" in machine.wait_for(STARTING, SECONDS)[1]
            assert [d["verdict"] for d in memory_step(machine, "PASS")["diagnosis"]] == ["memory-ok"]
            assert "bad memory is left out of the production OS" in " ".join(machine.console.text.split())
            machine.wait_for(rf"user: \[mem {page:#018x}-{page + 0xfff:#018x}\] reserved", SECONDS)
            machine.wait_for(r"production OS is up", SECONDS)


class Drill:
    """The trial again and again in one small guest, each time after a word from here."""

    SCRIPT = """
exec 3<>/dev/ttyS2
stty raw -echo <&3
for i in $(seq 1 {runs}); do
    echo ready >&3
    read go <&3
    seatrial trial memory --json --time {seconds}s >$i.jsonl
    echo "done $?" >&3
    read go <&3
done
"""

    # Some passes: what couples cells that two threads come to at the same moment is found in another one.
    def __init__(self, directory, memory_file, runs, seconds=8):
        self._directory, self._file, self._runs, self._seconds = directory, memory_file, runs, seconds
        self._path = directory / "go"
        self._buffer = b""

    def __enter__(self):
        blobs = []
        self._directory.mkdir(parents=True, exist_ok=True)
        for number, blob in enumerate(memory.four_modules()):
            path = self._directory / f"module-{number}.bin"
            path.write_bytes(blob)
            blobs += ["-smbios", f"file={path}"]
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._path))
        listener.listen()
        size = FOUR_MODULES["memory"]
        machine = [*blobs, "-machine", "memory-backend=ram",
                   "-object", f"memory-backend-file,id=ram,size={size},mem-path={self._file},share=on",
                   "-chardev", f"socket,id=go,path={self._path}", "-serial", "chardev:go"]
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self._guest = self._pool.submit(small_guest.run, self._directory,
                                        self.SCRIPT.format(runs=self._runs, seconds=self._seconds), machine=machine,
                                        memory=size, seconds=SECONDS + 30 * self._runs)
        listener.settimeout(SECONDS)
        self._line, _ = listener.accept()
        listener.close()
        self._line.settimeout(SECONDS)
        return self

    def hear(self):
        while b"\n" not in self._buffer:
            data = self._line.recv(4096)
            assert data, "the guest has ended"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode().strip()

    def say(self, word):
        self._line.sendall(word.encode() + b"\n")

    def results(self):
        """What each run has told, from its journal."""
        with tarfile.open(fileobj=io.BytesIO(self._guest.result())) as archive:
            for number in range(1, self._runs + 1):
                lines = archive.extractfile(f"./{number}.jsonl").read().splitlines()
                yield [json.loads(line) for line in lines]

    def __exit__(self, *_):
        self._line.close()
        self._pool.shutdown()


def contents(artifacts, kind):
    return [artifact[kind] for artifact in artifacts if kind in artifact]


def test_random_faults_are_found_and_sound_memory_raises_no_alarm(memory_file, tmp_path):
    seeds = [SEED + run for run in range(RUNS)] + [None] * CLEAN_RUNS
    drawn = []
    with Drill(tmp_path, memory_file, len(seeds)) as drill:
        for seed in seeds:
            assert drill.hear() == "ready"
            faults = []
            with contextlib.ExitStack() as held:
                with memory.TestedPages(memory_file) as pages:
                    drill.say("go")
                    if seed is not None:
                        faults = memory.draw_faults(random.Random(seed), pages.wait_for(64, SECONDS))
                        print(f"seed {seed}:", *(fault.text for fault in faults))
                        held.enter_context(memory.Injector(INJECT, memory_file, faults))
                status = drill.hear()
            drawn.append(faults)
            drill.say("on")
            assert status == f"done {1 if faults else 0}", seed
        results = list(drill.results())

    for seed, faults, artifacts in zip(seeds, drawn, results):
        verdicts = {diagnosis["verdict"] for diagnosis in contents(artifacts, "diagnosis")}
        if not faults:
            assert verdicts == {"memory-ok"}
            continue
        assert verdicts == {"memory-data-miscompare"}, seed
        bad, = [e["content"] for e in contents(artifacts, "extension") if e["name"] == "bad-pages"]
        memory.check_found(faults, bad)
    print(f"{len(seeds) - CLEAN_RUNS} runs with {sum(map(len, drawn))} faults, all found; {CLEAN_RUNS} without, no alarm")


# --- what the hardware notices -------------------------------------------------------------------------------------

INTEL = ("-cpu", "max,vendor=GenuineIntel")     # for its machine checks


def inject_machine_check(machine, arguments):
    answer = machine.qmp("human-monitor-command", **{"command-line": f"mce {arguments}"})
    assert answer.strip() == ""


@pytest.mark.parametrize("address", [0x0a000040, 0x1a000040])
def test_a_corrected_error_is_blamed_on_its_module(power_on, address):
    with power_on({**TESTED, "trial.memory.time": "5s", "trial.memory.size": "64M"}, options=INTEL,
                  **FOUR_MODULES) as machine:
        machine.wait_for(LEFT, SECONDS)
        # The last field says that the address is good to 64 bytes.
        inject_machine_check(machine, f"0 9 0x9c00000000000090 0 {address:#x} 0x86")
        machine.wait_for(RESCUE, SECONDS)
        diagnosis, = memory_step(machine, "FAIL")["diagnosis"]
        module = memory.module_at(address)
        assert diagnosis["verdict"] == "memory-corrected-errors"
        assert diagnosis["hardwareInfoId"] == f"dimm-{module}"
        assert re.match(rf"{module}( \(by the interleave in SMBIOS\))?: 1 corrected and 0 uncorrected error noticed by "
                        rf"the hardware at {address:#x}", diagnosis["message"])


def test_an_uncorrected_error_costs_its_page_and_the_trial_goes_on(power_on, memory_file):
    # One processor: a second one may wait in the kernel for the first just then, and there the error is fatal.
    with power_on({**TESTED, "trial.memory.time": "20s"}, memory_file=memory_file, cpus=1, options=INTEL,
                  **FOUR_MODULES) as machine:
        machine.wait_for(r"^trial ", SECONDS)
        with memory.TestedPages(memory_file) as pages:
            # In the part where modules do not take turns.
            page = [page for page in pages.wait_for(100, SECONDS) if page < 2 * memory.MODULE_MIB << 20][-1]
        module = memory.module_at(page)
        # An SRAR error as the processor signals it to all others: data load, restartable. QEMU drops it where a
        # processor is just in another machine check's handler or has them off.
        for _ in range(5):
            inject_machine_check(machine, f"-b 0 9 0xbd80000000000134 7 {page + 0x5000:#x} 0x8c")
            with contextlib.suppress(MachineError):
                machine.wait_for(r"Memory failure: .* Recovered", 3)
                break
        machine.wait_for(RESCUE, SECONDS)
        step = memory_step(machine, "FAIL")
        noticed = [d for d in step["diagnosis"] if d["verdict"] == "memory-uncorrected-error"]
        assert {d["hardwareInfoId"] for d in noticed} == {f"dimm-{module}"}
        messages = [d["message"] for d in noticed]
        assert f"{module}: an uncorrected error at physical address {page:#x}; 2 MiB from there are left out " \
               "of the test" in messages
        assert any(f"1 uncorrected error noticed by the hardware at {page + 0x5000:#x}" in m for m in messages)
        assert not any(d["verdict"] == "memory-data-miscompare" for d in step["diagnosis"])
        tested = ranges(extension(step, "memory-coverage")["ranges"])
        assert not any(start <= page <= end for start, end in tested)


# --- machines of other shapes --------------------------------------------------------------------------------------

# Prints the trial's last lines, and leaves its status and its report.
TRIAL = """
trial() {
    seatrial trial memory --json "$@" >$name.jsonl 2>$name.err
    echo $? >$name.exit
}
"""


class Told:
    """What a trial in a small guest has left."""

    def __init__(self, archive, name):
        def read(suffix):
            return archive.extractfile(f"./{name}.{suffix}").read().decode()
        self.status = int(read("exit"))
        self.errors = read("err")
        self.artifacts = [json.loads(line) for line in read("jsonl").splitlines()]

    def texts(self, kind):
        return [content["message"] for content in contents(self.artifacts, kind)]

    @property
    def holding(self):
        """Pages, threads, nodes and instruction set."""
        return next(text for text in self.texts("log") if "2 MiB pages" in text)


def run_small(directory, script, names, **more):
    with tarfile.open(fileobj=io.BytesIO(small_guest.run(directory, TRIAL + script, **more))) as archive:
        return {name: Told(archive, name) for name in names}, archive.extractfile("./kernel").read().decode()


def test_without_huge_pages_without_memory_and_beside_a_hog(tmp_path):
    told, kernel = run_small(tmp_path, r"""
mkdir /hog
mount -t tmpfs -o size=100% hog /hog
name=usual; trial
mount -o remount,ro /sys
name=small; trial
mount -o remount,rw /sys
available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
dd if=/dev/zero of=/hog/hog bs=1M count=$((available / 1024 - 20))
name=none; trial
rm /hog/hog
name=hog; trial --time 1h &
until grep -q 'HugePages_Total: *[1-9][0-9]' /proc/meminfo; do sleep 0.1; done
dd if=/dev/zero of=/hog/hog bs=1M count=200
wait
rm -f /hog/hog
dmesg >kernel
""", ["usual", "small", "none", "hog"])
    for name in ("usual", "small"):
        assert told[name].status == 0
        assert told[name].texts("diagnosis")[0].endswith("March C-, no miscompare")
    assert not told["usual"].holding.startswith("0 B in 2 MiB pages")
    assert told["small"].holding.startswith("0 B in 2 MiB pages")
    # One line says why not.
    assert told["none"].status == 3
    assert told["none"].texts("error") == ["No memory could be had for the test: Cannot allocate memory"]
    # Who has to go when somebody else needs memory is the trial, and that is told.
    assert told["hog"].status == 3
    assert told["hog"].texts("error") == ["The memory trial was killed by signal 9 (Killed)."]
    # The kernel may take a second one before the first has given its pages back.
    killed = re.findall(r"Killed process \d+ \((.*?)\)", kernel)
    assert killed[0] == "seatrial" and set(killed) <= {"seatrial", "dd"}


def test_pages_that_are_set_aside_are_tested_first(tmp_path):
    told, _ = run_small(tmp_path, "name=trial; trial --size 1200M; dmesg >kernel\n", ["trial"], memory="4G", cpus="1",
                        command_line="hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=64")
    assert told["trial"].status == 0
    assert told["trial"].holding.startswith("1 GiB in 1 GiB pages, 176 MiB in 2 MiB pages, 0 B in others")


@pytest.mark.parametrize("cpus, options, threads, loops", [
    ("1", ("-cpu", "qemu64"), "1 thread on 1 node", "SSE2"),
    (PROCESSORS, (), f"{PROCESSORS} threads on 1 node", "AVX2"),
])
def test_one_processor_many_and_an_old_one(tmp_path, cpus, options, threads, loops):
    told, kernel = run_small(tmp_path, "name=trial; trial --size 64M\ndmesg >kernel\n", ["trial"], cpus=cpus, machine=options,
                             memory="1G", seconds=2 * SECONDS)
    assert told["trial"].status == 0
    assert told["trial"].holding.endswith(f"; {threads}, {loops}")
    assert "64 MiB of 1 GiB tested" in told["trial"].texts("diagnosis")[0]
    assert "Out of memory" not in kernel


def test_readme_has_the_matrix_of_patterns_and_faults():
    program = BUILD / "ship/tests/unit/test-march-matrix"
    table = subprocess.run([program, "--table"], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert table in (ROOT / "README.md").read_text()
