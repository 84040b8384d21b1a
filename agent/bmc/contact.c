/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/efi-variable.h"
#include "base/text.h"
#include "bmc/redfish/http.h"
#include "bmc/redfish/redfish.h"
#include "bmc/redfish/resources.h"
#include "contact.h"
#include "kept.h"
#include "wait.h"

#define NOTED_MAX 64U

const struct contact_environment contact_live_environment = {
        .sys_root = "/sys",
        .dev_root = "/dev",
        .kept = KEPT_FILE,
        .open_ipmi = ipmi_open_all,
        .roots = {.image = "/etc/seatrial", .efi = EFI_VARIABLE_ROOT},
        .find_interface = interface_find,
};

int contact_new(const struct contact_environment *environment, struct wait *w, const struct plan *plan,
                contact_note_t note, void *userdata, struct contact **ret) {
        _cleanup_(contact_freep) struct contact *contact = NULL;
        int r;

        contact = malloc(sizeof(*contact));
        if (!contact)
                return -ENOMEM;
        *contact = (struct contact){
                .environment = environment, .wait = w, .plan = plan, .note = note, .note_userdata = userdata};

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
        way_end(&contact->way);
        interface_watch_free(contact->watch);
        ipmi_list_done(&contact->ipmi);
        candidates_done(&contact->candidates);
        for (size_t i = 0; i < contact->n_noted; i++)
                free(contact->noted[i]);
        free(contact->noted);
        contact_round_done(contact);
        trust_done(&contact->trust);
        json_decref(contact->system);
        free(contact->system_uuid);
        free(contact->system_serial);
        free(contact->system_path);
        free(contact->problem);
        free(contact);
        return NULL;
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

void contact_tell(struct contact *contact, const char *severity, const char *text) {
        char **larger, *copy;

        for (size_t i = 0; i < contact->n_noted; i++)
                if (streq(contact->noted[i], text))
                        return;

        copy = contact->n_noted < NOTED_MAX ? strdup(text) : NULL;
        larger = copy ? reallocarray(contact->noted, contact->n_noted + 1, sizeof(*larger)) : NULL;
        if (!larger) {
                free(copy);
                return;
        }
        larger[contact->n_noted++] = copy;
        contact->noted = larger;

        if (contact->note)
                contact->note(severity, text, contact->note_userdata);
}

int contact_open_ipmi(struct contact *contact) {
        int r;

        if (contact->ipmi.n_items > 0)
                return 0;

        ipmi_list_done(&contact->ipmi);
        r = contact->environment->open_ipmi(contact->environment->dev_root, &contact->ipmi);
        if (r < 0)
                return explain_error(&contact->problem, r, "the IPMI devices in %s cannot be listed: %s",
                                     contact->environment->dev_root, strerror(-r));

        return 0;
}

int contact_find_trust(struct contact *contact, bool settle) {
        int r;

        if (contact->trust.decided)
                return 1;

        r = contact_open_ipmi(contact);
        if (r < 0)
                return r;

        r = trust_decide(&contact->trust, contact->plan, &contact->environment->roots, &contact->ipmi,
                         contact->wait, settle);
        if (r < 0)
                return explain_error(&contact->problem, r, "%s: no BMC channel",
                                     contact->trust.problem ?: strerror(-r));

        return r;
}

/* The first request on a connection: it shows whom we talk to. A session that the service has forgotten is no
 * obstacle: then it is a stranger's. */
static int contact_greet(struct contact *contact) {
        int r;

        if (contact->system_path && redfish_logged_in(contact->redfish)) {
                r = redfish_get(contact->redfish, contact->system_path, &contact->system);
                if (r >= 0 || r == -EKEYREJECTED || contact_is_passing(r))
                        return r;

                free(TAKE_PTR(contact->system_path));
                redfish_forget(contact->redfish);
        }

        return redfish_read_root(contact->redfish);
}

static int contact_try(struct contact *contact) {
        const struct way *way = &contact->way;
        int r;

        /* Where nobody has said that there is a BMC, the first who answers is not simply it. */
        if (way->candidate->guess && contact->trust.tls.way == TLS_ANY)
                return explain_error(
                        &contact->problem, -EKEYREJECTED,
                        "%s on %s is not trusted: nothing but IPMI's LAN settings tells that a BMC "
                        "is there",
                        FORMAT_IP(&way->service), way_name(way));

        trust_expect(&contact->trust, contact->plan, way->candidate->interface.service_name, &way->service);

        contact->http = http_free(contact->http);
        r = http_new(&way->service, way->candidate->interface.port, way_name(way), way_index(way),
                     &contact->trust.tls, contact->wait, &contact->http);
        if (r < 0)
                return explain_error(&contact->problem, r, "cannot make an HTTPS client: %s", strerror(-r));
        redfish_use(contact->redfish, contact->http);

        r = contact_greet(contact);
        if (r == -EKEYREJECTED)
                return explain_error(&contact->problem, r, "%s on %s is not trusted: %s%s: nothing was sent",
                                     FORMAT_IP(&way->service), way_name(way), http_problem(contact->http),
                                     contact->trust.first_use
                                             ? " of the first use (\"seatrial bmc forget\" allows another)"
                                             : "");
        if (r < 0)
                return explain_error(&contact->problem, r, "%s on %s: %s", FORMAT_IP(&way->service),
                                     way_name(way), redfish_problem(contact->redfish));

        return 0;
}

/* What makes the trust weaker than it could be is told. */
static void contact_accept(struct contact *contact) {
        _cleanup_free_ char *warning = NULL;

        trust_accept(&contact->trust, &contact->environment->roots);
        warning = trust_warning(&contact->trust);
        if (warning)
                contact_tell(contact, "WARNING", warning);
}

int contact_connect(struct contact *contact) {
        int r;

        while (!contact->trusted) {
                r = contact_try(contact);
                if (r >= 0) {
                        contact->trusted = true;
                        contact_accept(contact);
                        contact_round_succeed(contact);
                        break;
                }

                /* A service that says that it is busy is the right one, and there. */
                if (r == -EAGAIN)
                        return r;

                r = contact_round_pass(contact, r);
                if (r >= 0)
                        r = contact_prepare(contact);
                if (r < 0)
                        return r;
        }

        return 0;
}

int contact_find_system(struct contact *contact) {
        int r;

        if (contact->system)
                return 0;

        r = redfish_find_system(contact->redfish, contact->system_uuid, contact->system_serial,
                                &contact->system);
        if (r < 0)
                return explain_error(&contact->problem, r,
                                     "the BMC's Redfish service does not tell this system: %s",
                                     redfish_problem(contact->redfish));

        return 0;
}

/* A USB device that has gone and come back has another index, and perhaps another name. An address by DHCP
 * may be another one after the BMC has started again, as the BMC's own may. */
static bool contact_way_is_stale(const struct contact *contact) {
        char name[IF_NAMESIZE];

        return contact->way.dhcp || !if_indextoname(contact->way.interface.index, name);
}

void contact_doubt(struct contact *contact) {
        contact->http = http_free(contact->http);
        contact->trusted = false;
        json_decref(TAKE_PTR(contact->system));
        redfish_use(contact->redfish, NULL);
        trust_doubt(&contact->trust);

        if (contact->way.candidate && contact_way_is_stale(contact))
                way_end(&contact->way);
        contact_round_done(contact);
}
