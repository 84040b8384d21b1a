/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fault.h: breaks the service on purpose, rule by rule, as a test asks for over the control socket:
 *
 *      {"command":"fault", "method":"POST", "path":"/redfish/v1/Systems*", "action":"status", "status":503,
 *       "retryAfter":1, "skip":2, "count":2}
 *
 * method and path (a shell pattern over the whole path) choose requests, "*" when left out. Of the requests
 * that match, the rule lets the first skip go, breaks the next count (all when left out), then it ends.
 * The first rule that does not let a request go is the one that acts on it:
 *
 *      status          answers "status" (400 to 599), with Retry-After when "retryAfter" (seconds) is given;
 *                      the request does nothing
 *      delay           waits "milliseconds" (1 to 600000), then goes on as usual
 *      cut             closes the connection. "when" is "before" (the request does nothing), "after" (it does
 *                      its work, no answer comes) or "middle" (it does its work, half of the answer comes)
 *      drop-session    ends the session that the request came with, which then gets 401
 *      garbage         answers 200 with a body that is no JSON; the request does nothing
 *
 * The bootstrap commands that come over IPMI are chosen by "ipmi", "fingerprint" or "bootstrap-account", in
 * place of method and path, and know other actions:
 *
 *      completion-code answers "completionCode" (1 to 255) alone
 *      wrong-digest    gives a fingerprint that is not the certificate's
 *
 * Any command from the host, ipmi_sim's own too, is chosen by "ipmi" as a shell pattern over its numbers in
 * hexadecimal, NetFn, command and for group extensions the group ("0a/44", "2c/02/ae", "0a/4?"). These rules
 * know
 *
 *      completion-code as above; the command does nothing
 *      silence         gives no answer, and does nothing
 *      pretend         answers success, and does nothing
 *      garbage         answers success with bytes that mean nothing, and does nothing
 *
 * {"command":"fault","clear":true} ends all rules. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

enum fault_action {
        FAULT_NONE,
        FAULT_STATUS,
        FAULT_DELAY,
        FAULT_CUT_BEFORE,
        FAULT_CUT_AFTER,
        FAULT_CUT_MIDDLE,
        FAULT_DROP_SESSION,
        FAULT_GARBAGE,
        FAULT_COMPLETION_CODE,
        FAULT_WRONG_DIGEST,
        FAULT_SILENCE,
        FAULT_PRETEND,
};

/* What befalls one request. */
struct fault_effect {
        enum fault_action action;
        unsigned status;
        unsigned retry_after;
        unsigned milliseconds;
        unsigned completion_code;
};

#define FAULTS_MAX 64

struct fault {
        char *method, *path; /* NULL with ipmi */
        char *ipmi;
        struct fault_effect effect;
        uint64_t skip;
        uint64_t count; /* UINT64_MAX: no end */
};

struct faults {
        struct fault rules[FAULTS_MAX];
        unsigned n_rules;
};

/* Adds the rule, or clears all, as command says. Returns 0, -EINVAL with *ret_reason set to what is wrong
 * with it, -ENOSPC when there are FAULTS_MAX rules, -ENOMEM. */
int faults_command(struct faults *faults, const json_t *command, const char **ret_reason);

/* What befalls this request: action FAULT_NONE when nothing does. Counts it. */
struct fault_effect faults_match_http(struct faults *faults, const char *method, const char *path);
struct fault_effect faults_match_ipmi(struct faults *faults, const char *command);

/* As a rule names it. */
const char *fault_action_text(enum fault_action action);

void faults_done(struct faults *faults);
