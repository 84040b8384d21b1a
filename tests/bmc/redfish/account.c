/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "account.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/macro.h"
#include "base/text.h"
#include "message.h"
#include "service.h"
#include "session.h"

#define ACCOUNTS_PATH "/redfish/v1/AccountService/Accounts"
#define ROLES_PATH    "/redfish/v1/AccountService/Roles"
#define ROLE          "Administrator"

/* 64 characters, so that six random bits choose one without bias. The first 52 are letters, with one of which
 * a name begins: some services refuse another. */
static const char alphabet[64 + 1] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
#define LETTERS 52

static int random_name(char name[static ACCOUNT_NAME_MAX + 1]) {
        unsigned char bytes[ACCOUNT_NAME_MAX];

        do {
                if (RAND_bytes(bytes, sizeof(bytes)) != 1)
                        return -EIO;
        } while (bytes[0] % 64 >= LETTERS);
        for (size_t i = 0; i < sizeof(bytes); i++)
                name[i] = alphabet[bytes[i] % 64];
        name[ACCOUNT_NAME_MAX] = '\0';
        OPENSSL_cleanse(bytes, sizeof(bytes));
        return 0;
}

static int take_slot(struct accounts *accounts, struct account **ret) {
        for (unsigned i = 0; i < ACCOUNTS_MAX; i++)
                if (!accounts->slots[i].user_name[0]) {
                        *ret = &accounts->slots[i];
                        return 0;
                }
        return -ENOSPC;
}

int accounts_create(struct accounts *accounts, bool bootstrap, const struct account **ret) {
        struct account made = {.bootstrap = bootstrap}, *slot;
        int r;

        r = take_slot(accounts, &slot);
        if (r < 0)
                return r;
        r = random_name(made.user_name);
        if (r < 0)
                return r;
        r = random_name(made.password);
        if (r < 0)
                return r;
        *slot = made;
        *ret = slot;
        return 0;
}

static const struct account *find_account(const struct accounts *accounts, const char *user_name) {
        for (unsigned i = 0; i < ACCOUNTS_MAX; i++)
                if (accounts->slots[i].user_name[0] && streq(accounts->slots[i].user_name, user_name))
                        return &accounts->slots[i];
        return NULL;
}

int accounts_add(struct accounts *accounts, const char *user_name, const char *password,
                 const struct account **ret) {
        struct account *slot;
        int r;

        if (!*user_name || !*password || strlen(user_name) > ACCOUNT_NAME_MAX ||
            strlen(password) > ACCOUNT_NAME_MAX)
                return -EINVAL;
        if (find_account(accounts, user_name))
                return -EEXIST;
        r = take_slot(accounts, &slot);
        if (r < 0)
                return r;
        *slot = (struct account){};
        strcpy(slot->user_name, user_name);
        strcpy(slot->password, password);
        *ret = slot;
        return 0;
}

const struct account *accounts_authenticate(const struct accounts *accounts, const char *user_name,
                                            const char *password) {
        struct account claimed = {};
        const struct account *found = NULL;

        /* Names and passwords are compared in full, padding and all, and with every slot. */
        if (strlen(user_name) > ACCOUNT_NAME_MAX || strlen(password) > ACCOUNT_NAME_MAX)
                return NULL;
        strcpy(claimed.user_name, user_name);
        strcpy(claimed.password, password);
        for (unsigned i = 0; i < ACCOUNTS_MAX; i++) {
                const struct account *account = &accounts->slots[i];
                int name = CRYPTO_memcmp(account->user_name, claimed.user_name, sizeof(claimed.user_name));
                int word = CRYPTO_memcmp(account->password, claimed.password, sizeof(claimed.password));

                if ((name | word) == 0 && account->user_name[0])
                        found = account;
        }
        OPENSSL_cleanse(&claimed, sizeof(claimed));
        return found;
}

unsigned accounts_count(const struct accounts *accounts) {
        unsigned n = 0;

        for (unsigned i = 0; i < ACCOUNTS_MAX; i++)
                n += accounts->slots[i].user_name[0] != '\0';
        return n;
}

