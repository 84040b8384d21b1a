/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contact.h: from nothing to a connection that is trusted: candidates, network device, link, fingerprint over
 * IPMI, TLS. Each step stands on the ones before; a step that stands is not done again. Where one candidate
 * leads nowhere the next one is tried, until one connects and is trusted. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "bmc/ipmi/ipmi.h"
#include "bmc/link/interface.h"
#include "candidate.h"
#include "trust.h"
#include "way.h"

struct http;
struct interface_watch;
struct plan;
struct redfish;
struct wait;

/* Where the machine is looked at; tests have other places. */
struct contact_environment {
        const char *sys_root; /* "/sys" */
        const char *dev_root; /* "/dev" */
        const char *kept;     /* KEPT_FILE, or NULL: nothing is kept */
        int (*open_ipmi)(const char *dev_root, struct ipmi_list *ret);
        struct trust_roots roots;
        int (*find_interface)(struct interface_watch *watch, const struct host_device *device,
                              const unsigned *passed, size_t n_passed, struct interface *ret);
};

extern const struct contact_environment contact_live_environment;

/* Told, once each, of what speaks against a way ("WARNING"; "INFO" when that was to be expected), and of the
 * one that was found. */
typedef void (*contact_note_t)(const char *severity, const char *text, void *userdata);

/* What led nowhere in the present round through the candidates. */
#define CONTACT_TRIED_MAX 32U

struct contact_attempt {
        const struct candidate *candidate;
        unsigned index; /* of the interface; 0 when it was not there */
        int error;
        char *problem;
};

struct contact_round {
        bool open;
        /* In now_usec() time: so long network and IPMI devices may take to appear, and so long something else
         * is tried at all. */
        uint64_t until, end;
        struct contact_attempt tried[CONTACT_TRIED_MAX];
        size_t n_tried;
};

struct contact {
        const struct contact_environment *environment;
        const struct plan *plan;
        struct wait *wait;
        contact_note_t note;
        void *note_userdata;
        char **noted; /* what was told of */
        size_t n_noted;

        char *system_uuid, *system_serial; /* of SMBIOS, in text form, or NULL */
        struct candidates candidates;
        struct interface_watch *watch;
        struct contact_round round;
        struct way way;                    /* the one at work; .candidate is NULL while there is none */
        const struct candidate *preferred; /* the one that was trusted before */

        struct ipmi_list ipmi;
        struct trust trust;

        struct http *http;
        bool trusted; /* its certificate is a good one */
        struct redfish *redfish;
        json_t *system;    /* the computer system that this is, as it was when it was read */
        char *system_path; /* of it, where that is known before; in the session that is open */

        char *problem; /* why the last step failed: what, where, what to do */
};

/* plan and note's userdata must outlive it; note may be NULL. Returns 0, a negative errno. */
int contact_new(const struct contact_environment *environment, struct wait *w, const struct plan *plan,
                contact_note_t note, void *userdata, struct contact **ret);

/* Takes the link down. A session must have been ended before. */
struct contact *contact_free(struct contact *contact);
DEFINE_CLEANUP(struct contact *, contact_free);

/* The steps return 0, or with the reason in ->problem a negative errno: one for which contact_is_passing() is
 * true is worth another try later, any other is final. */

/* Reads what could be the way to the BMC: plan, firmware, and where these say nothing, IPMI. */
int contact_read_candidates(struct contact *contact);

/* Looks once for the network device of the first candidate that was not tried; one with another MAC address
 * is taken when settle is true. Returns 1 and sets *ret_candidate, *ret and *ret_match, or 0. */
int contact_find_interface(struct contact *contact, bool settle, const struct candidate **ret_candidate,
                           struct interface *ret, enum interface_match *ret_match);

/* Opens the IPMI devices there are, unless some are open. */
int contact_open_ipmi(struct contact *contact);

/* Finds out what makes the BMC's certificate trusted; settle: without waiting for IPMI devices to appear.
 * Returns 1, 0 when they have to be waited for. */
int contact_find_trust(struct contact *contact, bool settle);

/* Waits for a network device, and brings up the link; finds out in the meantime what to trust. */
int contact_prepare(struct contact *contact);

/* Connects, checks the certificate, and reads the service root; in a session that goes on, the system that is
 * known in its place. */
int contact_connect(struct contact *contact);

/* Finds the computer system that this is, unless that is done; needs a session. */
int contact_find_system(struct contact *contact);

/* After something has gone wrong: connection, fingerprint, and a link whose interface has gone or whose
 * address may be another by now are to be had anew. */
void contact_doubt(struct contact *contact);

bool contact_is_passing(int error);

/* For the steps' own use. */

/* Has it told, unless it was told before. */
void contact_tell(struct contact *contact, const char *severity, const char *text);

/* The way at work leads nowhere, with that error and its reason in ->problem. Returns 0 when it was given up,
 * and there is something else to try; else the error that is to be told. */
int contact_round_pass(struct contact *contact, int error);

/* The way at work is the one: what was tried before it is told. */
void contact_round_succeed(struct contact *contact);
void contact_round_done(struct contact *contact);
