# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of different shapes for the inventory: QEMU's options for each, and what is done in it before it is looked at.

tests/data/capture keeps each as a captured tree; the tests say what must be found in it.
"""

import dataclasses
import struct

import smbios


@dataclasses.dataclass
class Topology:
    """One machine."""

    options: list = dataclasses.field(default_factory=list)
    structures: list = dataclasses.field(default_factory=list)      # SMBIOS, beside those that QEMU makes
    disks: dict = dataclasses.field(default_factory=dict)           # size in bytes by the id of a drive without a device
    prepare: str = ""                                               # shell commands in the guest
    memory: str = "512M"
    cpus: str = "2"
    kernel: str = ""                                                # more of the kernel's command line
    uefi: bool = False                                              # instead of a BIOS
    tools: tuple = ()                                               # programs of the workstation that prepare needs


def dimm(number, locator, *, size_mib, serial, part="EM-5600-R", speed=5600, configured=4800):
    """Type 17 (DSP0134 7.18) as version 3.3 has it; QEMU's array has the handle 1000h."""
    body = struct.pack("<HHHHHBBBBBHHBBBBBIHHHH", 0x1000, 0xFFFE, 72, 64, size_mib if size_mib < 0x7FFF else 0x7FFF,
                       0x09, 0, 1, 2, 0x22, 0x2080, speed, 3, 4, 0, 5, 2,
                       size_mib if size_mib >= 0x7FFF else 0, configured, 1100, 1100, 1100)
    texts = [locator, f"BANK {number}", "Example Memory", serial or "Not Specified", part or "Not Specified"]
    return smbios.structure(17, 0x1100 + number, body, texts)


def mapped_module(number, first_mib, end_mib):
    """Type 20 (7.21): the addresses that the module of that number answers to; QEMU's type 19 has the handle 1300h."""
    body = struct.pack("<IIHHBBB", first_mib << 10, (end_mib << 10) - 1, 0x1100 + number, 0x1300, 1, 0, 0)
    return smbios.structure(20, 0x1400 + number, body)


def slot(number, designation, bus, device, *, used=True, lanes=0x0A):
    """Type 9 (7.10): a PCI Express slot whose port has that address."""
    body = struct.pack("<BBBBBHBBHBB", 1, 0xA5, lanes, 4 if used else 3, 3, number, 0x0C, 1, 0, bus, device << 3)
    return smbios.structure(9, 0x0900 + number, body, [designation])


def power_supply(number, location, *, watts, characteristics, serial):
    """Type 39 (7.40); characteristics: bit 0 hot replaceable, 1 present, 2 unplugged, 9:7 status."""
    body = struct.pack("<BBBBBBBBHHHHH", number, 1, 2, 3, 4, 0, 5, 6, watts, characteristics, 0xFFFF, 0xFFFF, 0xFFFF)
    return smbios.structure(39, 0x2700 + number, body, [location, "PSU", "Example Power", serial, "PS-1100", "A1"])


def identity(number):
    """QEMU's own structures, filled in."""
    return [*smbios.options(0, vendor="Example Systems", version="1.0", date="01/01/2026"),
            *smbios.options(1, manufacturer="Example Systems", product="Pilot 1", serial=f"ES-{number:04}",
                            uuid=f"5ea71a10-0001-4000-8000-{number:012}", sku="PILOT-1", family="Pilot"),
            *smbios.options(2, manufacturer="Example Systems", product="Pilot board", serial=f"ESB-{number:04}",
                            asset=f"BOARD-{number}", location="Tray 1"),
            *smbios.options(3, manufacturer="Example Systems", serial=f"ESC-{number:04}", asset=f"RACK-{number}",
                            sku="CHASSIS-1"),
            *smbios.options(4, manufacturer="Example Silicon", version="Example 9000", serial=f"CPU-{number:04}",
                            asset=f"CPUTAG-{number}", part="ES-9000", **{"max-speed": 3600, "current-speed": 2400})]


