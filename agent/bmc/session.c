/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "bmc/ipmi/bootstrap.h"
#include "bmc/redfish/redfish-message.h"
#include "bmc/redfish/resources.h"
#include "contact.h"
#include "plan/plan.h"
#include "session.h"

#define BOOTSTRAP "bootstrap"

void session_done(struct session *session) {
        account_wipe(&session->account);
        *session = (struct session){};
}

/* Cuts the next line off, of 1 to max bytes of printable ASCII. */
static int take_line(const char **p, const char *end, size_t max, char *ret) {
        const char *newline = memchr(*p, '\n', (size_t) (end - *p));
        size_t length = (size_t) ((newline ?: end) - *p);

        if (length == 0 || length > max)
                return -EBADMSG;
        for (size_t i = 0; i < length; i++)
                if ((*p)[i] < ' ' || (*p)[i] >= 0x7f)
                        return -EBADMSG;

        memcpy(ret, *p, length);
        ret[length] = 0;
        *p = newline ? newline + 1 : end;
        return 0;
}

int session_parse_account(const char *text, size_t size, struct account *ret) {
        _cleanup_(account_wipe) struct account account = {};
        const char *p = text, *end = text + size;
        int r;

        r = take_line(&p, end, USER_NAME_MAX, account.user_name);
        if (r >= 0)
                r = take_line(&p, end, PASSWORD_MAX, account.password);
        if (r < 0 || p != end)
                return -EBADMSG;

        *ret = account;
        return 0;
}

/* Each way gets hold of what is to be shown. Returns 1, 0 when it has nothing, a negative errno with the
 * contact's ->problem. */

/* TLS has shown it when the connection was made. */
static int use_certificate(struct session *session _unused_, struct contact *contact) {
        return contact->trust.tls.certificate ? 1 : 0;
}

static int read_account(struct session *session, struct contact *contact) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;
        int r;

        path = strprintf("%s/%s", contact->environment->roots.image, SESSION_ACCOUNT_FILE);
        if (!path)
                return -ENOMEM;

        r = read_file(path, ACCOUNT_FILE_MAX, &text, &size);
        if (r == -ENOENT)
                return 0;
        if (r >= 0) {
                r = session_parse_account(text, size, &session->account);
                explicit_bzero(text, size);
        }
        if (r == -EBADMSG)
                return explain_error(&contact->problem, -EINVAL,
                                     "%s is not a line with a user name and one with a password", path);
        if (r < 0)
                return explain_error(&contact->problem, r, "%s cannot be read: %s", path, strerror(-r));

        return 1;
}

/* Where nobody has made the file for it, nothing is kept. An initializer with the account in it could leave a
 * copy of it on the stack. */
static void keep_account(const struct session *session, const struct contact *contact) {
        _cleanup_(kept_done) struct kept kept = {};

        kept.account = session->account;
        if (contact->environment->kept)
                (void) kept_write(contact->environment->kept, &kept);
}

static int ask_account_of(struct session *session, struct contact *contact, struct ipmi *ipmi) {
        _cleanup_(bootstrap_account_done) struct bootstrap_account given = {};
        _cleanup_free_ char *problem = NULL;
        int r;

        r = bootstrap_ask_account(ipmi, contact->wait, &given, &problem);
        if (r < 0)
                return explain_error(&contact->problem, r, "%s", problem ?: strerror(-r));

        strcpy(session->account.user_name, given.user_name);
        strcpy(session->account.password, given.password);
        session->account.own = true;

        /* It is the only one of this boot, whatever becomes of the session. */
        keep_account(session, contact);
        return 1;
}

/* The one that was given out in this boot before, when the agent is begun over again. */
static int take_kept_account(struct session *session, const struct contact *contact) {
        _cleanup_(kept_done) struct kept kept = {};

        if (!contact->environment->kept || kept_read(contact->environment->kept, &kept) < 0)
                return 0;

        session->account = kept.account;
        session->worked = true;
        return 1;
}

/* The device that gave the fingerprint, or else any that gives one. */
static int ask_account(struct session *session, struct contact *contact) {
        int r;

        r = take_kept_account(session, contact);
        if (r > 0)
                return r;

        if (contact->trust.ipmi)
                return ask_account_of(session, contact, contact->trust.ipmi);

        for (size_t i = 0; i < contact->ipmi.n_items && r <= 0; i++)
                r = ask_account_of(session, contact, contact->ipmi.items[i]);
        return r;
}

static const struct credential {
        const char *name;
        int (*get)(struct session *session, struct contact *contact);
        bool account;
} credentials[] = {
        {"certificate", use_certificate, false},
        {"account", read_account, true},
        {BOOTSTRAP, ask_account, true},
};

static const struct credential *find_credential(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(credentials); i++)
                if (streq(credentials[i].name, name))
                        return &credentials[i];

        return NULL;
}

/* The BMC does not want it any more. */
static void drop_account(struct session *session, const struct contact *contact) {
        if (session->account.own && contact->environment->kept)
                (void) kept_forget(contact->environment->kept);

        session_done(session);
}

