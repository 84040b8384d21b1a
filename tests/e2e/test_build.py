# SPDX-License-Identifier: GPL-3.0-or-later
"""What the build does when something goes wrong: a cache that is broken, full or asked twice, an option that kconfig drops."""

import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


class Builder:
    """A slow build of one file, in a cache and a folder of its own; it counts how often it has really been run."""

    def __init__(self, directory):
        self.directory = directory
        self.cache = directory / "cache"
        self.output = directory / "out"
        self.runs = directory / "runs"
        self.runs.touch()
        script = directory / "build"
        script.write_text(f"#!/bin/sh\necho x >>{self.runs}\necho content >$1/file\n")
        script.chmod(0o755)
        self.script = script

    def command(self, key="0" * 64, command=None):
        return [TOP / "scripts/cache", "make", "thing", key, self.output, *(command or [self.script])]

    def environment(self):
        return {**os.environ, "XDG_CACHE_HOME": str(self.cache)}

    def make(self, path=os.environ["PATH"], **options):
        return subprocess.run(self.command(**options), env={**self.environment(), "PATH": path}, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def count(self):
        return len(self.runs.read_text().splitlines())

    def entry(self, key="0" * 64):
        return self.cache / "seatrial/thing" / key


@pytest.fixture
def builder(tmp_path):
    return Builder(tmp_path)


def test_output_that_is_there_is_not_touched(builder):
    assert builder.make().returncode == 0
    before = (builder.output / "file").stat().st_mtime_ns
    assert builder.make().stdout == ""
    assert (builder.output / "file").stat().st_mtime_ns == before
    assert builder.count() == 1


def test_second_clone_takes_it_from_the_cache(builder):
    builder.make()
    shutil.rmtree(builder.output)
    assert "thing: taken from" in builder.make().stdout
    assert (builder.output / "file").read_text() == "content\n"
    assert builder.count() == 1


def test_changed_input_is_built_anew(builder):
    builder.make()
    builder.make(key="a" * 64)
    assert builder.count() == 2


def test_broken_entry_is_said_and_built_anew(builder):
    builder.make()
    shutil.rmtree(builder.output)
    (builder.entry() / "file").write_text("cOntent\n")

    said = builder.make()
    assert said.returncode == 0
    assert f"thing: {builder.entry()} is broken; building it anew" in said.stdout
    assert (builder.output / "file").read_text() == "content\n"
    assert (builder.entry() / "file").read_text() == "content\n"
    assert builder.count() == 2


def test_incomplete_entry_is_built_anew(builder):
    builder.make()
    shutil.rmtree(builder.output)
    (builder.entry() / "file").unlink()
    assert "is broken; building it anew" in builder.make().stdout
    assert (builder.output / "file").read_text() == "content\n"


def test_cache_that_cannot_be_made_costs_a_warning(builder):
    builder.cache.write_text("a file, where a folder is wanted\n")
    said = builder.make()
    assert said.returncode == 0
    assert "cannot be written; building without it" in said.stdout
    assert (builder.output / "file").read_text() == "content\n"


def test_full_cache_costs_a_warning(builder):
    builder.script.write_text("#!/bin/sh\nhead -c 1000000 /dev/urandom >$1/file\n")
    programs = builder.directory / "programs"
    programs.mkdir()
    # Below the cache, no file has room for more than 64 KiB.
    (programs / "cp").write_text(f"""#!/bin/sh
case $* in *" {builder.cache}/"*) ulimit -f 128 ;; esac
exec {shutil.which("cp")} "$@"
""")
    (programs / "cp").chmod(0o755)

    said = builder.make(path=f"{programs}:{os.environ['PATH']}")
    assert said.returncode == 0
    assert "thing: could not be kept in" in said.stdout
    assert (builder.output / "file").stat().st_size == 1000000
    assert not builder.entry().exists()


def test_failed_build_leaves_what_was_there(builder):
    builder.make()
    said = builder.make(key="a" * 64, command=["false"])
    assert said.returncode != 0
    assert (builder.output / "file").read_text() == "content\n"
    assert not builder.entry("a" * 64).exists()
    assert [path.name for path in builder.directory.glob("out*")] == ["out"]


def test_two_at_once_build_once(builder, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    builder.script.write_text(f"#!/bin/sh\necho x >>{builder.runs}\ncat {gate} >$1/file\n")
    (tmp_path / "other").mkdir()
    other = Builder(tmp_path / "other")
    other.cache = builder.cache

    first = subprocess.Popen(builder.command(), env=builder.environment())
    # Opening the other end waits until the build has opened its own.
    with gate.open("w") as file:
        second = subprocess.Popen(other.command(), env=builder.environment(), text=True,
                                  stderr=subprocess.PIPE)
        assert "waiting for the build that is under way" in second.stderr.readline()
        file.write("content\n")
    assert first.wait(60) == 0
    assert second.wait(60) == 0
    second.stderr.close()
    assert (other.output / "file").read_text() == "content\n"
    assert (builder.count(), other.count()) == (1, 0)


def test_option_that_kconfig_drops_fails_the_kernel_by_name(tmp_path):
    for folder in ("scripts", "kernel-config"):
        shutil.copytree(TOP / folder, tmp_path / folder)
    (tmp_path / "kernel-config/bad.config").write_text("CONFIG_NO_SUCH_OPTION=y # nobody has it\n"
                                                       "CONFIG_SND_HDA_INTEL=y # wants CONFIG_SND\n")
    said = subprocess.run([tmp_path / "scripts/kernel"], env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
                          text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert said.returncode != 0
    assert "kernel-config/bad.config: CONFIG_NO_SUCH_OPTION=y has become n" in said.stdout
    assert "kernel-config/bad.config: CONFIG_SND_HDA_INTEL=y has become n" in said.stdout
    assert not (tmp_path / "build/kernel").exists()
