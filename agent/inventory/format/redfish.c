/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "format.h"

#define MIB ((int64_t) 1 << 20)

struct tree {
        const json_t *inventory;
        json_t *resources; /* by @odata.id */
        char *system;      /* @odata.id of the system */
        char *chassis;
};

static void tree_done(struct tree *tree) {
        json_decref(tree->resources);
        free(tree->system);
        free(tree->chassis);
}

static json_t *copy(const json_t *object, const char *member) {
        json_t *value = json_object_get(object, member);

        return value ? json_incref(value) : json_null();
}

/* Redfish leaves out what is unknown, and so do we. */
static int set(json_t *resource, const char *name, json_t *value) {
        if (json_is_null(value))
                return 0;

        return json_set(resource, name, value);
}

/* Ids become parts of URIs. */
static void clean_id(char *id) {
        for (; *id; id++)
                if (!isalnum((unsigned char) *id) && !strchr("-_.", *id))
                        *id = '_';
}

/* Makes a resource below collection, whose id may be given to two things: the second becomes ID-2. Returns
 * it, which is the tree's, or NULL when memory is short. */
static json_t *add(struct tree *tree, const char *collection, const char *type, const char *version,
                   const char *id, const char *name) {
        _cleanup_free_ char *clean = strdup(id), *uri = NULL, *odata = NULL;
        json_t *resource;

        if (!clean)
                return NULL;
        clean_id(clean);

        uri = strprintf("%s/%s", collection, clean);
        for (unsigned n = 2; uri && json_object_get(tree->resources, uri); n++) {
                free(uri);
                uri = strprintf("%s/%s-%u", collection, clean, n);
        }
        if (!uri)
                return NULL;

        odata = strprintf("#%s.%s.%s", type, version, type);
        resource = odata ? json_pack("{s:s, s:s, s:s, s:s}", "@odata.id", uri, "@odata.type", odata, "Id",
                                     strrchr(uri, '/') + 1, "Name", name)
                         : NULL;

        return json_set(tree->resources, uri, resource) < 0 ? NULL : resource;
}

static int link_to(json_t *resource, const char *name, const char *uri) {
        return json_set(resource, name, json_pack("{s:s}", "@odata.id", uri));
}

/* Appends a reference to resource to the list "name" of owner, which is made when it is missing. */
static int link_append(json_t *owner, const char *name, const json_t *resource) {
        json_t *list = json_object_get(owner, name);
        int r;

        if (!list) {
                list = json_array();
                r = json_set(owner, name, list);
                if (r < 0)
                        return r;
        }

        return json_append(list, json_pack("{s:s}", "@odata.id", json_get_string(resource, "@odata.id")));
}

struct member {
        const char *redfish, *ours;
};

static int set_members(json_t *resource, const json_t *object, const struct member *members) {
        for (; members->redfish; members++) {
                int r = set(resource, members->redfish, copy(object, members->ours));

                if (r < 0)
                        return r;
        }

        return 0;
}

static int set_status(json_t *resource, const char *state, const char *health) {
        return json_set(resource, "Status",
                        health ? json_pack("{s:s, s:s}", "State", state, "Health", health)
                               : json_pack("{s:s}", "State", state));
}

static json_t *collection_owner(struct tree *tree) {
        return json_object_get(tree->resources, tree->system);
}

/* The resource must have one; "Other" is for those that Redfish has no word for. */
static const char *chassis_type(const char *type) {
        if (type && streq(type, "rack mount chassis"))
                return "RackMount";
        if (type && streq(type, "blade"))
                return "Blade";

        return "Other";
}

