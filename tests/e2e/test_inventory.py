# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory beside what lshw, dmidecode, lspci, lsblk and nvme find in the same guest, value by value; and with a
volume that hangs."""

import hashlib
import io
import json
import re
import socket
import subprocess
import tarfile
import threading

import pytest
import schema
import small_guest
from topology import something_of_each

PEERS = ("/usr/bin/lshw", "/usr/sbin/dmidecode", "/usr/bin/lspci", "/usr/bin/lsblk", "/usr/sbin/nvme")

SCRIPT = """
{prepare}
/usr/bin/seatrial inventory --format json >inventory.json
lshw -json -quiet >lshw.json
dmidecode >dmidecode.txt
lspci -D -vv >lspci.txt
lsblk -O -J -b >lsblk.json
nvme id-ctrl -o json /dev/nvme1 >id-ctrl.json
nvme smart-log -o json /dev/nvme1 >smart-log.json
echo '0 8192 linear /dev/nvme1n1 0' | dmsetup create hung --noudevsync --noudevrules
dmsetup suspend --noudevsync hung
/usr/bin/seatrial inventory --format json >hung.json
dmsetup resume --noudevsync hung
dmsetup remove --noudevsync hung
while [ ! -e stop ]; do
    echo 1 >/sys/bus/pci/devices/{comes_and_goes}/remove
    echo 1 >/sys/bus/pci/rescan
done &
for i in 1 2 3 4 5 6 7 8; do
    /usr/bin/seatrial inventory --format json >going-$i.json
    echo $? >going-$i.status