def nvme(number, *, bus=None, extra=""):
    """A drive of its own."""
    return ["-drive", f"if=none,id=n{number},format=raw,file={{n{number}}}",
            "-device", f"nvme,drive=n{number},serial=NVME-{number:04}" + (f",bus={bus}" if bus else "") + extra]


def two_sockets():
    """Two sockets, two NUMA nodes with a bridge each, eight modules of which one is mapped out, two power supplies, and
    a BMC that answers over IPMI."""
    modules = [dimm(i, f"DIMM_{'AB'[i // 4]}{i % 4 + 1}", size_mib=96, serial=f"M-{i:04}") for i in range(6)]
    modules.append(dimm(6, "DIMM_B3", size_mib=0, serial="M-0006"))
    modules.append(dimm(7, "DIMM_B4", size_mib=0, serial=None, part=None))
    return Topology(
        options=[*identity(1), "-object", "memory-backend-ram,id=m0,size=320M", "-object",
                 "memory-backend-ram,id=m1,size=192M", "-numa", "node,nodeid=0,cpus=0-3,memdev=m0", "-numa",
                 "node,nodeid=1,cpus=4-7,memdev=m1", "-numa", "dist,src=0,dst=1,val=20", "-device",
                 "pxb-pcie,id=far,bus_nr=128,numa_node=1", "-device", "pcie-root-port,id=farport,bus=far,chassis=9",
                 "-device", "nvme,serial=NVME-FAR,bus=farport,drive=n0", "-drive", "if=none,id=n0,format=raw,file={n0}",
                 "-device", "virtio-net-pci,bus=pcie.0", "-device", "i6300esb,bus=pcie.0", "-device", "pci-serial,bus=pcie.0",
                 "-device", "ipmi-bmc-sim,id=bmc", "-device", "isa-ipmi-kcs,bmc=bmc"],
        disks={"n0": 8 << 20},
        structures=[*modules, mapped_module(0, 0, 96), mapped_module(1, 96, 192),
                    power_supply(1, "PSU 1", watts=1100, characteristics=0x183, serial="P-0001"),
                    power_supply(2, "PSU 2", watts=1100, characteristics=0x207, serial="P-0002")],
        cpus="8,sockets=2,cores=2,threads=2")


def twelve_devices():
    """Twelve devices below root ports and a switch."""
    ports = [word for i in range(4) for word in
             ("-device", f"pcie-root-port,id=rp{i},bus=pcie.0,chassis={i + 1},slot={i + 1},addr={i + 4:#x}")]
    switch = ["-device", "x3130-upstream,id=up,bus=rp3"]
    for i in range(4):
        switch += ["-device", f"xio3130-downstream,id=dp{i},bus=up,chassis={i + 10},slot={i + 10}"]
    return Topology(
        options=[*identity(2), *ports, *switch,
                 "-device", "e1000e,bus=rp0,mac=52:54:00:12:34:01",
                 "-device", "virtio-net-pci,bus=rp1,mac=52:54:00:12:34:02",
                 *nvme(0, bus="dp0"), *nvme(1, bus="dp1"),
                 "-device", "qemu-xhci,id=usb,bus=dp2",
                 "-device", "usb-storage,bus=usb.0,drive=stick,serial=STICK-1,port=1",
                 "-device", "usb-hub,bus=usb.0,port=2", "-device", "usb-tablet,bus=usb.0,port=2.1",
                 "-drive", "if=none,id=stick,format=raw,file={stick}",
                 "-device", "virtio-scsi-pci,bus=dp3",
                 "-device", "nvme-subsys,id=sriov",
                 "-device", "nvme,serial=SRIOV-1,bus=rp2,subsys=sriov,sriov_max_vfs=4,sriov_vq_flexible=8,"
                            "sriov_vi_flexible=4,max_ioqpairs=10,msix_qsize=9",
                 "-device", "ahci,id=sata", "-device", "virtio-rng-pci", "-device", "bochs-display",
                 "-device", "edu", "-device", "virtio-balloon-pci"],
        disks={"n0": 16 << 20, "n1": 16 << 20, "stick": 8 << 20},
        prepare="until [ -b /dev/sda ] && [ -e /sys/bus/usb/devices/1-2.1 ]; do sleep 0.1; done\n",
        structures=[slot(1, "PCIe Slot 1", 0, 4), slot(2, "PCIe Slot 2", 0, 5), slot(3, "PCIe Slot 3", 0, 9, used=False)])


