/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "base/log.h"
#include "base/screen.h"
#include "base/state.h"
#include "base/text.h"
#include "bmc/redfish/http.h"
#include "bmc/redfish/redfish.h"
#include "channel-report.h"
#include "contact.h"
#include "plan/plan.h"
#include "provisioning-log.h"
#include "session.h"
#include "verb.h"
#include "wait.h"

#define IPMI_TIMEOUT (5 * USEC_PER_SEC)

/* A fingerprint's digits fit into what is left of 80 columns. */
#define TEXT_COLUMN 15

/* Of what a run has left, what is a text for a person. */
static const char *const last_run_texts[] = {"connection", "log", "problem"};

static void help(void) {
        puts("Usage: seatrial bmc status [--open]\n"
             "\n"
             "Shows what the last run has told the BMC, and what has become of each item; then the\n"
             "in-band way to the BMC as it is now: the host interface that the firmware describes\n"
             "(SMBIOS type 42), its network device, the IPMI devices, and the fingerprint of the BMC's\n"
             "certificate. Exits 0 when all of the way is there.\n"
             "\n"
             "  --open      go the whole way: bring the link up, check the certificate, open a\n"
             "              session, look for the provisioning log, and undo it all. This makes the\n"
             "              BMC create an account, and refuse another one until the host is reset\n"
             "  -h, --help  this text");
}

/* A line for a program, as many as it takes for a person. */
static void _printf_(2, 3) show(const char *what, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = vstrprintf(format, ap);
        va_end(ap);

        printf("%-*s", TEXT_COLUMN, what);
        screen_wrap(stdout, text ?: format, TEXT_COLUMN, screen_room(stdout, TEXT_COLUMN));
}

/* Prints what is missing. Returns error, so that the caller's last line tells whether all went well. */
static int show_problem(const char *what, const struct contact *contact, int error) {
        show(what, "%s", contact->problem ?: strerror(-error));
        return error;
}

static const char *addressing_text(const struct addressing *addressing) {
        static const char *const texts[] = {
                [ADDRESSING_STATIC] = "fixed",
                [ADDRESSING_DHCP] = "by DHCP",
                [ADDRESSING_LINK_LOCAL] = "link-local",
                [ADDRESSING_ROUTER] = "of the network that a router advertises",
        };

        return texts[addressing->kind];
}

static int show_candidates(struct contact *contact) {
        int r;

        r = contact_read_candidates(contact);

        for (size_t i = 0; i < contact->candidates.n_items; i++) {
                const struct candidate *c = &contact->candidates.items[i];
                _cleanup_free_ char *device = host_device_describe(&c->interface.device);

                show("way", "%s: %s", c->source, device ?: "?");
                show("", "service %s port %u; host's address %s, %s", FORMAT_IP(&c->interface.service),
                     c->interface.port, FORMAT_IP(&c->addressing.host), addressing_text(&c->addressing));
        }
        for (size_t i = 0; i < contact->candidates.n_rejected; i++)
                show("way", "%s", contact->candidates.rejected[i]);

        return r < 0 ? show_problem("way", contact, r) : 0;
}

static int show_network_device(struct contact *contact) {
        const struct candidate *candidate;
        enum interface_match match;
        struct interface found;
        int r;

        r = contact_find_interface(contact, true, &candidate, &found, &match);
        if (r < 0)
                return show_problem("network device", contact, r);
        if (r == 0) {
                show("network device", "not there");
                return -ENODEV;
        }

        show("network device", "%s, of %s%s", found.name, candidate->source,
             match == INTERFACE_BUT_FOR_MAC ? ", with another MAC address than that says" : "");
        return 0;
}

static void show_ipmi_device(struct contact *contact, struct ipmi *ipmi) {
        uint8_t response[IPMI_RESPONSE_MAX];
        struct ipmi_device_id id;
        size_t size;
        int r;

        r = ipmi_ask(ipmi, contact->wait, IPMI_NETFN_APP, IPMI_GET_DEVICE_ID, NULL, 0, IPMI_TIMEOUT, response,
                     &size);
        if (r < 0)
                show("ipmi", "%s: does not answer: %s", ipmi->name, strerror(-r));
        else if (ipmi_decode_device_id(response, size, &id) < 0)
                show("ipmi", "%s: does not tell what it is: %s", ipmi->name,
                     ipmi_completion_text(response[0]));
        else
                show("ipmi", "%s: device %u, firmware %u.%02u, IPMI %u.%u, manufacturer %u, product %u",
                     ipmi->name, id.id, id.firmware_major, id.firmware_minor, id.version_major,
                     id.version_minor, id.manufacturer, id.product);
}