done
touch stop
wait
"""

# A drive below the switch.
COMES_AND_GOES = "0000:06:00.0"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """{name: content} of what each program has found."""
    topology = something_of_each()
    archive = small_guest.run_topology(tmp_path_factory.mktemp("peers"), topology,
                                       SCRIPT.format(prepare=topology.prepare, comes_and_goes=COMES_AND_GOES),
                                       tools=PEERS)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        texts = {member.name[2:]: tar.extractfile(member).read().decode() for member in tar if member.isfile()}
    return {name: json.loads(text) if name.endswith(".json") else text for name, text in texts.items()}


def by(things, key):
    return {thing[key]: thing for thing in things}


# --- dmidecode -----------------------------------------------------------------------------------------------------

def structures(text, kind):
    """The structures of that heading: {name: value}."""
    return [dict(re.findall(r"^\t([^:\t]+): (.*)$", block, re.MULTILINE))
            for block in text.split("\n\n") if re.search(rf"^{kind}$", block, re.MULTILINE)]


def known(text):
    return None if text in (None, "", "Not Specified", "Unknown", "None", "No Module Installed") else text


def number(text):
    """The number before a unit: "5600 MT/s", "72 bits"."""
    return int(text.split()[0]) if known(text) else None


def size(text):
    """dmidecode counts in powers of 1024."""
    if not known(text):
        return 0
    amount, unit = text.split()
    return int(amount) << {"kB": 10, "MB": 20, "GB": 30, "TB": 40}[unit]


def test_system_is_what_dmidecode_says(found):
    system = found["inventory.json"]["system"]
    theirs, = structures(found["dmidecode.txt"], "System Information")
    assert (system["manufacturer"], system["product"], system["serial_number"], system["uuid"], system["sku"],
            system["family"]) == (theirs["Manufacturer"], theirs["Product Name"], theirs["Serial Number"],
                                  theirs["UUID"].lower(), theirs["SKU Number"], theirs["Family"])
    theirs, = structures(found["dmidecode.txt"], "BIOS Information")
    month, day, year = theirs["Release Date"].split("/")
    assert system["firmware"] | {"sources": None} == system["firmware"] | {
        "sources": None, "vendor": theirs["Vendor"], "version": theirs["Version"], "release_date": f"{year}-{month}-{day}"}
    theirs, = structures(found["dmidecode.txt"], "Chassis Information")
    assert (system["chassis"]["serial_number"], system["chassis"]["asset_tag"]) == (theirs["Serial Number"],
                                                                                    theirs["Asset Tag"])
    theirs, = structures(found["dmidecode.txt"], "Base Board Information")
    assert [(b["product"], b["serial_number"]) for b in system["boards"]] == [(theirs["Product Name"],
                                                                               theirs["Serial Number"])]


def test_modules_are_what_dmidecode_says(found):
    ours = found["inventory.json"]["memory"]["modules"]
    theirs = structures(found["dmidecode.txt"], "Memory Device")
    assert len(ours) == len(theirs) == 8
    for module, device in zip(ours, theirs):
        # What a slot without a module is like, dmidecode does not print.
        if not module["populated"]:
            assert (module["locator"], size(device["Size"])) == (device["Locator"], 0)
            continue
        assert (module["locator"], module["bank_locator"], module["size_bytes"], module["type"], module["form_factor"],
                module["speed_mts"], module["configured_speed_mts"], module["total_width_bits"],
                module["data_width_bits"], module["ranks"], module["manufacturer"], module["serial_number"],
                module["part_number"]) == (
            device["Locator"], device["Bank Locator"], size(device["Size"]), device["Type"], device["Form Factor"],
            number(device["Speed"]), number(device["Configured Memory Speed"]), number(device["Total Width"]),
            number(device["Data Width"]), number(device["Rank"]), known(device["Manufacturer"]),
            known(device["Serial Number"]), known(device["Part Number"]))
        assert module["configured_voltage_mv"] == round(float(device["Configured Voltage"].split()[0]) * 1000)


def test_sockets_slots_and_supplies_are_what_dmidecode_says(found):
    inventory, text = found["inventory.json"], found["dmidecode.txt"]
    assert [(s["socket"], s["manufacturer"], s["version"], s["maximum_speed_mhz"], s["boot_speed_mhz"], s["core_count"],
             s["thread_count"]) for s in inventory["processors"]["sockets"]] == [
        (s["Socket Designation"], s["Manufacturer"], s["Version"], number(s["Max Speed"]), number(s["Current Speed"]),
         int(s["Core Count"]), int(s["Thread Count"])) for s in structures(text, "Processor Information")]
    assert [(s["designation"], s["usage"], s["pci_address"]) for s in inventory["slots"]] == [
        (s["Designation"], s["Current Usage"].lower(), s["Bus Address"])
        for s in structures(text, "System Slot Information")]
    assert [(p["location"], p["serial_number"], p["part_number"], p["maximum_power_w"], p["unplugged"])
            for p in inventory["power"]] == [
        (p["Location"], p["Serial Number"], p["Model Part Number"], number(p["Max Power Capacity"]), p["Plugged"] == "No")
        for p in structures(text, "System Power Supply")]


# --- lspci ---------------------------------------------------------------------------------------------------------

def lspci_devices(text):
    return {block.split()[0]: block for block in text.split("\n\n") if block.strip()}


def first(pattern, text):
    match = re.search(pattern, text)
    return match[1] if match else None


EXPRESS = {"Root Port": "root port", "Upstream Port": "upstream switch port",
           "Downstream Port": "downstream switch port", "Endpoint": "endpoint",
           "Root Complex Integrated Endpoint": "root complex integrated endpoint"}


def test_devices_are_what_lspci_says(found):
    theirs = lspci_devices(found["lspci.txt"])
    ours = by(found["inventory.json"]["pci"], "address")
    assert list(ours) == sorted(theirs)
    for address, device in ours.items():
        text = theirs[address]
        assert device["driver"] == first(r"Kernel driver in use: (.*)", text), address
        assert device["slot"] == first(r"Physical Slot: (.*)", text), address
        assert device["responding"] is True
        kind = first(r"Express \(v\d\) ([A-Z][a-zA-Z ]+?)(?: \(|,| MSI)", text)
        assert device["type"] == (EXPRESS[kind.strip()] if kind else None), address
        assert device["serial_number"] == first(r"Device Serial Number (\S+)", text), address
        assert device["aer_capable"] is ("Advanced Error Reporting" in text), address
        assert str((device["sriov"] or {}).get("total_vfs")) == str(first(r"Total VFs: (\d+)", text)), address


def test_links_are_what_lspci_says(found):
    theirs = lspci_devices(found["lspci.txt"])
    compared = 0
    for device in found["inventory.json"]["pci"]:
        text, link = theirs[device["address"]], device["link"]
        now = re.search(r"LnkSta:\s+Speed ([\d.]+)GT/s.*?, Width x(\d+)", text)
        if not link or link["width"] is None or not now:
            continue
        can = re.search(r"LnkCap:.*?Speed ([\d.]+)GT/s, Width x(\d+)", text)
        assert (link["speed_gts"], link["width"]) == (float(now[1]), int(now[2])), device["address"]
        assert (link["maximum_speed_gts"], link["maximum_width"]) == (float(can[1]), int(can[2])), device["address"]
        compared += 1
    assert compared >= 6


# --- lsblk and nvme ------------------------------------------------------------------------------------------------

def test_drives_are_what_lsblk_says(found):
    theirs = {device["name"]: device for device in found["lsblk.json"]["blockdevices"] if device["type"] == "disk"}
    ours = by(found["inventory.json"]["storage"], "name")
    assert set(ours) == set(theirs)
    for name, drive in ours.items():
        device = theirs[name]
        assert (drive["size_bytes"], drive["logical_block_bytes"], drive["physical_block_bytes"], drive["rotational"],
                drive["removable"], drive["read_only"]) == (
            device["size"], device["log-sec"], device["phy-sec"], device["rota"], device["rm"], device["ro"]), name
        for key in ("model", "serial"):
            if device[key]:
                assert drive[{"serial": "serial_number"}.get(key, key)] == device[key].strip(), name


def test_content_is_what_was_written(found):
    """lsblk asks udev for it, which is not in the guest: what sfdisk and mkfs were told to write is there."""
    drives = by(found["inventory.json"]["storage"], "name")
    partition, = drives["nvme1n1"]["partitions"]
    children, = [device["children"] for device in found["lsblk.json"]["blockdevices"] if device["name"] == "nvme1n1"]
    assert (partition["name"], partition["size_bytes"], partition["start_bytes"]) == (
        children[0]["name"], children[0]["size"], 1 << 20)
    assert drives["nvme2n1"]["filesystem"] == {"type": "ext4", "usage": "filesystem", "label": "data",
                                               "uuid": "5ea71a10-0004-4000-8000-000000000001"}


def test_nvme_is_what_nvme_says(found):
    drive, controller, log = (by(found["inventory.json"]["storage"], "name")["nvme1n1"], found["id-ctrl.json"],
                              found["smart-log.json"])
    version = controller["ver"]
    assert (drive["serial_number"], drive["model"], drive["firmware_version"], drive["subsystem_nqn"],
            drive["nvme_version"], drive["warning_temperature_c"], drive["critical_temperature_c"]) == (
        controller["sn"].strip(), controller["mn"].strip(), controller["fr"].strip(), controller["subnqn"],
        f"{version >> 16}.{version >> 8 & 255}.{version & 255}", controller["wctemp"] - 273, controller["cctemp"] - 273)
    health = drive["health"]
    assert (health["temperature_c"], health["percentage_used"], health["available_spare_percent"],
            health["spare_threshold_percent"], health["power_on_hours"], health["power_cycle_count"],
            health["unsafe_shutdown_count"], health["media_error_count"], health["error_log_entry_count"]) == (
        int(log["temperature"]) - 273, *(int(log[key]) for key in (
            "percent_used", "avail_spare", "spare_thresh", "power_on_hours", "power_cycles", "unsafe_shutdowns",
            "media_errors", "num_err_log_entries")))


# --- lshw ----------------------------------------------------------------------------------------------------------

def nodes(tree):
    for node in tree if isinstance(tree, list) else [tree]:
        yield node
        yield from nodes(node.get("children", []))


def test_machine_is_what_lshw_says(found):
    root, system = next(nodes(found["lshw.json"])), found["inventory.json"]["system"]
    assert (root["vendor"], root["serial"], root["configuration"]["uuid"]) == (
        system["manufacturer"], system["serial_number"], system["uuid"])
    firmware, = [node for node in nodes(found["lshw.json"]) if node["id"].startswith("firmware")]
    assert (firmware["vendor"], firmware["version"]) == (system["firmware"]["vendor"], system["firmware"]["version"])


def test_modules_are_what_lshw_says(found):
    banks = {node["slot"]: node for node in nodes(found["lshw.json"]) if node["id"].startswith("bank")}
    modules = by(found["inventory.json"]["memory"]["modules"], "locator")
    assert set(banks) == set(modules)
    for locator, bank in banks.items():
        assert bank.get("size", 0) == modules[locator]["size_bytes"]
        if modules[locator]["populated"]:
            assert (bank["vendor"], bank["product"], bank["serial"]) == (
                modules[locator]["manufacturer"], modules[locator]["part_number"], modules[locator]["serial_number"])


def test_buses_drives_and_interfaces_are_what_lshw_says(found):
    inventory = found["inventory.json"]
    addresses = {node["businfo"][4:] for node in nodes(found["lshw.json"]) if node.get("businfo", "").startswith("pci@")}
    assert addresses <= {device["address"] for device in inventory["pci"]}
    assert len(addresses) > 12
    disks = {node["logicalname"][5:]: node for node in nodes(found["lshw.json"])
             if isinstance(node.get("logicalname"), str) and node["logicalname"].startswith("/dev/")
             and node["class"] == "disk" and "size" in node}
    drives = by(inventory["storage"], "name")
    assert disks
    for name, disk in disks.items():
        assert disk["size"] == drives[name]["size_bytes"]
        if "serial" in disk and drives[name]["transport"] == "sata":
            assert disk["serial"] == drives[name]["serial_number"]
    interfaces = {node["logicalname"]: node["serial"] for node in nodes(found["lshw.json"])
                  if node["class"] == "network" and "logicalname" in node}
    assert interfaces == {i["name"]: i["mac_address"] for i in inventory["network"]}


# --- a volume that hangs -------------------------------------------------------------------------------------------

def test_volume_that_hangs_costs_itself_alone(found):
    hung = found["hung.json"]
    volume, = hung["volumes"]
    assert (volume["label"], volume["suspended"]) == ("hung", True)
    assert volume["read_error"] == "did not answer within 5.0 s"
    assert hung["problems"] == []
    assert [drive["read_error"] for drive in hung["storage"]] == [None] * len(hung["storage"])
    assert by(hung["storage"], "name")["nvme1n1"]["used_by"] == [volume["name"]]


# --- a device that comes and goes ----------------------------------------------------------------------------------

@pytest.mark.parametrize("run", range(1, 9))
def test_drive_that_comes_and_goes_disturbs_nothing_else(found, run):
    taken = found[f"going-{run}.json"]
    assert list(schema.problems(taken)) == []
    assert (found[f"going-{run}.status"].strip(), taken["problems"]) == ("0", [])

    def others(inventory, part):
        return [thing for thing in inventory[part] if COMES_AND_GOES not in (thing.get("address"), thing["pci_address"]
                                                                             if "pci_address" in thing else None)]
    quiet = found["inventory.json"]
    assert [drive["serial_number"] for drive in others(taken, "storage")] == [
        drive["serial_number"] for drive in others(quiet, "storage")]
    assert [device["address"] for device in others(taken, "pci")] == [device["address"] for device in others(quiet, "pci")]
    for part in ("system", "network", "usb", "serial"):
        assert taken[part] == quiet[part]


# --- what switches announce ----------------------------------------------------------------------------------------

def lldp(*fields):
    """A frame of IEEE 802.1AB; fields: (type, value)."""
    body = b"".join((kind << 9 | len(value)).to_bytes(2, "big") + value for kind, value in [*fields, (0, b"")])
    return bytes.fromhex("0180c200000e 525400000099 88cc") + body


NEIGHBOUR = lldp((1, b"\x04" + bytes.fromhex("5254000000aa")), (2, b"\x05Ethernet1/7"), (3, (120).to_bytes(2, "big")),
                 (4, b"to rack 12"), (5, b"leaf-12"), (6, b"Example Switch OS 4"),
                 (8, b"\x05\x01\x0a\x00\x00\x01\x02\x00\x00\x00\x01\x00"),
                 (127, bytes.fromhex("0080c2 01 0064")))


@pytest.fixture(scope="module")
def beside_a_switch(tmp_path_factory):
    """What the agent finds of two interfaces, one at a switch that announces itself, one at none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as switch, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        switch.bind(("127.0.0.1", 0))
        port.bind(("127.0.0.1", 0))
        address = port.getsockname()
        options = ["-netdev", f"dgram,id=net0,local.type=fd,local.str={port.fileno()}", "-device",
                   "e1000e,netdev=net0,mac=52:54:00:12:34:01", "-netdev", "user,id=net1,restrict=on", "-device",
                   "virtio-net-pci,netdev=net1,mac=52:54:00:12:34:02"]
        over = threading.Event()

        def announce():
            while not over.wait(0.2):
                switch.sendto(NEIGHBOUR, address)
        thread = threading.Thread(target=announce)
        thread.start()
        try:
            archive = small_guest.run(tmp_path_factory.mktemp("lldp"), "/usr/bin/seatrial inventory network --lldp 5s "
                                      "--format json >inventory.json\n/bin/busybox ip link >links.txt", machine=options,
                                      pass_fds=[port.fileno()])
        finally:
            over.set()
            thread.join()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return (by(json.load(tar.extractfile("./inventory.json"))["network"], "mac_address"),
                tar.extractfile("./links.txt").read().decode())


