# SPDX-License-Identifier: GPL-3.0-or-later
"""What the schemas of DSP8010 (bundle 2023.1) say of the resources that seatrial makes: which version, where they may
stand, what they must have, and of each member its type, its words or its form. A member that is not listed here is one
that seatrial is not known to need, and wrong until somebody has looked it up."""

import re

HEX = r"0[xX]([0-9a-fA-F]{{2}}){{{0}}}"
MAC = r"([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"
UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

TEXT, INTEGER, NUMBER, BOOLEAN = str, int, (int, float), bool
LINK = {"@odata.id": TEXT}


class Words(set):
    """One of these."""


class Form(str):
    """A string of this form."""


STATUS = {"State": Words({"Enabled", "Disabled", "StandbyOffline", "Absent", "UnavailableOffline", "Starting"}),
          "Health": Words({"OK", "Warning", "Critical"})}
GENERATION = Words({"Gen1", "Gen2", "Gen3", "Gen4", "Gen5", "Gen6"})
SYSTEM, CHASSIS = "/redfish/v1/Systems/[^/]+", "/redfish/v1/Chassis/[^/]+"

# type: (version, URI, required beside @odata.id, @odata.type, Id and Name, members)
RESOURCES = {
    "ComputerSystem": ("v1_20_0", SYSTEM, (), {
        "Manufacturer": TEXT, "Model": TEXT, "SerialNumber": TEXT, "SKU": TEXT, "UUID": Form(UUID), "BiosVersion": TEXT,
        "ProcessorSummary": {"Count": INTEGER, "CoreCount": INTEGER, "LogicalProcessorCount": INTEGER},
        "MemorySummary": {"TotalSystemMemoryGiB": NUMBER}, "Links": {"Chassis": [LINK]}, "Processors": LINK, "Memory": LINK,
        "Storage": LINK, "EthernetInterfaces": LINK, "NetworkInterfaces": LINK, "PCIeDevices": [LINK]}),
    "Chassis": ("v1_22_0", CHASSIS, ("ChassisType",), {
        "Manufacturer": TEXT, "SerialNumber": TEXT, "AssetTag": TEXT, "SKU": TEXT,
        "ChassisType": Words({"RackMount", "Blade", "Other"}), "Links": {"ComputerSystems": [LINK]}, "PCIeDevices": LINK,
        "NetworkAdapters": LINK}),
    "Processor": ("v1_18_0", SYSTEM + "/Processors/[^/]+", (), {
        "Socket": TEXT, "Manufacturer": TEXT, "Model": TEXT, "SerialNumber": TEXT, "PartNumber": TEXT,
        "MaxSpeedMHz": INTEGER, "TotalCores": INTEGER, "TotalEnabledCores": INTEGER, "TotalThreads": INTEGER,
        "ProcessorType": Words({"CPU"}), "ProcessorId": {"MicrocodeInfo": TEXT}, "Status": STATUS}),
    "Memory": ("v1_17_0", SYSTEM + "/Memory/[^/]+", (), {
        "DeviceLocator": TEXT, "BankLocator": TEXT, "Manufacturer": TEXT, "SerialNumber": TEXT, "PartNumber": TEXT,
        "RankCount": INTEGER, "OperatingSpeedMhz": INTEGER, "DataWidthBits": INTEGER, "BusWidthBits": INTEGER,
        "CapacityMiB": INTEGER, "Status": STATUS, "MemoryDeviceType": Words({
            "DDR", "DDR2", "DDR3", "DDR4", "DDR5", "DDR2_SDRAM_FB_DIMM", "LPDDR3_SDRAM", "LPDDR4_SDRAM", "LPDDR5_SDRAM",
            "ROM", "SDRAM", "HBM", "HBM2", "HBM3"})}),
    "PCIeDevice": ("v1_11_0", CHASSIS + "/PCIeDevices/[^/]+", (), {
        "SerialNumber": TEXT, "Manufacturer": TEXT, "DeviceType": Words({"SingleFunction", "MultiFunction"}),
        "PCIeInterface": {"LanesInUse": INTEGER, "MaxLanes": INTEGER, "PCIeType": GENERATION, "MaxPCIeType": GENERATION},
        "PCIeFunctions": LINK}),
    "PCIeFunction": ("v1_5_0", CHASSIS + "/PCIeDevices/[^/]+/PCIeFunctions/[^/]+", (), {
        "VendorId": Form(HEX.format(2)), "DeviceId": Form(HEX.format(2)), "RevisionId": Form(HEX.format(1)),
        "ClassCode": Form(HEX.format(3)), "SubsystemVendorId": Form(HEX.format(2)), "SubsystemId": Form(HEX.format(2)),
        "FunctionId": INTEGER, "Links": {"PCIeDevice": LINK}}),
    "Storage": ("v1_15_0", SYSTEM + "/Storage/[^/]+", (), {"Drives": [LINK]}),
    "Drive": ("v1_17_0", SYSTEM + "/Storage/[^/]+/Drives/[^/]+", (), {
        "Manufacturer": TEXT, "Model": TEXT, "SerialNumber": TEXT, "Revision": TEXT, "CapacityBytes": INTEGER,
        "BlockSizeBytes": INTEGER, "RotationSpeedRPM": NUMBER, "MediaType": Words({"HDD", "SSD"}),
        "Protocol": Words({"NVMe", "SATA", "SAS", "USB", "FC", "iSCSI"}), "PredictedMediaLifeLeftPercent": NUMBER,
        "FailurePredicted": BOOLEAN, "Status": STATUS,
        "Identifiers": [{"DurableName": TEXT, "DurableNameFormat": Words({"NAA", "EUI", "NGUID", "UUID"})}]}),
    "EthernetInterface": ("v1_9_0", SYSTEM + "/EthernetInterfaces/[^/]+", (), {
        "MACAddress": Form(MAC), "PermanentMACAddress": Form(MAC), "SpeedMbps": INTEGER, "MTUSize": INTEGER,
        "LinkStatus": Words({"LinkUp", "NoLink", "LinkDown"})}),
    "NetworkInterface": ("v1_2_0", SYSTEM + "/NetworkInterfaces/[^/]+", (), {"Links": {"NetworkAdapter": LINK}}),
    "NetworkAdapter": ("v1_9_0", CHASSIS + "/NetworkAdapters/[^/]+", (), {
        "Manufacturer": TEXT, "Model": TEXT,
        "Controllers": [{"FirmwarePackageVersion": TEXT, "Links": {"PCIeDevices": [LINK]}}]}),
}

