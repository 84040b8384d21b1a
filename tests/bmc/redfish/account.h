/* SPDX-License-Identifier: GPL-3.0-or-later */
/* account.h: the accounts that this BMC has given out. None exists before somebody asked for it over IPMI or
 * the control socket, and none outlives the service. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct answer;
struct request;
struct service;

#define ACCOUNT_NAME_MAX 16 /* DSP0270: 16 bytes each, all of which may be used */
#define ACCOUNTS_MAX     8

struct account {
        char user_name[ACCOUNT_NAME_MAX + 1]; /* empty: a free slot */
        char password[ACCOUNT_NAME_MAX + 1];
        bool bootstrap; /* asked for by the host; ends when the host resets */
};

struct accounts {
        struct account slots[ACCOUNTS_MAX];
        bool bootstrapping_disabled;
};

/* Makes an account with random name and password, whose pointer is good until the account ends. Returns 0,
 * -ENOSPC when there is no slot, -EIO when there is no randomness. */
int accounts_create(struct accounts *accounts, bool bootstrap, const struct account **ret);

/* Makes one that an operator has chosen. Returns 0, -EINVAL when a text is empty or too long, -EEXIST,
 * -ENOSPC.
 */
int accounts_add(struct accounts *accounts, const char *user_name, const char *password,
                 const struct account **ret);

/* The account of that name and password, or NULL; how long it takes tells nothing about either. */
const struct account *accounts_authenticate(const struct accounts *accounts, const char *user_name,
                                            const char *password);

unsigned accounts_count(const struct accounts *accounts);

/* Ends all that was given to the host and enables bootstrapping, as the reset of the host does. */
void accounts_host_reset(struct service *service);

void account_service_get(struct service *service, const struct request *request, struct answer *answer);
void accounts_get(struct service *service, const struct request *request, struct answer *answer);
void account_get(struct service *service, const struct request *request, struct answer *answer);
void account_delete(struct service *service, const struct request *request, struct answer *answer);
void roles_get(struct service *service, const struct request *request, struct answer *answer);
void role_get(struct service *service, const struct request *request, struct answer *answer);
