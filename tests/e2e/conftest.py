# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the end-to-end tests: flash images with a plan of their own, disks with boot entries of their own."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/qemu"))

import accel  # noqa: E402
from machine import Configuration  # noqa: E402

BUILD = ROOT / "build"

# Short enough to try one thing again and again under emulation.
QUICK = {
    "trial.memory.size": "32M",
    "trial.processor.time": "500ms",
    "bmc.interface-wait": "3s",
    "production.disk-wait": "3s",
}

# A machine that is emulated while other work goes on is slow; one that hangs is found out all the same.
SECONDS = 300


def said(machine):
    """All that the console showed, without times and breaks: a text is wrapped beside the column of its step's time."""
    return " ".join(re.sub(r"(?m) {2,}\d+\.\d s$", "", machine.console.text).split())


@pytest.fixture(scope="session")
def acceleration():
    return accel.choose(Configuration.qemu)


@pytest.fixture(scope="session")
def make_flash(tmp_path_factory):
    """make_flash(settings, site): the flash image with these settings on the kernel's command line, and the files of
    the folder site in /etc/seatrial.
    """
    made = {}

    def make(settings, site=None):
        words = tuple(f'seatrial.{key}="{value}"' if " " in value else f"seatrial.{key}={value}"
                      for key, value in settings.items())
        if (words, site) not in made:
            directory = tmp_path_factory.mktemp("flash")
            initramfs = BUILD / "initramfs.cpio.xz"
            if site:
                initramfs = shutil.copy(initramfs, directory)
                subprocess.run([ROOT / "initramfs/add-site", initramfs, site], check=True)
            made[words, site] = directory / "flash.fd"
            subprocess.run([ROOT / "scripts/flash/pack", "-i", initramfs, made[words, site], *words], check=True,
                           stdout=subprocess.DEVNULL)
        return made[words, site]
    return make


class Disk:
    """A copy of the production disk whose EFI system partition can be changed."""

    def __init__(self, path):
        self.path = path
        self._esp = f"{path}@@1M"
        shutil.copyfile(BUILD / "disk/production.raw", path)

    def _mtools(self, *argv, **options):
        return subprocess.run(argv, check=True, capture_output=True, text=True, **options).stdout

    def entries(self):
        """Names of the boot entries."""
        return [name.rpartition("/")[2] for name in
                self._mtools("mdir", "-i", self._esp, "-b", "::/loader/entries").split()]

    def entry(self, name):
        return self._mtools("mtype", "-i", self._esp, f"::/loader/entries/{name}")

    def write_entry(self, name, text):
        self._mtools("mcopy", "-o", "-i", self._esp, "-", f"::/loader/entries/{name}", input=text)


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk.raw"
    yield Disk(path)
    path.unlink()