/* Ends the account and its sessions. */
static void account_end(struct service *service, const struct account *account) {
        struct account *slot = &service->accounts.slots[account - service->accounts.slots];

        sessions_end_user(&service->sessions, slot->user_name);
        OPENSSL_cleanse(slot, sizeof(*slot));
}

void accounts_host_reset(struct service *service) {
        for (unsigned i = 0; i < ACCOUNTS_MAX; i++)
                if (service->accounts.slots[i].user_name[0] && service->accounts.slots[i].bootstrap)
                        account_end(service, &service->accounts.slots[i]);
        service->accounts.bootstrapping_disabled = false;
}

void account_service_get(struct service *service, const struct request *request, struct answer *answer) {
        (void) service;
        answer_resource(answer, json_pack("{s:s, s:s, s:s, s:s, s:b, s:i, s:i, s:o, s:o}", "@odata.id",
                                          request->path, "@odata.type",
                                          "#AccountService.v1_8_0.AccountService", "Id", "AccountService",
                                          "Name", "Account Service", "ServiceEnabled", 1, "MinPasswordLength",
                                          ACCOUNT_NAME_MAX, "MaxPasswordLength", ACCOUNT_NAME_MAX, "Accounts",
                                          reference(ACCOUNTS_PATH), "Roles", reference(ROLES_PATH)));
}

static json_t *member(struct service *service, uint64_t index) {
        for (unsigned i = 0; i < ACCOUNTS_MAX; i++)
                if (service->accounts.slots[i].user_name[0] && index-- == 0)
                        return reference(ACCOUNTS_PATH "/%s", service->accounts.slots[i].user_name);
        return NULL;
}

void accounts_get(struct service *service, const struct request *request, struct answer *answer) {
        answer_collection(service, request, answer, "ManagerAccountCollection", "Accounts",
                          accounts_count(&service->accounts), ACCOUNTS_MAX, member);
}

/* The account that the request's path names; fails the answer when there is none. */
static const struct account *find(struct service *service, const struct request *request,
                                  struct answer *answer) {
        const struct account *account = find_account(&service->accounts, request->id);

        if (!account)
                answer_fail(answer, MHD_HTTP_NOT_FOUND, MESSAGE_RESOURCE_MISSING_AT_URI, NULL, request->path);
        return account;
}

void account_get(struct service *service, const struct request *request, struct answer *answer) {
        const struct account *account = find(service, request, answer);

        if (!account)
                return;
        answer_resource(answer,
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:b, s:b, s:[s], s:{s:o}}",
                                  "@odata.id", request->path, "@odata.type",
                                  "#ManagerAccount.v1_8_0.ManagerAccount", "Id", account->user_name, "Name",
                                  "Account", "UserName", account->user_name, "Password", "RoleId", ROLE,
                                  "Enabled", 1, "HostBootstrapAccount", account->bootstrap, "AccountTypes",
                                  "Redfish", "Links", "Role", reference(ROLES_PATH "/" ROLE)));
}

void account_delete(struct service *service, const struct request *request, struct answer *answer) {
        const struct account *account = find(service, request, answer);

        if (account)
                account_end(service, account);
}

static json_t *role_member(struct service *service, uint64_t index) {
        (void) service;
        (void) index;
        return reference(ROLES_PATH "/" ROLE);
}

void roles_get(struct service *service, const struct request *request, struct answer *answer) {
        answer_collection(service, request, answer, "RoleCollection", "Roles", 1, 1, role_member);
}

void role_get(struct service *service, const struct request *request, struct answer *answer) {
        (void) service;
        answer_resource(answer, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:[s,s,s,s,s]}", "@odata.id",
                                          request->path, "@odata.type", "#Role.v1_3_0.Role", "Id", ROLE,
                                          "Name", "Administrator", "RoleId", ROLE, "IsPredefined", 1,
                                          "AssignedPrivileges", "Login", "ConfigureManager", "ConfigureUsers",
                                          "ConfigureSelf", "ConfigureComponents"));
}
