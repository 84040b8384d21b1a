/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/smbios.h"
#include "base/text.h"
#include "bmc/link/link.h"
#include "bmc/redfish/http.h"
#include "bmc/redfish/redfish.h"
#include "bmc/redfish/resources.h"
#include "contact.h"
#include "wait.h"

/* A link that has no carrier by then is down for good, as far as a BMC that is there goes. */
#define CARRIER_TIMEOUT (10 * USEC_PER_SEC)

/* Offsets in SMBIOS type 1 (DSP0134 7.2). */
#define SERIAL_NUMBER 0x07
#define UUID          0x08

const struct contact_environment contact_live_environment = {
        .sys_root = "/sys",
        .dev_root = "/dev",
        .open_ipmi = ipmi_open_all,
        .find_interface = interface_find,
};

int contact_new(const struct contact_environment *environment, struct wait *w, uint64_t interface_wait,
                struct contact **ret) {
        _cleanup_(contact_freep) struct contact *contact = NULL;
        int r;

        contact = malloc(sizeof(*contact));
        if (!contact)
                return -ENOMEM;
        *contact = (struct contact){.environment = environment, .wait = w, .interface_wait = interface_wait};

        r = redfish_new(&contact->redfish);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(contact);
        return 0;
}

struct contact *contact_free(struct contact *contact) {
        if (!contact)
                return NULL;

        redfish_free(contact->redfish);
        http_free(contact->http);
        link_free(contact->link);
        interface_watch_free(contact->watch);
        ipmi_list_done(&contact->ipmi);
        host_interfaces_done(&contact->interfaces);
        tls_trust_done(&contact->trust);
        json_decref(contact->system);
        free(contact->system_uuid);
        free(contact->system_serial);
        free(contact->problem);
        free(contact);
        return NULL;
}

int contact_fail(struct contact *contact, int error, const char *format, ...) {
        char *problem = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&problem, format, ap) < 0)
                problem = NULL;
        va_end(ap);

        free(contact->problem);
        contact->problem = problem;
        return error;
}

bool contact_is_passing(int error) {
        switch (error) {
        case -EAGAIN:
        case -ECONNREFUSED:
        case -ECONNRESET:
        case -EHOSTUNREACH:
        case -ENETDOWN:
        case -ENODEV:
        case -ETIMEDOUT:
                return true;
        default:
                return false;
        }
}

/* The first that can be used; what speaks against the others goes to the rejected ones. */
static int contact_choose(struct contact *contact) {
        struct host_interfaces *interfaces = &contact->interfaces;
        const char *reason = NULL;

        for (size_t i = 0; i < interfaces->n_items && !contact->chosen; i++) {
                reason = host_interface_choose_address(&interfaces->items[i], &contact->address,
                                                       &contact->prefix);
                if (!reason)
                        contact->chosen = &interfaces->items[i];
        }

        if (contact->chosen)
                return 0;
        if (reason)
                return contact_fail(contact, -ENOTSUP,
                                    "the host interface cannot be used: %s: no BMC channel", reason);
        if (interfaces->n_rejected > 0)
                return contact_fail(contact, -ENOTSUP,
                                    "no host interface (SMBIOS type 42) can be used: %s: no BMC channel",
                                    interfaces->rejected[0].reason);

        return contact_fail(
                contact, -ENOENT,
                "this machine's firmware describes no host interface (SMBIOS type 42): no BMC channel");
}

/* SMBIOS 2.6 and later writes the first three fields of a UUID little-endian (DSP0134 7.2.1). */
static int read_system_uuid(const struct smbios_structure *system, char **ret) {
        const uint8_t *u;

        u = smbios_bytes(system, UUID, 16);
        if (!u)
                return 0;

        *ret = strprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[3], u[2],
                         u[1], u[0], u[5], u[4], u[7], u[6], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
                         u[15]);
        return *ret ? 0 : -ENOMEM;
}

