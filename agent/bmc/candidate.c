/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bmc/ipmi/lan.h"
#include "candidate.h"
#include "plan/plan.h"

#define SERVICE_PORT 443

static void candidate_done(struct candidate *candidate) {
        host_interface_done(&candidate->interface);
        free(candidate->source);
}

void candidates_done(struct candidates *candidates) {
        for (size_t i = 0; i < candidates->n_items; i++)
                candidate_done(&candidates->items[i]);
        for (size_t i = 0; i < candidates->n_rejected; i++)
                free(candidates->rejected[i]);

        free(candidates->items);
        free(candidates->rejected);
        *candidates = (struct candidates){};
}

static int reject(struct candidates *candidates, const char *source, const char *reason) {
        char **larger, *text;

        text = strprintf("%s is left out: %s", source, reason);
        larger =
                text ? reallocarray(candidates->rejected, candidates->n_rejected + 1, sizeof(*larger)) : NULL;
        if (!larger) {
                free(text);
                return -ENOMEM;
        }

        larger[candidates->n_rejected++] = text;
        candidates->rejected = larger;
        return 0;
}

/* An address alone tells its network where there is only one that it can be in. */
static unsigned usual_prefix(const struct ip_address *ip) {
        if (ip->family == AF_INET6)
                return 64;
        if (ip->bytes[0] == 169 && ip->bytes[1] == 254)
                return 16;

        return 0;
}

/* "dhcp", "auto", or an address with its prefix. */
static int set_host_address(struct host_interface *i, const char *text) {
        if (streq(text, "dhcp"))
                i->host_assignment = ASSIGNMENT_DHCP;
        else if (streq(text, "auto"))
                i->host_assignment = ASSIGNMENT_AUTOCONFIGURE;
        else {
                i->host_assignment = ASSIGNMENT_STATIC;
                return ip_parse_network(text, &i->host, &i->host_prefix);
        }

        i->host.family = AF_UNSPEC;
        return 0;
}

/* What the plan says of device and host address counts for every way. */
static int apply_plan(struct host_interface *i, const struct plan *plan) {
        int r;

        if (plan->bmc_interface) {
                host_device_done(&i->device);
                r = host_device_parse(plan->bmc_interface, &i->device);
                if (r < 0)
                        return r;
        }

        return plan->bmc_host_address ? set_host_address(i, plan->bmc_host_address) : 0;
}

/* Appends a candidate, or the reason against it. Takes *i over in every case. */
static int add(struct candidates *candidates, const struct plan *plan, const char *source, bool guess,
               struct host_interface *i) {
        _cleanup_(candidate_done) struct candidate candidate = {
                .interface = TAKE(*i, (struct host_interface){}), .guess = guess};
        struct candidate *larger;
        const char *problem;
        int r;

        r = apply_plan(&candidate.interface, plan);
        if (r < 0)
                return r;

        if (candidate.interface.device.oem_type) {
                _cleanup_free_ char *device = host_device_describe(&candidate.interface.device),
                                    *reason = NULL;

                reason = device ? strprintf("%s: only bmc.interface in the plan can tell which network "
                                            "device that is",
                                            device)
                                : NULL;
                return reason ? reject(candidates, source, reason) : -ENOMEM;
        }

        problem = addressing_choose(&candidate.interface, &candidate.addressing);
        if (problem)
                return reject(candidates, source, problem);

        candidate.source = strdup(source);
        larger = reallocarray(candidates->items, candidates->n_items + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        candidates->items = larger;
        if (!candidate.source)
                return -ENOMEM;

        larger[candidates->n_items++] = TAKE(candidate, (struct candidate){});
        return 0;
}

int candidates_add_plan(struct candidates *candidates, const struct plan *plan) {
        struct host_interface i = {.port = SERVICE_PORT};
        int r;

        if (!plan->bmc_address)
                return 0;

        r = ip_parse_endpoint(plan->bmc_address, &i.service, &i.port);
        if (r < 0)
                return r;
        i.service_assignment = ASSIGNMENT_STATIC;
        i.service_prefix = usual_prefix(&i.service);

        /* On a network of two, the host may choose; on any other it asks. */
        i.host_assignment = i.service_prefix > 0 ? ASSIGNMENT_AUTOCONFIGURE : ASSIGNMENT_DHCP;
        return add(candidates, plan, "the plan", false, &i);
}

int candidates_add_firmware(struct candidates *candidates, const struct plan *plan,
                            const struct smbios *smbios) {
        _cleanup_(host_interfaces_done) struct host_interfaces interfaces = {};
        char source[sizeof("host interface 0000h")];
        int r;

        r = host_interfaces_read(smbios, &interfaces);
        if (r < 0)
                return r;

        for (size_t k = 0; k < interfaces.n_rejected; k++) {
                snprintf(source, sizeof(source), "host interface %04xh", interfaces.rejected[k].handle);
                r = reject(candidates, source, interfaces.rejected[k].reason);
                if (r < 0)
                        return r;
        }
        for (size_t k = 0; k < interfaces.n_items; k++) {
                snprintf(source, sizeof(source), "host interface %04xh", interfaces.items[k].handle);
                r = add(candidates, plan, source, false, &interfaces.items[k]);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* The BMC's end of a USB network: edk2's RedfishPkg has the host's end on the MAC and IP address before it.
 */
static int add_usb(struct candidates *candidates, const struct plan *plan, const struct ipmi_lan *lan,
                   const char *source) {
        struct host_interface i = {
                .device = {.bus_type = HOST_BUS_USB, .has_mac = true},
                .host_assignment = ASSIGNMENT_STATIC,
                .host = lan->ip,
                .host_prefix = lan->prefix,
                .service_assignment = ASSIGNMENT_STATIC,
                .service = lan->ip,
                .service_prefix = lan->prefix,
                .port = SERVICE_PORT,
                .vlan = lan->vlan,
        };

        memcpy(i.device.mac, lan->mac, sizeof(lan->mac));
        i.host.bytes[ip_size(AF_INET) - 1]--;
        if (lan->source == IPMI_LAN_DHCP)
                i.host_assignment = ASSIGNMENT_DHCP;
        return add(candidates, plan, source, true, &i);
}

/* The network that the BMC's own port is on: some port of the host's may be on it as well. */
static int add_network(struct candidates *candidates, const struct plan *plan, const struct ipmi_lan *lan,
                       const char *source) {
        struct host_interface i = {
                .host_assignment = ASSIGNMENT_DHCP,
                .service_assignment = ASSIGNMENT_STATIC,
                .service = lan->ip,
                .service_prefix = lan->prefix,
                .port = SERVICE_PORT,
        };

        return add(candidates, plan, source, true, &i);
}

int candidates_add_ipmi(struct candidates *candidates, const struct plan *plan, const struct ipmi_lan *lan) {
        char source[sizeof("LAN channel 255 of IPMI")];
        int r;

        snprintf(source, sizeof(source), "LAN channel %u of IPMI", lan->channel);
        if (ip_is_unset(&lan->ip))
                return reject(candidates, source, "it has no IPv4 address");

        r = lan->has_mac ? add_usb(candidates, plan, lan, source) : 0;
        return r < 0 ? r : add_network(candidates, plan, lan, source);
}