static int show_trust(struct contact *contact) {
        char hex[2 * FINGERPRINT_SIZE + 1];
        int r;

        r = contact_find_trust(contact, true);
        for (size_t i = 0; i < contact->ipmi.n_items; i++)
                show_ipmi_device(contact, contact->ipmi.items[i]);
        if (contact->ipmi.n_items == 0)
                show("ipmi", "there is no %s/ipmi0, or the kernel has no driver for it",
                     contact->environment->dev_root);
        if (r < 0)
                return show_problem("trust", contact, r);

        switch (contact->trust.tls.way) {
        case TLS_FINGERPRINT:
                hex_encode(contact->trust.tls.fingerprint, FINGERPRINT_SIZE, hex);
                show("fingerprint", "%s (SHA-256, %s)", hex,
                     contact->trust.ipmi ? contact->trust.ipmi->name : "of the first use");
                break;
        case TLS_AUTHORITY:
                show("trust", "an authority in the image");
                break;
        case TLS_ANY:
                show("trust", "the first use: whoever answers");
                break;
        }
        return 0;
}

static int show_session(struct contact *contact) {
        _cleanup_(session_done) struct session session = {};
        _cleanup_free_ char *entries = NULL;
        int r;

        r = session_open(&session, contact);
        if (r < 0)
                return show_problem("session", contact, r);
        show("session", "%s", redfish_logged_in(contact->redfish) ? "opened" : "by client certificate");

        r = contact_find_system(contact);
        if (r >= 0)
                r = provisioning_log_find(contact->redfish, contact->system, &entries);
        if (r < 0)
                show("log", "%s", redfish_problem(contact->redfish));
        else
                show("log", "%s", entries);

        if (session_end(&session, contact) < 0)
                return show_problem("session", contact, -EIO);
        show("session", "ended");
        return r;
}

static int show_open(struct contact *contact) {
        int r;

        r = contact_prepare(contact);
        if (r < 0)
                return show_problem("link", contact, r);
        show("link", "%s is up", way_name(&contact->way));

        r = contact_connect(contact);
        if (r < 0)
                return show_problem("certificate", contact, r);
        show("trust", "%s", trust_text(&contact->trust));

        return show_session(contact);
}

static void show_item(const json_t *item) {
        const char *detail = json_get_string(item, "detail");

        show("", "%-12s %s by %s%s%s%s", json_get_string(item, "state") ?: "?",
             json_get_string(item, "item") ?: "?", json_get_string(item, "way") ?: "?", detail ? " (" : "",
             detail ?: "", detail ? ")" : "");
}

/* What the channel's process has left. */
static void show_last_run(void) {
        _cleanup_json_ json_t *status = NULL;
        const json_t *item, *items;
        size_t i;
        int r;

        r = channel_status_read(JOURNAL_FILE, &status);
        if (r == -ENOENT)
                return;
        if (r < 0) {
                show("last run", "what it has left cannot be read: %s", strerror(-r));
                return;
        }

        show("last run", "%s, %lld records delivered, %lld kept in NVRAM",
             json_get_string(status, "state") ?: "?", (long long) json_get_integer(status, "delivered", 0),
             (long long) json_get_integer(status, "kept", 0));
        for (size_t n = 0; n < ELEMENTSOF(last_run_texts); n++) {
                const char *text = json_get_string(status, last_run_texts[n]);

                if (text)
                        show("", "%s", text);
        }

        items = json_object_get(status, "items");
        json_array_foreach(items, i, item) show_item(item);
}

static void on_note(const char *severity _unused_, const char *text, void *userdata _unused_) {
        show("", "%s", text);
}

static int show_status(bool open) {
        _cleanup_(contact_freep) struct contact *contact = NULL;
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct wait w = WAIT_ALONE;
        int r, network, trust;

        if (plan_load_for_command(&plan) < 0)
                return 1;

        r = http_initialize();
        if (r >= 0)
                r = contact_new(&contact_live_environment, &w, plan, on_note, NULL, &contact);
        if (r < 0) {
                log_error(r, "the way to the BMC cannot be looked for");
                return 1;
        }

        show_last_run();
        r = show_candidates(contact);
        network = r < 0 ? r : show_network_device(contact);
        trust = show_trust(contact);
        if (r < 0 || network < 0 || trust < 0)
                return 1;

        return open && show_open(contact) < 0;
}

int verb_bmc_status(int argc, char **argv) {
        bool open = false;
        int status;

        if (!command_begin(argc, argv, help, "open", &open, 0, &status))
                return status;

        return show_status(open);
}
