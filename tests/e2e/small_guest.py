# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that starts in a few seconds, runs one script in the agent's initramfs and powers off: for what needs hardware
of a certain shape, but no flash, no BMC and no boot."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/qemu"))

import accel  # noqa: E402

INIT = """#!/bin/sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev 2>/dev/null
/bin/busybox mount -t tmpfs tmpfs /run
/bin/busybox mkdir -p /run/out
/bin/busybox mount -t efivarfs efivarfs /sys/firmware/efi/efivars 2>/dev/null
cd /run/out
/bin/sh -x /test/script >/run/out/log 2>&1
echo $? >/run/out/status
/bin/busybox stty -F /dev/ttyS1 raw
/bin/busybox tar -cf - . | /bin/busybox gzip >/dev/ttyS1
/bin/busybox poweroff -f
"""


def cpio(files):
    """An archive of the kernel's own format; files: {path: (mode, bytes)}."""
    archive = b""
    for number, (path, (mode, data)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))], start=1):
        name = path.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        archive += b"070701" + b"".join(b"%08X" % field for field in fields) + name
        archive += bytes(-len(archive) % 4) + data
        archive += bytes(-len(archive) % 4)
    return archive


def run(directory, script, *, machine=(), files=None, memory="512M", cpus="2", command_line="", seconds=300,
        initramfs=ROOT / "build/initramfs.cpio.xz"):
    """Runs script with busybox's shell, in a directory whose files come back. Gives the archive, a .tar.gz, as bytes.

    machine: more of QEMU's options. Nothing but a serial console and what these add is in the guest.
    """
    added = {"test": (0o040755, b""), "test/init": (0o100755, INIT.encode()),
             "test/script": (0o100644, script.encode()), **(files or {})}
    directory.mkdir(parents=True, exist_ok=True)
    image = directory / "initramfs"
    image.write_bytes(initramfs.read_bytes() + bytes(-initramfs.stat().st_size % 4) + cpio(added))
    output = directory / "output.tar.gz"
    argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            *accel.choose("qemu-system-x86_64"), "-machine", "q35", "-smp", cpus, "-m", memory,
            "-kernel", ROOT / "build/kernel/bzImage", "-initrd", image,
            "-append", f"console=ttyS0 quiet rdinit=/test/init {command_line}",
            "-serial", f"file:{directory / 'console.log'}", "-serial", f"file:{output}", *machine]
    subprocess.run(argv, check=True, timeout=seconds, stdin=subprocess.DEVNULL)
    return output.read_bytes()