/* Returns 1 when the BMC lets us in, 0 when the way has nothing to show, a negative errno. */
static int try_way(struct session *session, struct contact *contact, const struct credential *way) {
        int r;

        if (!session->has_account) {
                r = way->get(session, contact);
                if (r <= 0)
                        return r;
                session->has_account = way->account;
        }

        /* Without a session it shows in the first thing that is asked for. */
        if (!way->account) {
                r = contact_find_system(contact);
                return r < 0 ? r : 1;
        }

        r = redfish_login(contact->redfish, &session->account);
        if (r < 0)
                return explain_error(&contact->problem, r, "the BMC opens no session: %s",
                                     redfish_problem(contact->redfish));
        return 1;
}

/* The same, for a service that was reset since it has given out the account, before it was shown it or after:
 * the account has ended, and another one is asked for, once. */
static int try_way_anew(struct session *session, struct contact *contact, const struct credential *way) {
        int r;

        r = try_way(session, contact, way);
        if (r == -EACCES && (session->interrupted || session->worked)) {
                size_t n = session->way;

                drop_account(session, contact);
                session->way = n;
                r = try_way(session, contact, way);
        }

        if (r < 0 && session->has_account && contact_is_passing(r))
                session->interrupted = true;
        return r;
}

/* What another way may make better. */
static bool is_refusal(int error) {
        return error == -EACCES || error == -EPERM || error == -EREMOTEIO || error == -ENOENT ||
               error == -EBADMSG;
}

int session_open(struct session *session, struct contact *contact) {
        char *const *names = contact->plan->bmc_credentials;
        int error = 0;

        if (session->open || redfish_logged_in(contact->redfish))
                return 0;

        for (; names[session->way]; session->way++) {
                const struct credential *way = find_credential(names[session->way]);
                int r;

                r = way ? try_way_anew(session, contact, way) : 0;
                if (r > 0) {
                        session->open = !way->account;
                        session->worked = true;
                        session->interrupted = false;
                        return 0;
                }
                if (r < 0 && !is_refusal(r))
                        return r;

                error = r < 0 ? r : error;
                if (session->account.own && contact->environment->kept)
                        (void) kept_forget(contact->environment->kept);
                account_wipe(&session->account);
                session->has_account = false;
        }

        session_done(session);
        if (error == 0)
                return explain_error(
                        &contact->problem, -EACCES,
                        "there is nothing to be let in with (bmc.credentials): no certificate and "
                        "no account in the image, and no IPMI device to ask for one");
        return error;
}

bool session_lost_account(struct session *session, const struct contact *contact, int error) {
        /* The service was reset and has ended the account with the session: that is a reason for another
         * account, as a refusal of one just given out is not. */
        if (error != -EACCES || !session->worked || redfish_logged_in(contact->redfish))
                return false;

        drop_account(session, contact);
        return true;
}

int session_resume(struct session *session, struct contact *contact, struct kept *ret) {
        char *const *names = contact->plan->bmc_credentials;
        _cleanup_(kept_done) struct kept kept = {};
        size_t way = 0;
        int r;

        while (names[way] && !streq(names[way], BOOTSTRAP))
                way++;
        if (!names[way] || !contact->environment->kept || kept_read(contact->environment->kept, &kept) < 0 ||
            !*kept.token)
                return 0;

        session->account = kept.account;
        r = redfish_adopt(contact->redfish, &session->account, kept.session, kept.token);
        if (r < 0)
                return r;

        session->way = way;
        session->has_account = session->worked = true;
        strcpy(session->kept, kept.session);
        session->kept_verified = kept.discovery_verified;
        *ret = kept;
        return 1;
}

int session_keep(struct session *session, const struct contact *contact, const char *entries,
                 bool discovery_verified) {
        const char *path = redfish_session_path(contact->redfish),
                   *system = contact->system ? redfish_path_of(contact->system) : NULL;
        _cleanup_(kept_done) struct kept kept = {.discovery_verified = discovery_verified};
        int r;

        if (!contact->environment->kept || !session->account.own || !path || !system || !entries)
                return 0;
        if (streq(path, session->kept) && discovery_verified == session->kept_verified)
                return 0;

        kept.account = session->account;
        r = kept_text(kept.session, path);
        if (r >= 0)
                r = kept_text(kept.token, redfish_session_token(contact->redfish));
        if (r >= 0)
                r = kept_text(kept.system, system);
        if (r >= 0)
                r = kept_text(kept.entries, entries);
        if (r >= 0)
                r = kept_write(contact->environment->kept, &kept);
        if (r < 0)
                return r;

        strcpy(session->kept, kept.session);
        session->kept_verified = discovery_verified;
        return 0;
}

bool session_is_handed_on(const struct session *session, const struct contact *contact) {
        _cleanup_(kept_done) struct kept kept = {};
        const char *path = redfish_session_path(contact->redfish);

        return *session->kept && path && streq(path, session->kept) &&
               kept_read(contact->environment->kept, &kept) == -ENOENT;
}

int session_end(struct session *session, struct contact *contact) {
        int r;

        if (!contact->trusted || !redfish_logged_in(contact->redfish))
                return 0;

        /* What cannot be ended now ends by itself, when it has been idle for long enough. */
        (void) redfish_end_strays(contact->redfish);
        if (session_is_handed_on(session, contact)) {
                redfish_forget(contact->redfish);
                return 0;
        }

        r = redfish_logout(contact->redfish);
        if (r < 0)
                return explain_error(&contact->problem, r, "the BMC's session could not be ended: %s",
                                     redfish_problem(contact->redfish));

        if (*session->kept)
                keep_account(session, contact);
        *session->kept = 0;
        return 0;
}
