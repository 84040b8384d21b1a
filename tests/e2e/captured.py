# SPDX-License-Identifier: GPL-3.0-or-later
"""Captured machines (tests/data), and the agent's inventory of them."""

import contextlib
import functools
import json
import pathlib
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
AGENT = ROOT / "build/seatrial"
DATA = ROOT / "tests/data"


@contextlib.contextmanager
def unpacked(name, directory):
    """The tree of that machine, in directory."""
    directory.mkdir(parents=True)
    with tarfile.open(DATA / f"{name}.tar.xz") as tar:
        tar.extractall(directory)
    yield directory


def without_names(inventory):
    """Names of PCI vendors and devices come out of a file that some systems have and others lack."""
    for device in inventory.get("pci") or []:
        device["vendor"] = device["device"] = None
    return inventory


@functools.cache
def run(tree, *arguments, check=True):
    """seatrial inventory of the tree, which nobody changes; gives its standard output."""
    result = subprocess.run([AGENT, "inventory", "--root", tree, *arguments], stdout=subprocess.PIPE, text=True,
                            check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"seatrial inventory ended with status {result.returncode}: {result.stdout}")
    return result.stdout


def inventory(tree, *arguments):
    return without_names(json.loads(run(tree, "--format", "json", *arguments)))
