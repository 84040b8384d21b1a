/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "bmc/redfish/http.h"
#include "bmc/redfish/redfish.h"
#include "contact.h"
#include "plan/plan.h"
#include "wait.h"

/* A link without carrier or address by then is down for good, as far as a BMC that is there goes; sooner
 * where there is something else to try. */
#define LINK_PATIENCE       (10 * USEC_PER_SEC)
#define LINK_PATIENCE_SHORT (4 * USEC_PER_SEC)

/* The one that was trusted before comes first, the others as they are. */
static const struct candidate *candidate_at(const struct contact *contact, size_t n) {
        const struct candidate *items = contact->candidates.items, *preferred = contact->preferred;

        if (!preferred)
                return &items[n];
        if (n == 0)
                return preferred;

        return (size_t) (preferred - items) >= n ? &items[n - 1] : &items[n];
}

static size_t passed_of(const struct contact *contact, const struct candidate *candidate,
                        unsigned passed[static CONTACT_TRIED_MAX]) {
        const struct contact_round *round = &contact->round;
        size_t n = 0;

        for (size_t i = 0; i < round->n_tried; i++)
                if (round->tried[i].candidate == candidate)
                        passed[n++] = round->tried[i].index;

        return n;
}

int contact_find_interface(struct contact *contact, bool settle, const struct candidate **ret_candidate,
                           struct interface *ret, enum interface_match *ret_match) {
        int r;

        /* Listening before looking: nothing can come unseen in between. */
        if (!contact->watch) {
                r = interface_watch_new(&contact->watch);
                if (r < 0)
                        return explain_error(&contact->problem, r,
                                             "the kernel's device events cannot be listened to: %s",
                                             strerror(-r));
        }

        for (size_t n = 0; n < contact->candidates.n_items && contact->round.n_tried < CONTACT_TRIED_MAX;
             n++) {
                const struct candidate *candidate = candidate_at(contact, n);
                unsigned passed[CONTACT_TRIED_MAX];
                size_t n_passed = passed_of(contact, candidate, passed);
                struct interface found;
                int match;

                match = contact->environment->find_interface(contact->watch, &candidate->interface.device,
                                                             passed, n_passed, &found);
                if (match < 0)
                        return explain_error(&contact->problem, match,
                                             "the kernel's network interfaces cannot be listed: %s",
                                             strerror(-match));
                if (match == INTERFACE_OTHER || (match == INTERFACE_BUT_FOR_MAC && !settle))
                        continue;

                *ret_candidate = candidate;
                *ret = found;
                *ret_match = (enum interface_match) match;
                return 1;
        }

        return 0;
}

/* Whether the network device of some candidate has not been there yet. */
static bool contact_is_pending(const struct contact *contact) {
        unsigned passed[CONTACT_TRIED_MAX];

        for (size_t n = 0; n < contact->candidates.n_items; n++) {
                const struct candidate *candidate = &contact->candidates.items[n];

                if (candidate != contact->way.candidate && passed_of(contact, candidate, passed) == 0)
                        return true;
        }

        return false;
}

/* Whether there is, or may appear, anything to try but the way at work. */
static bool contact_has_other(struct contact *contact) {
        struct contact_round *round = &contact->round;
        const struct candidate *candidate;
        enum interface_match match;
        struct interface found;
        int r;

        if (contact_is_pending(contact))
                return true;
        if (round->n_tried == CONTACT_TRIED_MAX)
                return false;

        round->tried[round->n_tried++] = (struct contact_attempt){.candidate = contact->way.candidate,
                                                                  .index = contact->way.interface.index};
        r = contact_find_interface(contact, true, &candidate, &found, &match);
        round->n_tried--;
        return r > 0;
}

void contact_round_done(struct contact *contact) {
        struct contact_round *round = &contact->round;

        for (size_t i = 0; i < round->n_tried; i++)
                free(round->tried[i].problem);
        *round = (struct contact_round){};
}

/* What was only a guess was to be expected to lead nowhere. */
static bool is_guess(const struct contact *contact, const struct candidate *candidate) {
        return candidate->guess && candidate != contact->preferred;
}

static void contact_tell_attempt(struct contact *contact, const struct contact_attempt *attempt) {
        if (attempt->problem)
                contact_tell(contact, is_guess(contact, attempt->candidate) ? "INFO" : "WARNING",
                             attempt->problem);
}

void contact_round_succeed(struct contact *contact) {
        _cleanup_free_ char *way = way_describe(&contact->way);

        for (size_t i = 0; i < contact->round.n_tried; i++)
                contact_tell_attempt(contact, &contact->round.tried[i]);
        contact_round_done(contact);

        contact->preferred = contact->way.candidate;
        if (contact->way.match == INTERFACE_BUT_FOR_MAC) {
                _cleanup_free_ char *text =
                        strprintf("%s is the BMC's network device, but has another MAC "
                                  "address than %s has it",
                                  way_name(&contact->way), contact->way.candidate->source);

                if (text)
                        contact_tell(contact, "WARNING", text);
        }
        if (way)
                contact_tell(contact, "INFO", way);
}

