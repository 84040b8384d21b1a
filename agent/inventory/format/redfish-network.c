/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "redfish-network.h"
#include "redfish-tree.h"

/* EthernetInterface has room for six bytes; InfiniBand has twenty. */
static int set_address(json_t *resource, const char *name, const char *address) {
        if (!address || strlen(address) != STRLEN("52:54:00:12:34:56"))
                return 0;

        return json_set_string(resource, name, address);
}

static int add_interface(struct redfish_tree *tree, const char *collection, const json_t *interface) {
        static const struct redfish_member members[] = {
                {"SpeedMbps", "speed_mbps"}, {"MTUSize", "mtu_bytes"}, {}};
        const char *name = json_get_string(interface, "name") ?: "interface";
        const json_t *carrier = json_object_get(interface, "carrier");
        json_t *resource;
        int r;

        resource = redfish_add(tree, collection, "EthernetInterface", "v1_9_0", name, name);
        if (!resource)
                return -ENOMEM;

        r = set_address(resource, "MACAddress", json_get_string(interface, "mac_address"));
        if (r >= 0)
                r = set_address(resource, "PermanentMACAddress",
                                json_get_string(interface, "permanent_mac_address"));
        if (r >= 0)
                r = redfish_set_members(resource, interface, members);
        if (r >= 0 && json_is_boolean(carrier))
                r = json_set_string(resource, "LinkStatus", json_is_true(carrier) ? "LinkUp" : "LinkDown");
        return r;
}

static const json_t *find_function(const struct redfish_tree *tree, const char *address) {
        const json_t *function;
        size_t i;

        json_array_foreach(json_object_get(tree->inventory, "pci"), i, function) {
                const char *its = json_get_string(function, "address");

                if (its && streq(its, address))
                        return function;
        }

        return NULL;
}

/* What the interface hangs on, as the list that NetworkAdapter wants of its controllers. */
static json_t *controllers_of(struct redfish_tree *tree, const json_t *interface, const char *pci_uri) {
        json_t *controller = json_object();
        int r;

        r = controller ? redfish_set(controller, "FirmwarePackageVersion",
                                     redfish_copy(interface, "firmware_version"))
                       : -ENOMEM;
        if (r >= 0 && json_object_get(tree->resources, pci_uri))
                r = json_set(controller, "Links",
                             json_pack("{s:[{s:s}]}", "PCIeDevices", "@odata.id", pci_uri));
        if (r < 0) {
                json_decref(controller);
                return NULL;
        }

        return json_pack("[o]", controller);
}

/* One device may have several interfaces: the first makes the resources. */
static int add_adapter(struct redfish_tree *tree, const char *address, const json_t *interface) {
        static const struct redfish_member members[] = {{"Manufacturer", "vendor"}, {"Model", "device"}, {}};
        _cleanup_free_ char *id = strndup(address, strcspn(address, ".")),
                            *adapters = strprintf("%s/NetworkAdapters", tree->chassis),
                            *interfaces = strprintf("%s/NetworkInterfaces", tree->system),
                            *devices = strprintf("%s/PCIeDevices", tree->chassis), *uri = NULL,
                            *pci_uri = NULL;
        json_t *adapter, *resource;
        int r;

        if (!id || !adapters || !interfaces || !devices)
                return -ENOMEM;

        uri = redfish_uri(adapters, id);
        pci_uri = redfish_uri(devices, id);
        if (!uri || !pci_uri)
                return -ENOMEM;
        if (json_object_get(tree->resources, uri))
                return 0;

        adapter = redfish_add(tree, adapters, "NetworkAdapter", "v1_9_0", id, id);
        resource = adapter ? redfish_add(tree, interfaces, "NetworkInterface", "v1_2_0", id, id) : NULL;
        if (!resource)
                return -ENOMEM;

        r = redfish_set_members(adapter, find_function(tree, address), members);
        if (r >= 0)
                r = json_set(adapter, "Controllers", controllers_of(tree, interface, pci_uri));
        if (r >= 0)
                r = json_set(resource, "Links", json_pack("{s:{s:s}}", "NetworkAdapter", "@odata.id", uri));
        if (r >= 0)
                r = redfish_link_to(json_object_get(tree->resources, tree->chassis), "NetworkAdapters",
                                    adapters);
        return r < 0 ? r : redfish_link_to(redfish_system(tree), "NetworkInterfaces", interfaces);
}

int redfish_add_network(struct redfish_tree *tree) {
        _cleanup_free_ char *collection = strprintf("%s/EthernetInterfaces", tree->system);
        const json_t *interfaces = json_object_get(tree->inventory, "network"), *interface;
        size_t i;
        int r;

        if (!collection)
                return -ENOMEM;

        json_array_foreach(interfaces, i, interface) {
                const char *address = json_get_string(interface, "pci_address");

                r = add_interface(tree, collection, interface);
                if (r >= 0 && address)
                        r = add_adapter(tree, address, interface);
                if (r < 0)
                        return r;
        }

        return json_array_size(interfaces) > 0
                       ? redfish_link_to(redfish_system(tree), "EthernetInterfaces", collection)
                       : 0;
}
