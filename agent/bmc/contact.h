/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contact.h: from nothing to a connection that is trusted: host interface, network interface, link,
 * fingerprint over IPMI, TLS. Each step stands on the ones before; a step that stands is not done again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "bmc/ipmi/bootstrap.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/link/host-interface.h"
#include "bmc/link/interface.h"
#include "bmc/redfish/tls.h"

struct http;
struct interface_watch;
struct link;
struct redfish;
struct wait;

/* Where the machine is looked at; tests have other places. */
struct contact_environment {
        const char *sys_root; /* "/sys" */
        const char *dev_root; /* "/dev" */
        int (*open_ipmi)(const char *dev_root, struct ipmi_list *ret);
        int (*find_interface)(struct interface_watch *watch, const struct host_device *device,
                              struct interface *ret);
};

extern const struct contact_environment contact_live_environment;

struct contact {
        const struct contact_environment *environment;
        struct wait *wait;
        uint64_t interface_wait; /* us that a network interface or IPMI device may take to appear */

        char *system_uuid, *system_serial; /* of SMBIOS, in text form, or NULL */
        struct host_interfaces interfaces;
        const struct host_interface *chosen; /* of interfaces */
        struct ip_address address;           /* the host's own on the link */
        unsigned prefix;

        struct interface_watch *watch;
        bool found;
        struct interface interface;
        bool other_mac; /* it has another MAC address than the firmware says */
        struct link *link;

        struct ipmi_list ipmi;
        struct ipmi *trusted_ipmi; /* the one that gave the fingerprint */
        struct tls_trust trust;

        struct http *http;
        bool trusted; /* its certificate was the right one */
        struct redfish *redfish;
        json_t *system; /* the computer system that this is, as it was when it was read */

        char *problem; /* why the last step failed: what, where, what to do */
};

int contact_new(const struct contact_environment *environment, struct wait *w, uint64_t interface_wait,
                struct contact **ret);

/* Takes the link down. A session must have been ended before. */
struct contact *contact_free(struct contact *contact);
DEFINE_CLEANUP(struct contact *, contact_free);

/* The steps return 0, or with the reason in ->problem a negative errno: one for which contact_is_passing() is
 * true is worth another try later, any other is final. */

/* Reads which host interface the firmware describes. */
int contact_read_firmware(struct contact *contact);

/* Looks once for the host interface's network device; one with another MAC address is taken when settle is
 * true. Returns 1 when found, 0. */
int contact_find_interface(struct contact *contact, bool settle);

/* Opens the IPMI devices there are, unless some are open. */
int contact_open_ipmi(struct contact *contact);

/* Asks each IPMI device for the fingerprint, until one knows it. Returns 1, 0 when there is no device. */
int contact_find_fingerprint(struct contact *contact);

/* Waits for its network interface, and brings up the link; asks IPMI for the fingerprint in the meantime. */
int contact_prepare(struct contact *contact);

/* Connects, checks the certificate, and reads the service root. */
int contact_connect(struct contact *contact);

/* Finds the computer system that this is, unless that is done; needs a session. */
int contact_find_system(struct contact *contact);

/* After something has gone wrong: connection, fingerprint, and a link whose interface has gone are to be had
 * anew. */
void contact_doubt(struct contact *contact);

bool contact_is_passing(int error);

/* Replaces ->problem. Returns error. */
int contact_fail(struct contact *contact, int error, const char *format, ...) _printf_(3, 4);