/* Of all that went wrong, what is to be told of first: what may pass, then a certificate that is not the
 * right one. */
static unsigned rank(int error) {
        return contact_is_passing(error) ? 2 : error == -EKEYREJECTED ? 1 : 0;
}

/* Nothing is left to be tried. Returns the error that counts most, with its reason in ->problem. */
static int contact_round_fail(struct contact *contact) {
        const struct contact_round *round = &contact->round;
        const struct contact_attempt *worst = &round->tried[0];
        int error;

        for (size_t i = 1; i < round->n_tried; i++)
                if (rank(round->tried[i].error) > rank(worst->error))
                        worst = &round->tried[i];
        for (size_t i = 0; i < round->n_tried; i++)
                if (&round->tried[i] != worst)
                        contact_tell_attempt(contact, &round->tried[i]);

        error = is_guess(contact, worst->candidate) ? -ENXIO : worst->error;
        explain_error(&contact->problem, error, "%s", worst->problem ?: strerror(-error));
        contact_round_done(contact);
        return error;
}

int contact_round_pass(struct contact *contact, int error) {
        struct contact_round *round = &contact->round;
        bool other = now_usec() < round->end && contact_has_other(contact);

        /* The only one stays as it is, for another try. */
        if (!other && round->n_tried == 0 && !is_guess(contact, contact->way.candidate))
                return error;

        if (round->n_tried < CONTACT_TRIED_MAX)
                round->tried[round->n_tried++] = (struct contact_attempt){
                        .candidate = contact->way.candidate,
                        .index = contact->way.interface.index,
                        .error = error,
                        .problem = TAKE_PTR(contact->problem),
                };

        redfish_use(contact->redfish, NULL);
        contact->http = http_free(contact->http);
        way_end(&contact->way);
        return other ? 0 : contact_round_fail(contact);
}

/* Waiting was in vain. */
static int contact_explain_absence(struct contact *contact) {
        for (size_t n = 0; n < contact->candidates.n_items; n++) {
                const struct candidate *candidate = &contact->candidates.items[n];
                _cleanup_free_ char *device = host_device_describe(&candidate->interface.device);
                unsigned passed[CONTACT_TRIED_MAX];

                if (passed_of(contact, candidate, passed) > 0 || contact->round.n_tried == CONTACT_TRIED_MAX)
                        continue;
                explain_error(&contact->problem, -ENXIO,
                              "the network device of %s (%s) was not found within %s", candidate->source,
                              device ?: "?", FORMAT_DURATION(contact->plan->bmc_interface_wait));
                contact->round.tried[contact->round.n_tried++] = (struct contact_attempt){
                        .candidate = candidate, .error = -ENXIO, .problem = TAKE_PTR(contact->problem)};
        }

        return contact_round_fail(contact);
}

/* Until a network device is there and coming up, and it is known whom to trust. Returns 0 and in *ret_way how
 * the way has begun, or a negative errno that has nothing to do with one of them. */
static int contact_await(struct contact *contact, int *ret_way) {
        *ret_way = 0;

        for (;;) {
                bool settle = now_usec() >= contact->round.until;
                const struct candidate *candidate;
                enum interface_match match;
                struct interface found;
                int r = 0;

                if (!contact->way.candidate)
                        r = contact_find_interface(contact, settle, &candidate, &found, &match);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret_way = way_begin(&contact->way, candidate, &found, match);
                        if (*ret_way < 0)
                                return 0;
                }

                /* Only now, while the link is coming up. */
                r = contact_find_trust(contact, settle);
                if (r < 0)
                        return r;
                if (contact->way.candidate && r > 0)
                        return 0;
                if (settle || (!contact->way.candidate && !contact_is_pending(contact)))
                        return contact_explain_absence(contact);

                r = interface_watch_wait(contact->watch, contact->wait, contact->round.until);
                if (r < 0 && r != -ETIMEDOUT)
                        return explain_error(&contact->problem, r, "cannot wait for devices: %s",
                                             strerror(-r));
        }
}

int contact_prepare(struct contact *contact) {
        if (!contact->round.open) {
                contact->round.open = true;
                contact->round.until = wait_until(contact->wait, contact->plan->bmc_interface_wait);
                contact->round.end = wait_until(contact->wait, contact->plan->bmc_patience);
        }

        /* Where there is only a guess, nothing is sent to any network for a BMC that could not be trusted. */
        if (contact->candidates.items[0].guess) {
                int r = contact_find_trust(contact, false);

                if (r < 0)
                        return r;
        }

        for (;;) {
                int r, way;

                r = contact_await(contact, &way);
                if (r < 0)
                        return r;

                if (way >= 0)
                        way = way_wait(&contact->way, contact->wait,
                                       contact_has_other(contact) ? LINK_PATIENCE_SHORT : LINK_PATIENCE);
                if (way >= 0)
                        return 0;

                r = contact_round_pass(contact, explain_error(&contact->problem, way, "%s",
                                                              contact->way.problem ?: strerror(-way)));
                if (r < 0)
                        return r;
        }
}