static int add_system(struct tree *tree) {
        static const struct member system_members[] = {{"Manufacturer", "manufacturer"},
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

        resource = add(tree, "/redfish/v1/Systems", "ComputerSystem", "v1_20_0", id, "System");
        chassis = add(tree, "/redfish/v1/Chassis", "Chassis", "v1_22_0", id, "Chassis");
        if (!resource || !chassis)
                return -ENOMEM;

        tree->system = strdup(json_get_string(resource, "@odata.id"));
        tree->chassis = strdup(json_get_string(chassis, "@odata.id"));
        if (!tree->system || !tree->chassis)
                return -ENOMEM;

        r = set_members(resource, system, system_members);
        if (r >= 0)
                r = set(resource, "BiosVersion", copy(json_object_get(system, "firmware"), "version"));
        if (r >= 0)
                r = set(resource, "ProcessorSummary",
                        json_pack("{s:o, s:o, s:o}", "Count", copy(processors, "package_count"), "CoreCount",
                                  copy(processors, "core_count"), "LogicalProcessorCount",
                                  copy(processors, "thread_count")));
        if (r >= 0 && installed >= 0)
                r = set(resource, "MemorySummary",
                        json_pack("{s:f}", "TotalSystemMemoryGiB",
                                  (double) installed / (double) ((int64_t) 1 << 30)));
        if (r >= 0)
                r = json_set(resource, "Links",
                             json_pack("{s:[{s:s}]}", "Chassis", "@odata.id", tree->chassis));
        if (r >= 0)
                r = set_members(chassis, json_object_get(system, "chassis"), chassis_members);
        if (r >= 0)
                r = json_set_string(
                        chassis, "ChassisType",
                        chassis_type(json_get_string(json_object_get(system, "chassis"), "type")));
        if (r >= 0)
                r = json_set(chassis, "Links",
                             json_pack("{s:[{s:s}]}", "ComputerSystems", "@odata.id", tree->system));
        return r;
}

static int add_processors(struct tree *tree) {
        static const struct member members[] = {{"Socket", "socket"},
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
                resource = collection ? add(tree, collection, "Processor", "v1_18_0", id, id) : NULL;
                if (!resource)
                        return -ENOMEM;

                r = set_members(resource, socket, members);
                if (r >= 0)
                        r = json_set_string(resource, "ProcessorType", "CPU");
                if (r >= 0 && microcode)
                        r = json_set(resource, "ProcessorId", json_pack("{s:s}", "MicrocodeInfo", microcode));
                if (r >= 0)
                        r = set_status(resource,
                                       !populated                                 ? "Absent"
                                       : status && startswith(status, "disabled") ? "Disabled"
                                                                                  : "Enabled",
                                       NULL);
                if (r >= 0)
                        r = link_to(collection_owner(tree), "Processors", collection);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Redfish's own words for those of DSP0134 that it has. */
static const char *memory_type(const char *type) {
        static const char *const same[] = {"DRAM", "DDR",   "DDR2", "DDR3", "DDR4",
                                           "DDR5", "SDRAM", "HBM",  "HBM2", "HBM3"};

        for (size_t i = 0; type && i < ELEMENTSOF(same); i++)
                if (streq(type, same[i]))
                        return type;

        return NULL;
}

static int add_memory(struct tree *tree) {
        static const struct member members[] = {{"DeviceLocator", "locator"},
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

                resource = collection ? add(tree, collection, "Memory", "v1_17_0", locator, locator) : NULL;
                if (!resource)
                        return -ENOMEM;

                r = set_members(resource, module, members);
                if (r >= 0 && size >= 0)
                        r = json_set_u64(resource, "CapacityMiB", (uint64_t) (size / MIB));
                if (r >= 0 && type)
                        r = json_set_string(resource, "MemoryDeviceType", type);
                if (r >= 0)
                        r = set_status(resource,
                                       mapped_out  ? "Disabled"
                                       : size == 0 ? "Absent"
                                                   : "Enabled",
                                       mapped_out ? "Critical" : NULL);
                if (r >= 0)
                        r = link_to(collection_owner(tree), "Memory", collection);
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

        r = interface ? set(interface, "LanesInUse", copy(link, "width")) : -ENOMEM;
        if (r >= 0)
                r = set(interface, "MaxLanes", copy(link, "maximum_width"));
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

static int add_pci(struct tree *tree) {
        static const struct member function_members[] = {{"VendorId", "vendor_id"},
                                                         {"DeviceId", "device_id"},
                                                         {"RevisionId", "revision"},
                                                         {"ClassCode", "class"},
                                                         {"SubsystemVendorId", "subsystem_vendor_id"},
                                                         {"SubsystemId", "subsystem_device_id"},
                                                         {}};
        _cleanup_free_ char *collection = strprintf("%s/PCIeDevices", tree->chassis);
        const json_t *device;
        size_t i;

        json_array_foreach(json_object_get(tree->inventory, "pci"), i, device) {
                const char *address = json_get_string(device, "address") ?: "unknown",
                           *name = json_get_string(device, "device") ?: json_get_string(device, "class_name") ?: address;
                const json_t *link = json_object_get(device, "link");
                _cleanup_free_ char *functions = NULL;
                json_t *resource, *function;
                int r;

                resource = collection ? add(tree, collection, "PCIeDevice", "v1_11_0", address, name) : NULL;
                functions = resource ? strprintf("%s/PCIeFunctions", json_get_string(resource, "@odata.id"))
                                     : NULL;
                function = functions ? add(tree, functions, "PCIeFunction", "v1_5_0",
                                           *address ? address + strlen(address) - 1 : "0", name)
                                     : NULL;
                if (!function)
                        return -ENOMEM;

                r = set(resource, "SerialNumber", copy(device, "serial_number"));
                if (r >= 0)
                        r = set(resource, "Manufacturer", copy(device, "vendor"));
                if (r >= 0 && json_is_object(link))
                        r = set_link(resource, link);
                if (r >= 0)
                        r = link_to(resource, "PCIeFunctions", functions);
                if (r >= 0)
                        r = set_members(function, device, function_members);
                if (r >= 0)
                        r = json_set(function, "Links",
                                     json_pack("{s:{s:s}}", "PCIeDevice", "@odata.id",
                                               json_get_string(resource, "@odata.id")));
                if (r >= 0)
                        r = link_append(collection_owner(tree), "PCIeDevices", resource);
                if (r < 0)
                        return r;
        }

        return 0;
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

static int set_identifiers(json_t *resource, const json_t *drive) {
        static const struct {
                const char *member, *format;
        } identifiers[] = {{"wwn", "NAA"}, {"eui64", "EUI"}, {"nguid", "NGUID"}, {"uuid", "UUID"}};
        json_t *list = json_array();
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(identifiers) && r >= 0; i++) {
                const char *value = json_get_string(drive, identifiers[i].member);

                if (value)
                        r = json_append(list, json_pack("{s:s, s:s}", "DurableName", value,
                                                        "DurableNameFormat", identifiers[i].format));
        }
        if (r < 0) {
                json_decref(list);
                return r;
        }

        return json_set(resource, "Identifiers", list);
}

static int describe_drive(json_t *resource, const json_t *drive) {
        static const struct member members[] = {
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

        r = set_members(resource, drive, members);
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
                r = set_status(resource,
                               json_get_string(drive, "read_error") ? "UnavailableOffline" : "Enabled",
                               !status                    ? NULL
                               : failing                  ? "Critical"
                               : streq(status, "warning") ? "Warning"
                                                          : "OK");
        return r;
}

static int add_storage(struct tree *tree) {
        _cleanup_free_ char *collection = strprintf("%s/Storage", tree->system), *drives = NULL;
        json_t *storage = NULL;
        const json_t *drive;
        size_t i;

        json_array_foreach(json_object_get(tree->inventory, "storage"), i, drive) {
                const char *name = json_get_string(drive, "name") ?: "drive";
                json_t *resource;
                int r;

                if (!storage) {
                        storage = collection ? add(tree, collection, "Storage", "v1_15_0", "1", "Drives")
                                             : NULL;
                        drives = storage ? strprintf("%s/Drives", json_get_string(storage, "@odata.id"))
                                         : NULL;
                        if (!drives)
                                return -ENOMEM;

                        r = link_to(collection_owner(tree), "Storage", collection);
                        if (r < 0)
                                return r;
                }

                resource = add(tree, drives, "Drive", "v1_17_0", name, name);
                r = resource ? describe_drive(resource, drive) : -ENOMEM;
                if (r >= 0)
                        r = link_append(storage, "Drives", resource);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int add_network(struct tree *tree) {
        static const struct member members[] = {{"MACAddress", "mac_address"},
                                                {"PermanentMACAddress", "permanent_mac_address"},
                                                {"SpeedMbps", "speed_mbps"},
                                                {"MTUSize", "mtu_bytes"},
                                                {}};
        _cleanup_free_ char *collection = strprintf("%s/EthernetInterfaces", tree->system);
        const json_t *interface;
        size_t i;

        json_array_foreach(json_object_get(tree->inventory, "network"), i, interface) {
                const char *name = json_get_string(interface, "name") ?: "interface";
                const json_t *carrier = json_object_get(interface, "carrier");
                json_t *resource;
                int r;

                resource =
                        collection ? add(tree, collection, "EthernetInterface", "v1_9_0", name, name) : NULL;
                r = resource ? set_members(resource, interface, members) : -ENOMEM;
                if (r >= 0 && json_is_boolean(carrier))
                        r = json_set_string(resource, "LinkStatus",
                                            json_is_true(carrier) ? "LinkUp" : "LinkDown");
                if (r >= 0)
                        r = link_to(collection_owner(tree), "EthernetInterfaces", collection);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Makes the collection that has that URI, out of the resources right below it. */
static int add_collection(struct tree *tree, const char *uri, const char *name, const char *type) {
        _cleanup_json_ json_t *members = json_array();
        _cleanup_free_ char *odata = NULL;
        json_t *resource;
        const char *key;
        int r;

        json_object_foreach(tree->resources, key, resource) {
                const char *rest = startswith(key, uri);

                if (!rest || *rest != '/' || strchr(rest + 1, '/'))
                        continue;

                r = json_append(members, json_pack("{s:s}", "@odata.id", key));
                if (r < 0)
                        return r;
        }

        odata = strprintf("#%s.%s", type, type);
        return odata ? json_set(tree->resources, uri,
                                json_pack("{s:s, s:s, s:s, s:i, s:O}", "@odata.id", uri, "@odata.type", odata,
                                          "Name", name, "Members@odata.count", (int) json_array_size(members),
                                          "Members", members))
                     : -ENOMEM;
}

static int add_collections(struct tree *tree) {
        static const struct {
                const char *name, *type;
        } collections[] = {{"Processors", "ProcessorCollection"},
                           {"Memory", "MemoryCollection"},
                           {"Storage", "StorageCollection"},
                           {"EthernetInterfaces", "EthernetInterfaceCollection"}};
        const json_t *device;
        size_t i;
        int r;

        for (i = 0; i < ELEMENTSOF(collections); i++) {
                const char *uri = json_get_string(
                        json_object_get(collection_owner(tree), collections[i].name), "@odata.id");

                if (!uri)
                        continue;

                r = add_collection(tree, uri, collections[i].name, collections[i].type);
                if (r < 0)
                        return r;
        }

        json_array_foreach(json_object_get(collection_owner(tree), "PCIeDevices"), i, device) {
                const json_t *resource =
                        json_object_get(tree->resources, json_get_string(device, "@odata.id"));
                const char *uri = json_get_string(json_object_get(resource, "PCIeFunctions"), "@odata.id");

                r = uri ? add_collection(tree, uri, "PCIeFunctions", "PCIeFunctionCollection") : -ENOMEM;
                if (r < 0)
                        return r;
        }

        return 0;
}

int inventory_redfish(const json_t *inventory, json_t **ret) {
        static int (*const adders[])(struct tree * tree) = {
                add_system, add_processors, add_memory, add_pci, add_storage, add_network, add_collections};
        _cleanup_(tree_done) struct tree tree = {.inventory = inventory, .resources = json_object()};

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
