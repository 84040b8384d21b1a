/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provisioning-log.h: the BMC's log of what the agent did, a Redfish log service with the Id "Provisioning"
 * that takes new entries, each with a batch of journal records. PROTOCOL.md is the contract. */
#pragma once

#include <stdint.h>

#include "base/json.h"

struct journal_batch;
struct redfish;

/* Finds where its entries are, of this computer system. Returns as redfish.h says; -ENOENT when it is not
 * offered. */
int provisioning_log_find(struct redfish *redfish, const json_t *system, char **ret_entries);

/* Creates an entry. Returns 0 when the records are at the BMC (those of them that had been before were
 * dropped), and in *ret_location (may be NULL) the path of the entry, or NULL; -ESTALE when it wants the
 * stage from record *ret_expected on; or as redfish.h says. */
int provisioning_log_post(struct redfish *redfish, const char *entries, const struct journal_batch *batch,
                          char **ret_location, uint64_t *ret_expected);

/* The entry's JSON text, or NULL when memory is short. */
char *provisioning_log_entry(const struct journal_batch *batch, size_t *ret_size);