/* Which of a BMC's systems this is. */
static int contact_read_system(struct contact *contact, const struct smbios *smbios) {
        struct smbios_structure system = {};
        int r;

        if (smbios_next_of(smbios, SMBIOS_SYSTEM, &system) <= 0)
                return 0;

        r = read_system_uuid(&system, &contact->system_uuid);
        if (r < 0)
                return r;

        return smbios_string(&system, SERIAL_NUMBER, &contact->system_serial);
}

int contact_read_firmware(struct contact *contact) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        int r;

        if (contact->chosen)
                return 0;

        r = smbios_read(contact->environment->sys_root, &smbios);
        if (r == -ENOENT)
                return contact_fail(contact, r,
                                    "this machine's firmware has left no SMBIOS table: no BMC channel");
        if (r < 0)
                return contact_fail(contact, r, "the SMBIOS table cannot be read: %s: no BMC channel",
                                    strerror(-r));

        r = contact_read_system(contact, smbios);
        if (r >= 0)
                r = host_interfaces_read(smbios, &contact->interfaces);
        if (r < 0)
                return contact_fail(contact, r, "the host interface cannot be read: %s", strerror(-r));

        return contact_choose(contact);
}

int contact_find_interface(struct contact *contact, bool settle) {
        struct interface found;
        int match, r;

        /* Listening before looking: nothing can come unseen in between. */
        if (!contact->watch) {
                r = interface_watch_new(&contact->watch);
                if (r < 0)
                        return contact_fail(contact, r,
                                            "the kernel's device events cannot be listened to: %s",
                                            strerror(-r));
        }

        match = contact->environment->find_interface(contact->watch, &contact->chosen->device, &found);
        if (match < 0)
                return contact_fail(contact, match, "the kernel's network interfaces cannot be listed: %s",
                                    strerror(-match));
        if (match == INTERFACE_OTHER || (match == INTERFACE_BUT_FOR_MAC && !settle))
                return 0;

        contact->interface = found;
        contact->other_mac = match == INTERFACE_BUT_FOR_MAC;
        contact->found = true;
        return 1;
}

static int contact_bring_up(struct contact *contact) {
        int r;

        r = link_new(contact->interface.index, &contact->link);
        if (r >= 0)
                r = link_up(contact->link, &contact->address, contact->prefix);
        if (r < 0) {
                contact->link = link_free(contact->link);
                return contact_fail(contact, r, "%s cannot be brought up: %s", contact->interface.name,
                                    strerror(-r));
        }

        return 0;
}

int contact_open_ipmi(struct contact *contact) {
        int r;

        if (contact->ipmi.n_items > 0)
                return 0;

        ipmi_list_done(&contact->ipmi);
        r = contact->environment->open_ipmi(contact->environment->dev_root, &contact->ipmi);
        if (r < 0)
                return contact_fail(contact, r, "the IPMI devices in %s cannot be listed: %s",
                                    contact->environment->dev_root, strerror(-r));

        return 0;
}

/* Every IPMI device is asked until one answers. A device that refuses is named with its reason; the first
 * one's counts, as that is the one which every tool takes. */
static int contact_ask_fingerprint(struct contact *contact) {
        _cleanup_free_ char *first = NULL;
        int error = 0;

        for (size_t i = 0; i < contact->ipmi.n_items; i++) {
                _cleanup_free_ char *problem = NULL;
                int r;

                r = bootstrap_ask_fingerprint(contact->ipmi.items[i], contact->wait,
                                              contact->trust.fingerprint, &problem);
                if (r >= 0) {
                        contact->trusted_ipmi = contact->ipmi.items[i];
                        return 1;
                }
                if (error == 0) {
                        error = r;
                        first = TAKE_PTR(problem);
                }
        }
        if (error == 0)
                return 0;

        return contact_fail(contact, error, "%s: without it the BMC's certificate cannot be trusted",
                            first ?: strerror(-error));
}

int contact_find_fingerprint(struct contact *contact) {
        int r;

        if (contact->trusted_ipmi)
                return 1;

        r = contact_open_ipmi(contact);
        if (r < 0)
                return r;

        return contact_ask_fingerprint(contact);
}