# What DurableNameFormat says of the DurableName beside it.
DURABLE_NAMES = {"NAA": r"(([0-9A-Fa-f]{2}){8}){1,2}", "EUI": r"([0-9A-Fa-f]{2}[:-]){7}[0-9A-Fa-f]{2}",
                 "NGUID": r"([0-9A-Fa-f]{2}){16}", "UUID": UUID}


def faults_of(value, rule, where):
    """What is wrong with a value, a line each. Every one of these may be null."""
    if value is None:
        return
    if isinstance(rule, dict):
        if not isinstance(value, dict):
            yield f"{where} is no object"
            return
        for name, member in value.items():
            if name not in rule:
                yield f"{where}/{name} is not in the schema"
            else:
                yield from faults_of(member, rule[name], f"{where}/{name}")
    elif isinstance(rule, list):
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for i, member in enumerate(value):
            yield from faults_of(member, rule[0], f"{where}/{i}")
    elif isinstance(rule, Words):
        if value not in rule:
            yield f"{where} has a word that the schema has not: {value}"
    elif isinstance(rule, Form):
        if not isinstance(value, str) or not re.fullmatch(rule, value):
            yield f"{where} has not the form {rule}: {value}"
    elif not isinstance(value, rule) or (isinstance(value, bool) and rule is not BOOLEAN):
        yield f"{where} is of the wrong type: {value!r}"


def resource_faults(uri, resource):
    """What is wrong with a resource of the list above, or with a collection."""
    kind = re.fullmatch(r"#(\w+)\.(?:(v\d+_\d+_\d+)\.)?(\w+)", resource.get("@odata.type", ""))
    if not kind or kind[1] != kind[3]:
        yield f"{uri} has no proper @odata.type"
    elif kind[1].endswith("Collection"):
        yield from faults_of(resource, {"@odata.id": TEXT, "@odata.type": TEXT, "Name": TEXT, "Members@odata.count": INTEGER,
                                        "Members": [LINK]}, uri)
        yield from [] if resource["Members@odata.count"] == len(resource["Members"]) else [f"{uri} is miscounted"]
    elif kind[1] not in RESOURCES:
        yield f"{uri} is a {kind[1]}, of which nothing is known here"
    else:
        version, place, required, members = RESOURCES[kind[1]]
        yield from [] if kind[2] == version else [f"{uri} has version {kind[2]}"]
        yield from [] if re.fullmatch(place, uri) else [f"{uri} may not stand there"]
        yield from [f"{uri} lacks {name}" for name in ("@odata.id", "Id", "Name", *required) if not resource.get(name)]
        yield from [] if uri.endswith(f"/{resource.get('Id')}") else [f"{uri} has another Id"]
        yield from faults_of(resource, {"@odata.id": TEXT, "@odata.type": TEXT, "Id": TEXT, "Name": TEXT, **members}, uri)
        for identifier in resource.get("Identifiers", []):
            form = DURABLE_NAMES[identifier["DurableNameFormat"]]
            yield from [] if re.fullmatch(form, identifier["DurableName"]) else [f"{uri}: {identifier}"]
