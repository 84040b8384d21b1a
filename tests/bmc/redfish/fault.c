/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fault.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/text.h"

/* What a rule breaks. */
enum target { HTTP, BOOTSTRAP, COMMAND };

static const struct {
        const char *name;
        const char *when; /* NULL: the action knows no "when" */
        enum fault_action action;
        unsigned targets; /* bits of 1 << enum target */
} actions[] = {
        {"status", NULL, FAULT_STATUS, 1 << HTTP},
        {"delay", NULL, FAULT_DELAY, 1 << HTTP},
        {"cut", "before", FAULT_CUT_BEFORE, 1 << HTTP},
        {"cut", "after", FAULT_CUT_AFTER, 1 << HTTP},
        {"cut", "middle", FAULT_CUT_MIDDLE, 1 << HTTP},
        {"drop-session", NULL, FAULT_DROP_SESSION, 1 << HTTP},
        {"garbage", NULL, FAULT_GARBAGE, 1 << HTTP | 1 << COMMAND},
        {"completion-code", NULL, FAULT_COMPLETION_CODE, 1 << BOOTSTRAP | 1 << COMMAND},
        {"wrong-digest", NULL, FAULT_WRONG_DIGEST, 1 << BOOTSTRAP},
        {"silence", NULL, FAULT_SILENCE, 1 << COMMAND},
        {"pretend", NULL, FAULT_PRETEND, 1 << COMMAND},
};

static const char *const keys[] = {"command", "method",     "path",         "ipmi",
                                   "action",  "when",       "status",       "skip",
                                   "count",   "retryAfter", "milliseconds", "completionCode"};

static void fault_done(struct fault *fault) {
        free(fault->method);
        free(fault->path);
        free(fault->ipmi);
        *fault = (struct fault){};
}

void faults_done(struct faults *faults) {
        for (unsigned i = 0; i < faults->n_rules; i++)
                fault_done(&faults->rules[i]);
        faults->n_rules = 0;
}

/* A rule with a word in it that means nothing would break less than its author thinks. */
static bool keys_known(const json_t *command) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) command, key, value) {
                bool known = false;

                for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                        known = known || streq(keys[i], key);
                if (!known)
                        return false;
        }
        return true;
}

static bool parse_action(const json_t *command, enum target target, enum fault_action *ret) {
        const char *name = json_get_string(command, "action");
        const char *when = json_get_string(command, "when");

        for (size_t i = 0; name && i < ELEMENTSOF(actions); i++)
                if ((actions[i].targets & (1U << target)) && streq(actions[i].name, name) &&
                    (actions[i].when ? when && streq(actions[i].when, when) : !when)) {
                        *ret = actions[i].action;
                        return true;
                }
        return false;
}

/* An integer from minimum to maximum; otherwise when it is left out, unless that is negative. */
static bool parse_integer(const json_t *command, const char *key, json_int_t minimum, json_int_t maximum,
                          json_int_t otherwise, json_int_t *ret) {
        const json_t *value = json_object_get(command, key);
        json_int_t number;

        if (!value) {
                *ret = otherwise;
                return otherwise >= 0;
        }
        number = json_integer_value(value);
        if (!json_is_integer(value) || number < minimum || number > maximum)
                return false;
        *ret = number;
        return true;
}

static const char *parse_effect(const json_t *command, enum target target, struct fault_effect *ret) {
        struct fault_effect effect = {};
        json_int_t status, retry_after, milliseconds, code;
        bool is_status, is_delay, is_code;

        if (!parse_action(command, target, &effect.action))
                return "action: there is none of that name (and \"when\") for these requests";
        is_status = effect.action == FAULT_STATUS;
        is_delay = effect.action == FAULT_DELAY;
        is_code = effect.action == FAULT_COMPLETION_CODE;

        if (!parse_integer(command, "status", 400, is_status ? 599 : 0, is_status ? -1 : 0, &status))
                return "status: 400 to 599, with action status alone";
        if (!parse_integer(command, "retryAfter", 1, is_status ? 3600 : 0, 0, &retry_after))
                return "retryAfter: 1 to 3600 seconds, with action status alone";
        if (!parse_integer(command, "milliseconds", 1, is_delay ? 600000 : 0, is_delay ? -1 : 0,
                           &milliseconds))
                return "milliseconds: 1 to 600000, with action delay alone";
        if (!parse_integer(command, "completionCode", 1, is_code ? 255 : 0, is_code ? -1 : 0, &code))
                return "completionCode: 1 to 255, with action completion-code alone";

        effect.status = (unsigned) status;
        effect.retry_after = (unsigned) retry_after;
        effect.milliseconds = (unsigned) milliseconds;
        effect.completion_code = (unsigned) code;
        *ret = effect;
        return NULL;
}

