/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap.h"
#include "ipmi.h"

#define GROUP_REDFISH      0x52
#define GET_FINGERPRINT    0x01
#define GET_ACCOUNT        0x02
#define HASH_SHA256        0x01
#define DISABLE_AFTERWARDS 0x00 /* anything but A5h */
#define TEXT_SIZE          16U

#define FINGERPRINT_TIMEOUT (5 * USEC_PER_SEC)
#define ACCOUNT_TIMEOUT     (15 * USEC_PER_SEC) /* a password is hashed, slowly by intent */

void bootstrap_account_done(struct bootstrap_account *account) {
        explicit_bzero(account, sizeof(*account));
}

/* Returns the answer's body behind completion code and group, or NULL. */
static const uint8_t *body(const uint8_t *response, size_t *size) {
        if (*size < 2 || response[1] != GROUP_REDFISH)
                return NULL;

        *size -= 2;
        return response + 2;
}

int bootstrap_decode_fingerprint(const uint8_t *response, size_t size, uint8_t ret[static FINGERPRINT_SIZE]) {
        const uint8_t *p;

        if (size >= 1 && response[0] != IPMI_OK)
                return -EREMOTEIO;

        p = body(response, &size);
        if (!p || size < 1)
                return -EBADMSG;
        if (p[0] != HASH_SHA256)
                return -ENOTSUP;
        if (size < 1 + FINGERPRINT_SIZE)
                return -EBADMSG;

        memcpy(ret, p + 1, FINGERPRINT_SIZE);
        return 0;
}

/* Up to max bytes, ended by a NUL or not: printable ASCII only, and not nothing. */
static bool text_copy(char ret[static TEXT_SIZE + 1], const uint8_t *p, size_t max) {
        size_t length = strnlen((const char *) p, MIN(max, (size_t) TEXT_SIZE));

        for (size_t i = 0; i < length; i++)
                if (p[i] <= ' ' || p[i] >= 0x7f)
                        return false;

        memcpy(ret, p, length);
        ret[length] = 0;
        return length > 0;
}

int bootstrap_decode_account(const uint8_t *response, size_t size, struct bootstrap_account *ret) {
        _cleanup_(bootstrap_account_done) struct bootstrap_account account = {};
        size_t name_size = TEXT_SIZE;
        const uint8_t *p;

        if (size >= 1 && response[0] != IPMI_OK)
                return -EREMOTEIO;

        p = body(response, &size);
        if (!p)
                return -EBADMSG;

        /* Some BMCs do not fill up the name: then the password begins behind the name's NUL. */
        if (size < 2 * TEXT_SIZE) {
                name_size = strnlen((const char *) p, MIN(size, (size_t) TEXT_SIZE));
                if (name_size == size)
                        return -EBADMSG;
                name_size += name_size < TEXT_SIZE;
        }

        if (!text_copy(account.user_name, p, name_size) ||
            !text_copy(account.password, p + name_size, size - name_size))
                return -EBADMSG;

        *ret = account;
        return 0;
}

/* What the BMC's refusal means: 80h is each command's own code. */
static const char *refusal(uint8_t code) {
        switch (code) {
        case 0x80:
                return "credential bootstrapping is switched off, or used up until the BMC or the host is "
                       "reset";
        case 0xc4:
        case 0xc9:
                return "it has no room for another account";
        default:
                return ipmi_completion_text(code);
        }
}

/* Codes by which a BMC says that it cannot answer just now, as one does that is starting again. */
static bool is_passing(uint8_t code) {
        return code == 0xc0 || code == 0xc3 || code == 0xce || code == 0xd1 || code == 0xd2 || code == 0xff;
}

/* Returns what became of asking, r, with the problem in words in *ret_problem. */
static int explain(int r, const char *name, const char *what, uint8_t code, char **ret_problem) {
        switch (r) {
        case -EREMOTEIO:
                *ret_problem = strprintf("%s: the BMC gives no %s: %s (completion code %02xh)", name, what,
                                         refusal(code), code);
                return is_passing(code) ? -EAGAIN : r;
        case -EBADMSG:
                *ret_problem = strprintf("%s: what the BMC answers is no %s", name, what);
                break;
        case -ENOTSUP:
                *ret_problem = strprintf("%s: the %s that the BMC gives is not by SHA-256", name, what);
                break;
        case -ETIMEDOUT:
                *ret_problem = strprintf("%s: the BMC does not answer when asked for a %s", name, what);
                break;
        default:
                *ret_problem = strprintf("%s: cannot ask the BMC for a %s: %s", name, what, strerror(-r));
        }

        return r;
}

int bootstrap_ask_fingerprint(struct ipmi *ipmi, struct wait *w, uint8_t ret[static FINGERPRINT_SIZE],
                              char **ret_problem) {
        static const uint8_t request[] = {GROUP_REDFISH, 1};
        uint8_t response[IPMI_RESPONSE_MAX] = {};
        size_t size;
        int r;

        r = ipmi_ask(ipmi, w, IPMI_NETFN_GROUP, GET_FINGERPRINT, request, sizeof(request),
                     FINGERPRINT_TIMEOUT, response, &size);
        if (r >= 0)
                r = bootstrap_decode_fingerprint(response, size, ret);

        return r < 0 ? explain(r, ipmi->name, "certificate fingerprint", response[0], ret_problem) : 0;
}

int bootstrap_ask_account(struct ipmi *ipmi, struct wait *w, struct bootstrap_account *ret,
                          char **ret_problem) {
        static const uint8_t request[] = {GROUP_REDFISH, DISABLE_AFTERWARDS};
        uint8_t response[IPMI_RESPONSE_MAX] = {}, code;
        size_t size;
        int r;

        r = ipmi_ask(ipmi, w, IPMI_NETFN_GROUP, GET_ACCOUNT, request, sizeof(request), ACCOUNT_TIMEOUT,
                     response, &size);
        if (r >= 0)
                r = bootstrap_decode_account(response, size, ret);

        code = response[0];
        explicit_bzero(response, sizeof(response));
        return r < 0 ? explain(r, ipmi->name, "bootstrap account", code, ret_problem) : 0;
}