def sixteen_drives():
    """Sixteen NVMe drives; one warns of its spare, one has two namespaces with EUI-64 and NGUID, one has partitions."""
    options = [*identity(3)]
    for i in range(14):
        options += nvme(i, extra=",smart_critical_warning=1" if i == 3 else "")
    options += ["-device", "nvme-subsys,id=subsystem", "-device", "nvme,id=c14,serial=NVME-0014,subsys=subsystem",
                "-drive", "if=none,id=n14,format=raw,file={n14}", "-drive", "if=none,id=n15,format=raw,file={n15}",
                "-device", "nvme-ns,bus=c14,drive=n14,nsid=1,eui64=0x0025388b710116a1",
                "-device", "nvme-ns,bus=c14,drive=n15,nsid=2,uuid=5ea71a10-0003-4000-8000-000000000015,"
                           "logical_block_size=4096,physical_block_size=4096"]
    return Topology(options=options, disks={f"n{i}": 8 << 20 for i in range(16)},
                    prepare="printf 'label-id: 0x5ea71a10\\n2048,8192,83\\n' | sfdisk -q /dev/nvme0n1\nmkfs.ext4 -q -L data "
                            "-U 5ea71a10-0004-4000-8000-000000000001 /dev/nvme1n1\n",
                    tools=("/usr/sbin/sfdisk", "/usr/sbin/mkfs.ext4"))


def drives_of_all_kinds():
    """SATA with a spinning disk, one SCSI disk over two controllers, a RAID 1 array and a logical volume."""
    return Topology(
        options=[*identity(4), "-device", "ahci,id=sata"]
        + ["-drive", "if=none,id=s0,format=raw,file={s0}",
           "-device", "ide-hd,drive=s0,bus=sata.0,serial=SATA-0000,wwn=0x5000c500a1b2c3d4,rotation_rate=7200",
           "-drive", "if=none,id=s1,format=raw,file={s1}",
           "-device", "ide-hd,drive=s1,bus=sata.1,serial=SATA-0001,wwn=0x5000c500a1b2c3d5,rotation_rate=1",
           "-device", "virtio-scsi-pci,id=hba0", "-device", "virtio-scsi-pci,id=hba1",
           "-drive", "if=none,id=m0,format=raw,file={m0},file.locking=off",
           "-drive", "if=none,id=m1,format=raw,file={m0},file.locking=off",
           "-device", "scsi-hd,bus=hba0.0,drive=m0,serial=LUN-0000,wwn=0x5000c50015ea0001,share-rw=on",
           "-device", "scsi-hd,bus=hba1.0,drive=m1,serial=LUN-0000,wwn=0x5000c50015ea0001,share-rw=on",
           "-drive", "if=none,id=r0,format=raw,file={r0}", "-device", "virtio-blk-pci,drive=r0,serial=VBLK-0000",
           "-drive", "if=none,id=r1,format=raw,file={r1}", "-device", "virtio-blk-pci,drive=r1,serial=VBLK-0001"],
        disks={"s0": 16 << 20, "s1": 16 << 20, "m0": 16 << 20, "r0": 16 << 20, "r1": 16 << 20},
        prepare="mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.2 --bitmap=none"
                " --uuid=5ea71a10:00050000:80000000:00000001 --name=array --homehost=none /dev/vda /dev/vdb\n"
                "mdadm --wait /dev/md0\n"
                "mdadm /dev/md0 --fail /dev/vdb\n"
                "mkfs.ext4 -q -L array -U 5ea71a10-0006-4000-8000-000000000001 /dev/md0\n"
                "printf 'label: gpt\\nlabel-id: 5ea71a10-0007-4000-8000-000000000001\\nstart=2048,size=8192,"
                "uuid=5ea71a10-0009-4000-8000-000000000001,name=\"first\"\\n' | sfdisk -q /dev/sdc\n"
                "mkfs.ext4 -q -L inside -U 5ea71a10-0008-4000-8000-000000000001 -E offset=1048576 /dev/sdc 4096k\n"
                "echo '0 16384 linear /dev/sda 0' | dmsetup create data --uuid LVM-volume --noudevsync --noudevrules\n",
        tools=("/usr/sbin/mdadm", "/usr/sbin/dmsetup", "/usr/sbin/sfdisk", "/usr/sbin/mkfs.ext4"))