static bool is_string_or_absent(const json_t *command, const char *key) {
        const json_t *value = json_object_get(command, key);

        return !value || json_is_string(value);
}

static char *copy_string(const json_t *command, const char *key, const char *otherwise) {
        const char *value = json_get_string(command, key);

        return strdup(value ? value : otherwise);
}

static int fault_new(const json_t *command, struct fault *ret, const char **ret_reason) {
        _cleanup_(fault_done) struct fault fault = {};
        const char *ipmi = json_get_string(command, "ipmi");
        enum target target = HTTP;
        json_int_t skip, count;
        const char *reason;

        if (!keys_known(command)) {
                *ret_reason = "there is a key that no rule knows";
                return -EINVAL;
        }
        if (!is_string_or_absent(command, "ipmi") || !is_string_or_absent(command, "method") ||
            !is_string_or_absent(command, "path")) {
                *ret_reason = "ipmi, method and path are strings";
                return -EINVAL;
        }
        if (ipmi && (json_object_get(command, "method") || json_object_get(command, "path"))) {
                *ret_reason = "ipmi stands in place of method and path";
                return -EINVAL;
        }
        if (ipmi) {
                target = streq(ipmi, "fingerprint") || streq(ipmi, "bootstrap-account") ? BOOTSTRAP : COMMAND;
                if (target == COMMAND && (!*ipmi || ipmi[strspn(ipmi, "0123456789abcdef/*?[]-")])) {
                        *ret_reason = "ipmi: fingerprint, bootstrap-account, or a pattern such as 0a/44";
                        return -EINVAL;
                }
        }

        reason = parse_effect(command, target, &fault.effect);
        if (reason) {
                *ret_reason = reason;
                return -EINVAL;
        }
        if (!parse_integer(command, "skip", 0, INT32_MAX, 0, &skip) ||
            !parse_integer(command, "count", 1, INT32_MAX, 0, &count)) {
                *ret_reason = "skip is from 0, count from 1";
                return -EINVAL;
        }
        fault.skip = (uint64_t) skip;
        fault.count = count > 0 ? (uint64_t) count : UINT64_MAX;

        if (ipmi)
                fault.ipmi = strdup(ipmi);
        else {
                fault.method = copy_string(command, "method", "*");
                fault.path = copy_string(command, "path", "*");
        }
        if (!fault.ipmi && (!fault.method || !fault.path))
                return -ENOMEM;

        *ret = fault;
        fault = (struct fault){};
        return 0;
}

int faults_command(struct faults *faults, const json_t *command, const char **ret_reason) {
        const json_t *clear = json_object_get(command, "clear");
        int r;

        if (clear) {
                if (!json_is_true(clear) || json_object_size(command) != 2) {
                        *ret_reason = "clear is true, and alone";
                        return -EINVAL;
                }
                faults_done(faults);
                return 0;
        }
        if (faults->n_rules == FAULTS_MAX)
                return -ENOSPC;
        r = fault_new(command, &faults->rules[faults->n_rules], ret_reason);
        if (r < 0)
                return r;
        faults->n_rules++;
        return 0;
}

static bool fault_matches(const struct fault *fault, const char *ipmi, const char *method, const char *path) {
        if (ipmi)
                return fault->ipmi && (streq(fault->ipmi, ipmi) ||
                                       (strchr(ipmi, '/') && fnmatch(fault->ipmi, ipmi, 0) == 0));
        return fault->path && (streq(fault->method, "*") || streq(fault->method, method)) &&
               fnmatch(fault->path, path, 0) == 0;
}

static struct fault_effect match(struct faults *faults, const char *ipmi, const char *method,
                                 const char *path) {
        for (unsigned i = 0; i < faults->n_rules; i++) {
                struct fault *fault = &faults->rules[i];
                struct fault_effect effect = fault->effect;

                if (!fault_matches(fault, ipmi, method, path))
                        continue;
                if (fault->skip > 0) {
                        fault->skip--;
                        continue;
                }
                if (fault->count != UINT64_MAX && --fault->count == 0) {
                        fault_done(fault);
                        faults->n_rules--;
                        memmove(fault, fault + 1, (faults->n_rules - i) * sizeof(*fault));
                }
                return effect;
        }
        return (struct fault_effect){.action = FAULT_NONE};
}

struct fault_effect faults_match_http(struct faults *faults, const char *method, const char *path) {
        return match(faults, NULL, method, path);
}

struct fault_effect faults_match_ipmi(struct faults *faults, const char *command) {
        return match(faults, command, NULL, NULL);
}

const char *fault_action_text(enum fault_action action) {
        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                if (actions[i].action == action)
                        return actions[i].name;

        return "none";
}
