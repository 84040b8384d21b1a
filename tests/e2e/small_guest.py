# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that starts in a few seconds, runs one script in the agent's initramfs and powers off: for what needs hardware
of a certain shape, but no flash, no BMC and no boot."""

import pathlib
import shutil
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
PATH=/bin:/sbin:/usr/bin:/usr/sbin /bin/sh -x /test/script >/run/out/log 2>&1
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


def tools_archive(directory, programs):
    """An archive with programs of the workstation and the libraries that they need."""
    listing = directory / "tools.contents"
    directories = sorted({str(parent) for program in programs for parent in pathlib.Path(program).parents} - {"/"})
    listing.write_text("".join(f"dir {path} 0755\n" for path in directories) + "dir /lib 0755\ndir /lib64 0755\nlibraries /lib\n"
                       + "".join(f"elf {program} {program}\n" for program in programs))
    packed = directory / "tools.cpio.xz"
    subprocess.run([ROOT / "build/tools/mkinitramfs", "-o", packed, listing], check=True,
                   stdout=subprocess.DEVNULL)
    return packed.read_bytes()


def run_topology(directory, topology, script, *, plan=None, **more):
    """The same in the machine of a topology. plan: settings for the kernel's command line."""
    directory.mkdir(parents=True, exist_ok=True)
    names = {}
    for name, size in topology.disks.items():
        path = names[name] = directory / f"{name}.raw"
        with open(path, "wb") as disk:
            disk.truncate(size)
    machine = [str(word).format(**names) for word in topology.options]
    for number, structure in enumerate(topology.structures):
        path = directory / f"structure-{number}.bin"
        path.write_bytes(structure)
        machine += ["-smbios", f"file={path}"]
    return run(directory, script, machine=machine, memory=topology.memory, cpus=topology.cpus,
               command_line=" ".join([topology.kernel, *(f"seatrial.{k}={v}" for k, v in (plan or {}).items())]), uefi=topology.uefi, tools=(*topology.tools, *more.pop("tools", ())), **more)


def run(directory, script, *, machine=(), files=None, memory="512M", cpus="2", command_line="", tools=(), uefi=False,
        seconds=300, initramfs=ROOT / "build/initramfs.cpio.xz", pass_fds=()):
    """Runs script with busybox's shell, in a directory whose files come back. Gives the archive, a .tar.gz, as bytes.

    machine: more of QEMU's options. Nothing but two serial ports and what these add is in the guest. tools: programs of
    the workstation to have in the guest as well. pass_fds: open files that these options name. uefi: start through UEFI, which takes some seconds more.
    """
    added = {"test": (0o040755, b""), "test/init": (0o100755, INIT.encode()),
             "test/script": (0o100644, script.encode()), **(files or {})}
    directory.mkdir(parents=True, exist_ok=True)
    image = directory / "initramfs"
    archives = [initramfs.read_bytes(), *([tools_archive(directory, tools)] if tools else []), cpio(added)]
    image.write_bytes(b"".join(archive + bytes(-len(archive) % 4) for archive in archives))
    output = directory / "output.tar.gz"
    firmware = []
    if uefi:
        shutil.copyfile("/usr/share/OVMF/OVMF_VARS_4M.fd", directory / "variables.fd")
        firmware = ["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                    "-drive", f"if=pflash,unit=1,format=raw,file={directory / 'variables.fd'}"]
    argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            *accel.choose("qemu-system-x86_64"), "-machine", "q35", "-smp", cpus, "-m", memory,
            "-kernel", ROOT / "build/kernel/bzImage", "-initrd", image,
            "-append", f"console=ttyS0 quiet rdinit=/test/init {command_line}",
            "-serial", f"file:{directory / 'console.log'}", "-serial", f"file:{output}", *firmware, *machine]
    subprocess.run(argv, check=True, timeout=seconds, stdin=subprocess.DEVNULL, pass_fds=pass_fds)
    # UEFI has its console on every serial port.
    data = output.read_bytes()
    return data[max(data.find(b"\x1f\x8b\x08"), 0):]