static int contact_explain_absence(struct contact *contact) {
        _cleanup_free_ char *device = host_device_describe(&contact->chosen->device);

        if (!contact->found)
                return contact_fail(
                        contact, -ENXIO,
                        "the host interface's network device (%s) was not found within %s: no BMC channel",
                        device ?: "?", FORMAT_DURATION(contact->interface_wait));

        return contact_fail(
                contact, -ENXIO,
                "there is no IPMI device (%s/ipmiN), and without the fingerprint from IPMI the BMC's "
                "certificate cannot be trusted: no BMC channel",
                contact->environment->dev_root);
}

int contact_prepare(struct contact *contact) {
        uint64_t until = wait_until(contact->wait, contact->interface_wait);
        bool settle = false;
        int r;

        for (;;) {
                if (!contact->found) {
                        r = contact_find_interface(contact, settle);
                        if (r < 0)
                                return r;
                }
                if (contact->found && !contact->link) {
                        r = contact_bring_up(contact);
                        if (r < 0)
                                return r;
                }

                /* Only now, while the link is coming up. */
                r = contact_find_fingerprint(contact);
                if (r < 0)
                        return r;
                if (contact->found && contact->trusted_ipmi)
                        break;
                if (settle)
                        return contact_explain_absence(contact);

                r = interface_watch_wait(contact->watch, contact->wait, until);
                if (r == -ETIMEDOUT)
                        settle = true;
                else if (r < 0)
                        return contact_fail(contact, r, "cannot wait for devices: %s", strerror(-r));
        }

        r = link_wait(contact->link, contact->wait, contact->chosen->service.family,
                      wait_until(contact->wait, CARRIER_TIMEOUT));
        if (r == -ETIMEDOUT)
                return contact_fail(contact, r, "%s has no carrier: the BMC's end of the link is down",
                                    contact->interface.name);
        if (r < 0)
                return contact_fail(contact, r, "%s: %s", contact->interface.name, strerror(-r));

        return 0;
}

int contact_connect(struct contact *contact) {
        const struct host_interface *i = contact->chosen;
        int r;

        if (contact->trusted)
                return 0;

        contact->http = http_free(contact->http);
        r = http_new(&i->service, i->port, contact->interface.name, contact->interface.index, &contact->trust,
                     contact->wait, &contact->http);
        if (r < 0)
                return contact_fail(contact, r, "cannot make an HTTPS client: %s", strerror(-r));
        redfish_use(contact->redfish, contact->http);

        r = redfish_read_root(contact->redfish);
        if (r == -EKEYREJECTED)
                return contact_fail(
                        contact, r,
                        "the certificate of %s does not match the fingerprint that the BMC gave over IPMI: "
                        "nothing was sent",
                        FORMAT_IP(&i->service));
        if (r < 0)
                return contact_fail(contact, r, "%s on %s: %s", FORMAT_IP(&i->service),
                                    contact->interface.name, redfish_problem(contact->redfish));

        contact->trusted = true;
        return 0;
}

int contact_find_system(struct contact *contact) {
        int r;

        if (contact->system)
                return 0;

        r = redfish_find_system(contact->redfish, contact->system_uuid, contact->system_serial,
                                &contact->system);
        if (r < 0)
                return contact_fail(contact, r, "the BMC's Redfish service does not tell this system: %s",
                                    redfish_problem(contact->redfish));

        return 0;
}

void contact_doubt(struct contact *contact) {
        struct interface found;

        contact->http = http_free(contact->http);
        contact->trusted = false;
        json_decref(TAKE_PTR(contact->system));
        redfish_use(contact->redfish, NULL);
        contact->trusted_ipmi = NULL;

        /* A USB device that has gone and come back has another index, and perhaps another name. */
        if (contact->found && (contact->environment->find_interface(contact->watch, &contact->chosen->device,
                                                                    &found) == INTERFACE_OTHER ||
                               found.index != contact->interface.index)) {
                contact->link = link_free(contact->link);
                contact->found = false;
        }
}
