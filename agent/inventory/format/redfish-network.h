/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

struct redfish_tree;

/* Adds an EthernetInterface for each interface, and a NetworkInterface with its NetworkAdapter for each PCI
 * device that has some. The PCI devices are there already. Returns 0, -ENOMEM. */
int redfish_add_network(struct redfish_tree *tree);
