/* SPDX-License-Identifier: GPL-3.0-or-later */
/* items.h: what the BMC is told beside the journal: each stage and the outcome as events in its log, the
 * SMBIOS table, the boot's progress, system information. An item knows from the journal's records when it is
 * due, is written in the ways that this BMC offers, and read back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"

struct ipmi_list;
struct items;
struct redfish;
struct wait;

/* What has become of an item in one way. */
enum item_state {
        ITEM_VERIFIED,    /* written, and read back as it was written */
        ITEM_ACCEPTED,    /* the BMC says that it has it, and does not show it */
        ITEM_REFUSED,     /* the BMC says no */
        ITEM_UNKNOWN,     /* no answer, or one that is none */
        ITEM_NOT_OFFERED, /* this BMC has no such way */
};

/* "verified", "not offered", ... */
const char *item_state_text(enum item_state state);

struct items_options {
        const char *sys_root;  /* "/sys"; the table of SMBIOS is read from there */
        const char *asset_tag; /* NULL: none */
};

/* The ways that are open at the moment; tried are those there. All must outlive the call. */
struct item_means {
        const struct ipmi_list *ipmi; /* may be empty */
        struct redfish *redfish;      /* with a session, or NULL */
        const char *system_path;      /* of this computer system, or NULL */
        struct wait *wait;
};

/* Told once for each state in which an item arrives in a way. The texts are only lent; detail is in words. */
typedef void (*item_report_t)(const char *item, const char *way, enum item_state state, const char *detail,
                              void *userdata);

/* What options points to must outlive the items. Returns 0, -ENOMEM. */
int items_new(const struct items_options *options, struct items **ret);
struct items *items_free(struct items *items);
DEFINE_CLEANUP(struct items *, items_free);

/* Learns from a record of the journal what is due; to be called for each, in their order, once. Returns 0,
 * -ENOMEM. */
int items_see(struct items *items, const json_t *record);

/* What a record does not tell makes an event of its own in the BMC's log: */
enum items_event {
        ITEMS_UNDELIVERED,       /* value: how many records of the journal did not come to the BMC */
        ITEMS_WRONG_CERTIFICATE, /* somebody else answers at the BMC's address */
        ITEMS_HUNG, /* value: in which stage the boot before this one ended, from 1; 0: unknown */
};

/* Returns 0, -ENOMEM. */
int items_event(struct items *items, enum items_event event, uint64_t value);

/* Writes what is due, a part of it at a time (some tenths of a second, unless a BMC is slow to answer), so
 * that what else is to be done is not held up. What failed in passing stays due. Returns 1 when there is
 * more to be done at once, 0 when not, a negative errno when memory is short or waiting fails. */
int items_write(struct items *items, const struct item_means *means, item_report_t report, void *userdata);
