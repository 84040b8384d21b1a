# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of captured machines: field by field, its sources, its schema, and what other programs are given."""

import copy
import functools
import json
import os
import random
import re
import subprocess

import captured
import pytest
import redfish_rules
import schema
from captured import AGENT, DATA, inventory, without_names
from topology import TOPOLOGIES


@pytest.fixture(scope="module", params=TOPOLOGIES)
def machine(request, tmp_path_factory):
    with captured.unpacked(request.param, tmp_path_factory.mktemp("captured") / request.param) as tree:
        yield request.param, tree


@pytest.fixture(scope="module")
def tree_of(tmp_path_factory):
    """tree_of(name): the tree of one machine."""
    trees = {}

    def unpack(name):
        if name not in trees:
            with captured.unpacked(name, tmp_path_factory.mktemp("tree") / name) as tree:
                trees[name] = tree
        return trees[name]
    return unpack


def differences(expected, found, path=""):
    """Where two JSON values differ, field by field."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {**expected, **found}:
            if key in expected and key in found:
                yield from differences(expected[key], found[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: {'more' if key in found else 'missing'}"
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, pair in enumerate(zip(expected, found)):
            yield from differences(*pair, f"{path}[{number}]")
    elif expected != found:
        yield f"{path}: {expected!r} expected, {found!r} found"


def test_inventory_is_as_expected_field_by_field(machine):
    name, tree = machine
    assert list(differences(json.loads((DATA / f"{name}.json").read_text()), inventory(tree))) == []


def test_captured_machine_is_the_live_one(machine):
    """What is captured is all that the inventory reads: the machine itself has found the same."""
    _, tree = machine
    live = without_names(json.loads((tree / "inventory.json").read_text()))
    assert list(differences(live, inventory(tree))) == []


def test_inventory_follows_its_schema(machine):
    _, tree = machine
    assert list(schema.problems(inventory(tree, "--sources"))) == []


def values_without_source(value, path="", covered=False):
    """Scalars below value that neither name a source nor stand inside a member that does."""
    if isinstance(value, dict):
        sources = value.get("sources", {})
        for key, member in value.items():
            if key != "sources":
                yield from values_without_source(member, f"{path}.{key}", covered or key in sources)
        for key in sources:
            if value.get(key) is None:
                yield f"{path}.{key} has a source, and is unknown"
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from values_without_source(member, f"{path}[{number}]", covered)
    elif value is not None and not covered:
        yield path


def test_every_value_says_where_it_came_from(machine):
    _, tree = machine
    found = inventory(tree, "--sources")
    for key in ("schema_version", "problems"):
        del found[key]
    # What is made of the list itself; and paths, which are the drives that they name.
    ours = re.compile(r"\.(count|paths\[\d+\]\.\w+|partitions\[\d+\]\..*|read_error)$")
    for device in found["pci"]:
        device["vendor"] = device["device"] = None
        for name in ("vendor", "device"):
            device["sources"].pop(name, None)
    assert [path for path in values_without_source(found) if not ours.search(path)] == []


def test_sources_change_nothing_else(machine):
    _, tree = machine

    def strip(value):
        if isinstance(value, dict):
            return {key: strip(member) for key, member in value.items() if key != "sources"}
        return [strip(member) for member in value] if isinstance(value, list) else value
    assert strip(inventory(tree, "--sources")) == inventory(tree)


def test_redfish_links_lead_to_resources(machine):
    _, tree = machine
    resources = json.loads(captured.run(tree, "--format", "redfish"))

    def links(value):
        if isinstance(value, dict):
            yield from [value["@odata.id"]] if set(value) == {"@odata.id"} else []
            for member in value.values():
                yield from links(member)
        elif isinstance(value, list):
            for member in value:
                yield from links(member)
    assert {link for link in links(list(resources.values())) if link not in resources} == set()
    assert all(resource["@odata.id"] == uri for uri, resource in resources.items())
    assert all(re.fullmatch(r"#\w+(\.v\d+_\d+_\d+)?\.\w+", resource["@odata.type"]) for resource in resources.values())


def test_redfish_keeps_to_the_schemas(machine):
    _, tree = machine
    resources = json.loads(captured.run(tree, "--format", "redfish"))
    assert [fault for uri, resource in resources.items() for fault in redfish_rules.resource_faults(uri, resource)] == []


def test_redfish_counts_what_the_inventory_counts(machine):
    _, tree = machine
    resources = json.loads(captured.run(tree, "--format", "redfish")).values()
    found = inventory(tree)

    def count(kind):
        return len([r for r in resources if re.fullmatch(rf"#{kind}\.v[\d_]+\.{kind}", r["@odata.type"])])
    assert count("Drive") == len(found["storage"])
    assert count("Memory") == len(found["memory"]["modules"])
    assert count("Processor") == len(found["processors"]["sockets"])
    assert count("PCIeFunction") == len(found["pci"])
    assert count("PCIeDevice") == len({device["address"].partition(".")[0] for device in found["pci"]})
    assert count("NetworkInterface") == count("NetworkAdapter") == len(
        {interface["pci_address"].partition(".")[0] for interface in found["network"] if interface["pci_address"]})
    assert count("EthernetInterface") == len(found["network"])
    assert count("ComputerSystem") == count("Chassis") == 1


def test_ironic_has_its_members_and_units(machine):
    _, tree = machine
    ironic = json.loads(captured.run(tree, "--format", "ironic"))
    found = inventory(tree)
    assert set(ironic) == {"interfaces", "cpu", "disks", "memory", "bmc_address", "bmc_v6address", "bmc_mac",
                           "system_vendor", "boot", "hostname"}
    assert ironic["cpu"]["count"] == found["processors"]["thread_count"]
    assert ironic["memory"] == {"total": found["memory"]["usable_bytes"],
                                "physical_mb": found["memory"]["installed_bytes"] >> 20}
    assert [(disk["name"], disk["size"], disk["serial"]) for disk in ironic["disks"]] == [
        (f"/dev/{drive['name']}", drive["size_bytes"], drive["serial_number"]) for drive in found["storage"]]
    assert [i["mac_address"] for i in ironic["interfaces"]] == [i["mac_address"] for i in found["network"]]
    assert ironic["system_vendor"]["serial_number"] == found["system"]["serial_number"]
    assert ironic["boot"]["current_boot_mode"] == found["system"]["boot_mode"]


def test_ocp_has_unique_ids(machine):
    _, tree = machine
    info = json.loads(captured.run(tree, "--format", "ocp"))
    ids = [hardware["hardwareInfoId"] for hardware in info["hardwareInfos"]]
    assert len(ids) == len(set(ids)) > 0
    assert info["dutInfoId"] == inventory(tree)["system"]["uuid"]


def test_one_part_comes_alone(machine):
    _, tree = machine
    alone = inventory(tree, "memory")
    assert set(alone) == {"schema_version", "memory", "problems"}
    assert alone["memory"] == inventory(tree)["memory"]


def test_machine_is_no_different_from_itself(machine, tmp_path):
    _, tree = machine
    old = tmp_path / "old.json"
    old.write_text(captured.run(tree, "--format", "json"))
    assert captured.run(tree, "--diff", old, "--format", "table") == ""


def test_machine_meets_the_manifest_made_from_it(machine, tmp_path):
    _, tree = machine
    found, manifest = tmp_path / "inventory.json", tmp_path / "manifest.json"
    found.write_text(captured.run(tree, "--format", "json"))
    manifest.write_text(subprocess.run([AGENT, "manifest", "--inventory", found], check=True, text=True,
                                       stdout=subprocess.PIPE).stdout)
    result = subprocess.run([AGENT, "manifest", "--inventory", found, "--check", manifest], text=True, check=False,
                            stdout=subprocess.PIPE)
    assert (result.returncode, result.stdout) == (0, "")


# --- what must be found, machine by machine ------------------------------------------------------------------------

def by(things, key):
    return {thing[key]: thing for thing in things}


def test_two_sockets_have_their_nodes_and_packages(tree_of):
    found = inventory(tree_of("two-sockets"))
    assert (found["processors"]["package_count"], found["processors"]["thread_count"]) == (2, 8)
    assert [socket["numa_nodes"] for socket in found["processors"]["sockets"]] == [[0], [1]]
    assert [(node["node"], node["processors"]) for node in found["memory"]["nodes"]] == [(0, "0-3"), (1, "4-7")]
    assert sum(node["usable_bytes"] for node in found["memory"]["nodes"]) == found["memory"]["usable_bytes"]


def test_eight_slots_of_which_one_is_mapped_out_and_one_empty(tree_of):
    memory = inventory(tree_of("two-sockets"), "memory")["memory"]
    modules = by(memory["modules"], "locator")
    assert (memory["slot_count"], memory["populated_slot_count"]) == (8, 6)
    assert memory["installed_bytes"] == 6 * 96 << 20
    assert [locator for locator, module in modules.items() if module["mapped_out"]] == ["DIMM_B3"]
    assert modules["DIMM_A2"] | {"sources": None} == modules["DIMM_A2"] | {
        "sources": None, "size_bytes": 96 << 20, "type": "DDR5", "form_factor": "DIMM", "buffering": "registered",
        "ranks": 2, "speed_mts": 5600, "configured_speed_mts": 4800, "total_width_bits": 72, "data_width_bits": 64,
        "configured_voltage_mv": 1100, "manufacturer": "Example Memory", "serial_number": "M-0001",
        "part_number": "EM-5600-R", "asset_tag": None}
    assert modules["DIMM_B4"]["part_number"] is None and modules["DIMM_B4"]["populated"] is False


def test_boards_chassis_and_processors_tell_their_numbers(tree_of):
    found = inventory(tree_of("two-sockets"))
    board, = found["system"]["boards"]
    assert (board["asset_tag"], board["location"], found["system"]["chassis"]["sku"]) == ("BOARD-1", "Tray 1", "CHASSIS-1")
    assert [(s["socket"], s["serial_number"], s["asset_tag"], s["part_number"]) for s in found["processors"]["sockets"]] == [
        (f"CPU {i}", "CPU-0001", "CPUTAG-1", "ES-9000") for i in range(2)]


def test_modules_tell_the_addresses_that_they_answer_to(tree_of):
    modules = by(inventory(tree_of("two-sockets"), "memory")["memory"]["modules"], "locator")
    assert [modules[locator]["mapped_ranges"] for locator in ("DIMM_A1", "DIMM_A2", "DIMM_A3")] == [
        [{"address": 0, "size_bytes": 96 << 20}], [{"address": 96 << 20, "size_bytes": 96 << 20}], None]


def test_devices_behind_the_second_socket_name_its_node(tree_of):
    found = inventory(tree_of("two-sockets"))
    drive, = [d for d in found["pci"] if d["class_name"] == "NVMe controller"]
    controller, = [c for c in found["controllers"] if c["transport"] == "pcie"]
    assert (drive["numa_node"], controller["numa_node"], controller["serial_number"]) == (1, 1, "NVME-FAR")
    assert controller["pci_address"] == drive["address"]


def test_bmc_tells_what_it_is(tree_of):
    found = inventory(tree_of("two-sockets"))
    # QEMU's BMC has no network.
    assert [found["management"][key] for key in ("interface", "device_id", "ipmi_version", "lan_channels")] == [
        "ipmi0", 0x20, "2.0", []]


def test_serial_port_on_a_card_names_it(tree_of):
    found = inventory(tree_of("two-sockets"))
    card, = [d["address"] for d in found["pci"] if d["class_name"] == "serial controller"]
    assert [port["pci_address"] for port in found["serial"]] == [None, None, card]


def test_worst_news_come_first(tree_of):
    text = captured.run(tree_of("two-sockets"), "--format", "table")
    lines = text.splitlines()
    assert re.match(r"\s+FAIL\s+DIMM_B3\s+the firmware has taken the module out of", lines[0])
    assert text.index("DIMM_B3") < text.index("PSU 2") < text.index("Example Systems Pilot 1")


def test_alike_news_are_one(tree_of):
    text = re.sub(r"\s+", " ", captured.run(tree_of("two-sockets"), "--format", "table"))
    assert "DIMM_A1 runs at 4800 MT/s, is made for 5600; the same: DIMM_A2, DIMM_A3, DIMM_A4, DIMM_B1, DIMM_B2 warn" in text


def test_view_fits_a_serial_console(machine):
    _, tree = machine
    assert [line for line in captured.run(tree, "--format", "table").splitlines() if len(line) >= 80] == []


def test_view_shows_devices_below_their_ports(tree_of):
    addresses = re.findall(r"^( +)(0000:\S+)", captured.run(tree_of("twelve-devices"), "pci", "--format", "table"), re.M)
    depth = {address: (len(indent) - 2) // 2 for indent, address in addresses}
    pci = by(inventory(tree_of("twelve-devices"))["pci"], "address")
    assert set(depth) == set(pci)
    assert all(depth[a] == (depth[d["parent"]] + 1 if d["parent"] else 0) for a, d in pci.items())
    order = [address for _, address in addresses]
    assert order.index("0000:01:00.0") == order.index("0000:00:04.0") + 1


def test_what_there_is_none_of_is_one_line(tree_of):
    assert captured.run(tree_of("two-sockets"), "--format", "table").split("\n\n")[-1].split() == [
        "none", "slots,", "accelerators,", "volumes,", "usb,", "tpm,", "watchdogs"]


def test_power_supplies_tell_their_state(tree_of):
    supplies = inventory(tree_of("two-sockets"))["power"]
    assert [(s["location"], s["status"], s["unplugged"], s["maximum_power_w"], s["serial_number"]) for s in supplies] == [
        ("PSU 1", "ok", False, 1100, "P-0001"), ("PSU 2", "warning", True, 1100, "P-0002")]


def test_devices_stand_below_ports_and_a_switch(tree_of):
    pci = by(inventory(tree_of("twelve-devices"))["pci"], "address")
    nvme = [device for device in pci.values() if device["class_name"] == "NVMe controller"]
    types = {device["address"]: device["type"] for device in pci.values()}

    def above(device):
        while device["parent"]:
            device = pci[device["parent"]]
            yield types[device["address"]]
    assert len([t for t in types.values() if t == "root port"]) == 4
    assert sorted(list(above(device)) for device in nvme) == [
        ["downstream switch port", "upstream switch port", "root port"]] * 2 + [["root port"]]


def test_links_tell_now_possible_and_the_port_above(tree_of):
    nic, = [d for d in inventory(tree_of("twelve-devices"))["pci"] if d["driver"] == "e1000e"]
    assert nic["link"] == {"speed_gts": 2.5, "width": 1, "maximum_speed_gts": 2.5, "maximum_width": 1,
                           "port_maximum_speed_gts": 16.0, "port_maximum_width": 32}
    assert nic["slot_designation"] == "PCIe Slot 1"
    assert (nic["serial_number"], nic["aer_capable"]) == ("52-54-00-ff-ff-12-34-01", True)
    assert nic["expansion_rom_bytes"] == 256 << 10


def test_virtual_functions_are_counted(tree_of):
    sriov = [d["sriov"] for d in inventory(tree_of("twelve-devices"))["pci"] if d["sriov"]]
    assert sriov == [{"total_vfs": 4, "enabled_vfs": 0, "vf_device_id": "0x0010"}]


def test_sixteen_drives_tell_health_and_content(tree_of):
    drives = by(inventory(tree_of("sixteen-drives"))["storage"], "name")
    assert len(drives) == 16
    assert [name for name, drive in drives.items() if drive["health"]["status"] != "ok"] == ["nvme3n1"]
    assert drives["nvme3n1"]["health"]["warnings"] == ["available spare below its threshold"]
    partition, = drives["nvme0n1"]["partitions"]
    assert (partition["name"], partition["uuid"], partition["size_bytes"]) == ("nvme0n1p1", "5ea71a10-01", 4 << 20)
    assert drives["nvme1n1"]["filesystem"] == {"type": "ext4", "usage": "filesystem", "label": "data",
                                               "uuid": "5ea71a10-0004-4000-8000-000000000001"}


def test_namespaces_of_a_subsystem_name_their_controller(tree_of):
    drives = by(inventory(tree_of("sixteen-drives"))["storage"], "name")
    first, second = (drive for drive in drives.values() if drive["serial_number"] == "NVME-0014")
    assert (first["namespace_id"], second["namespace_id"]) == (1, 2)
    assert (second["logical_block_bytes"], second["size_bytes"]) == (4096, 8 << 20)
    assert first["controller"] == second["controller"] == first["paths"][0]["name"]
    assert re.fullmatch(r"0000:00:\w\w\.0", first["pci_address"])


def test_sata_drives_tell_wwn_rotation_and_smart(tree_of):
    drives = by(inventory(tree_of("drives-of-all-kinds"))["storage"], "serial_number")
    disk = drives["SATA-0000"]
    assert (disk["transport"], disk["wwn"], disk["rotation_rpm"]) == ("sata", "5000c500a1b2c3d4", 7200)
    assert (disk["health"]["status"], disk["health"]["temperature_c"]) == ("ok", 31)
    assert drives["SATA-0001"]["rotational"] is False and drives["SATA-0001"]["rotation_rpm"] is None


def test_two_paths_are_one_drive(tree_of):
    storage = inventory(tree_of("drives-of-all-kinds"))["storage"]
    lun, = [drive for drive in storage if drive["serial_number"] == "LUN-0000"]
    assert len(lun["paths"]) == 2
    assert len({path["pci_address"] for path in lun["paths"]}) == 2
    assert lun["wwn"] == "5000c50015ea0001"


def test_array_and_volume_name_their_members(tree_of):
    found = inventory(tree_of("drives-of-all-kinds"))
    volumes = by(found["volumes"], "kind")
    md = volumes["md"]
    assert (md["level"], md["member_count"], md["degraded_count"], md["members"]) == ("raid1", 2, 1, ["vda", "vdb"])
    assert md["uuid"] == "5ea71a10-0005-0000-8000-000000000001"
    assert (volumes["lvm"]["label"], volumes["lvm"]["size_bytes"]) == ("data", 8 << 20)
    users = by(found["storage"], "serial_number")
    assert users["VBLK-0000"]["used_by"] == [md["name"]]
    assert users["VBLK-0000"]["filesystem"]["type"] == "linux_raid_member"


def test_partitions_and_volumes_tell_their_file_systems(tree_of):
    found = inventory(tree_of("drives-of-all-kinds"))
    disk = by(found["storage"], "serial_number")["SATA-0000"]
    partition, = disk["partitions"]
    assert (disk["partition_table"], disk["partition_table_uuid"]) == ("gpt", "5ea71a10-0007-4000-8000-000000000001")
    assert (partition["label"], partition["start_bytes"], partition["size_bytes"], partition["uuid"]) == (
        "first", 1 << 20, 4 << 20, "5ea71a10-0009-4000-8000-000000000001")
    assert partition["filesystem"] == {"type": "ext4", "usage": "filesystem", "label": "inside",
                                       "uuid": "5ea71a10-0008-4000-8000-000000000001"}
    assert by(found["volumes"], "kind")["md"]["filesystem"] == {"type": "ext4", "usage": "filesystem", "label": "array",
                                                                "uuid": "5ea71a10-0006-4000-8000-000000000001"}


def test_device_behind_a_usb_hub_names_it(tree_of):
    usb = by(inventory(tree_of("twelve-devices"))["usb"], "name")
    assert (usb["1-2.1"]["product"], usb["1-2.1"]["parent"], usb["1-2"]["class"], usb["1-2"]["parent"]) == (
        "QEMU USB Tablet", "1-2", "0x09", "usb1")


def test_hot_plug_slots_are_named(tree_of):
    pci = inventory(tree_of("twelve-devices"))["pci"]
    assert sorted(d["slot"] for d in pci if d["slot"]) == ["0", *(f"0-{i}" for i in range(1, 7))]


def test_efi_variables_tell_the_boot_order(tree_of):
    system = inventory(tree_of("uefi"))["system"]
    assert (system["boot_mode"], system["secure_boot"], system["efi"]["setup_mode"]) == ("uefi", False, True)
    efi = system["efi"]
    assert efi["variable_count"] > 20 and efi["variable_bytes"] > 1000
    assert [entry["id"] for entry in efi["boot_entries"]] == efi["boot_order"]
    assert [(entry["active"], entry["description"]) for entry in efi["boot_entries"]] == [(True, "UiApp")]


# --- what has changed, and what was ordered ------------------------------------------------------------------------

def test_diff_names_a_module_that_is_gone_and_a_drive_that_came(tree_of, tmp_path):
    tree = tree_of("sixteen-drives")
    now = inventory(tree)
    old = copy.deepcopy(now)
    old["storage"] = [drive for drive in old["storage"] if drive["serial_number"] != "NVME-0007"]
    old["storage"].reverse()
    old["memory"]["modules"][0]["size_bytes"] = 1 << 30
    old["storage"][0]["health"]["temperature_c"] += 5
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    text = captured.run(tree, "--diff", path, "--format", "table", check=False)
    assert [line for line in text.splitlines() if not line.startswith("pci[")] == [
        "memory.modules[DIMM 0].size_bytes: 1073741824 -> 536870912", "storage[NVME-0007]: nothing -> there"]


def check(tmp_path, found, rules):
    manifest, path = tmp_path / "manifest.json", tmp_path / "inventory.json"
    manifest.write_text(json.dumps({"schema_version": 1, "rules": rules}))
    path.write_text(json.dumps(found))
    result = subprocess.run([AGENT, "manifest", "--inventory", path, "--check", manifest], text=True, check=False,
                            stdout=subprocess.PIPE)
    assert result.returncode == (1 if result.stdout else 0)
    return result.stdout.splitlines()


def test_deviations_tell_expected_found_and_where(tree_of, tmp_path):
    found = inventory(tree_of("two-sockets"))
    rules = [{"part": "memory.modules", "where": {"locator": "DIMM_B4"}, "expect": {"size_bytes": 32 << 30}},
             {"part": "memory.modules", "where": {"locator": "DIMM_B3"}, "expect": {"size_bytes": {"at_least": 96 << 20}}},
             {"part": "memory.modules", "expect": {"part_number": {"matches": "EM-5600-*"}}, "where":
              {"locator": {"matches": "DIMM_A?"}}, "count": 4},
             {"part": "system.firmware", "expect": {"version": {"one_of": ["2.0", "2.1"]}}, "severity": "warning"},
             {"part": "storage", "where": {"transport": "nvme"}, "count": {"at_least": 2}}]
    assert check(tmp_path, found, rules) == [
        "critical: DIMM_B4: size_bytes: 32 GiB expected, slot empty",
        "critical: DIMM_B3: size_bytes: at least 96 MiB expected, slot mapped out",
        "warning: system.firmware: version: one of 2.0, 2.1 expected, 1.0",
        "critical: storage with transport nvme: at least 2 expected, 1 there"]


def test_link_deviation_tells_what_device_and_port_can(tree_of, tmp_path):
    found = inventory(tree_of("twelve-devices"))
    rule = {"part": "pci", "where": {"address": "0000:01:00.0"}, "expect": {"link.width": {"at_least": 16}}}
    assert check(tmp_path, found, [rule]) == [
        "critical: 0000:01:00.0: link.width: at least 16 expected, 1, device can x1, port above can x32"]


# --- a firmware's table that lies ----------------------------------------------------------------------------------

def damaged(table, kind):
    """The table with one kind of damage; what each is made of is always the same."""
    chance = random.Random(kind)
    if kind == "truncated":
        return table[:len(table) * 2 // 3]
    if kind == "strings without end":
        return table[:len(table) // 2] + b"x" * (len(table) - len(table) // 2)
    if kind == "lengths":
        # Every structure says that it is as long as it can be.
        return b"".join(bytes([byte if i % 37 else 255]) for i, byte in enumerate(table))
    if kind == "one structure over and over":
        return (table[:64] * (len(table) // 64 + 1))[:len(table)]
    bad = bytearray(table)
    for _ in range(200):
        bad[chance.randrange(len(bad))] = chance.randrange(256)
    return bytes(bad)


@pytest.mark.parametrize("kind", ["truncated", "strings without end", "lengths", "one structure over and over",
                                  *(f"random {seed}" for seed in range(int(os.environ.get("HOSTILE_TABLES", "6"))))])
def test_table_full_of_lies_costs_what_stands_in_it_alone(tmp_path, kind):
    good = inventory_of_two_sockets()
    with captured.unpacked("two-sockets", tmp_path / "tree") as tree:
        path = tree / "sys/firmware/dmi/tables/DMI"
        path.write_bytes(damaged(path.read_bytes(), kind))
        found = json.loads(captured.run(tree, "--format", "json", check=False))
        assert list(schema.problems(found)) == []
    assert all("signal" not in problem["message"] and "limit" not in problem["message"] for problem in found["problems"])
    for part in ("storage", "network", "usb", "controllers", "serial"):
        assert found[part] == good[part]
    assert found["memory"] is None or found["memory"]["usable_bytes"] == good["memory"]["usable_bytes"]


@functools.cache
def inventory_of_two_sockets():
    return json.loads((DATA / "two-sockets.json").read_text())
