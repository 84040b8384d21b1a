/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "format.h"
#include "redfish-network.h"
#include "redfish-tree.h"

#define MIB ((int64_t) 1 << 20)

/* The resource must have one; "Other" is for those that Redfish has no word for. */
static const char *chassis_type(const char *type) {
        if (type && streq(type, "rack mount chassis"))
                return "RackMount";
        if (type && streq(type, "blade"))
                return "Blade";

        return "Other";
}

static int add_system(struct redfish_tree *tree) {
        static const struct redfish_member system_members[] = {{"Manufacturer", "manufacturer"},
                                                               {"Model", "product"},
                                                               {"SerialNumber", "serial_number"},
                                                               {"SKU", "sku"},
                                                               {"UUID", "uuid"},
                                                               {}},
                                           chassis_members[] = {{"Manufacturer", "manufacturer"},
                                                                {"SerialNumber", "serial_number"},
                                                                {"AssetTag", "asset_tag"},
                                                                {"SKU", "sku"},
                                                                {}};
        const json_t *system = json_object_get(tree->inventory, "system"),
                     *processors = json_object_get(tree->inventory, "processors"),
                     *memory = json_object_get(tree->inventory, "memory");
        int64_t installed = json_get_integer(memory, "installed_bytes", -1);
        const char *id = json_get_string(system, "uuid") ?: json_get_string(system, "serial_number") ?: "system";
        json_t *resource, *chassis;
        int r;

        resource = redfish_add(tree, "/redfish/v1/Systems", "ComputerSystem", "v1_20_0", id, "System");
        chassis = redfish_add(tree, "/redfish/v1/Chassis", "Chassis", "v1_22_0", id, "Chassis");
        if (!resource || !chassis)
                return -ENOMEM;

        tree->system = strdup(json_get_string(resource, "@odata.id"));
        tree->chassis = strdup(json_get_string(chassis, "@odata.id"));
        if (!tree->system || !tree->chassis)
                return -ENOMEM;

        r = redfish_set_members(resource, system, system_members);
        if (r >= 0)
                r = redfish_set(resource, "BiosVersion",
                                redfish_copy(json_object_get(system, "firmware"), "version"));
        if (r >= 0)
                r = redfish_set(resource, "ProcessorSummary",
                                json_pack("{s:o, s:o, s:o}", "Count",
                                          redfish_copy(processors, "package_count"), "CoreCount",
                                          redfish_copy(processors, "core_count"), "LogicalProcessorCount",
                                          redfish_copy(processors, "thread_count")));
        if (r >= 0 && installed >= 0)
                r = redfish_set(resource, "MemorySummary",
                                json_pack("{s:f}", "TotalSystemMemoryGiB",
                                          (double) installed / (double) ((int64_t) 1 << 30)));
        if (r >= 0)
                r = json_set(resource, "Links",
                             json_pack("{s:[{s:s}]}", "Chassis", "@odata.id", tree->chassis));
        if (r >= 0)
                r = redfish_set_members(chassis, json_object_get(system, "chassis"), chassis_members);
        if (r >= 0)
                r = json_set_string(
                        chassis, "ChassisType",
                        chassis_type(json_get_string(json_object_get(system, "chassis"), "type")));
        if (r >= 0)
                r = json_set(chassis, "Links",
                             json_pack("{s:[{s:s}]}", "ComputerSystems", "@odata.id", tree->system));
        return r;
}

