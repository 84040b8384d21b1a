/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trust.h: what makes the BMC's certificate trusted, by the plan (bmc.trust): the first of its ways that has
 * anything to say decides, and no later one is asked after a "no". */
#pragma once

#include <stdbool.h>

#include "bmc/redfish/tls.h"

struct ipmi;
struct ipmi_list;
struct plan;
struct wait;

#define TRUST_AUTHORITIES "bmc-ca.pem"     /* the authorities' certificates, in the image's directory */
#define TRUST_CERTIFICATE "bmc-client.pem" /* the agent's own, its key, and perhaps a chain */
#define TRUST_VARIABLE    "SeatrialBmcCertificate" /* the fingerprint of the first use */

/* Where files and EFI variables are; tests have other places. */
struct trust_roots {
        const char *image; /* "/etc/seatrial" */
        const char *efi;   /* EFI_VARIABLE_ROOT */
};

/* A zeroed one has decided nothing. */
struct trust {
        struct tls_trust tls;
        bool decided;
        struct ipmi *ipmi; /* the device that gave the fingerprint, or NULL */

        bool first_use; /* by that way */
        bool pinned;    /* first is the certificate of the first use */
        uint8_t first[FINGERPRINT_SIZE];
        bool fresh;                /* the first use is this one */
        const char *why_this_boot; /* why it lasts for this boot alone, NULL when it is kept */

        int error; /* why a way had nothing to say, with the same in words in problem */
        char *problem;
};

void trust_done(struct trust *trust);

/* Decides in which way the certificate is to be checked. settle: an IPMI device that is not there by now
 * never will be. Returns 1, 0 when it has to be waited for, or a negative errno with the reason in ->problem:
 * -EAGAIN when asking again may help, any other when there is no way at all. */
int trust_decide(struct trust *trust, const struct plan *plan, const struct trust_roots *roots,
                 const struct ipmi_list *ipmi, struct wait *w, bool settle);

/* Whom a certificate by an authority has to be for: the plan says it, or the service's host name as the
 * firmware tells it (NULL: it does not), or else the service's address. Both must outlive the connection. */
void trust_expect(struct trust *trust, const struct plan *plan, const char *name,
                  const struct ip_address *address);

/* To be called when the first handshake has gone well: keeps the certificate of a first use, from now on the
 * only one. */
void trust_accept(struct trust *trust, const struct trust_roots *roots);

/* To be decided anew: the BMC may have another certificate since. A first use stays what it is. */
void trust_doubt(struct trust *trust);

/* "certificate matches the fingerprint from IPMI" */
const char *trust_text(const struct trust *trust);

/* What the journal has to hold against it, or NULL. To be freed. */
char *trust_warning(const struct trust *trust);