def uefi_machine():
    """A machine with EFI variables, and a network."""
    return Topology(
        options=[*identity(5), "-device", "pcie-root-port,id=rp0,chassis=1,slot=1", "-device",
                 "virtio-net-pci,bus=rp0,mac=52:54:00:12:34:05,netdev=net0", "-netdev", "user,id=net0,restrict=on",
                 "-device", "pcie-root-port,id=rp1,chassis=2,slot=2", "-device", "e1000e,bus=rp1,mac=52:54:00:12:34:06",
                 *nvme(0)],
        disks={"n0": 8 << 20}, uefi=True)


def something_of_each():
    """What other programs are compared on: the modules of one machine, the devices of another and the drives of a third."""
    sockets, devices = two_sockets(), twelve_devices()
    drives = ["-drive", "if=none,id=s0,format=raw,file={s0}",
              "-device", "ide-hd,drive=s0,bus=sata.0,serial=SATA-0000,wwn=0x5000c500a1b2c3d4,rotation_rate=7200",
              "-drive", "if=none,id=s1,format=raw,file={s1}",
              "-device", "scsi-hd,drive=s1,serial=LUN-0001,wwn=0x5000c50015ea0001"]
    return Topology(
        options=[*devices.options, *drives], structures=[*sockets.structures, *devices.structures], memory="640M",
        disks={**devices.disks, "s0": 16 << 20, "s1": 16 << 20},
        prepare=devices.prepare + "printf 'label-id: 0x5ea71a10\\n2048,8192,83\\n' | sfdisk -q /dev/nvme1n1\n"
                "mkfs.ext4 -q -L data -U 5ea71a10-0004-4000-8000-000000000001 /dev/nvme2n1\n",
        tools=("/usr/sbin/sfdisk", "/usr/sbin/mkfs.ext4", "/usr/sbin/dmsetup"))


def many_drives(count):
    """So many NVMe drives, behind bridges: a bus holds no more than 31 beside them."""
    options = [*identity(64)]
    for bridge in range((count + 30) // 31):
        options += ["-device", f"pci-bridge,id=b{bridge},chassis_nr={bridge + 1}"]
    for i in range(count):
        options += nvme(i, bus=f"b{i // 31}")
    return Topology(options=options, disks={f"n{i}": 4 << 20 for i in range(count)}, memory="1G")


def bench():
    """Sixteen NVMe drives and twelve more devices below root ports and a switch."""
    machine = twelve_devices()
    options = ["-device", "pci-bridge,id=more,chassis_nr=40"]
    for i in range(2, 16):
        options += nvme(i, bus="more")
    machine.options = machine.options + options
    machine.disks = {**machine.disks, **{f"n{i}": 8 << 20 for i in range(2, 16)}}
    machine.memory = "1G"
    return machine


TOPOLOGIES = {"two-sockets": two_sockets, "twelve-devices": twelve_devices, "sixteen-drives": sixteen_drives,
              "drives-of-all-kinds": drives_of_all_kinds, "uefi": uefi_machine}