static int add_processors(struct redfish_tree *tree) {
        static const struct redfish_member members[] = {{"Socket", "socket"},
                                                        {"Manufacturer", "manufacturer"},
                                                        {"Model", "model"},
                                                        {"SerialNumber", "serial_number"},
                                                        {"PartNumber", "part_number"},
                                                        {"MaxSpeedMHz", "maximum_speed_mhz"},
                                                        {"TotalCores", "core_count"},
                                                        {"TotalEnabledCores", "enabled_core_count"},
                                                        {"TotalThreads", "thread_count"},
                                                        {}};
        _cleanup_free_ char *collection = strprintf("%s/Processors", tree->system);
        const json_t *socket;
        size_t i;

        json_array_foreach(json_object_get(json_object_get(tree->inventory, "processors"), "sockets"), i,
                           socket) {
                const char *microcode = json_get_string(socket, "microcode"),
                           *status = json_get_string(socket, "status");
                bool populated = !json_is_false(json_object_get(socket, "populated"));
                char id[24];
                json_t *resource;
                int r;

                snprintf(id, sizeof(id), "CPU%zu", i);
                resource = collection ? redfish_add(tree, collection, "Processor", "v1_18_0", id, id) : NULL;
                if (!resource)
                        return -ENOMEM;

                r = redfish_set_members(resource, socket, members);
                if (r >= 0)
                        r = json_set_string(resource, "ProcessorType", "CPU");
                if (r >= 0 && microcode)
                        r = json_set(resource, "ProcessorId", json_pack("{s:s}", "MicrocodeInfo", microcode));
                if (r >= 0)
                        r = redfish_set_status(resource,
                                               !populated                                 ? "Absent"
                                               : status && startswith(status, "disabled") ? "Disabled"
                                                                                          : "Enabled",
                                               NULL);
                if (r >= 0)
                        r = redfish_link_to(redfish_system(tree), "Processors", collection);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Redfish's own words for those of DSP0134 that it has. */
static const char *memory_type(const char *type) {
        static const struct {
                const char *ours, *redfish;
        } types[] = {
                {"DDR", "DDR"},   {"DDR2", "DDR2"},           {"DDR2 FB-DIMM", "DDR2_SDRAM_FB_DIMM"},
                {"DDR3", "DDR3"}, {"LPDDR3", "LPDDR3_SDRAM"}, {"DDR4", "DDR4"},
                {"DDR5", "DDR5"}, {"LPDDR4", "LPDDR4_SDRAM"}, {"LPDDR5", "LPDDR5_SDRAM"},
                {"ROM", "ROM"},   {"SDRAM", "SDRAM"},         {"HBM", "HBM"},
                {"HBM2", "HBM2"}, {"HBM3", "HBM3"},
        };

        for (size_t i = 0; type && i < ELEMENTSOF(types); i++)
                if (streq(type, types[i].ours))
                        return types[i].redfish;

        return NULL;
}

static int add_memory(struct redfish_tree *tree) {
        static const struct redfish_member members[] = {{"DeviceLocator", "locator"},
                                                        {"BankLocator", "bank_locator"},
                                                        {"Manufacturer", "manufacturer"},
                                                        {"SerialNumber", "serial_number"},
                                                        {"PartNumber", "part_number"},
                                                        {"RankCount", "ranks"},
                                                        {"OperatingSpeedMhz", "configured_speed_mts"},
                                                        {"DataWidthBits", "data_width_bits"},
                                                        {"BusWidthBits", "total_width_bits"},
                                                        {}};
        _cleanup_free_ char *collection = strprintf("%s/Memory", tree->system);
        const json_t *module;
        size_t i;

        json_array_foreach(json_object_get(json_object_get(tree->inventory, "memory"), "modules"), i,
                           module) {
                const char *locator = json_get_string(module, "locator") ?: "DIMM",
                           *type = memory_type(json_get_string(module, "type"));
                int64_t size = json_get_integer(module, "size_bytes", -1);
                bool mapped_out = json_is_true(json_object_get(module, "mapped_out"));
                json_t *resource;
                int r;

                resource = collection ? redfish_add(tree, collection, "Memory", "v1_17_0", locator, locator)
                                      : NULL;
                if (!resource)
                        return -ENOMEM;

                r = redfish_set_members(resource, module, members);
                if (r >= 0 && size >= 0)
                        r = json_set_u64(resource, "CapacityMiB", (uint64_t) (size / MIB));
                if (r >= 0 && type)
                        r = json_set_string(resource, "MemoryDeviceType", type);
                if (r >= 0)
                        r = redfish_set_status(resource,
                                               mapped_out  ? "Disabled"
                                               : size == 0 ? "Absent"
                                                           : "Enabled",
                                               mapped_out ? "Critical" : NULL);
                if (r >= 0)
                        r = redfish_link_to(redfish_system(tree), "Memory", collection);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* "8.0 GT/s" is of the third generation. */
static const char *pcie_generation(const json_t *link, const char *member) {
        static const struct {
                double speed;
                const char *name;
        } generations[] = {{2.5, "Gen1"}, {5, "Gen2"}, {8, "Gen3"}, {16, "Gen4"}, {32, "Gen5"}, {64, "Gen6"}};
        double speed = json_number_value(json_object_get(link, member));

        for (size_t i = 0; i < ELEMENTSOF(generations); i++)
                if (speed >= generations[i].speed - 0.1 && speed <= generations[i].speed + 0.1)
                        return generations[i].name;

        return NULL;
}

static int set_link(json_t *resource, const json_t *link) {
        const char *now = pcie_generation(link, "speed_gts"),
                   *maximum = pcie_generation(link, "maximum_speed_gts");
        json_t *interface = json_object();
        int r;

        r = interface ? redfish_set(interface, "LanesInUse", redfish_copy(link, "width")) : -ENOMEM;
        if (r >= 0)
                r = redfish_set(interface, "MaxLanes", redfish_copy(link, "maximum_width"));
        if (r >= 0 && now)
                r = json_set_string(interface, "PCIeType", now);
        if (r >= 0 && maximum)
                r = json_set_string(interface, "MaxPCIeType", maximum);
        if (r < 0) {
                json_decref(interface);
                return r;
        }

        return json_set(resource, "PCIeInterface", interface);
}

/* The resource of the whole device, which its first function makes. Returns NULL when memory is short. */
static json_t *pci_device(struct redfish_tree *tree, const char *collection, const char *id, const char *name,
                          const json_t *function) {
        _cleanup_free_ char *uri = redfish_uri(collection, id), *functions = NULL;
        const json_t *link = json_object_get(function, "link");
        json_t *device;
        int r;

        device = uri ? json_object_get(tree->resources, uri) : NULL;
        if (device)
                return json_set_string(device, "DeviceType", "MultiFunction") < 0 ? NULL : device;

        functions = uri ? strprintf("%s/PCIeFunctions", uri) : NULL;
        device = functions ? redfish_add(tree, collection, "PCIeDevice", "v1_11_0", id, name) : NULL;
        if (!device)
                return NULL;

        r = json_set_string(device, "DeviceType", "SingleFunction");
        if (r >= 0)
                r = redfish_set(device, "SerialNumber", redfish_copy(function, "serial_number"));
        if (r >= 0)
                r = redfish_set(device, "Manufacturer", redfish_copy(function, "vendor"));
        if (r >= 0 && json_is_object(link))
                r = set_link(device, link);
        if (r >= 0)
                r = redfish_link_to(device, "PCIeFunctions", functions);
        if (r >= 0)
                r = redfish_link_append(redfish_system(tree), "PCIeDevices", device);
        return r < 0 ? NULL : device;
}

static int add_pci_function(struct redfish_tree *tree, const char *collection, const json_t *function) {
        static const struct redfish_member members[] = {{"VendorId", "vendor_id"},
                                                        {"DeviceId", "device_id"},
                                                        {"RevisionId", "revision"},
                                                        {"ClassCode", "class"},
                                                        {"SubsystemVendorId", "subsystem_vendor_id"},
                                                        {"SubsystemId", "subsystem_device_id"},
                                                        {}};
        const char *address = json_get_string(function, "address") ?: "unknown",
                   *name = json_get_string(function, "device") ?: json_get_string(function, "class_name") ?: address,
                   *number = address + strcspn(address, ".");
        _cleanup_free_ char *id = strndup(address, (size_t) (number - address));
        json_t *device, *resource;
        uint64_t n;
        int r;

        device = id ? pci_device(tree, collection, id, name, function) : NULL;
        if (!device)
                return -ENOMEM;

        number = *number ? number + 1 : "0";
        resource = redfish_add(tree, json_get_string(json_object_get(device, "PCIeFunctions"), "@odata.id"),
                               "PCIeFunction", "v1_5_0", number, name);
        if (!resource)
                return -ENOMEM;

        r = redfish_set_members(resource, function, members);
        if (r >= 0 && parse_u64(number, &n) >= 0)
                r = json_set_u64(resource, "FunctionId", n);
        if (r >= 0)
                r = json_set(resource, "Links",
                             json_pack("{s:{s:s}}", "PCIeDevice", "@odata.id",
                                       json_get_string(device, "@odata.id")));
        return r;
}

static int add_pci(struct redfish_tree *tree) {
        _cleanup_free_ char *collection = strprintf("%s/PCIeDevices", tree->chassis);
        const json_t *functions = json_object_get(tree->inventory, "pci"), *function;
        size_t i;

        if (!collection)
                return -ENOMEM;

        json_array_foreach(functions, i, function) {
                int r = add_pci_function(tree, collection, function);

                if (r < 0)
                        return r;
        }

        return json_array_size(functions) > 0
                       ? redfish_link_to(json_object_get(tree->resources, tree->chassis), "PCIeDevices",
                                         collection)
                       : 0;
}

static const char *drive_protocol(const char *transport) {
        static const struct {
                const char *ours, *redfish;
        } protocols[] = {{"nvme", "NVMe"}, {"sata", "SATA"}, {"sas", "SAS"},
                         {"usb", "USB"},   {"fc", "FC"},     {"iscsi", "iSCSI"}};

        for (size_t i = 0; transport && i < ELEMENTSOF(protocols); i++)
                if (streq(transport, protocols[i].ours))
                        return protocols[i].redfish;

        return NULL;
}

/* "00-25-38-8b-71-01-16-a1": of all identifiers only this one has its bytes apart. */
#define EUI64_SIZE sizeof("00-25-38-8b-71-01-16-a1")

static const char *with_dashes(char buffer[static EUI64_SIZE], const char *digits) {
        size_t n = 0;

        for (; digits[0] && digits[1] && n + 3 < EUI64_SIZE; digits += 2) {
                if (n > 0)
                        buffer[n++] = '-';
                buffer[n++] = digits[0];
                buffer[n++] = digits[1];
        }
        buffer[n] = 0;
        return buffer;
}

static int set_identifiers(json_t *resource, const json_t *drive) {
        static const struct {
                const char *member, *format;
        } identifiers[] = {{"wwn", "NAA"}, {"eui64", "EUI"}, {"nguid", "NGUID"}, {"uuid", "UUID"}};
        json_t *list = json_array();
        char dashed[EUI64_SIZE];
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(identifiers) && r >= 0; i++) {
                const char *value = json_get_string(drive, identifiers[i].member);

                if (!value)
                        continue;

                r = json_append(
                        list,
                        json_pack("{s:s, s:s}", "DurableName",
                                  streq(identifiers[i].format, "EUI") ? with_dashes(dashed, value) : value,
                                  "DurableNameFormat", identifiers[i].format));
        }
        if (r < 0) {
                json_decref(list);
                return r;
        }

        return json_set(resource, "Identifiers", list);
}

static int describe_drive(json_t *resource, const json_t *drive) {
        static const struct redfish_member members[] = {
                {"Manufacturer", "vendor"},           {"Model", "model"},
                {"SerialNumber", "serial_number"},    {"Revision", "firmware_version"},
                {"CapacityBytes", "size_bytes"},      {"BlockSizeBytes", "logical_block_bytes"},
                {"RotationSpeedRPM", "rotation_rpm"}, {}};
        const json_t *health = json_object_get(drive, "health"),
                     *rotational = json_object_get(drive, "rotational");
        const char *protocol = drive_protocol(json_get_string(drive, "transport")),
                   *status = json_get_string(health, "status");
        int64_t used = json_get_integer(health, "percentage_used", -1);
        bool failing = status && streq(status, "failing");
        int r;

        r = redfish_set_members(resource, drive, members);
        if (r >= 0 && protocol)
                r = json_set_string(resource, "Protocol", protocol);
        if (r >= 0 && json_is_boolean(rotational))
                r = json_set_string(resource, "MediaType", json_is_true(rotational) ? "HDD" : "SSD");
        if (r >= 0 && used >= 0)
                r = json_set(resource, "PredictedMediaLifeLeftPercent",
                             json_integer(MAX(100 - used, (int64_t) 0)));
        if (r >= 0 && status)
                r = json_set_bool(resource, "FailurePredicted", failing);
        if (r >= 0)
                r = set_identifiers(resource, drive);
        if (r >= 0)
                r = redfish_set_status(
                        resource, json_get_string(drive, "read_error") ? "UnavailableOffline" : "Enabled",
                        !status                    ? NULL
                        : failing                  ? "Critical"
                        : streq(status, "warning") ? "Warning"
                                                   : "OK");
        return r;
}

static int add_storage(struct redfish_tree *tree) {
        _cleanup_free_ char *collection = strprintf("%s/Storage", tree->system), *drives = NULL;
        json_t *storage = NULL;
        const json_t *drive;
        size_t i;

        json_array_foreach(json_object_get(tree->inventory, "storage"), i, drive) {
                const char *name = json_get_string(drive, "name") ?: "drive";
                json_t *resource;
                int r;

                if (!storage) {
                        storage = collection
                                          ? redfish_add(tree, collection, "Storage", "v1_15_0", "1", "Drives")
                                          : NULL;
                        drives = storage ? strprintf("%s/Drives", json_get_string(storage, "@odata.id"))
                                         : NULL;
                        if (!drives)
                                return -ENOMEM;

                        r = redfish_link_to(redfish_system(tree), "Storage", collection);
                        if (r < 0)
                                return r;
                }

                resource = redfish_add(tree, drives, "Drive", "v1_17_0", name, name);
                r = resource ? describe_drive(resource, drive) : -ENOMEM;
                if (r >= 0)
                        r = redfish_link_append(storage, "Drives", resource);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* A collection for each of the links that owner has to one. */
static int add_collections_of(struct redfish_tree *tree, const json_t *owner) {
        static const struct {
                const char *name, *type;
        } collections[] = {
                {"Processors", "ProcessorCollection"},
                {"Memory", "MemoryCollection"},
                {"Storage", "StorageCollection"},
                {"EthernetInterfaces", "EthernetInterfaceCollection"},
                {"NetworkInterfaces", "NetworkInterfaceCollection"},
                {"NetworkAdapters", "NetworkAdapterCollection"},
                {"PCIeDevices", "PCIeDeviceCollection"},
                {"PCIeFunctions", "PCIeFunctionCollection"},
        };

        for (size_t i = 0; i < ELEMENTSOF(collections); i++) {
                const char *uri = json_get_string(json_object_get(owner, collections[i].name), "@odata.id");
                int r;

                r = uri ? redfish_add_collection(tree, uri, collections[i].name, collections[i].type) : 0;
                if (r < 0)
                        return r;
        }

        return 0;
}

static int add_collections(struct redfish_tree *tree) {
        const json_t *device;
        size_t i;
        int r;

        r = add_collections_of(tree, redfish_system(tree));
        if (r >= 0)
                r = add_collections_of(tree, json_object_get(tree->resources, tree->chassis));

        json_array_foreach(json_object_get(redfish_system(tree), "PCIeDevices"), i, device) {
                if (r >= 0)
                        r = add_collections_of(
                                tree, json_object_get(tree->resources, json_get_string(device, "@odata.id")));
        }

        return r;
}

int inventory_redfish(const json_t *inventory, json_t **ret) {
        static int (*const adders[])(struct redfish_tree *
                                     tree) = {add_system,  add_processors,      add_memory,     add_pci,
                                              add_storage, redfish_add_network, add_collections};
        _cleanup_(redfish_tree_done) struct redfish_tree tree = {.inventory = inventory,
                                                                 .resources = json_object()};

        if (!tree.resources)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(adders); i++) {
                int r = adders[i](&tree);

                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(tree.resources);
        return 0;
}