def test_switch_that_announces_itself_is_told_by_port(beside_a_switch):
    interfaces, _ = beside_a_switch
    assert interfaces["52:54:00:12:34:01"]["neighbour"] == {
        "chassis_id": "52:54:00:00:00:aa", "port_id": "Ethernet1/7", "port_description": "to rack 12",
        "system_name": "leaf-12", "system_description": "Example Switch OS 4", "management_address": "10.0.0.1",
        "vlan": 100, "ttl_s": 120}


def test_interface_that_hears_nobody_is_not_waited_for_any_longer(beside_a_switch):
    interfaces, links = beside_a_switch
    assert interfaces["52:54:00:12:34:02"]["neighbour"] is None
    assert ",UP" not in "".join(line for line in links.splitlines() if "eth" in line)


# --- a TPM ---------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def beside_a_tpm(tmp_path_factory):
    """The TPM in the agent's inventory, and the certificates as the TPM's maker wrote them."""
    directory = tmp_path_factory.mktemp("tpm")
    (directory / "state").mkdir()
    (directory / "ca.conf").write_text(f"statedir = {directory}\nsigningkey = {directory}/key.pem\n"
                                       f"issuercert = {directory}/issuer.pem\ncertserial = {directory}/serial\n")
    (directory / "options").write_text("")
    (directory / "setup.conf").write_text("create_certs_tool = /usr/bin/swtpm_localca\n"
                                          f"create_certs_tool_config = {directory}/ca.conf\n"
                                          f"create_certs_tool_options = {directory}/options\n")
    subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", directory / "state", "--create-ek-cert", "--config",
                    directory / "setup.conf", "--write-ek-cert-files", directory], check=True, stdout=subprocess.DEVNULL)
    # swtpm ends with the connection.
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={directory / 'state'}", "--ctrl",
                                    f"type=unixio,clientfd={theirs.fileno()}"], pass_fds=[theirs.fileno()])
        theirs.close()
        try:
            archive = small_guest.run(directory / "guest", "/usr/bin/seatrial inventory --format json >inventory.json\n",
                                      machine=["-chardev", f"socket,id=control,fd={ours.fileno()}", "-tpmdev",
                                               "emulator,id=tpm0,chardev=control", "-device", "tpm-tis,tpmdev=tpm0"],
                                      pass_fds=[ours.fileno()])
        finally:
            ours.close()
            assert process.wait(30) == 0
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tpm, = json.load(tar.extractfile("./inventory.json"))["tpm"]
    return tpm, {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.glob("*.crt")}


def test_tpm_tells_maker_version_and_certificates(beside_a_tpm):
    tpm, certificates = beside_a_tpm
    assert (tpm["name"], tpm["version_major"], tpm["manufacturer"]) == ("tpm0", 2, "IBM")
    assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+", tpm["firmware_version"])
    assert (tpm["ek_certificate_sha256"], tpm["ek_ecc_certificate_sha256"]) == (
        certificates["ek-rsa2048"], certificates["ek-secp384r1"])
