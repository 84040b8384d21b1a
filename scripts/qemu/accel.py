# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses how QEMU runs the guest's instructions."""

import os
import pathlib
import tempfile

from children import Child, stop

TCG = ["-accel", "tcg,thread=multi", "-cpu", "max"]
KVM = ["-accel", "kvm", "-cpu", "host"]

_DEBUG_EXIT_PORT = 0x501
_PROBE_VALUE = 0x2A


def _probe_rom():
    """A 64 KiB BIOS whose reset vector ends QEMU: mov dx, port; mov al, value; out dx, al; hlt."""
    code = b"\xba" + _DEBUG_EXIT_PORT.to_bytes(2, "little") + b"\xb0" + bytes([_PROBE_VALUE]) + b"\xee\xf4"
    return b"\xf4" * 0xFFF0 + code.ljust(16, b"\xf4")


def kvm_works(qemu, seconds=2.5):
    """Whether a guest gets to its first instructions under KVM.

    Being able to open /dev/kvm, and even to create a virtual machine, is no proof: in some sandboxes the guest then
    never runs.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    with tempfile.TemporaryDirectory() as directory:
        rom = pathlib.Path(directory, "probe.rom")
        rom.write_bytes(_probe_rom())
        child = Child("qemu", [qemu, *KVM, "-machine", "q35", "-m", "16M", "-nodefaults", "-display", "none",
                               "-bios", rom, "-device", f"isa-debug-exit,iobase={_DEBUG_EXIT_PORT:#x}"],
                      pathlib.Path(directory, "log"))
        try:
            # isa-debug-exit ends QEMU with twice the value, plus one.
            return child.wait(seconds) == _PROBE_VALUE * 2 + 1
        finally:
            stop([child])


def choose(qemu):
    """QEMU's options for the best acceleration that works here."""
    return KVM if kvm_works(qemu) else TCG
