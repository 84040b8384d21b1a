/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/smbios.h"
#include "base/text.h"
#include "bmc/ipmi/lan.h"
#include "contact.h"
#include "plan/plan.h"

/* Offsets in SMBIOS type 1 (DSP0134 7.2). */
#define SERIAL_NUMBER 0x07
#define UUID          0x08

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

/* The first BMC that knows LAN channels of its own is the one. */
static int contact_read_ipmi(struct contact *contact) {
        int r;

        r = contact_open_ipmi(contact);
        for (size_t i = 0; r >= 0 && i < contact->ipmi.n_items && contact->candidates.n_items == 0; i++) {
                struct ipmi_lan lan;
                uint8_t channel = 0;

                while ((r = ipmi_lan_next(contact->ipmi.items[i], contact->wait, &channel, &lan)) > 0) {
                        r = candidates_add_ipmi(&contact->candidates, contact->plan, &lan);
                        if (r < 0)
                                return r;
                }
                /* One that does not answer leaves the others. */
                r = 0;
        }

        return r;
}

static int contact_read_firmware(struct contact *contact) {
        _cleanup_(smbios_freep) struct smbios *smbios = NULL;
        int r;

        r = smbios_read(contact->environment->sys_root, &smbios);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return explain_error(&contact->problem, r,
                                     "the SMBIOS table cannot be read: %s: no BMC channel", strerror(-r));

        r = contact_read_system(contact, smbios);
        if (r >= 0 && contact->candidates.n_items == 0)
                r = candidates_add_firmware(&contact->candidates, contact->plan, smbios);
        if (r < 0)
                return explain_error(&contact->problem, r, "the host interface cannot be read: %s",
                                     strerror(-r));

        return 0;
}

int contact_read_candidates(struct contact *contact) {
        const struct candidates *candidates = &contact->candidates;
        size_t n_described;
        int r;

        if (candidates->n_items > 0)
                return 0;

        r = candidates_add_plan(&contact->candidates, contact->plan);
        if (r < 0)
                return explain_error(&contact->problem, r, "the plan's way to the BMC makes no sense: %s",
                                     strerror(-r));

        r = contact_read_firmware(contact);
        if (r < 0)
                return r;

        n_described = candidates->n_rejected;
        if (candidates->n_items == 0) {
                r = contact_read_ipmi(contact);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < candidates->n_rejected; i++)
                contact_tell(contact, "INFO", candidates->rejected[i]);

        if (candidates->n_items > 0)
                return 0;
        /* Where there are several, firmware puts the one for Redfish behind the others. */
        if (n_described > 0)
                return explain_error(&contact->problem, -ENOTSUP, "%s: no BMC channel",
                                     candidates->rejected[n_described - 1]);

        return explain_error(&contact->problem, -ENOENT,
                             "this machine's firmware describes no host interface (SMBIOS type 42), and IPMI "
                             "knows no network port of a BMC's: no BMC channel");
}
